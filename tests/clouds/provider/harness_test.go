package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

// schemaFolder is where the real schemas are, or a folder with small ones in their form.
func schemaFolder(t *testing.T) string {
	if folder := os.Getenv("FRAZIL_WORLD_SCHEMAS"); folder != "" {
		return folder
	}
	t.Skip("skipped: FRAZIL_WORLD_SCHEMAS names no folder with the schemas of the real providers")
	return ""
}

// served is a provider without a stand-in, configured.
func served(t *testing.T, name string, config object) *provider {
	t.Helper()
	t.Setenv("FRAZIL_WORLD_SCHEMAS", schemaFolder(t))
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("FRAZIL_GOOGLE_ENDPOINT", "")
	p, err := newProvider(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cloud.configure(config); err != nil {
		t.Fatal(err)
	}
	return p
}

func awsHere(t *testing.T) *provider {
	return served(t, "aws", object{
		"region": "us-west-2", "allowed_account_ids": []any{"123456789012"},
		"default_tags": []any{object{"tags": object{"hub": "small"}}},
	})
}

func googleHere(t *testing.T) *provider {
	return served(t, "google", object{"project": "ice", "region": "us-central1", "default_labels": object{"hub": "small"}})
}

// configured is a resource's configuration: what is given, and null for the rest.
func (p *provider) configured(typ string, given object) object {
	out := emptyBlock(p.schemas.Resources[typ].Block)
	fillGiven(p.schemas.Resources[typ].Block, out, given)
	return out
}

func fillGiven(b *block, out, given object) {
	for name, value := range given {
		n := b.Blocks[name]
		if n == nil {
			out[name] = value
			continue
		}
		list := []any{}
		for _, e := range value.([]any) {
			inner := emptyBlock(n.Block)
			fillGiven(n.Block, inner, e.(object))
			list = append(list, inner)
		}
		out[name] = list
	}
}

// plan asks for a plan as Terraform does: computed attributes that are not configured keep their value.
func (p *provider) plan(t *testing.T, typ string, prior, config object) (object, []string) {
	t.Helper()
	s := p.schemas.Resources[typ]
	encoded := func(o object) *tfprotov5.DynamicValue {
		d, err := encode(o, s.typ)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	answer, err := p.PlanResourceChange(t.Context(), &tfprotov5.PlanResourceChangeRequest{
		TypeName: typ, PriorState: encoded(prior), Config: encoded(config), ProposedNewState: encoded(proposed(s.Block, prior, config)),
	})
	if err != nil {
		t.Fatal(err)
	}
	planned, err := decode(answer.PlannedState, s.typ)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, path := range answer.RequiresReplace {
		paths = append(paths, path.String())
	}
	return planned, paths
}

// apply carries a plan out and gives the new state.
func (p *provider) carryOut(t *testing.T, typ string, prior, planned object) (object, []*tfprotov5.Diagnostic) {
	t.Helper()
	s := p.schemas.Resources[typ]
	before, err := encode(prior, s.typ)
	if err != nil {
		t.Fatal(err)
	}
	after, err := encode(planned, s.typ)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.ApplyResourceChange(t.Context(), &tfprotov5.ApplyResourceChangeRequest{TypeName: typ, PriorState: before, PlannedState: after, Config: after})
	if err != nil {
		t.Fatal(err)
	}
	state, err := decode(answer.NewState, s.typ)
	if err != nil {
		t.Fatal(err)
	}
	return state, answer.Diagnostics
}

func proposed(b *block, prior, config object) object {
	out := copyObject(config)
	for name, a := range b.Attributes {
		if a.Computed && config[name] == nil && prior != nil {
			out[name] = copyValue(prior[name])
		}
	}
	for name, n := range b.Blocks {
		before := asList(prior[name])
		for i, e := range asList(out[name]) {
			if n.Nesting == "list" && i < len(before) {
				asList(out[name])[i] = proposed(n.Block, asObject(before[i]), asObject(e))
			}
		}
	}
	return out
}

func writeJSON(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "value.json")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
