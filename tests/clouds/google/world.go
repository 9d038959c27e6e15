package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

type object = map[string]any

// world is everything that the stand-in knows. One lock is held while a request is answered.
type world struct {
	mu       sync.Mutex
	options  options
	base     string
	now      func() time.Time
	store    store
	blobs    map[string][]*blob
	policies map[string]object
	denied   map[string]bool
	// Workload identity pools, which outlive their cluster.
	pools map[string]bool
	// Node pool of every instance group that GKE made.
	owners     map[string]string
	operations map[string]*operation
	faults     []*fault
	requests   []object
	keys       keys
	tokens     map[string]token
	routes     []*route
	byPath     map[string]*collection
	numbers    map[string]string
	sequence   int
}

// call is one request that found its route.
type call struct {
	*world
	request *http.Request
	query   url.Values
	params  map[string]string
	body    object
	// The body around it, where the API wraps the member.
	outer object
	raw   []byte
	route *route
	// The path that the route's pattern and the parameters give: the key in the store.
	key string
	who string
	// The operation that this call begins shall end with this message, not in success.
	failure string
	// Set for what a test lays down: it may point to things that are not there.
	seeding bool
}

// answer is what goes back: JSON unless raw is set.
type answer struct {
	status int
	header map[string]string
	raw    []byte
}

// nothing answers 204.
type nothing struct{}

func newWorld(options options, base string) (*world, error) {
	made, err := newKeys(options.Projects[0])
	if err != nil {
		return nil, err
	}
	world := &world{
		options: options, base: base, now: time.Now, keys: made,
		store: newStore(), blobs: map[string][]*blob{}, policies: map[string]object{},
		denied: map[string]bool{}, pools: map[string]bool{}, owners: map[string]string{}, operations: map[string]*operation{},
		tokens: map[string]token{}, byPath: map[string]*collection{}, numbers: map[string]string{},
	}
	world.register()
	for _, project := range options.Projects {
		world.addProject(project)
	}
	return world, nil
}

// Every API's part of the table.
func (w *world) register() {
	w.registerCompute()
	w.registerContainer()
	w.registerStorage()
	w.registerIdentity()
	w.registerServices()
	w.registerNames()
	w.registerOthers()
	w.registerOperations()
}

func (w *world) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(in.Body, 64<<20))
	if err != nil {
		return
	}
	path := in.URL.EscapedPath()
	switch {
	case strings.HasPrefix(path, "/_world/"):
		w.write(out, w.admin(in, raw))
		return
	case isTokenPath(path):
		w.write(out, w.tokenServer(in, raw))
		return
	}
	w.serveAPI(out, in, raw)
}

func (w *world) serveAPI(out http.ResponseWriter, in *http.Request, raw []byte) {
	hit := w.strike(in.Method, in.URL.EscapedPath())
	if hit != nil && !hit.After && hit.stops(out, in) {
		w.note(in, 0)
		return
	}
	given := w.answer(in, raw, hit)
	w.note(in, given.status)
	if hit != nil && hit.After && hit.stops(out, in) {
		return
	}
	w.write(out, given)
}

func (w *world) write(out http.ResponseWriter, given answer) {
	for name, value := range given.header {
		out.Header().Set(name, value)
	}
	if given.status != http.StatusNoContent && out.Header().Get("Content-Type") == "" {
		out.Header().Set("Content-Type", "application/json; charset=UTF-8")
	}
	out.WriteHeader(given.status)
	_, _ = out.Write(given.raw)
}

// Finds the route, checks who asks and what the project may, and runs the route.
func (w *world) answer(in *http.Request, raw []byte, hit *fault) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	found, params := w.find(in.Method, in.URL.EscapedPath())
	if found == nil {
		fmt.Fprintf(os.Stderr, "google: no route for %s %s\n", in.Method, in.URL.EscapedPath())
		return told(notFound("The stand-in has no method %s %s.", in.Method, in.URL.Path), true)
	}
	this := &call{world: w, request: in, query: in.URL.Query(), params: params, raw: raw, route: found}
	who, err := w.authenticate(in)
	if err != nil {
		return told(err, found.legacy())
	}
	this.who = who
	if err := this.admit(hit); err != nil {
		return told(err, found.legacy())
	}
	this.key = found.fill(params)
	given, failed := found.handle(this)
	if failed != nil {
		return told(failed, found.legacy())
	}
	return answered(given)
}

// What stands before every method: the fault, the body, the project and its API.
func (c *call) admit(hit *fault) error {
	if hit != nil && !hit.After {
		if told := hit.problem(c.route.legacy()); told != nil {
			return told
		}
		if hit.Fault == "operation" {
			c.failure = hit.messageOr("Google Compute Engine: Not all instances running in IGM after 35m. Expected 1, running 0, transitioning 1. Current errors: [GCE_STOCKOUT].")
		}
	}
	if len(c.raw) > 0 && !c.route.upload {
		if err := json.Unmarshal(c.raw, &c.body); err != nil {
			return invalid("Invalid JSON payload received. %v", err)
		}
	}
	if c.body == nil {
		c.body = object{}
	}
	return c.admitProject()
}

func (c *call) admitProject() error {
	project, has := c.params["project"]
	if _, domain, isEmail := strings.Cut(c.params["id"], "@"); project == "-" && isEmail {
		project, _, _ = strings.Cut(domain, ".")
		c.params["project"] = project
	}
	if !has || project == "-" {
		return nil
	}
	if id, isNumber := c.numbers[project]; isNumber {
		project = id
		c.params["project"] = id
	}
	if c.store.at("/v3/projects/"+project) == nil {
		if c.route.legacy() {
			return notFound("The resource 'projects/%s' was not found", project)
		}
		return forbidden("The caller does not have permission")
	}
	if !c.enabled(project, c.route.api) {
		return serviceDisabled(c.route.api, project)
	}
	return nil
}

func told(err error, legacy bool) answer {
	var known *problem
	if !errors.As(err, &known) {
		known = plainProblem(http.StatusInternalServerError, err.Error())
	}
	given := answered(known.envelope(legacy))
	given.status = known.code
	if known.code == http.StatusUnauthorized {
		given.header = map[string]string{"WWW-Authenticate": `Bearer realm="https://accounts.google.com/"`}
	}
	return given
}

func answered(body any) answer {
	switch body := body.(type) {
	case answer:
		return body
	case nothing:
		return answer{status: http.StatusNoContent}
	}
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return answer{status: http.StatusInternalServerError, raw: []byte(err.Error())}
	}
	return answer{status: http.StatusOK, raw: append(text, '\n')}
}

// Remembers a request, for tests that count them.
func (w *world) note(in *http.Request, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, object{"method": in.Method, "path": in.URL.Path, "query": in.URL.RawQuery, "status": status})
}

func (w *world) time() string {
	return w.now().UTC().Format("2006-01-02T15:04:05.000000Z")
}

// A number that no other object has.
func (w *world) number() string {
	w.sequence++
	return fmt.Sprintf("%d", 4_000_000_000_000_000_000+w.sequence)
}

// A short word that changes whenever something does: fingerprints and etags.
func (w *world) stamp() string {
	w.sequence++
	return fmt.Sprintf("%s%06d=", "BwX", w.sequence)
}
