package main

import (
	_ "embed"
	"encoding/json"
	"sync"
)

// replaceRule says which arguments of a type force a new resource: the schemas do not know it.
type replaceRule struct {
	// Source is the file of the provider, in the version that the table names, that says so.
	Source  string   `json:"source"`
	Replace []string `json:"replace"`
	// Shrink are numbers that may only grow in place.
	Shrink []string `json:"shrink"`
	// Removed are arguments that may be added and changed in place, but not taken away.
	Removed []string `json:"removed"`
}

//go:embed replace.json
var replaceText []byte

var replaceTable = sync.OnceValue(func() map[string]replaceRule {
	var table struct {
		Types map[string]replaceRule `json:"types"`
	}
	if err := json.Unmarshal(replaceText, &table); err != nil {
		panic("replace.json: " + err.Error())
	}
	return table.Types
})

func replaceRules(typ string) replaceRule { return replaceTable()[typ] }
