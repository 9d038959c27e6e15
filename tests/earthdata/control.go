package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The door for tests: what happened, and what shall happen. Nothing of it is Earthdata's.
func (w *world) control(out http.ResponseWriter, in *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(in.Body, 8<<20))
	if err != nil {
		return
	}
	told, err := w.does(in.Method+" "+strings.TrimPrefix(in.URL.Path, "/__world"), in.URL.Query().Get("full") != "", raw)
	status := http.StatusOK
	if err != nil {
		status, told = http.StatusBadRequest, object{"error": err.Error()}
	}
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	_ = json.NewEncoder(out).Encode(told)
}

func (w *world) does(what string, full bool, raw []byte) (any, error) {
	switch what {
	case "GET /counters":
		told := w.counters.told()
		if !full {
			delete(told, "ranges")
		}
		return told, nil
	case "GET /requests":
		w.counters.mu.Lock()
		defer w.counters.mu.Unlock()
		return append([]seenRequest{}, w.counters.requests...), nil
	case "POST /reset":
		w.counters.reset()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tries = map[string]int{}
		return object{}, nil
	case "GET /settings":
		return w.set(), nil
	case "POST /settings":
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := w.settings.change(raw); err != nil {
			return nil, err
		}
		return w.settings, nil
	case "GET /faults":
		w.mu.Lock()
		defer w.mu.Unlock()
		return append([]*fault{}, w.planned...), nil
	case "POST /faults":
		return object{}, w.plan(raw)
	case "DELETE /faults":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.planned, w.settings.Rates = nil, nil
		return object{}, nil
	case "POST /clock":
		return w.advance(raw)
	case "POST /users":
		return object{}, w.addUser(raw)
	case "POST /tokens":
		return w.addToken(raw)
	case "DELETE /tokens":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tokens = map[string]*token{}
		return object{}, nil
	case "GET /collections":
		return w.listed(), nil
	case "POST /collections":
		return w.addCollections(raw)
	case "POST /touch":
		return object{}, w.touch(raw)
	}
	return nil, fmt.Errorf("there is no %s", what)
}

// Reads JSON that has no name which is not known: a test that says one would test nothing.
func strictly(raw []byte, into any) error {
	reader := json.NewDecoder(bytes.NewReader(raw))
	reader.DisallowUnknownFields()
	return reader.Decode(into)
}

func (w *world) plan(raw []byte) error {
	var given []*fault
	if err := strictly(raw, &given); err != nil {
		return fmt.Errorf("the faults cannot be read: %w", err)
	}
	for _, one := range given {
		if err := one.check(); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.planned = append(w.planned, given...)
	return nil
}

// {"seconds": n} puts the world's clock forward.
func (w *world) advance(raw []byte) (any, error) {
	var given struct{ Seconds float64 }
	if err := strictly(raw, &given); err != nil {
		return nil, fmt.Errorf("the time cannot be read: %w", err)
	}
	w.mu.Lock()
	w.ahead += seconds(given.Seconds)
	w.mu.Unlock()
	return object{"now": w.now().Format(time.RFC3339Nano)}, nil
}

// {"name", "password", "unapproved": [HOST], "without_eula": [HOST]} makes or changes a user.
func (w *world) addUser(raw []byte) error {
	var given struct {
		Name, Password string
		Unapproved     []string
		WithoutEULA    []string `json:"without_eula"`
	}
	if err := strictly(raw, &given); err != nil || given.Name == "" {
		return fmt.Errorf("a user needs a name: %s", raw)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.users[given.Name]
	if known == nil {
		known = &user{name: given.Name}
		w.users[given.Name] = known
	}
	if given.Password != "" {
		known.password = given.Password
	}
	known.unapproved, known.withoutEULA = given.Unapproved, given.WithoutEULA
	return nil
}

// {"user", "host", "life"} lays down a token that ends so many seconds from now, without EDL's rules.
func (w *world) addToken(raw []byte) (any, error) {
	given := struct {
		User, Host string
		Life       float64
	}{firstUser, "urs.earthdata.nasa.gov", w.set().TokenLife}
	if err := strictly(raw, &given); err != nil {
		return nil, fmt.Errorf("the token cannot be read: %w", err)
	}
	return w.makeToken(given.User, given.Host, given.Life).told(), nil
}

func (w *world) addCollections(raw []byte) (any, error) {
	var given []*collection
	if err := strictly(raw, &given); err != nil {
		return nil, fmt.Errorf("the collections cannot be read: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range given {
		if err := one.complete(len(w.collections)); err != nil {
			return nil, err
		}
		w.collections = append(w.collections, one)
	}
	w.searches, w.lastFound = map[string]int{}, lastFound{}
	return given, nil
}

// {"object": "BUCKET/KEY"} gives an object other bytes and another ETag.
func (w *world) touch(raw []byte) error {
	var given struct{ Object string }
	if err := strictly(raw, &given); err != nil || given.Object == "" {
		return fmt.Errorf("an object is needed: %s", raw)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.touched[given.Object]++
	return nil
}
