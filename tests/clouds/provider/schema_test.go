package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestTypesAreRead(t *testing.T) {
	for text, want := range map[string]tftypes.Type{
		`"number"`:                            tftypes.Number,
		`["set", "string"]`:                   tftypes.Set{ElementType: tftypes.String},
		`["list", ["object", {"a": "bool"}]]`: tftypes.List{ElementType: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": tftypes.Bool}}},
		`["map", ["list", "number"]]`:         tftypes.Map{ElementType: tftypes.List{ElementType: tftypes.Number}},
	} {
		got, err := parseType(json.RawMessage(text))
		if err != nil || !got.Equal(want) {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`"word"`, `["bag", "string"]`, `["list"]`, `7`} {
		if got, err := parseType(json.RawMessage(text)); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

// Every attribute and block of the files is served, as it is there.
func TestSchemasAreServedWhole(t *testing.T) {
	for _, p := range []*provider{awsHere(t), googleHere(t)} {
		answer, err := p.GetProviderSchema(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.ResourceSchemas) < 40 || len(answer.DataSourceSchemas) < 30 {
			t.Fatalf("%s serves only %d resources and %d data sources", p.name, len(answer.ResourceSchemas), len(answer.DataSourceSchemas))
		}
		for typ, s := range p.schemas.Resources {
			compareBlocks(t, typ, s.Block, answer.ResourceSchemas[typ].Block)
		}
		for typ, s := range p.schemas.Data {
			compareBlocks(t, typ, s.Block, answer.DataSourceSchemas[typ].Block)
		}
		compareBlocks(t, "provider", p.schemas.Provider.Block, answer.Provider.Block)
	}
}

func compareBlocks(t *testing.T, at string, want *block, got *tfprotov5.SchemaBlock) {
	t.Helper()
	if len(got.Attributes) != len(want.Attributes) || len(got.BlockTypes) != len(want.Blocks) {
		t.Errorf("%s has %d attributes and %d blocks, not %d and %d", at, len(got.Attributes), len(got.BlockTypes), len(want.Attributes), len(want.Blocks))
	}
	for _, a := range got.Attributes {
		w := want.Attributes[a.Name]
		if w == nil || a.Required != w.Required || a.Optional != w.Optional || a.Computed != w.Computed || a.Sensitive != w.Sensitive || a.WriteOnly != w.WriteOnly {
			t.Errorf("%s.%s is served as %+v", at, a.Name, a)
		}
	}
	for _, b := range got.BlockTypes {
		w := want.Blocks[b.TypeName]
		if w == nil || strings.ToLower(b.Nesting.String()) != w.Nesting || b.MinItems != w.MinItems || b.MaxItems != w.MaxItems {
			t.Errorf("%s.%s is served as %+v", at, b.TypeName, b)
			continue
		}
		compareBlocks(t, at+"."+b.TypeName, w.Block, b.Block)
	}
}

// Every type is either made in the live API or known to be in the state alone, and not both.
func TestEveryTypeIsLiveOrPaper(t *testing.T) {
	aws, google := awsHere(t), googleHere(t)
	for p, table := range map[*provider]map[string]paper{aws: awsPaper, google: googlePaper} {
		for typ := range p.schemas.Resources {
			_, live := p.cloud.kind(typ)
			_, onPaper := table[typ]
			if live == onPaper {
				t.Errorf("%s: live %v, paper %v", typ, live, onPaper)
			}
		}
		for typ := range table {
			if p.schemas.Resources[typ] == nil {
				t.Errorf("the schemas have no %s", typ)
			}
		}
	}
}

// The table of replacements names only what the schemas have, and has a source for each.
func TestReplacementsAreOfTheSchemas(t *testing.T) {
	all := map[string]*block{}
	for _, p := range []*provider{awsHere(t), googleHere(t)} {
		for typ, s := range p.schemas.Resources {
			all[typ] = s.Block
		}
	}
	for typ, rule := range replaceTable() {
		if all[typ] == nil || rule.Source == "" {
			t.Errorf("%s: no such type, or no source", typ)
			continue
		}
		for _, path := range append(append(rule.Replace, rule.Shrink...), rule.Removed...) {
			if !hasPath(all[typ], strings.Split(path, ".")) {
				t.Errorf("%s has no %s", typ, path)
			}
		}
	}
	for _, typ := range []string{"aws_eks_cluster", "aws_eks_node_group", "aws_ebs_volume", "aws_efs_file_system", "google_container_cluster", "google_container_node_pool", "google_compute_disk", "google_filestore_instance"} {
		if len(replaceRules(typ).Replace) == 0 {
			t.Errorf("nothing replaces %s", typ)
		}
	}
}

func hasPath(b *block, path []string) bool {
	if n := b.Blocks[path[0]]; n != nil {
		return len(path) == 1 || hasPath(n.Block, path[1:])
	}
	return len(path) == 1 && b.Attributes[path[0]] != nil
}

func TestProviderIsNamedByItsFile(t *testing.T) {
	for program, want := range map[string]string{
		"/x/terraform-provider-aws_v6.99.0": "aws", "terraform-provider-google_v7.0.0": "google", "terraform-provider-google": "google",
		"terraform-provider-azurerm_v4.0.0": "", "frazil": "",
	} {
		if got, err := providerName(program); got != want || (err != nil) != (want == "") {
			t.Errorf("%s is %q, %v", program, got, err)
		}
	}
}
