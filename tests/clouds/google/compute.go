package main

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
)

const (
	computeAPI  = "compute.googleapis.com"
	computeRoot = "/compute/v1/projects/{project}"
)

// computeType is one collection of Compute Engine, in each of its scopes.
type computeType struct {
	name   string
	kind   string
	scopes string // of "global", "regions", "zones"
	// Methods that change a member.
	changes string
	fill    func(*call, object) error
	// Only get and list.
	readOnly bool
}

var computeTypes = []computeType{
	{name: "addresses", kind: "address", scopes: "global regions", fill: fillAddress},
	{name: "acceleratorTypes", kind: "acceleratorType", scopes: "zones", readOnly: true},
	{name: "backendBuckets", kind: "backendBucket", scopes: "global", changes: "PATCH PUT"},
	{name: "backendServices", kind: "backendService", scopes: "global regions", changes: "PATCH PUT", fill: fillFingerprint},
	{name: "disks", kind: "disk", scopes: "zones regions", changes: "PATCH", fill: fillDisk},
	{name: "diskTypes", kind: "diskType", scopes: "zones regions", readOnly: true},
	{name: "firewalls", kind: "firewall", scopes: "global", changes: "PATCH PUT", fill: fillFirewall},
	{name: "forwardingRules", kind: "forwardingRule", scopes: "global regions", changes: "PATCH", fill: fillForwardingRule},
	{name: "healthChecks", kind: "healthCheck", scopes: "global regions", changes: "PATCH PUT"},
	{name: "httpHealthChecks", kind: "httpHealthCheck", scopes: "global", changes: "PATCH PUT"},
	{name: "images", kind: "image", scopes: "global", changes: "PATCH", fill: fillReady},
	{name: "instanceGroupManagers", kind: "instanceGroupManager", scopes: "zones regions", changes: "PATCH", fill: fillFingerprint},
	{name: "instanceGroups", kind: "instanceGroup", scopes: "zones", fill: fillFingerprint},
	{name: "instanceGroups", kind: "instanceGroup", scopes: "regions", readOnly: true},
	{name: "instanceTemplates", kind: "instanceTemplate", scopes: "global regions"},
	{name: "instances", kind: "instance", scopes: "zones", changes: "PUT", fill: fillInstance},
	{name: "machineTypes", kind: "machineType", scopes: "zones", readOnly: true},
	{name: "networkEndpointGroups", kind: "networkEndpointGroup", scopes: "global regions zones"},
	{name: "networks", kind: "network", scopes: "global", changes: "PATCH", fill: fillNetwork},
	{name: "resourcePolicies", kind: "resourcePolicy", scopes: "regions", changes: "PATCH", fill: fillReady},
	{name: "routers", kind: "router", scopes: "regions", changes: "PATCH PUT"},
	{name: "routes", kind: "route", scopes: "global"},
	{name: "securityPolicies", kind: "securityPolicy", scopes: "global", changes: "PATCH", fill: fillFingerprint},
	{name: "snapshots", kind: "snapshot", scopes: "global", fill: fillSnapshot},
	{name: "sslCertificates", kind: "sslCertificate", scopes: "global regions"},
	{name: "subnetworks", kind: "subnetwork", scopes: "regions", changes: "PATCH", fill: fillSubnetwork},
	{name: "targetHttpProxies", kind: "targetHttpProxy", scopes: "global regions", fill: fillFingerprint},
	{name: "targetHttpsProxies", kind: "targetHttpsProxy", scopes: "global regions", changes: "PATCH", fill: fillFingerprint},
	{name: "targetPools", kind: "targetPool", scopes: "regions"},
	{name: "targetTcpProxies", kind: "targetTcpProxy", scopes: "global regions"},
	{name: "urlMaps", kind: "urlMap", scopes: "global regions", changes: "PATCH PUT", fill: fillFingerprint},
}

var scopePaths = map[string]string{"global": "global", "regions": "regions/{region}", "zones": "zones/{zone}"}

func (w *world) registerCompute() {
	w.on(computeAPI, "GET", computeRoot, getComputeProject)
	w.addScopes("regions", "region")
	w.addScopes("zones", "zone")
	for _, row := range computeTypes {
		for _, scope := range strings.Fields(row.scopes) {
			w.addCompute(row, computeRoot+"/"+scopePaths[scope]+"/"+row.name)
		}
	}
	w.on(computeAPI, "GET", computeRoot+"/aggregated/{type}", aggregated)
	w.registerActions()
}

func (w *world) addScopes(name, kind string) {
	w.add(collection{
		api: computeAPI, path: computeRoot + "/" + name, list: "items", kind: "compute#" + kind,
		id: fromBody("name"), wire: computeWire, readOnly: true, fill: fillCommon,
	})
}

func (w *world) addCompute(row computeType, path string) {
	w.add(collection{
		api: computeAPI, path: path, list: "items", kind: "compute#" + row.kind, id: fromBody("name"),
		wire: computeWire, verbs: computeVerbs, changes: row.changes, readOnly: row.readOnly,
		fill: func(c *call, member object) error {
			if err := fillCommon(c, member); err != nil || row.fill == nil {
				return err
			}
			return row.fill(c, member)
		},
		mayChange: func(c *call, body object) error { return c.reference(body) },
		mayDelete: func(c *call) error { return c.unused() },
	})
}

var nameForm = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

func fillCommon(c *call, member object) error {
	if !nameForm.MatchString(text(member, "name")) {
		return invalid("Invalid value for field 'resource.name': '%s'. Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'", text(member, "name"))
	}
	if err := c.reference(member); err != nil {
		return err
	}
	fallback(member, object{"id": c.number(), "creationTimestamp": c.now().UTC().Format("2006-01-02T15:04:05.000-07:00")})
	for _, scope := range []string{"region", "zone"} {
		if name := c.params[scope]; name != "" {
			path := fillIn(computeRoot, c.params) + "/" + scope + "s/" + name
			if c.store.at(path) == nil {
				return invalid("Invalid value for field '%s': '%s'. Unknown %s.", scope, name, scope)
			}
			member[scope] = c.link(path)
		}
	}
	return nil
}

// What a member may point to: written in whole or in part, it is kept in whole, and must be there.
var referenceForm = regexp.MustCompile(`^(?:.*?/compute/v1/)?(?:projects/([^/]+)/)?((?:global|regions/[^/]+|zones/[^/]+)/[a-zA-Z]+/[^/]+)$`)

// Types of which a member may name one that nobody created here.
var unchecked = regexp.MustCompile(`/(machineTypes|diskTypes|acceleratorTypes|images|licenses)/`)

func (c *call) reference(value any) error {
	switch value := value.(type) {
	case object:
		for _, key := range sortedKeys(value) {
			whole, err := c.whole(value[key])
			if err != nil || isOutput(key) {
				continue
			}
			if whole.(string) != "" && c.dangling(whole.(string)) {
				return notFound("The resource '%s' was not found", relative(whole.(string)))
			}
			if whole.(string) != "" {
				value[key] = whole
				continue
			}
			if err := c.reference(value[key]); err != nil {
				return err
			}
		}
	case []any:
		for index, inner := range value {
			whole, _ := c.whole(inner)
			if whole.(string) != "" {
				value[index] = whole
			} else if err := c.reference(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// Fields that a service writes, which may tell of things long gone.
func isOutput(key string) bool {
	return key == "selfLink" || key == "description" || key == "users" || strings.HasPrefix(key, "source")
}

func (c *call) whole(value any) (any, error) {
	told, isText := value.(string)
	if !isText {
		return "", nil
	}
	got := referenceForm.FindStringSubmatch(told)
	if got == nil {
		return "", nil
	}
	project := got[1]
	if project == "" {
		project = c.params["project"]
	}
	return c.link("/compute/v1/projects/" + project + "/" + got[2]), nil
}

func (c *call) dangling(link string) bool {
	path := strings.TrimPrefix(link, c.base)
	parts := strings.Split(path, "/")
	known := c.store.at("/v3/projects/"+parts[4]) != nil
	return !c.seeding && known && !unchecked.MatchString(path) && c.store.at(path) == nil
}

// Refuses to delete what another member points to.
func (c *call) unused() error {
	link := c.link(c.key)
	for _, other := range c.store.under(fillIn(computeRoot, c.params) + "/") {
		if other.path != c.key && mentions(other.body, link) && !ending(other.body) {
			return inUse(c.key, other.path)
		}
	}
	for _, cluster := range c.store.under("/v1/projects/" + c.params["project"] + "/locations/") {
		network := objectAt(cluster.body, "networkConfig")
		if network != nil && (text(network, "network") == relative(c.key) || text(network, "subnetwork") == relative(c.key)) {
			return inUse(c.key, cluster.path)
		}
	}
	if users := listAt(c.store.at(c.key), "users"); len(users) > 0 {
		return inUse(c.key, fmt.Sprint(users[0]))
	}
	return nil
}

func ending(body object) bool {
	return text(body, "status") == "DELETING"
}

func inUse(path, by string) *problem {
	parts := strings.Split(path, "/")
	return failedPrecondition("resourceInUseByAnotherResource", "The %s resource '%s' is already being used by '%s'",
		strings.TrimSuffix(parts[len(parts)-2], "s"), relative(path), relative(by))
}

// Whether a field that holds another member names this one.
func mentions(value any, link string) bool {
	switch value := value.(type) {
	case object:
		for key, inner := range value {
			if !isOutput(key) && mentions(inner, link) || key == "source" && inner == link {
				return true
			}
		}
	case []any:
		for _, inner := range value {
			if mentions(inner, link) {
				return true
			}
		}
	case string:
		return value == link
	}
	return false
}

func getComputeProject(c *call) (any, error) {
	if found := c.store.at(c.key); found != nil {
		return found, nil
	}
	return nil, notFound("The resource 'projects/%s' was not found", c.params["project"])
}

// The members of a type in every scope, told by scope; scopes without any carry a warning.
func aggregated(c *call) (any, error) {
	name, project := c.params["type"], fillIn(computeRoot, c.params)
	kind := ""
	for _, row := range computeTypes {
		if row.name == name {
			kind = row.kind
		}
	}
	if kind == "" {
		return nil, notFound("The stand-in has no aggregated list of %s.", name)
	}
	c.progress(project + "/zones/-/" + name)
	c.progress(project + "/regions/-/" + name)
	c.progress(project + "/global/" + name)
	kept, err := keep(c.everywhere(project, name), c.query.Get("filter"))
	if err != nil {
		return nil, err
	}
	page, next, err := c.page(len(kept), "maxResults")
	if err != nil {
		return nil, err
	}
	items := object{}
	for _, scope := range c.scopes(project) {
		items[scope] = noResults(scope)
	}
	for _, one := range kept[page[0]:page[1]] {
		scope := strings.TrimPrefix(parentOf(parentOf(one.path)), project+"/")
		inner, _ := items[scope].(object)
		items[scope] = object{name: append(listAt(inner, name), one.body)}
	}
	list := object{"kind": "compute#" + kind + "AggregatedList", "id": relative(c.key), "items": items, "selfLink": c.link(c.key)}
	if next != "" {
		list["nextPageToken"] = next
	}
	return list, nil
}

func (c *call) everywhere(project, name string) []*entry {
	var all []*entry
	for _, scope := range []string{"global", "regions/-", "zones/-"} {
		all = append(all, c.store.members(project+"/"+scope+"/"+name)...)
	}
	sort.Slice(all, func(left, right int) bool { return all[left].order < all[right].order })
	return all
}

func (c *call) scopes(project string) []string {
	all := []string{"global"}
	for _, kind := range []string{"regions", "zones"} {
		for _, one := range c.store.members(project + "/" + kind) {
			all = append(all, kind+"/"+lastPart(one.path))
		}
	}
	return all
}

func noResults(scope string) object {
	return object{"warning": object{
		"code": "NO_RESULTS_ON_PAGE", "message": "There are no results for scope '" + scope + "' on this page.",
		"data": []any{object{"key": "scope", "value": scope}},
	}}
}
