package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Two values in their order: times by time, numbers by size, else as texts.
func compared(one, two any) int {
	if a, is := numberOf(one); is {
		if b, is := numberOf(two); is {
			return cmp.Compare(a, b)
		}
	}
	a, b := fmt.Sprint(one), fmt.Sprint(two)
	if first, err := time.Parse(time.RFC3339Nano, a); err == nil {
		if second, err := time.Parse(time.RFC3339Nano, b); err == nil {
			return first.Compare(second)
		}
	}
	return cmp.Compare(a, b)
}

func numberOf(value any) (float64, bool) {
	switch number := value.(type) {
	case float64:
		return number, true
	case int:
		return float64(number), true
	case uint64:
		return float64(number), true
	}
	return 0, false
}

func holds(operator string, has, wanted any) (bool, error) {
	text, asked := fmt.Sprint(has), fmt.Sprint(wanted)
	switch operator {
	case "eq", "=":
		return compared(has, wanted) == 0, nil
	case "neq", "<>":
		return compared(has, wanted) != 0, nil
	case "lt", "<":
		return compared(has, wanted) < 0, nil
	case "lte", "<=":
		return compared(has, wanted) <= 0, nil
	case "gt", ">":
		return compared(has, wanted) > 0, nil
	case "gte", ">=":
		return compared(has, wanted) >= 0, nil
	case "startsWith":
		return strings.HasPrefix(text, asked), nil
	case "endsWith":
		return strings.HasSuffix(text, asked), nil
	case "contains":
		return strings.Contains(text, asked), nil
	case "like":
		return matches(strings.NewReplacer("%", "*", "_", "?").Replace(asked), text), nil
	case "in":
		list, _ := wanted.([]any)
		for _, one := range list {
			if compared(has, one) == 0 {
				return true, nil
			}
		}
		return false, nil
	}
	return false, fmt.Errorf("the operator %q is not known", operator)
}

// The query extension: operators by property.
func testOfQuery(given object) (func(object) (bool, error), error) {
	for name, value := range given {
		if _, is := value.(object); !is {
			return nil, fmt.Errorf("query: %s needs operators", name)
		}
	}
	return func(item object) (bool, error) {
		for name, value := range given {
			has, there := item[strings.TrimPrefix(name, "properties.")]
			for operator, wanted := range value.(object) {
				fits, err := holds(operator, has, wanted)
				if err != nil || !there || !fits {
					return false, err
				}
			}
		}
		return true, nil
	}, nil
}

// The value that an operand of CQL2 has for an item.
func valueOf(operand any, item object) any {
	inner, is := operand.(object)
	if !is {
		return operand
	}
	if name, is := inner["property"].(string); is {
		return item[strings.TrimPrefix(name, "properties.")]
	}
	for _, kind := range []string{"timestamp", "date"} {
		if text, is := inner[kind].(string); is {
			if read, err := timeOf(text); err == nil {
				return read.Format(time.RFC3339Nano)
			}
			return text
		}
	}
	return operand
}

// Whether an expression of CQL2 in JSON is true of an item.
func truth(expression object, item object) (bool, error) {
	operator, _ := expression["op"].(string)
	arguments, _ := expression["args"].([]any)
	switch operator {
	case "and", "or":
		return joined(operator, arguments, item)
	case "not":
		if inner, is := first(arguments).(object); is {
			fits, err := truth(inner, item)
			return !fits, err
		}
		return false, fmt.Errorf("not needs an expression")
	case "isNull":
		return valueOf(first(arguments), item) == nil, nil
	case "between":
		if len(arguments) != 3 {
			return false, fmt.Errorf("between needs three arguments, not %d", len(arguments))
		}
		has := valueOf(arguments[0], item)
		return compared(has, valueOf(arguments[1], item)) >= 0 && compared(has, valueOf(arguments[2], item)) <= 0, nil
	}
	if len(arguments) != 2 {
		return false, fmt.Errorf("%q needs two arguments, not %d", operator, len(arguments))
	}
	switch operator {
	case "s_intersects", "s_within":
		return spatially(arguments, item)
	case "t_intersects", "anyinteracts":
		return temporally(arguments, item)
	case "t_after":
		operator = ">"
	case "t_before":
		operator = "<"
	}
	has := valueOf(arguments[0], item)
	if has == nil {
		return false, nil
	}
	return holds(operator, has, valueOf(arguments[1], item))
}

func first(arguments []any) any {
	if len(arguments) == 0 {
		return nil
	}
	return arguments[0]
}

func joined(operator string, arguments []any, item object) (bool, error) {
	for _, one := range arguments {
		inner, is := one.(object)
		if !is {
			return false, fmt.Errorf("%s needs expressions", operator)
		}
		fits, err := truth(inner, item)
		if err != nil {
			return false, err
		}
		if fits == (operator == "or") {
			return fits, nil
		}
	}
	return operator == "and", nil
}

func spatially(arguments []any, item object) (bool, error) {
	wanted, err := shapesOfGeoJSON(arguments[1])
	if err != nil || item["geometry"] == nil {
		return false, err
	}
	has, err := shapesOfGeoJSON(item["geometry"])
	if err != nil {
		return false, err
	}
	for _, one := range has {
		for _, two := range wanted {
			if one.touches(two) {
				return true, nil
			}
		}
	}
	return false, nil
}

func temporally(arguments []any, item object) (bool, error) {
	has, err := timeOf(fmt.Sprint(valueOf(arguments[0], item)))
	if err != nil {
		return false, err
	}
	text := fmt.Sprint(valueOf(arguments[1], item))
	if inner, is := arguments[1].(object); is {
		if ends, is := inner["interval"].([]any); is && len(ends) == 2 {
			text = fmt.Sprint(valueOf(ends[0], item)) + "/" + fmt.Sprint(valueOf(ends[1], item))
		}
	}
	read, err := stacPeriod(text)
	return read.touches(has, has), err
}

// A datetime of STAC: a time, or two with a slash, either of which may be open.
func stacPeriod(text string) (period, error) {
	from, to, two := strings.Cut(text, "/")
	if !two {
		to = from
	}
	read := period{}
	for place, one := range []string{from, to} {
		if one == ".." || one == "" {
			continue
		}
		found, err := timeOf(one)
		if err != nil {
			return read, fmt.Errorf("datetime: %w", err)
		}
		if place == 0 {
			read.from = found
		} else {
			read.to = found
			if len(one) == len("2006-01-02") {
				read.to = found.Add(24*time.Hour - time.Millisecond)
			}
		}
	}
	return read, nil
}

// The shapes of a GeoJSON geometry; holes are not looked at.
func shapesOfGeoJSON(given any) ([]shape, error) {
	raw, err := json.Marshal(given)
	if err != nil {
		return nil, err
	}
	var geometry struct {
		Type        string
		Coordinates json.RawMessage
	}
	if err := json.Unmarshal(raw, &geometry); err != nil {
		return nil, fmt.Errorf("no geometry: %w", err)
	}
	var one point
	var line []point
	var rings [][]point
	var many [][][]point
	switch geometry.Type {
	case "Point":
		err = json.Unmarshal(geometry.Coordinates, &one)
		return []shape{{[]point{one}, false}}, err
	case "LineString":
		err = json.Unmarshal(geometry.Coordinates, &line)
		return []shape{{line, false}}, err
	case "Polygon":
		err = json.Unmarshal(geometry.Coordinates, &rings)
		many = [][][]point{rings}
	case "MultiPolygon":
		err = json.Unmarshal(geometry.Coordinates, &many)
	default:
		return nil, fmt.Errorf("the geometry %q is not known", geometry.Type)
	}
	found := []shape{}
	for _, one := range many {
		if len(one) == 0 || len(one[0]) < 4 {
			return nil, fmt.Errorf("a polygon needs a closed ring")
		}
		found = append(found, shape{one[0], true})
	}
	return found, err
}
