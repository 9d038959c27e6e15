package main

import "strings"

// mapping turns arguments into the JSON of an API and back. Names are the arguments' in camel case,
// and a block of which there is one is an object, unless said.
type mapping struct {
	// names are API names by path: "node_config.taint" → "taints".
	names map[string]string
	// skip are paths that the API does not have, or that are handled by hand.
	skip map[string]bool
	// lists are blocks that are lists though there is one at most.
	lists map[string]bool
}

func paths(list ...string) map[string]bool {
	out := map[string]bool{}
	for _, path := range list {
		out[path] = true
	}
	return out
}

func (m mapping) name(path, name string) string {
	if known, found := m.names[path]; found {
		return known
	}
	parts := strings.Split(name, "_")
	for i, part := range parts {
		if i > 0 && part != "" {
			parts[i] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "")
}

func under(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// out is what a request says: all arguments that are given.
func (m mapping) out(v view, prefix string) object {
	out := object{}
	for name, a := range v.schema.Attributes {
		path := under(prefix, name)
		value := v.values[name]
		if m.skip[path] || value == nil || hasUnknown(value) || a.Computed && !a.Optional && prefix == "" {
			continue
		}
		out[m.name(path, name)] = value
	}
	for name, n := range v.schema.Blocks {
		path := under(prefix, name)
		if m.skip[path] || name == "timeouts" {
			continue
		}
		var list []any
		for _, inner := range v.blocks(name) {
			list = append(list, m.out(inner, path))
		}
		if n.Nesting == "single" {
			if inner, found := v.block(name); found {
				out[m.name(path, name)] = m.out(inner, path)
			}
		} else if len(list) > 0 && m.one(n, path) {
			out[m.name(path, name)] = list[0]
		} else if len(list) > 0 {
			out[m.name(path, name)] = list
		}
	}
	return out
}

func (m mapping) one(n *nested, path string) bool { return n.MaxItems == 1 && !m.lists[path] }

// in puts what an API answers into the state: computed attributes, and arguments that are given.
func (m mapping) in(v view, prefix string, live object) {
	for name, a := range v.schema.Attributes {
		path := under(prefix, name)
		value, told := live[m.name(path, name)]
		if m.skip[path] || !told || value == nil {
			continue
		}
		if a.Computed || v.values[name] != nil || v.importing {
			v.seen(name, plainValue(a, value))
		}
	}
	for name, n := range v.schema.Blocks {
		path := under(prefix, name)
		value, told := live[m.name(path, name)]
		if m.skip[path] || name == "timeouts" || !told {
			continue
		}
		if one, isObject := value.(object); isObject {
			if inner, found := v.block(name); found {
				m.in(inner, path, one)
			}
			continue
		}
		m.inList(v, n, name, path, asList(value))
	}
}

func (m mapping) inList(v view, n *nested, name, path string, live []any) {
	before := v.blocks(name)
	if len(before) == 0 && !v.importing {
		return
	}
	if n.Nesting != "set" && len(before) == len(live) {
		for i, inner := range before {
			m.in(inner, path, asObject(live[i]))
		}
		return
	}
	var all []object
	for _, e := range live {
		made := emptyBlock(n.Block)
		m.in(view{made, n.Block, true}, path, asObject(e))
		all = append(all, made)
	}
	v.seenBlocks(name, all)
}

// plainValue fits a JSON value to an attribute whose type is a list of one object.
func plainValue(a *attribute, value any) any {
	if one, isObject := value.(object); isObject && strings.HasPrefix(string(a.Type), `["list"`) {
		return []any{one}
	}
	return value
}
