package main

import (
	"net/url"
	"strings"
)

// route is one method of one API.
type route struct {
	method string
	parts  []string
	verb   string
	api    string
	upload bool
	handle func(*call) (any, error)
}

// APIs from before google.rpc.Status.
func (r *route) legacy() bool {
	switch r.api {
	case "compute.googleapis.com", "storage.googleapis.com", "dns.googleapis.com", "bigquery.googleapis.com":
		return true
	}
	return false
}

// Adds a method. A pattern's last part may carry a verb: "/v1/projects/{project}:getIamPolicy".
func (w *world) on(api, method, pattern string, handle func(*call) (any, error)) *route {
	path, verb := pattern, ""
	if at := strings.LastIndex(pattern, ":"); at > 0 {
		path, verb = pattern[:at], pattern[at+1:]
	}
	made := &route{method: method, parts: strings.Split(path, "/"), verb: verb, api: api, handle: handle}
	w.routes = append(w.routes, made)
	return made
}

// The first route that fits; a part that the pattern names wins over a parameter.
func (w *world) find(method, path string) (*route, map[string]string) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	var best *route
	var params map[string]string
	for _, tried := range w.routes {
		if tried.method != method {
			continue
		}
		if got, fits := tried.match(parts); fits && (best == nil || tried.literals() > best.literals()) {
			best, params = tried, got
		}
	}
	return best, params
}

func (r *route) literals() int {
	count := len(r.verb)
	for _, part := range r.parts {
		if !strings.HasPrefix(part, "{") {
			count++
		}
	}
	return count
}

func (r *route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.parts) {
		return nil, false
	}
	params := map[string]string{}
	for index, pattern := range r.parts {
		part := parts[index]
		if r.verb != "" && index == len(parts)-1 {
			var ends bool
			if part, ends = strings.CutSuffix(part, ":"+r.verb); !ends {
				return nil, false
			}
		}
		if !strings.HasPrefix(pattern, "{") {
			if part != pattern {
				return nil, false
			}
			continue
		}
		plain, err := url.PathUnescape(part)
		if err != nil || plain == "" {
			return nil, false
		}
		params[strings.Trim(pattern, "{}")] = plain
	}
	return params, true
}

// The path with its parameters filled in.
func (r *route) fill(params map[string]string) string {
	return fillIn(strings.Join(r.parts, "/"), params)
}

func fillIn(pattern string, params map[string]string) string {
	parts := strings.Split(pattern, "/")
	for index, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[index] = params[strings.Trim(part, "{}")]
		}
	}
	return strings.Join(parts, "/")
}

// The collection whose path this is, with its parameters.
func (w *world) collectionAt(path string) (*collection, map[string]string) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	var best *collection
	var params map[string]string
	for _, tried := range w.byPath {
		as := route{parts: strings.Split(tried.path, "/")}
		if got, fits := as.match(parts); fits {
			if best == nil || as.literals() > (&route{parts: strings.Split(best.path, "/")}).literals() {
				best, params = tried, got
			}
		}
	}
	return best, params
}

// The value of a query that AIP-era APIs take in both spellings.
func (c *call) asked(name string) string {
	return c.query.Get(name)
}

func lastPart(path string) string {
	return path[strings.LastIndex(path, "/")+1:]
}

func parentOf(path string) string {
	return path[:max(strings.LastIndex(path, "/"), 0)]
}

// The name by which APIs call a resource: its path without service and version.
func relative(path string) string {
	if at := strings.Index(path, "/projects/"); at >= 0 {
		return path[at+1:]
	}
	if at := strings.Index(path, "/billingAccounts/"); at >= 0 {
		return path[at+1:]
	}
	return strings.TrimPrefix(path, "/")
}
