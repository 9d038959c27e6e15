package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
)

// googleCloud is the provider `google` against a stand-in.
type googleCloud struct {
	*googleClient
	project, region, zone string
	defaultLabels         object
	attribution           bool
	things                map[string]thing
	kinds                 map[string]kind
	// policies is held while a policy is read, changed and written back.
	policies sync.Mutex
}

func newGoogle() *googleCloud {
	g := &googleCloud{googleClient: newGoogleClient(), defaultLabels: object{}, attribution: true, kinds: map[string]kind{}}
	g.things = g.allThings()
	for typ, t := range g.things {
		g.kinds[typ] = g.thingKind(t)
	}
	for typ, k := range g.memberKinds() {
		g.kinds[typ] = k
	}
	for typ, k := range g.specialKinds() {
		g.kinds[typ] = k
	}
	return g
}

func (g *googleCloud) kind(typ string) (kind, bool) { k, found := g.kinds[typ]; return k, found }

func (g *googleCloud) configure(config object) error {
	for _, setting := range []struct {
		into      *string
		name      string
		variables []string
	}{
		{&g.project, "project", []string{"GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT"}},
		{&g.region, "region", []string{"GOOGLE_REGION"}},
		{&g.zone, "zone", []string{"GOOGLE_ZONE"}},
	} {
		*setting.into = text(config[setting.name])
		for _, variable := range setting.variables {
			if *setting.into == "" {
				*setting.into = os.Getenv(variable)
			}
		}
	}
	if labels := asObject(config["default_labels"]); labels != nil {
		g.defaultLabels = labels
	}
	if config["add_terraform_attribution_label"] == false {
		g.attribution = false
	}
	if token := text(config["access_token"]); token != "" {
		g.token = token
	}
	return nil
}

const attributionLabel = "goog-terraform-provisioned"

// labelArgument is what a type calls its labels; "" for types without.
func labelArgument(b *block) string {
	if b.Attributes["terraform_labels"] == nil {
		return ""
	}
	for _, name := range []string{"labels", "resource_labels", "user_labels"} {
		if b.Attributes[name] != nil {
			return name
		}
	}
	return ""
}

// complete sets project, region and zone of the provider block, and the labels with its own.
func (g *googleCloud) complete(_ string, b *block, planned, config object) {
	for name, standard := range map[string]string{"project": g.project, "region": g.region, "zone": g.zone} {
		a := b.Attributes[name]
		if a != nil && a.Optional && a.Computed && standard != "" && (planned[name] == nil || isUnknown(planned[name])) {
			planned[name] = standard
		}
	}
	if b.Attributes["cluster"] != nil && b.Attributes["node_count"] != nil {
		g.completePool(planned)
	}
	argument := labelArgument(b)
	if argument == "" {
		return
	}
	if hasUnknown(planned[argument]) {
		planned["terraform_labels"], planned["effective_labels"] = unknown, unknown
		return
	}
	before := asObject(planned["terraform_labels"])
	set := together(g.defaultLabels, asObject(planned[argument]))
	// The label of attribution is set when something is made, and kept.
	if _, had := before[attributionLabel]; had || before == nil && g.attribution {
		set[attributionLabel] = "true"
	}
	effective := together(asObject(planned["effective_labels"]))
	for key := range before {
		delete(effective, key)
	}
	planned["terraform_labels"] = set
	planned["effective_labels"] = together(effective, set)
}

// completePool takes a node pool's project and location from its cluster's id.
func (g *googleCloud) completePool(planned object) {
	parts := strings.Split(text(planned["cluster"]), "/")
	if len(parts) != 6 {
		return
	}
	for name, value := range map[string]string{"project": parts[1], "location": parts[3]} {
		if planned[name] == nil || isUnknown(planned[name]) || name == "project" {
			planned[name] = value
		}
	}
}

// seenLabels puts live labels into the state: an argument keeps to the keys it was given.
func seenLabels(c *call, live object) {
	argument := labelArgument(c.schema)
	if argument == "" {
		return
	}
	all := together(live)
	c.state["effective_labels"] = all
	for _, name := range []string{argument, "terraform_labels"} {
		given := asObject(c.state[name])
		if c.importing && name == "terraform_labels" {
			given = all
		}
		if given == nil {
			continue
		}
		kept := object{}
		for key := range given {
			if value, found := all[key]; found {
				kept[key] = value
			}
		}
		c.state[name] = kept
	}
}

// thing describes a type whose API is the usual one: a collection with members.
type thing struct {
	// make is where it is made: a path with {arguments}, and a query; item is its own path.
	make, item string
	// wrap is the key under which a request has it.
	wrap string
	id   string
	// labels is the API's key for labels.
	labels  string
	mapping mapping
	// change is the method of updates, "" for none; masked names what changes in the query.
	change string
	masked bool
	// body adds to a request; read adds to what was seen; made follows creation.
	body func(c *call, body object)
	read func(c *call, live object)
	made func(c *call, answer object)
	// before comes before delete.
	before func(c *call) error
	// imported takes arguments from an id, where its end is not the name.
	imported func(c *call, id string)
}

func (g *googleCloud) request(t thing, c *call) object {
	body := t.mapping.out(c.view(), "")
	if t.labels != "" {
		body[t.labels] = c.state["effective_labels"]
	}
	if t.body != nil {
		t.body(c, body)
	}
	return body
}

func (g *googleCloud) thingKind(t thing) kind {
	imported := g.thingImported
	if t.imported != nil {
		imported = func(c *call, id string) { g.placed(c, id); t.imported(c, id) }
	}
	return kind{
		create: func(c *call) error {
			body := g.request(t, c)
			if t.wrap != "" {
				body = object{t.wrap: body}
			}
			answer, err := g.do(http.MethodPost, c.located(t.make), body)
			if err != nil {
				return err
			}
			if t.made != nil {
				t.made(c, answer)
			}
			g.paperID(c)
			return nil
		},
		read: func(c *call) error {
			live, err := g.send(http.MethodGet, c.located(t.item), nil)
			if err != nil {
				return err
			}
			t.mapping.in(c.view(), "", live)
			if t.labels != "" {
				seenLabels(c, asObject(live[t.labels]))
			}
			if t.read != nil {
				t.read(c, live)
			}
			return nil
		},
		update: func(c *call) error { return g.thingUpdate(t, c) },
		delete: func(c *call) error {
			if t.before != nil {
				if err := t.before(c); err != nil {
					return err
				}
			}
			_, err := g.do(http.MethodDelete, c.located(t.item), nil)
			return err
		},
		imported: imported,
	}
}

// thingUpdate sends what changed.
func (g *googleCloud) thingUpdate(t thing, c *call) error {
	if t.change == "" {
		return nil
	}
	after := g.request(t, c)
	before := g.request(t, &call{typ: c.typ, schema: c.schema, prior: c.prior, state: copyObject(c.prior)})
	body := object{}
	for key, value := range after {
		if !same(before[key], value) {
			body[key] = value
		}
	}
	for key := range before {
		if _, kept := after[key]; !kept {
			body[key] = nil
		}
	}
	if len(body) == 0 {
		return nil
	}
	path := c.located(t.item)
	if t.masked {
		path += "?updateMask=" + strings.Join(sortedKeys(body), ",")
	}
	_, err := g.do(t.change, path, body)
	if errors.Is(err, errNoAPI) {
		return fmt.Errorf("the stand-in has no %s of %s, so this change cannot be made there", t.change, c.typ)
	}
	return err
}

// located fills a path with arguments; of a link only the last part counts.
func (c *call) located(template string) string {
	for {
		start := strings.IndexByte(template, '{')
		end := strings.IndexByte(template, '}')
		if start < 0 || end < start {
			return template
		}
		name, whole := strings.CutSuffix(template[start+1:end], "*")
		value := c.str(name)
		if !whole {
			value = lastOf(value)
		}
		template = template[:start] + value + template[end+1:]
	}
}

func lastOf(path string) string { return path[strings.LastIndex(path, "/")+1:] }
