package main

import (
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Most requests that are remembered one by one.
const mostRequests = 500_000

// tally counts what one host did.
type tally struct {
	Requests int `json:"requests"`
	Heads    int `json:"heads"`
	// Answers by status.
	Statuses map[int]int `json:"statuses"`
	// Bytes of bodies that were written to connections.
	BodyBytes int64 `json:"body_bytes"`
	// Connections that carried a request for the host.
	Connections int `json:"connections"`
	seen        map[net.Conn]bool
}

// seenRequest is one request with what was answered.
type seenRequest struct {
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	Range  string `json:"range,omitempty"`
	// Scheme of the Authorization header, in small letters.
	Authorization string `json:"authorization,omitempty"`
	Agent         string `json:"agent,omitempty"`
	Status        int    `json:"status"`
	BodyBytes     int64  `json:"body_bytes"`
	Fault         string `json:"fault,omitempty"`
}

type counters struct {
	mu sync.Mutex
	// By host.
	hosts map[string]*tally
	// Bytes of bodies of data by object.
	objects map[string]int64
	// Ranges of data asked for, in order: object, first byte, count.
	ranges [][3]any
	// What was made: tokens, tokens_revoked, credentials, signed.
	made     map[string]int
	requests []seenRequest
	// Connections of all doors.
	connections, open int
}

func newCounters() *counters {
	return &counters{hosts: map[string]*tally{}, objects: map[string]int64{}, made: map[string]int{}}
}

func (c *counters) make(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[what]++
}

func (c *counters) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hosts, c.objects, c.made = map[string]*tally{}, map[string]int64{}, map[string]int{}
	c.ranges, c.requests, c.connections = nil, nil, 0
}

func (c *counters) told() object {
	c.mu.Lock()
	defer c.mu.Unlock()
	hosts, whole := object{}, tally{Statuses: map[int]int{}}
	for name, one := range c.hosts {
		copied := *one
		copied.Statuses = maps.Clone(one.Statuses)
		hosts[name] = copied
		whole.Requests += one.Requests
		whole.Heads += one.Heads
		whole.BodyBytes += one.BodyBytes
		for status, count := range one.Statuses {
			whole.Statuses[status] += count
		}
	}
	whole.Connections = c.connections
	ranges := append([][3]any{}, c.ranges...)
	return object{
		"hosts": hosts, "all": whole, "objects": maps.Clone(c.objects), "ranges": ranges, "made": maps.Clone(c.made), "open_connections": c.open,
	}
}

// Counts connections of all doors as they come and go. One that the proxy hands on is counted at the
// door that it came in by and leaves the count when its second server is done.
func (w *world) watch(_ net.Conn, state http.ConnState) {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	switch state {
	case http.StateNew:
		w.counters.open++
		w.counters.connections++
	case http.StateHijacked:
		// The same connection is new again behind the proxy.
		w.counters.open--
		w.counters.connections--
	case http.StateClosed:
		w.counters.open--
	}
}

// answer is a response whose bytes are counted, and in which body faults happen.
type answer struct {
	http.ResponseWriter
	world  *world
	in     *http.Request
	set    settings
	role   string
	status int
	fault  *fault
	// Bytes that the body has, by its header; -1 where it says none.
	length  int64
	written int64
	// The object whose bytes go out; "" where it is no data.
	object string
	record seenRequest
}

func (w *world) begin(out http.ResponseWriter, in *http.Request, host, role string, set settings) *answer {
	scheme, _, _ := strings.Cut(in.Header.Get("Authorization"), " ")
	connection := connectionOf(in)
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	counted := w.counters.hosts[host]
	if counted == nil {
		counted = &tally{Statuses: map[int]int{}, seen: map[net.Conn]bool{}}
		w.counters.hosts[host] = counted
	}
	counted.Requests++
	if in.Method == http.MethodHead {
		counted.Heads++
	}
	if !counted.seen[connection] {
		counted.seen[connection] = true
		counted.Connections++
	}
	return &answer{
		ResponseWriter: out, world: w, in: in, set: set, role: role, length: -1,
		record: seenRequest{
			Method: in.Method, Host: host, Path: in.URL.Path, Query: in.URL.RawQuery, Range: in.Header.Get("Range"),
			Authorization: strings.ToLower(scheme), Agent: in.UserAgent(),
		},
	}
}

func (a *answer) end() {
	c := a.world.counters
	c.mu.Lock()
	defer c.mu.Unlock()
	a.record.Status, a.record.BodyBytes = a.status, a.written
	if a.fault != nil {
		a.record.Fault = a.fault.Fault
	}
	if counted := c.hosts[a.record.Host]; counted != nil {
		counted.Statuses[a.status]++
	}
	if len(c.requests) < mostRequests {
		c.requests = append(c.requests, a.record)
	}
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) sent(count int) {
	a.written += int64(count)
	c := a.world.counters
	c.mu.Lock()
	defer c.mu.Unlock()
	if counted := c.hosts[a.record.Host]; counted != nil {
		counted.BodyBytes += int64(count)
	}
	if a.object != "" {
		c.objects[a.object] += int64(count)
	}
}
