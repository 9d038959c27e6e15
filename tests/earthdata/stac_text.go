package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A filter in either language of CQL2, as its JSON form.
func filterOf(text, language string) (any, error) {
	if language == "cql2-json" {
		var read any
		err := json.Unmarshal([]byte(text), &read)
		return read, err
	}
	reader := &cqlReader{words: cqlWord.FindAllString(text, -1)}
	read, err := reader.either()
	if err == nil && reader.at < len(reader.words) {
		err = fmt.Errorf("%q was not expected", reader.words[reader.at])
	}
	return read, err
}

// Texts, numbers, names, operators and brackets of CQL2.
var cqlWord = regexp.MustCompile(`'(?:[^']|'')*'|"[^"]*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z_][\w:.\-]*|<>|<=|>=|[=<>(),]`)

// cqlReader reads the basic part of CQL2's text: and, or, not, comparisons, between, in, like, is null,
// TIMESTAMP and DATE.
type cqlReader struct {
	words []string
	at    int
}

func (r *cqlReader) peek() string {
	if r.at < len(r.words) {
		return r.words[r.at]
	}
	return ""
}

func (r *cqlReader) take(word string) bool {
	if strings.EqualFold(r.peek(), word) {
		r.at++
		return true
	}
	return false
}

func (r *cqlReader) next() string {
	word := r.peek()
	r.at++
	return word
}

func (r *cqlReader) either() (any, error) { return r.list("or", r.both) }

func (r *cqlReader) both() (any, error) { return r.list("and", r.single) }

func (r *cqlReader) list(word string, inner func() (any, error)) (any, error) {
	read, err := inner()
	found := []any{read}
	for err == nil && r.take(word) {
		read, err = inner()
		found = append(found, read)
	}
	if len(found) == 1 {
		return found[0], err
	}
	return object{"op": word, "args": found}, err
}

func (r *cqlReader) single() (any, error) {
	if r.take("not") {
		inner, err := r.single()
		return object{"op": "not", "args": []any{inner}}, err
	}
	if r.take("(") {
		inner, err := r.either()
		if err == nil && !r.take(")") {
			err = fmt.Errorf("a bracket is not closed")
		}
		return inner, err
	}
	left, err := r.operand()
	if err != nil {
		return nil, err
	}
	turned := r.take("not")
	read, err := r.compared(left)
	if turned {
		return object{"op": "not", "args": []any{read}}, err
	}
	return read, err
}

func (r *cqlReader) compared(left any) (any, error) {
	word := strings.ToLower(r.next())
	switch {
	case word == "is":
		turned := r.take("not")
		if !r.take("null") {
			return nil, fmt.Errorf("is needs null")
		}
		var read any = object{"op": "isNull", "args": []any{left}}
		if turned {
			read = object{"op": "not", "args": []any{read}}
		}
		return read, nil
	case word == "between":
		low, err := r.operand()
		if err != nil || !r.take("and") {
			return nil, fmt.Errorf("between needs and: %v", err)
		}
		high, err := r.operand()
		return object{"op": "between", "args": []any{left, low, high}}, err
	case word == "in":
		values := []any{}
		if !r.take("(") {
			return nil, fmt.Errorf("in needs a list")
		}
		for !r.take(")") {
			one, err := r.operand()
			if err != nil {
				return nil, err
			}
			values = append(values, one)
			r.take(",")
		}
		return object{"op": "in", "args": []any{left, values}}, nil
	case slices.Contains([]string{"=", "<>", "<", "<=", ">", ">=", "like"}, word):
		right, err := r.operand()
		return object{"op": word, "args": []any{left, right}}, err
	}
	return nil, fmt.Errorf("%q is no comparison", word)
}

func (r *cqlReader) operand() (any, error) {
	word := r.next()
	if strings.EqualFold(word, "timestamp") || strings.EqualFold(word, "date") {
		if !r.take("(") {
			return nil, fmt.Errorf("%s needs a bracket", word)
		}
		inner := r.next()
		if !r.take(")") {
			return nil, fmt.Errorf("%s is not closed", word)
		}
		return object{strings.ToLower(word): strings.Trim(inner, "'")}, nil
	}
	switch {
	case word == "":
		return nil, fmt.Errorf("the text ends too early")
	case word[0] == '\'':
		return strings.ReplaceAll(word[1:len(word)-1], "''", "'"), nil
	case word[0] == '"':
		return object{"property": word[1 : len(word)-1]}, nil
	case strings.Contains("=<>(),", word[:1]):
		return nil, fmt.Errorf("%q is no value", word)
	}
	if number, err := strconv.ParseFloat(word, 64); err == nil {
		return number, nil
	}
	return object{"property": word}, nil
}
