package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The tests' own door, under /_world/. It asks for no token.
func (w *world) admin(in *http.Request, raw []byte) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	given, err := w.administer(in, raw)
	if err != nil {
		return answer{status: http.StatusBadRequest, raw: []byte(err.Error() + "\n"), header: map[string]string{"Content-Type": "text/plain"}}
	}
	return answered(given)
}

func (w *world) administer(in *http.Request, raw []byte) (any, error) {
	path := in.URL.Query().Get("path")
	switch in.Method + " " + strings.TrimPrefix(in.URL.Path, "/_world/") {
	case "POST seed":
		return w.seed(in.URL, raw)
	case "GET objects":
		return w.dump(path), nil
	case "PATCH objects":
		return w.alter(path, raw)
	case "DELETE objects":
		return w.drop(path)
	case "GET faults":
		return w.faults, nil
	case "POST faults":
		return w.addFaults(raw)
	case "DELETE faults":
		w.faults = nil
		return nothing{}, nil
	case "POST advance":
		for _, running := range w.running() {
			w.settle(running)
		}
		return nothing{}, nil
	case "GET requests":
		return w.requests, nil
	case "DELETE requests":
		w.requests = nil
		return nothing{}, nil
	case "POST expire":
		w.tokens = map[string]token{}
		return nothing{}, nil
	case "POST denied":
		return w.deny(raw)
	case "GET credentials":
		return w.credentials(in.URL.Query().Get("type"))
	}
	return nil, fmt.Errorf("there is no %s %s", in.Method, in.URL.Path)
}

// Lays down one object, or each of a list, in a collection; what is there under the name is replaced.
func (w *world) seed(at *url.URL, raw []byte) (any, error) {
	path := at.Query().Get("path")
	var given any
	if err := json.Unmarshal(raw, &given); err != nil {
		return nil, fmt.Errorf("what is to be seeded is no JSON: %w", err)
	}
	bodies, isList := given.([]any)
	if !isList {
		bodies = []any{given}
	}
	seeder := &call{world: w, query: at.Query(), seeding: true, who: "seed"}
	told := []any{}
	for _, one := range bodies {
		body, isObject := one.(object)
		if !isObject {
			return nil, fmt.Errorf("what is to be seeded is no object")
		}
		made, err := seeder.seedOne(path, body)
		if err != nil {
			return nil, fmt.Errorf("seeding %s: %w", path, err)
		}
		told = append(told, made)
	}
	return told, nil
}

func (c *call) seedOne(path string, body object) (object, error) {
	if path == "/v3/projects" {
		c.addProject(text(body, "projectId"))
		return c.store.at("/v3/projects/" + text(body, "projectId")), nil
	}
	if bucket, is := strings.CutSuffix(path, "/o"); is && strings.HasPrefix(path, bucketsPath+"/") {
		return c.seedBlob(lastPart(bucket), body)
	}
	row, params := c.collectionAt(path)
	if row == nil {
		return nil, fmt.Errorf("the stand-in has no collection %s", path)
	}
	inner := &call{
		world: c.world, route: &route{api: row.api}, params: params, query: c.query, body: body, seeding: true,
		who: c.who, request: &http.Request{Header: http.Header{}},
	}
	name, err := seedName(row, inner)
	if err != nil {
		return nil, err
	}
	inner.key = path + "/" + name
	inner.store.remove(inner.key)
	member, err := row.place(inner)
	if err == nil {
		row.settled(member)
	}
	return member, err
}

// The name that a seeded object has: the last part of its own, or what the service would give it.
func seedName(row *collection, c *call) (string, error) {
	if name := text(c.body, "name"); name != "" {
		return lastPart(name), nil
	}
	if row.id == nil {
		return "", fmt.Errorf("the object has no name")
	}
	return row.id(c)
}

func (c *call) seedBlob(bucket string, body object) (object, error) {
	if c.store.at(bucketsPath+"/"+bucket) == nil {
		return nil, fmt.Errorf("there is no bucket %s", bucket)
	}
	inner := &call{world: c.world, params: map[string]string{"id": bucket}, query: url.Values{}}
	data := text(body, "data")
	delete(body, "data")
	_, err := inner.keepBlob(body, []byte(data), "")
	return body, err
}

// Every object whose path begins so, without what only the stand-in uses.
func (w *world) dump(prefix string) object {
	told := object{}
	for path, one := range w.store.entries {
		if strings.HasPrefix(path, prefix) && !strings.HasPrefix(path, "/_") {
			told[path] = one.body
		}
	}
	for bucket, blobs := range w.blobs {
		for _, one := range blobs {
			path := bucketsPath + "/" + bucket + "/o/" + text(one.meta, "name")
			if strings.HasPrefix(path, prefix) && one.live {
				told[path] = one.meta
			}
		}
	}
	for path, policy := range w.policies {
		if strings.HasPrefix(path, prefix) {
			told[path+":policy"] = policy
		}
	}
	return told
}

// A change by hand: merged into what is there, without an operation.
func (w *world) alter(path string, raw []byte) (any, error) {
	body := w.store.at(path)
	if body == nil {
		return nil, fmt.Errorf("there is no %s", path)
	}
	var change object
	if err := json.Unmarshal(raw, &change); err != nil {
		return nil, fmt.Errorf("the change is no JSON object: %w", err)
	}
	merge(body, change)
	w.restamp(body)
	return body, nil
}

func (w *world) drop(path string) (any, error) {
	if w.store.at(path) == nil {
		return nil, fmt.Errorf("there is no %s", path)
	}
	w.store.remove(path)
	delete(w.policies, path)
	return nothing{}, nil
}

func (w *world) addFaults(raw []byte) (any, error) {
	var given []*fault
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		return nil, fmt.Errorf("the faults are no list of faults: %w", err)
	}
	for _, one := range given {
		one.Hits = 0
		if err := one.check(); err != nil {
			return nil, err
		}
	}
	w.faults = append(w.faults, given...)
	return w.faults, nil
}

// From now on testIamPermissions says no to these permissions, and only to these.
func (w *world) deny(raw []byte) (any, error) {
	var given []string
	if err := json.Unmarshal(raw, &given); err != nil {
		return nil, fmt.Errorf("the permissions are no list of names: %w", err)
	}
	w.denied = map[string]bool{}
	for _, one := range given {
		w.denied[one] = true
	}
	return nothing{}, nil
}
