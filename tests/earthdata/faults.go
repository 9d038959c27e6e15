package main

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Kinds of faults: those before anything is answered, then those of the body.
var faultKinds = []string{
	"status", "drop", "reset", "hang", "html", "login",
	"cut", "reset_midway", "stall", "slow", "wrong_length", "corrupt", "ignore_range", "time_out",
}

func checkKind(kind string) error {
	if !slices.Contains(faultKinds, kind) {
		return fmt.Errorf("there is no fault %q: %v", kind, faultKinds)
	}
	return nil
}

// fault is what a test lays in the way of the next requests that fit; faults by chance have the same form.
type fault struct {
	// What a request must be to fit: method, role of the host, and regular expressions for the host and
	// for path with query. "" fits any.
	Method string `json:"method,omitempty"`
	Role   string `json:"role,omitempty"`
	Host   string `json:"host,omitempty"`
	Path   string `json:"path,omitempty"`
	Fault  string `json:"fault"`
	// Of `status`: the status (503), seconds or date of a Retry-After header, and the body.
	Status     int    `json:"status,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"`
	Body       string `json:"body,omitempty"`
	// Of faults of the body: the part of it after which they begin; 0: a part by the seed.
	After float64 `json:"after,omitempty"`
	// How many requests are hit: 1 unless said, -1 for all. The first `skip` that fit are not.
	Times int `json:"times,omitempty"`
	Skip  int `json:"skip,omitempty"`
	Hits  int `json:"hits"`
	host  *regexp.Regexp
	path  *regexp.Regexp
}

func (f *fault) check() (err error) {
	if err := checkKind(f.Fault); err != nil {
		return err
	}
	if f.Role != "" {
		if err := checkRole(f.Role); err != nil {
			return err
		}
	}
	if f.host, err = regexp.Compile(f.Host); err != nil {
		return fmt.Errorf("the host %q is no regular expression: %w", f.Host, err)
	}
	if f.path, err = regexp.Compile(f.Path); err != nil {
		return fmt.Errorf("the path %q is no regular expression: %w", f.Path, err)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	return nil
}

func (f *fault) fits(role, host string, in *http.Request) bool {
	return f.Times != f.Hits && (f.Method == "" || f.Method == in.Method) && (f.Role == "" || f.Role == role) &&
		f.host.MatchString(host) && f.path.MatchString(in.URL.RequestURI())
}

// The fault that hits a request: the first planned one that fits, else one by chance. Chance depends on
// the seed, the method and path, and how often they were asked for, so it does not depend on threads.
func (w *world) strike(role, host string, in *http.Request) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, tried := range w.planned {
		if !tried.fits(role, host, in) {
			continue
		}
		if tried.Skip > 0 {
			tried.Skip--
			continue
		}
		tried.Hits++
		hit := *tried
		return &hit
	}
	rates := w.settings.Rates[role]
	if len(rates) == 0 {
		return nil
	}
	about := in.Method + " " + host + in.URL.Path
	w.tries[about]++
	drawn := chance(w.settings.Seed, about, w.tries[about])
	for _, kind := range slices.Sorted(maps.Keys(rates)) {
		if drawn -= rates[kind]; drawn < 0 {
			return &fault{Fault: kind}
		}
	}
	return nil
}

// A number of 0 to 1 that follows from a seed, a text and a count.
func chance(seed uint64, about string, count int) float64 {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%d %s %d", seed, about, count)
	return rand.New(rand.NewPCG(seed, sum.Sum64())).Float64()
}

// Whether the fault is the whole answer.
func (f *fault) stops(out *answer, in *http.Request) bool {
	if f == nil {
		return false
	}
	switch f.Fault {
	case "status":
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		if f.RetryAfter != "" {
			out.Header().Set("Retry-After", f.RetryAfter)
		}
		body := f.Body
		if body == "" {
			body = http.StatusText(status)
		}
		out.whole(status, []byte(body))
	case "html":
		out.html(http.StatusOK, "Earthdata Login", loginForm)
	case "login":
		out.redirect(http.StatusFound, out.world.authorizeAddress(hostOf(in), in.URL.Path, in.UserAgent()))
	case "hang":
		wait(in, out.set.StallSeconds)
		panic(http.ErrAbortHandler)
	case "drop":
		panic(http.ErrAbortHandler)
	case "reset":
		reset(connectionOf(in))
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// Waits until the client gives up or the time is over.
func wait(in *http.Request, count float64) {
	select {
	case <-in.Context().Done():
	case <-time.After(seconds(count)):
	}
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	if told, err := strconv.ParseInt(a.Header().Get("Content-Length"), 10, 64); err == nil {
		a.length = told
	}
	if a.is("wrong_length") && a.length > 1 {
		a.length -= max(1, a.length/10)
		a.Header().Set("Content-Length", strconv.FormatInt(a.length, 10))
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) is(kind string) bool { return a.fault != nil && a.fault.Fault == kind }

// The byte of the body at which its fault begins.
func (a *answer) turn() int64 {
	part := a.fault.After
	if part == 0 {
		part = chance(a.set.Seed, "turn "+a.in.URL.Path+a.record.Range, 0)
	}
	return min(int64(part*float64(a.length)), a.length-1)
}

// Writes with the body's fault, if there is one.
func (a *answer) Write(body []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.fault == nil || a.length < 1 {
		return a.send(body)
	}
	switch a.fault.Fault {
	case "wrong_length":
		left := max(0, a.length-a.written)
		if int64(len(body)) > left {
			_, err := a.send(body[:left])
			return len(body), err
		}
	case "slow":
		return a.slowly(body)
	case "corrupt":
		if at := a.turn() - a.written; at >= 0 && at < int64(len(body)) {
			body = slices.Clone(body)
			body[at] ^= 0x55
		}
	case "cut", "reset_midway", "stall":
		if at := a.turn() - a.written; at < int64(len(body)) {
			_, _ = a.send(body[:max(0, at)])
			a.breaks()
		}
	}
	return a.send(body)
}

func (a *answer) breaks() {
	_ = http.NewResponseController(a.ResponseWriter).Flush()
	if a.is("stall") {
		wait(a.in, a.set.StallSeconds)
	}
	if a.is("reset_midway") {
		reset(connectionOf(a.in))
	}
	panic(http.ErrAbortHandler)
}

func (a *answer) send(body []byte) (int, error) {
	count, err := a.ResponseWriter.Write(body)
	a.sent(count)
	return count, err
}

func (a *answer) slowly(body []byte) (int, error) {
	const piece = 8 << 10
	whole := 0
	for part := range slices.Chunk(body, piece) {
		count, err := a.send(part)
		whole += count
		if err != nil {
			return whole, err
		}
		_ = http.NewResponseController(a.ResponseWriter).Flush()
		wait(a.in, float64(count)/a.set.SlowRate)
		if err := a.in.Context().Err(); err != nil {
			return whole, err
		}
	}
	return whole, nil
}

// bandwidth is one token bucket for all connections.
type bandwidth struct {
	mu   sync.Mutex
	free time.Time
}

// Waits until so many bytes may go out at a rate in bytes a second.
func (b *bandwidth) take(count int, rate float64) {
	if rate <= 0 {
		return
	}
	b.mu.Lock()
	now := time.Now()
	if b.free.Before(now) {
		b.free = now
	}
	b.free = b.free.Add(seconds(float64(count) / rate))
	until := b.free
	b.mu.Unlock()
	time.Sleep(time.Until(until))
}
