package main

import (
	"sort"
	"strings"
)

const (
	dnsAPI    = "dns.googleapis.com"
	zonesPath = "/dns/v1/projects/{project}/managedZones"
)

func (w *world) registerNames() {
	w.add(collection{
		api: dnsAPI, path: zonesPath, list: "managedZones", kind: "dns#managedZone", listKind: "dns#managedZonesListResponse", wire: dnsWire, id: fromBody("name"),
		changes: "PATCH PUT", fill: fillZone, mayDelete: mayDeleteZone,
	})
	sets := zonesPath + "/{zone}/rrsets"
	w.on(dnsAPI, "GET", sets, listSets)
	w.on(dnsAPI, "POST", sets, func(c *call) (any, error) { return c.body, c.addSet(c.key, c.body) })
	w.on(dnsAPI, "GET", sets+"/{name}/{type}", getSet)
	w.on(dnsAPI, "PATCH", sets+"/{name}/{type}", patchSet)
	w.on(dnsAPI, "DELETE", sets+"/{name}/{type}", deleteSet)
	w.on(dnsAPI, "POST", zonesPath+"/{zone}/changes", makeChange)
	w.on(dnsAPI, "GET", zonesPath+"/{zone}/changes/{change}", getChange)
}

var dnsWire = &wire{pageSize: "maxResults", deleted: nothing{}}

func fillZone(c *call, zone object) error {
	name := text(zone, "dnsName")
	if !strings.HasSuffix(name, ".") {
		return invalid("Invalid value for 'entity.managedZone.dnsName': '%s'", name)
	}
	servers := []any{}
	for _, one := range []string{"1", "2", "3", "4"} {
		servers = append(servers, "ns-cloud-a"+one+".googledomains.com.")
	}
	zone["name"] = lastPart(c.key)
	fallback(zone, object{"id": c.number(), "creationTime": c.time(), "nameServers": servers, "visibility": "public"})
	for kind, data := range map[string][]any{
		"NS": servers, "SOA": {"ns-cloud-a1.googledomains.com. cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300"},
	} {
		c.store.put(setPath(c.key+"/rrsets", name, kind), object{
			"kind": "dns#resourceRecordSet", "name": name, "type": kind, "ttl": 21600, "rrdatas": data,
		})
	}
	return nil
}

func setPath(sets, name, kind string) string {
	return sets + "/" + name + "/" + kind
}

func mayDeleteZone(c *call) error {
	for _, one := range c.store.under(c.key + "/rrsets/") {
		if kind := text(one.body, "type"); kind != "NS" && kind != "SOA" {
			return failedPrecondition("containerNotEmpty", "The resource named '%s' cannot be deleted because it contains one or more 'resource records'.", lastPart(c.key))
		}
	}
	return nil
}

func (c *call) sets() []*entry {
	found := c.store.under(fillIn(zonesPath, c.params) + "/" + c.params["zone"] + "/rrsets/")
	sort.SliceStable(found, func(left, right int) bool { return found[left].path < found[right].path })
	return found
}

func listSets(c *call) (any, error) {
	if c.store.at(parentOf(c.key)) == nil {
		return nil, noZone(c)
	}
	var all []any
	for _, one := range c.sets() {
		name, kind := c.query.Get("name"), c.query.Get("type")
		if (name == "" || name == text(one.body, "name")) && (kind == "" || kind == text(one.body, "type")) {
			all = append(all, one.body)
		}
	}
	page, next, err := c.page(len(all), "maxResults")
	if err != nil {
		return nil, err
	}
	list := object{"kind": "dns#resourceRecordSetsListResponse", "rrsets": all[page[0]:page[1]]}
	if next != "" {
		list["nextPageToken"] = next
	}
	return list, nil
}

func noZone(c *call) *problem {
	return notFound("The 'parameters.managedZone' resource named '%s' does not exist.", c.params["zone"])
}

func noSet(name, kind string) *problem {
	return notFound("The 'parameters.name' resource named '%s (%s)' does not exist.", name, kind)
}

func getSet(c *call) (any, error) {
	if found := c.store.at(c.key); found != nil {
		return found, nil
	}
	return nil, noSet(c.params["name"], c.params["type"])
}

func patchSet(c *call) (any, error) {
	found := c.store.at(c.key)
	if found == nil {
		return nil, noSet(c.params["name"], c.params["type"])
	}
	merge(found, c.body)
	return found, nil
}

func deleteSet(c *call) (any, error) {
	if c.store.at(c.key) == nil {
		return nil, noSet(c.params["name"], c.params["type"])
	}
	c.store.remove(c.key)
	return object{}, nil
}

// Adds a record set under ".../rrsets"; a name and type are there once.
func (c *call) addSet(sets string, body object) error {
	zone := c.store.at(parentOf(sets))
	if zone == nil {
		return noZone(c)
	}
	name, kind := text(body, "name"), text(body, "type")
	if !strings.HasSuffix("."+name, "."+text(zone, "dnsName")) || kind == "" {
		return invalid("Invalid value for 'entity.change.additions[0].name': '%s'", name)
	}
	path := setPath(sets, name, kind)
	if c.store.at(path) != nil {
		return alreadyExists("alreadyExists", "The resource 'entity.change.additions[0]' named '%s (%s)' already exists", name, kind)
	}
	body["kind"] = "dns#resourceRecordSet"
	c.store.put(path, body)
	return nil
}

// A change deletes and adds all of its sets, or nothing.
func makeChange(c *call) (any, error) {
	zone := parentOf(c.key)
	if c.store.at(zone) == nil {
		return nil, noZone(c)
	}
	sets := zone + "/rrsets"
	removed := map[string]object{}
	restore := func() {
		for path, body := range removed {
			c.store.put(path, body)
		}
	}
	for _, one := range listAt(c.body, "deletions") {
		body, _ := one.(object)
		path := setPath(sets, text(body, "name"), text(body, "type"))
		there := c.store.at(path)
		if there == nil {
			restore()
			return nil, notFound("The 'entity.change.deletions[0]' resource named '%s (%s)' does not exist.", body["name"], body["type"])
		}
		removed[path] = there
		c.store.remove(path)
	}
	added := []string{}
	for _, one := range listAt(c.body, "additions") {
		body, _ := one.(object)
		if err := c.addSet(sets, body); err != nil {
			for _, path := range added {
				c.store.remove(path)
			}
			restore()
			return nil, err
		}
		added = append(added, setPath(sets, text(body, "name"), text(body, "type")))
	}
	return c.keepChange(), nil
}

func (c *call) keepChange() object {
	c.sequence++
	change := deepCopy(c.body).(object)
	fallback(change, object{"kind": "dns#change", "id": decimal(c.sequence), "startTime": c.time(), "status": "pending"})
	if c.options.Polls == 0 {
		change["status"] = "done"
	}
	c.store.put(c.key+"/"+text(change, "id"), change)
	return change
}

func getChange(c *call) (any, error) {
	change := c.store.at(c.key)
	if change == nil {
		return nil, notFound("The 'parameters.changeId' resource named '%s' does not exist.", c.params["change"])
	}
	change["status"] = "done"
	return change, nil
}
