package main

import (
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// fault is what a test lays in the way of the next requests that fit.
type fault struct {
	// HTTP method; "" fits any.
	Method string `json:"method,omitempty"`
	// Regular expression that the path must have a match of.
	Path string `json:"path"`
	// status, quota, hang, drop, or operation: the operation that the request begins ends in an error.
	Fault   string `json:"fault"`
	Status  int    `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	// How many requests are hit: 1 unless said, -1 for all. The first `skip` that fit are not.
	Times int `json:"times,omitempty"`
	Skip  int `json:"skip,omitempty"`
	// A hang or drop comes after the request was carried out: only its answer is lost.
	After   bool    `json:"after,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	Hits    int     `json:"hits"`
	form    *regexp.Regexp
}

func (f *fault) check() error {
	form, err := regexp.Compile(f.Path)
	if err != nil {
		return fmt.Errorf("the path %q is no regular expression: %w", f.Path, err)
	}
	f.form = form
	if f.Times == 0 {
		f.Times = 1
	}
	switch f.Fault {
	case "status":
		if f.Status < 400 || f.Status > 599 {
			return fmt.Errorf("a fault of kind status needs a status of 400 to 599, not %d", f.Status)
		}
	case "quota", "hang", "drop", "operation":
	default:
		return fmt.Errorf("there is no fault %q: status, quota, hang, drop or operation", f.Fault)
	}
	if f.After && f.Fault != "hang" && f.Fault != "drop" {
		return fmt.Errorf("only hang and drop can come after a request, not %s", f.Fault)
	}
	return nil
}

// The first fault that fits a request, which counts as a hit.
func (w *world) strike(method, path string) *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, tried := range w.faults {
		if tried.Times == tried.Hits || tried.Method != "" && tried.Method != method || !tried.form.MatchString(path) {
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
	return nil
}

// Whether nothing may be answered. A hang waits until the client gives up or the time is over.
func (f *fault) stops(out http.ResponseWriter, in *http.Request) bool {
	switch f.Fault {
	case "hang":
		seconds := f.Seconds
		if seconds == 0 {
			seconds = 600
		}
		select {
		case <-in.Context().Done():
		case <-time.After(time.Duration(seconds * float64(time.Second))):
		}
	case "drop":
	default:
		return false
	}
	if hijacker, can := out.(http.Hijacker); can {
		if connection, _, err := hijacker.Hijack(); err == nil {
			_ = connection.Close()
		}
	}
	return true
}

// The error that a fault answers with; nil where it does something else.
func (f *fault) problem(legacy bool) error {
	switch f.Fault {
	case "status":
		return plainProblem(f.Status, f.Message)
	case "quota":
		return quotaExceeded(legacy, f.Message)
	}
	return nil
}

func (f *fault) messageOr(usual string) string {
	if f.Message != "" {
		return f.Message
	}
	return usual
}
