package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"sort"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// object is a resource, data source or block as plain Go values: string, float64, bool, nil, unknown,
// []any for lists and sets, map[string]any for maps and objects.
type object = map[string]any

type unknownValue struct{}

// unknown is what is known after apply.
var unknown = unknownValue{}

func decode(d *tfprotov5.DynamicValue, typ tftypes.Type) (object, error) {
	if d == nil {
		return nil, nil
	}
	value, err := d.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	plain, err := fromTerraform(value)
	if err != nil || plain == nil {
		return nil, err
	}
	return plain.(object), nil
}

func encode(o object, typ tftypes.Type) (*tfprotov5.DynamicValue, error) {
	var plain any
	if o != nil {
		plain = o
	}
	value, err := toTerraform(plain, typ)
	if err != nil {
		return nil, err
	}
	d, err := tfprotov5.NewDynamicValue(typ, value)
	return &d, err
}

func fromTerraform(v tftypes.Value) (any, error) {
	if !v.IsKnown() {
		return unknown, nil
	}
	if v.IsNull() {
		return nil, nil
	}
	switch {
	case v.Type().Is(tftypes.String):
		var s string
		return s, v.As(&s)
	case v.Type().Is(tftypes.Bool):
		var b bool
		return b, v.As(&b)
	case v.Type().Is(tftypes.Number):
		n := new(big.Float)
		if err := v.As(&n); err != nil {
			return nil, err
		}
		f, _ := n.Float64()
		return f, nil
	case v.Type().Is(tftypes.Map{}), v.Type().Is(tftypes.Object{}):
		return fromFields(v)
	}
	var elements []tftypes.Value
	if err := v.As(&elements); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(elements))
	for _, e := range elements {
		plain, err := fromTerraform(e)
		if err != nil {
			return nil, err
		}
		out = append(out, plain)
	}
	return out, nil
}

func fromFields(v tftypes.Value) (any, error) {
	fields := map[string]tftypes.Value{}
	if err := v.As(&fields); err != nil {
		return nil, err
	}
	out := object{}
	for name, field := range fields {
		plain, err := fromTerraform(field)
		if err != nil {
			return nil, err
		}
		out[name] = plain
	}
	return out, nil
}

func toTerraform(v any, typ tftypes.Type) (tftypes.Value, error) {
	switch v.(type) {
	case nil:
		return tftypes.NewValue(typ, nil), nil
	case unknownValue:
		return tftypes.NewValue(typ, tftypes.UnknownValue), nil
	}
	switch t := typ.(type) {
	case tftypes.Object:
		return toObject(v, t)
	case tftypes.Map:
		return toMap(v, t)
	case tftypes.List:
		return toElements(v, typ, t.ElementType)
	case tftypes.Set:
		return toElements(v, typ, t.ElementType)
	}
	return toPrimitive(v, typ)
}

func toPrimitive(v any, typ tftypes.Type) (tftypes.Value, error) {
	switch {
	case typ.Is(tftypes.String):
		return tftypes.NewValue(typ, text(v)), nil
	case typ.Is(tftypes.Number):
		n, ok := number(v)
		if !ok {
			return tftypes.Value{}, fmt.Errorf("%v is no number", v)
		}
		return tftypes.NewValue(typ, n), nil
	case typ.Is(tftypes.Bool):
		return tftypes.NewValue(typ, truth(v)), nil
	}
	return tftypes.Value{}, fmt.Errorf("no value of %s: %v", typ, v)
}

func toObject(v any, t tftypes.Object) (tftypes.Value, error) {
	fields, ok := v.(object)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%v is no object", v)
	}
	out := map[string]tftypes.Value{}
	for name, typ := range t.AttributeTypes {
		value, err := toTerraform(fields[name], typ)
		if err != nil {
			return value, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = value
	}
	return tftypes.NewValue(t, out), nil
}

func toMap(v any, t tftypes.Map) (tftypes.Value, error) {
	out := map[string]tftypes.Value{}
	for name, field := range asObject(v) {
		value, err := toTerraform(field, t.ElementType)
		if err != nil {
			return value, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = value
	}
	return tftypes.NewValue(t, out), nil
}

func toElements(v any, typ, element tftypes.Type) (tftypes.Value, error) {
	list, ok := v.([]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%v is no list", v)
	}
	out := make([]tftypes.Value, 0, len(list))
	for i, e := range list {
		value, err := toTerraform(e, element)
		if err != nil {
			return value, fmt.Errorf("[%d]: %w", i, err)
		}
		out = append(out, value)
	}
	return tftypes.NewValue(typ, out), nil
}

func copyValue(v any) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for key, value := range v {
			out[key] = copyValue(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = copyValue(value)
		}
		return out
	}
	return v
}

func copyObject(o object) object {
	if o == nil {
		return nil
	}
	return copyValue(o).(object)
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// sameElements compares lists without their order, as sets.
func sameElements(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	x, y := keysOf(a), keysOf(b)
	return reflect.DeepEqual(x, y)
}

func keysOf(list []any) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		key, _ := json.Marshal(e)
		out = append(out, string(key))
	}
	sort.Strings(out)
	return out
}

// sameJSON says whether two texts are the same JSON document in another spelling.
func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

func isUnknown(v any) bool { _, is := v.(unknownValue); return is }

// hasUnknown looks into maps and lists.
func hasUnknown(v any) bool {
	switch v := v.(type) {
	case unknownValue:
		return true
	case object:
		for _, value := range v {
			if hasUnknown(value) {
				return true
			}
		}
	case []any:
		for _, value := range v {
			if hasUnknown(value) {
				return true
			}
		}
	}
	return false
}

// empty is what an API does not tell apart from an argument that is not given.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case object:
		return len(v) == 0
	}
	return false
}

func asObject(v any) object { o, _ := v.(object); return o }

func asList(v any) []any { l, _ := v.([]any); return l }

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return fmt.Sprint(v)
	case float64:
		return big.NewFloat(v).Text('f', -1)
	case json.Number:
		return v.String()
	}
	return ""
}

func number(v any) (*big.Float, bool) {
	switch v := v.(type) {
	case float64:
		return big.NewFloat(v), true
	case string:
		n, ok := new(big.Float).SetString(v)
		return n, ok
	case json.Number:
		n, ok := new(big.Float).SetString(v.String())
		return n, ok
	}
	return nil, false
}

func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v == "true"
	}
	return false
}

func stringsOf(v any) []string {
	var out []string
	for _, e := range asList(v) {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func anyOf(list []string) []any {
	out := make([]any, 0, len(list))
	for _, s := range list {
		out = append(out, s)
	}
	return out
}
