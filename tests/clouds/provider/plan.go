package main

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Blocks that the real provider fills where the configuration has none. The plan of such a block
// breaks Terraform's rules for plans, so its types ask for the lenient ones, as the real provider does.
var computedBlocks = map[string][]string{
	"google_container_cluster": {"master_auth"},
}

// What changes along with an argument: type → argument → computed attributes.
var follows = map[string]map[string][]string{
	"aws_launch_template": {"*": {"latest_version"}},
	"aws_eks_cluster":     {"version": {"platform_version"}},
	"aws_eks_node_group":  {"version": {"release_version"}},
	"aws_iam_policy":      {"policy": {"policy_id"}},
}

// planned makes the planned state: computed attributes that nothing sets are unknown when the
// resource is made and keep their value after that.
func (p *provider) planned(typ string, b *block, prior, proposed, config object) object {
	out := copyObject(proposed)
	fillBlock(b, prior, out)
	for _, name := range computedBlocks[typ] {
		if len(asList(config[name])) > 0 {
			continue
		}
		out[name] = unknown
		if prior != nil {
			out[name] = copyValue(prior[name])
		}
	}
	keepSameJSON(prior, out)
	keepCase(typ, prior, out)
	p.cloud.complete(typ, b, out, config)
	if prior == nil {
		return out
	}
	if same(prior, out) {
		return out
	}
	for trigger, computed := range follows[typ] {
		if trigger != "*" && same(prior[trigger], out[trigger]) || trigger == "*" && onlyTags(prior, out) {
			continue
		}
		for _, name := range computed {
			if config[name] == nil {
				out[name] = unknown
			}
		}
	}
	return out
}

func onlyTags(a, b object) bool {
	for name := range b {
		if name != "tags" && name != "tags_all" && !same(a[name], b[name]) {
			return false
		}
	}
	return true
}

func fillBlock(b *block, prior, out object) {
	for name, a := range b.Attributes {
		if a.WriteOnly {
			out[name] = nil
		} else if a.Computed && out[name] == nil && prior == nil {
			out[name] = unknown
		}
	}
	for name, n := range b.Blocks {
		switch value := out[name].(type) {
		case object:
			fillBlock(n.Block, asObject(prior[name]), value)
		case []any:
			fillElements(n, asList(prior[name]), value)
		}
	}
}

func fillElements(n *nested, prior, out []any) {
	for i, e := range out {
		inner, ok := e.(object)
		if !ok {
			continue
		}
		var before object
		if n.Nesting == "set" {
			before = equalElement(prior, inner)
		} else if i < len(prior) {
			before = asObject(prior[i])
		}
		fillBlock(n.Block, before, inner)
	}
}

func equalElement(list []any, want object) object {
	for _, e := range list {
		if same(e, want) {
			return asObject(e)
		}
	}
	return nil
}

// keepSameJSON keeps a policy that is only spelled in another way, as the real providers do.
func keepSameJSON(prior, out object) {
	for name, value := range out {
		before, _ := prior[name].(string)
		after, _ := value.(string)
		if before != after && strings.ContainsAny(after, "{[") && sameJSON(before, after) {
			out[name] = before
		}
	}
}

// Arguments in which capitals make no difference: buckets answer with their location in capitals.
var caseless = map[string]string{"google_storage_bucket": "location"}

func keepCase(typ string, prior, out object) {
	name := caseless[typ]
	if before, after := text(prior[name]), text(out[name]); before != "" && strings.EqualFold(before, after) {
		out[name] = before
	}
}

// replaces lists the attributes by which a planned change replaces the resource.
func replaces(rule replaceRule, b *block, prior, planned object) []*tftypes.AttributePath {
	var out []*tftypes.AttributePath
	for _, path := range rule.Replace {
		if found := changedAt(b, strings.Split(path, "."), prior, planned, tftypes.NewAttributePath()); found != nil {
			out = append(out, found)
		}
	}
	for _, name := range rule.Shrink {
		before, x := number(prior[name])
		after, y := number(planned[name])
		if x && y && after.Cmp(before) < 0 {
			out = append(out, tftypes.NewAttributePath().WithAttributeName(name))
		}
	}
	for _, name := range rule.Removed {
		if !empty(prior[name]) && empty(planned[name]) {
			out = append(out, tftypes.NewAttributePath().WithAttributeName(name))
		}
	}
	return out
}

// changedAt finds the first place on a path where two values differ: in lists element by element, in
// sets as a whole. A block that comes or goes counts with what it holds.
func changedAt(b *block, path []string, prior, planned object, at *tftypes.AttributePath) *tftypes.AttributePath {
	name := path[0]
	here := at.WithAttributeName(name)
	n := b.Blocks[name]
	if n == nil || len(path) == 1 {
		return differs(n, isSet(b, name), prior[name], planned[name], here)
	}
	if isUnknown(planned[name]) {
		return here
	}
	if n.Nesting == "single" {
		return changedAt(n.Block, path[1:], asObject(prior[name]), asObject(planned[name]), here)
	}
	before, after := asList(prior[name]), asList(planned[name])
	if n.Nesting == "set" {
		if sameElements(project(before, path[1:]), project(after, path[1:])) {
			return nil
		}
		return here
	}
	for i := 0; i < len(before) || i < len(after); i++ {
		var x, y object
		if i < len(before) {
			x = asObject(before[i])
		}
		if i < len(after) {
			y = asObject(after[i])
		}
		if found := changedAt(n.Block, path[1:], x, y, here.WithElementKeyInt(i)); found != nil {
			if x == nil || y == nil {
				return here
			}
			return found
		}
	}
	return nil
}

// differs compares values; of a list of blocks only their number, for what is in them has rules of its own.
func differs(n *nested, set bool, before, after any, at *tftypes.AttributePath) *tftypes.AttributePath {
	if n != nil && n.Nesting != "set" && !isUnknown(after) {
		if len(asList(before)) != len(asList(after)) {
			return at
		}
		return nil
	}
	x, isList := before.([]any)
	y, both := after.([]any)
	if isList && both && set && sameElements(x, y) {
		return nil
	}
	if same(before, after) || empty(before) && empty(after) && !isUnknown(after) {
		return nil
	}
	return at
}

func project(list []any, path []string) []any {
	var out []any
	for _, e := range list {
		var value any = e
		for _, name := range path {
			if inner, ok := value.([]any); ok && len(inner) > 0 {
				value = inner[0]
			}
			value = asObject(value)[name]
		}
		out = append(out, value)
	}
	return out
}

func isSet(b *block, name string) bool {
	if n := b.Blocks[name]; n != nil {
		return n.Nesting == "set"
	}
	a := b.Attributes[name]
	return a != nil && a.typ.Is(tftypes.Set{})
}
