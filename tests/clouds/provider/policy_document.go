package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// statement has the order of keys that the provider writes.
type statement struct {
	Sid          string `json:",omitempty"`
	Effect       string `json:",omitempty"`
	Action       any    `json:",omitempty"`
	NotAction    any    `json:",omitempty"`
	Resource     any    `json:",omitempty"`
	NotResource  any    `json:",omitempty"`
	Principal    any    `json:",omitempty"`
	NotPrincipal any    `json:",omitempty"`
	Condition    any    `json:",omitempty"`
}

type document struct {
	Version   string       `json:",omitempty"`
	ID        string       `json:"Id,omitempty"`
	Statement []*statement `json:",omitempty"`
}

// policyDocument is data aws_iam_policy_document: the JSON of its statements, with those of the source
// documents first and those of the overriding ones last.
func policyDocument(c *call) error {
	doc := &document{Version: "2012-10-17", ID: c.str("policy_id")}
	if version := c.str("version"); version != "" {
		doc.Version = version
	}
	if err := doc.join(c.state["source_policy_documents"], false); err != nil {
		return err
	}
	for _, s := range c.view().blocks("statement") {
		made, err := makeStatement(s)
		if err != nil {
			return err
		}
		doc.put(made)
	}
	if err := doc.join(c.state["override_policy_documents"], true); err != nil {
		return err
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	short, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	c.state["version"] = doc.Version
	c.state["json"] = string(text)
	if c.schema.Attributes["minified_json"] != nil {
		c.state["minified_json"] = string(short)
	}
	c.state["id"] = fmt.Sprint(stringHash(string(text)))
	return nil
}

// put replaces the statement of the same sid, or adds.
func (d *document) put(s *statement) {
	for i, old := range d.Statement {
		if s.Sid != "" && old.Sid == s.Sid {
			d.Statement[i] = s
			return
		}
	}
	d.Statement = append(d.Statement, s)
}

func (d *document) join(list any, override bool) error {
	for _, content := range stringsOf(list) {
		if content == "" {
			continue
		}
		var other struct {
			ID        string          `json:"Id"`
			Statement json.RawMessage `json:"Statement"`
		}
		if err := json.Unmarshal([]byte(content), &other); err != nil {
			return fmt.Errorf("no policy document: %w", err)
		}
		if other.ID != "" {
			d.ID = other.ID
		}
		var statements []*statement
		if json.Unmarshal(other.Statement, &statements) != nil {
			one := &statement{}
			if err := json.Unmarshal(other.Statement, one); err != nil {
				return fmt.Errorf("no policy document: %w", err)
			}
			statements = []*statement{one}
		}
		for _, s := range statements {
			if override {
				d.put(s)
			} else {
				d.Statement = append(d.Statement, s)
			}
		}
	}
	return nil
}

func makeStatement(v view) (*statement, error) {
	s := &statement{Sid: v.str("sid"), Effect: v.str("effect")}
	if s.Effect == "" {
		s.Effect = "Allow"
	}
	s.Action, s.NotAction = oneOrMany(v.values["actions"]), oneOrMany(v.values["not_actions"])
	s.Resource, s.NotResource = oneOrMany(v.values["resources"]), oneOrMany(v.values["not_resources"])
	s.Principal, s.NotPrincipal = principals(v.blocks("principals")), principals(v.blocks("not_principals"))
	conditions := map[string]map[string]any{}
	for _, condition := range v.blocks("condition") {
		test, variable := condition.str("test"), condition.str("variable")
		if test == "" || variable == "" {
			return nil, fmt.Errorf("a condition needs a test and a variable")
		}
		if conditions[test] == nil {
			conditions[test] = map[string]any{}
		}
		values := stringsOf(condition.values["values"])
		if len(values) == 1 {
			conditions[test][variable] = values[0]
		} else {
			conditions[test][variable] = values
		}
	}
	if len(conditions) > 0 {
		s.Condition = conditions
	}
	return s, nil
}

// oneOrMany is a word, or words in the provider's order: the last first.
func oneOrMany(v any) any {
	words := stringsOf(v)
	for i, word := range words {
		words[i] = strings.NewReplacer("&{", "${").Replace(word)
	}
	sort.Sort(sort.Reverse(sort.StringSlice(words)))
	switch len(words) {
	case 0:
		return nil
	case 1:
		return words[0]
	}
	return words
}

func principals(blocks []view) any {
	all := map[string]any{}
	words := map[string][]string{}
	for _, b := range blocks {
		typ, names := b.str("type"), stringsOf(b.values["identifiers"])
		if typ == "*" && len(names) == 1 && names[0] == "*" {
			return "*"
		}
		words[typ] = append(words[typ], names...)
	}
	for typ, names := range words {
		all[typ] = oneOrMany(anyOf(names))
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
