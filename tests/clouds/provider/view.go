package main

import "strings"

// call is one create, read, update or delete of a resource.
type call struct {
	typ    string
	schema *block
	// prior is the state before; nil when the resource is made.
	prior object
	// state is what is planned, or was, and becomes the new state.
	state object
	// importing is true where all there is of a resource is its id.
	importing bool
}

func (c *call) view() view { return view{c.state, c.schema, c.importing} }

func (c *call) str(name string) string { return text(c.state[name]) }

// changed says whether an update touches one of these arguments.
func (c *call) changed(names ...string) bool {
	for _, name := range names {
		if c.prior == nil || !same(c.prior[name], c.state[name]) {
			return true
		}
	}
	return false
}

// compute sets an attribute that nobody configures, if the schema has it.
func (c *call) compute(name string, value any) {
	if a := c.schema.Attributes[name]; a != nil && value != nil && value != "" {
		c.state[name] = value
	}
}

// view is a resource or a block in it, with its schema.
type view struct {
	values    object
	schema    *block
	importing bool
}

// block is the first block of a name; ok is false if there is none.
func (v view) block(name string) (inner view, ok bool) {
	n := v.schema.Blocks[name]
	if n == nil {
		return view{}, false
	}
	switch value := v.values[name].(type) {
	case object:
		return view{value, n.Block, v.importing}, true
	case []any:
		if len(value) > 0 && asObject(value[0]) != nil {
			return view{asObject(value[0]), n.Block, v.importing}, true
		}
	}
	if !v.importing || n.Nesting == "single" {
		return view{}, false
	}
	made := emptyBlock(n.Block)
	v.values[name] = []any{made}
	return view{made, n.Block, true}, true
}

// blocks are all blocks of a name.
func (v view) blocks(name string) []view {
	var out []view
	n := v.schema.Blocks[name]
	if n == nil {
		return nil
	}
	for _, e := range asList(v.values[name]) {
		if inner := asObject(e); inner != nil {
			out = append(out, view{inner, n.Block, v.importing})
		}
	}
	return out
}

func (v view) str(name string) string { return text(v.values[name]) }

func (v view) has(name string) bool { return !isUnknown(v.values[name]) && !empty(v.values[name]) }

// seen puts what an API says into the state. An argument that is not given stays so while the API
// says the provider's default, or nothing.
func (v view) seen(name string, live any, standard ...any) {
	a := v.schema.Attributes[name]
	if a == nil || live == nil {
		return
	}
	if s, ok := live.(string); ok && a.typ != nil {
		live = typed(a, s)
	}
	before := v.values[name]
	if !a.Computed && before == nil && (empty(live) || len(standard) > 0 && same(live, standard[0])) {
		return
	}
	if !isUnknown(before) && equivalent(v.schema, name, before, live) {
		return
	}
	v.values[name] = live
}

// typed reads numbers and truths out of texts, for XML has nothing else.
func typed(a *attribute, s string) any {
	var kind string
	switch {
	case strings.Trim(string(a.Type), `"`) == "number":
		kind = "number"
	case strings.Trim(string(a.Type), `"`) == "bool":
		kind = "bool"
	}
	switch kind {
	case "number":
		if n, ok := number(s); ok {
			f, _ := n.Float64()
			return f
		}
		return nil
	case "bool":
		return s == "true"
	}
	return s
}

func equivalent(b *block, name string, before, live any) bool {
	if same(before, live) || before != nil && empty(before) && empty(live) {
		return true
	}
	x, text := before.(string)
	y, both := live.(string)
	if text && both && (strings.ContainsAny(x, "{[") && sameJSON(x, y) || sameLink(x, y)) {
		return true
	}
	l, list := before.([]any)
	m, lists := live.([]any)
	return list && lists && isSet(b, name) && sameElements(l, m)
}

// sameLink says whether two texts name the same thing of Google's, one by its whole link and the other
// by the end of it.
func sameLink(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	isLink := strings.HasPrefix(a, "http") || strings.HasPrefix(a, "projects/")
	return isLink && b != "" && strings.HasSuffix(a, "/"+b)
}

// seenBlocks replaces the blocks of a name unless they say the same as the API does; compared is what
// the API tells of each.
func (v view) seenBlocks(name string, live []object) {
	n := v.schema.Blocks[name]
	if n == nil {
		return
	}
	var before, after []any
	for _, e := range asList(v.values[name]) {
		before = append(before, withoutEmpty(asObject(e)))
	}
	full := []any{}
	for _, e := range live {
		after = append(after, withoutEmpty(e))
		made := emptyBlock(n.Block)
		for key, value := range e {
			made[key] = value
		}
		full = append(full, made)
	}
	if alike(before, after, n.Nesting == "set") {
		return
	}
	v.values[name] = full
}

// alike compares lists of blocks, as sets if told, with links that name the same thing taken as equal.
func alike(before, after []any, unordered bool) bool {
	if len(before) != len(after) {
		return false
	}
	used := make([]bool, len(after))
	for i, x := range before {
		found := false
		for j, y := range after {
			if !used[j] && (unordered || i == j) && sameThing(x, y) {
				used[j], found = true, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func sameThing(a, b any) bool {
	switch x := a.(type) {
	case string:
		y, both := b.(string)
		return both && (x == y || sameLink(x, y))
	case object:
		y, both := b.(object)
		if !both || len(x) != len(y) {
			return false
		}
		for key := range x {
			if !sameThing(x[key], y[key]) {
				return false
			}
		}
		return true
	case []any:
		y, both := b.([]any)
		return both && alike(x, y, true)
	}
	return same(a, b)
}

func withoutEmpty(o object) any {
	out := object{}
	for key, value := range o {
		if !empty(value) {
			out[key] = value
		}
	}
	return out
}

// emptyBlock has every attribute null and no blocks.
func emptyBlock(b *block) object {
	out := object{}
	for name := range b.Attributes {
		out[name] = nil
	}
	for name, n := range b.Blocks {
		if n.Nesting == "single" {
			out[name] = nil
		} else {
			out[name] = []any{}
		}
	}
	return out
}

// settle gives what is still unknown after a call a value: none.
func settle(b *block, o object) {
	for name := range b.Attributes {
		o[name] = settled(o[name])
	}
	for name, n := range b.Blocks {
		switch value := o[name].(type) {
		case unknownValue:
			o[name] = []any{}
		case object:
			settle(n.Block, value)
		case []any:
			for _, e := range value {
				if inner := asObject(e); inner != nil {
					settle(n.Block, inner)
				}
			}
		}
	}
}

func settled(v any) any {
	switch v := v.(type) {
	case unknownValue:
		return nil
	case object:
		for key, value := range v {
			v[key] = settled(value)
		}
	case []any:
		for i, value := range v {
			v[i] = settled(value)
		}
	}
	return v
}

// merged is the plan with what it did not know taken from the state: Terraform insists on the rest.
func merged(planned, state any) any {
	switch p := planned.(type) {
	case unknownValue:
		return state
	case object:
		s := asObject(state)
		out := object{}
		for key, value := range p {
			out[key] = merged(value, s[key])
		}
		return out
	case []any:
		s := asList(state)
		if len(s) != len(p) || !hasUnknown(p) {
			return p
		}
		out := make([]any, len(p))
		for i, value := range p {
			out[i] = merged(value, s[i])
		}
		return out
	}
	return planned
}
