package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Type       json.RawMessage `json:"type"`
	Required   bool            `json:"required"`
	Optional   bool            `json:"optional"`
	Computed   bool            `json:"computed"`
	Sensitive  bool            `json:"sensitive"`
	Deprecated bool            `json:"deprecated"`
	WriteOnly  bool            `json:"write_only"`

	typ tftypes.Type
}

type nested struct {
	Nesting  string `json:"nesting_mode"`
	MinItems int64  `json:"min_items"`
	MaxItems int64  `json:"max_items"`
	Block    *block `json:"block"`
}

type block struct {
	Attributes map[string]*attribute `json:"attributes"`
	Blocks     map[string]*nested    `json:"block_types"`
	Deprecated bool                  `json:"deprecated"`
}

type schema struct {
	Version int64  `json:"version"`
	Block   *block `json:"block"`

	proto *tfprotov5.Schema
	typ   tftypes.Type
}

type schemas struct {
	Provider  *schema            `json:"provider"`
	Resources map[string]*schema `json:"resource_schemas"`
	Data      map[string]*schema `json:"data_source_schemas"`
}

func loadSchemas(folder, name string) (*schemas, error) {
	if folder == "" {
		return nil, errors.New("FRAZIL_WORLD_SCHEMAS is not set: it names the folder with aws.json and google.json")
	}
	file := filepath.Join(folder, name+".json")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all struct {
		Providers map[string]*schemas `json:"provider_schemas"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for address, found := range all.Providers {
		if strings.HasSuffix(address, "/"+name) {
			return found, found.translate()
		}
	}
	return nil, fmt.Errorf("%s has no provider %s", file, name)
}

func (s *schemas) translate() error {
	if err := s.Provider.translate(); err != nil {
		return fmt.Errorf("provider: %w", err)
	}
	for _, all := range []map[string]*schema{s.Resources, s.Data} {
		for name, one := range all {
			if err := one.translate(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func (s *schema) translate() error {
	translated, err := s.Block.translate()
	if err != nil {
		return err
	}
	s.proto = &tfprotov5.Schema{Version: s.Version, Block: translated}
	s.typ = s.proto.ValueType()
	return nil
}

var nestings = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	"map":    tfprotov5.SchemaNestedBlockNestingModeMap,
	"group":  tfprotov5.SchemaNestedBlockNestingModeGroup,
}

func (b *block) translate() (*tfprotov5.SchemaBlock, error) {
	out := &tfprotov5.SchemaBlock{Deprecated: b.Deprecated}
	for _, name := range sortedKeys(b.Attributes) {
		a := b.Attributes[name]
		typ, err := parseType(a.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		a.typ = typ
		out.Attributes = append(out.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: typ, Required: a.Required, Optional: a.Optional, Computed: a.Computed,
			Sensitive: a.Sensitive, Deprecated: a.Deprecated, WriteOnly: a.WriteOnly,
		})
	}
	for _, name := range sortedKeys(b.Blocks) {
		n := b.Blocks[name]
		mode, found := nestings[n.Nesting]
		if !found {
			return nil, fmt.Errorf("%s: unknown nesting %q", name, n.Nesting)
		}
		inner, err := n.Block.translate()
		if err != nil {
			return nil, fmt.Errorf("%s.%w", name, err)
		}
		out.BlockTypes = append(out.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Block: inner, Nesting: mode, MinItems: n.MinItems, MaxItems: n.MaxItems,
		})
	}
	return out, nil
}

// parseType reads a type as `terraform providers schema -json` writes it: "string", ["list", T],
// ["object", {NAME: T}].
func parseType(raw json.RawMessage) (tftypes.Type, error) {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		switch name {
		case "string":
			return tftypes.String, nil
		case "number":
			return tftypes.Number, nil
		case "bool":
			return tftypes.Bool, nil
		}
		return nil, fmt.Errorf("unknown type %q", name)
	}
	var pair []json.RawMessage
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
		return nil, fmt.Errorf("no type: %s", raw)
	}
	if err := json.Unmarshal(pair[0], &name); err != nil {
		return nil, err
	}
	if name == "object" {
		return parseObject(pair[1])
	}
	element, err := parseType(pair[1])
	if err != nil {
		return nil, err
	}
	switch name {
	case "list":
		return tftypes.List{ElementType: element}, nil
	case "set":
		return tftypes.Set{ElementType: element}, nil
	case "map":
		return tftypes.Map{ElementType: element}, nil
	}
	return nil, fmt.Errorf("unknown type %q", name)
}

func parseObject(raw json.RawMessage) (tftypes.Type, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	types := map[string]tftypes.Type{}
	for name, field := range fields {
		typ, err := parseType(field)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		types[name] = typ
	}
	return tftypes.Object{AttributeTypes: types}, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
