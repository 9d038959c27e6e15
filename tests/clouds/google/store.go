package main

import (
	"maps"
	"sort"
	"strconv"
	"strings"
)

// store holds every object under its path.
type store struct {
	entries map[string]*entry
	made    int
}

type entry struct {
	path string
	body object
	// Order of creation, in which lists come.
	order int
}

func newStore() store {
	return store{entries: map[string]*entry{}}
}

func (s *store) at(path string) object {
	if found := s.entries[path]; found != nil {
		return found.body
	}
	return nil
}

func (s *store) put(path string, body object) {
	if found := s.entries[path]; found != nil {
		found.body = body
		return
	}
	s.made++
	s.entries[path] = &entry{path: path, body: body, order: s.made}
}

// Removes an object with all that lies under it.
func (s *store) remove(path string) {
	delete(s.entries, path)
	for at := range s.entries {
		if strings.HasPrefix(at, path+"/") {
			delete(s.entries, at)
		}
	}
}

// Members of a collection, oldest first. A part "-" of the path stands for any.
func (s *store) members(collection string) []*entry {
	var found []*entry
	for path, one := range s.entries {
		if fitsAny(collection, parentOf(path)) {
			found = append(found, one)
		}
	}
	sort.Slice(found, func(left, right int) bool { return found[left].order < found[right].order })
	return found
}

// Everything under a path, oldest first.
func (s *store) under(prefix string) []*entry {
	var found []*entry
	for path, one := range s.entries {
		if strings.HasPrefix(path, prefix) {
			found = append(found, one)
		}
	}
	sort.Slice(found, func(left, right int) bool { return found[left].order < found[right].order })
	return found
}

func fitsAny(pattern, path string) bool {
	if pattern == path {
		return true
	}
	if !strings.Contains(pattern, "/-") {
		return false
	}
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for index := range want {
		if want[index] != "-" && want[index] != got[index] {
			return false
		}
	}
	return true
}

// A copy as deep as JSON goes.
func deepCopy(value any) any {
	switch value := value.(type) {
	case object:
		made := object{}
		for key, inner := range value {
			made[key] = deepCopy(inner)
		}
		return made
	case []any:
		made := make([]any, len(value))
		for index, inner := range value {
			made[index] = deepCopy(inner)
		}
		return made
	}
	return value
}

// Merges a change as RFC 7386 has it: null removes, objects merge, all else replaces.
func merge(into, change object) {
	for key, value := range change {
		inner, isObject := value.(object)
		there, hadObject := into[key].(object)
		switch {
		case value == nil:
			delete(into, key)
		case isObject && hadObject:
			merge(there, inner)
		default:
			into[key] = deepCopy(value)
		}
	}
}

// Takes from a change only what an update mask names; a name that the change lacks is removed.
func mergeMasked(into, change object, mask string) {
	for _, path := range strings.Split(mask, ",") {
		names := strings.Split(strings.TrimSpace(path), ".")
		for index := range names {
			names[index] = camel(names[index])
		}
		copyAt(into, change, names)
	}
}

func copyAt(into, change object, names []string) {
	name := names[0]
	value, given := change[name]
	if len(names) == 1 {
		if given {
			into[name] = deepCopy(value)
		} else {
			delete(into, name)
		}
		return
	}
	from, _ := value.(object)
	there, _ := into[name].(object)
	if there == nil {
		there = object{}
		into[name] = there
	}
	copyAt(there, from, names[1:])
}

// default_zone -> defaultZone, for masks that come in protobuf's spelling.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for index := 1; index < len(parts); index++ {
		if parts[index] != "" {
			parts[index] = strings.ToUpper(parts[index][:1]) + parts[index][1:]
		}
	}
	return strings.Join(parts, "")
}

// Sets what is not there yet.
func fallback(into, defaults object) {
	for key, value := range defaults {
		if _, there := into[key]; !there {
			into[key] = deepCopy(value)
		}
	}
}

func text(from object, key string) string {
	value, _ := from[key].(string)
	return value
}

func objectAt(from object, key string) object {
	value, _ := from[key].(object)
	return value
}

func listAt(from object, key string) []any {
	value, _ := from[key].([]any)
	return value
}

func number(from object, key string) int {
	switch value := from[key].(type) {
	case float64:
		return int(value)
	case int:
		return value
	case string:
		parsed, _ := strconv.Atoi(value)
		return parsed
	}
	return 0
}

func sortedKeys[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range maps.Keys(of) {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
