package main

import (
	"regexp"
	"strings"
)

// term is one comparison of a list's filter: `labels.app = hub`, `name:k8s-*`, `name eq "gke-.*"`.
type term struct {
	field    string
	operator string
	value    string
	not      bool
}

var termForm = regexp.MustCompile(`^\s*(-|NOT\s+)?([\w./-]+)\s*(!=|=|:|\s(?:eq|ne)\s)\s*(?:"([^"]*)"|'([^']*)'|([^\s()]+))\s*$`)

// Members that a filter lets through: terms joined by AND, each in parentheses or not.
func keep(members []*entry, filter string) ([]*entry, error) {
	if strings.TrimSpace(filter) == "" {
		return members, nil
	}
	terms, err := parseFilter(filter)
	if err != nil {
		return nil, err
	}
	var kept []*entry
	for _, one := range members {
		fits := true
		for _, wanted := range terms {
			fits = fits && wanted.fits(one.body)
		}
		if fits {
			kept = append(kept, one)
		}
	}
	return kept, nil
}

func parseFilter(filter string) ([]term, error) {
	var terms []term
	joined := regexp.MustCompile(`\)\s*\(|\s+AND\s+`).ReplaceAllString(filter, "\x00")
	for _, part := range strings.Split(joined, "\x00") {
		got := termForm.FindStringSubmatch(strings.Trim(strings.TrimSpace(part), "()"))
		if got == nil {
			return nil, invalid("Invalid value for field 'filter': '%s'. Invalid list filter expression.", filter)
		}
		terms = append(terms, term{
			field: got[2], operator: strings.TrimSpace(got[3]), value: got[4] + got[5] + got[6], not: got[1] != "",
		})
	}
	return terms, nil
}

func (t term) fits(body object) bool {
	values, there := valuesAt(body, strings.Split(t.field, "."))
	found := false
	for _, value := range values {
		found = found || t.equals(value)
	}
	if t.operator == ":" && t.value == "*" {
		found = there
	}
	return found != (t.not || t.operator == "!=" || t.operator == "ne")
}

func (t term) equals(value string) bool {
	switch t.operator {
	case "eq", "ne":
		whole, err := regexp.Compile("^(?:" + t.value + ")$")
		return err == nil && whole.MatchString(value)
	case ":":
		if before, wild := strings.CutSuffix(t.value, "*"); wild {
			return strings.HasPrefix(value, before)
		}
		return strings.Contains(strings.ToLower(value), strings.ToLower(t.value))
	}
	if strings.Contains(t.value, "*") {
		whole := "^" + strings.ReplaceAll(regexp.QuoteMeta(t.value), `\*`, ".*") + "$"
		matched, _ := regexp.MatchString(whole, value)
		return matched
	}
	return value == t.value
}

// The values at a field: of every element where the way leads through a list. A label's key may have
// dots: the rest of the path is then one key.
func valuesAt(at any, names []string) ([]string, bool) {
	switch at := at.(type) {
	case []any:
		var all []string
		for _, inner := range at {
			values, _ := valuesAt(inner, names)
			all = append(all, values...)
		}
		return all, len(at) > 0
	case object:
		if len(names) == 0 {
			return nil, true
		}
		if inner, has := at[strings.Join(names, ".")]; has {
			return valuesAt(inner, nil)
		}
		inner, has := at[names[0]]
		if !has {
			return nil, false
		}
		return valuesAt(inner, names[1:])
	case string:
		return []string{at}, len(names) == 0
	case bool:
		return []string{map[bool]string{true: "true", false: "false"}[at]}, len(names) == 0
	}
	return nil, at != nil
}
