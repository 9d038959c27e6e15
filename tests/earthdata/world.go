package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

type object = map[string]any

// world is everything that the hosts have in common.
type world struct {
	mu          sync.Mutex
	settings    settings
	served      map[string]string
	collections []*collection
	users       map[string]*user
	tokens      map[string]*token
	codes       map[string]string
	sessions    map[string]string
	keys        map[string]*sessionKey
	touched     map[string]int
	planned     []*fault
	tries       map[string]int
	searches    map[string]int
	lastFound   lastFound
	counters    *counters
	bucket      bandwidth
	// By how much the world's clock is ahead of the machine's.
	ahead  time.Duration
	signer *rsa.PrivateKey
	secret []byte
}

// The key that signs tokens; one for all worlds of a program, as it takes long to make.
var newSigner = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newWorld(given options) (*world, error) {
	signer, err := newSigner()
	if err != nil {
		return nil, fmt.Errorf("making the key that signs tokens: %w", err)
	}
	for name, folder := range given.Served {
		if _, err := os.Stat(folder); err != nil {
			return nil, fmt.Errorf("serving %s: %w", name, err)
		}
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	made := &world{
		settings: given.Settings, served: given.Served, signer: signer, secret: secret,
		tokens: map[string]*token{}, codes: map[string]string{}, sessions: map[string]string{}, keys: map[string]*sessionKey{},
		touched: map[string]int{}, tries: map[string]int{}, searches: map[string]int{}, counters: newCounters(),
	}
	made.users = map[string]*user{firstUser: {name: firstUser, password: firstPassword}}
	made.collections = usualCollections()
	if given.Recordings != "" {
		recorded, err := recordedCollections(given.Recordings)
		if err != nil {
			return nil, err
		}
		for _, one := range recorded {
			one.place = len(made.collections)
			made.collections = append(made.collections, one)
		}
	}
	return made, nil
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead).UTC()
}

func (w *world) set() settings {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.settings
}

func (w *world) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	host := hostOf(in)
	role := roleOf(host)
	handle := w.route(role)
	if handle == nil {
		http.Error(out, fmt.Sprintf("the stand-in has no host %q", host), http.StatusBadGateway)
		return
	}
	set := w.set()
	answering := w.begin(out, in, host, role, set)
	defer answering.end()
	if wait := set.latency(role); wait > 0 {
		select {
		case <-time.After(wait):
		case <-in.Context().Done():
			return
		}
	}
	if answering.fault = w.strike(role, host, in); answering.fault.stops(answering, in) {
		return
	}
	handle(answering, in)
}

func identifier() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw)
	text := hex.EncodeToString(raw)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

func (a *answer) json(status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(a, err.Error(), http.StatusInternalServerError)
		return
	}
	if a.Header().Get("Content-Type") == "" {
		a.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	a.whole(status, raw)
}

func (a *answer) html(status int, title, body string) {
	a.Header().Set("Content-Type", "text/html; charset=utf-8")
	page := "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>" + title + "</title></head>\n<body>\n<h1>" + title + "</h1>\n" + body + "\n</body>\n</html>\n"
	a.whole(status, []byte(page))
}

func (a *answer) whole(status int, body []byte) {
	a.Header().Set("Content-Length", fmt.Sprint(len(body)))
	a.WriteHeader(status)
	if a.in.Method != http.MethodHead {
		_, _ = a.Write(body)
	}
}

func (a *answer) redirect(status int, to string) {
	a.Header().Set("Location", to)
	a.whole(status, nil)
}
