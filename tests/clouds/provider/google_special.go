package main

import (
	"fmt"
	"net/http"
	"slices"
)

// specialKinds are types that are no collection with members.
func (g *googleCloud) specialKinds() map[string]kind {
	return map[string]kind{
		"google_container_cluster":                       {create: g.clusterCreate, read: g.clusterRead, update: g.clusterUpdate, delete: g.clusterDelete, imported: g.thingImported},
		"google_container_node_pool":                     {create: g.poolCreate, read: g.poolRead, update: g.poolUpdate, delete: g.poolDelete, imported: g.poolImported},
		"google_storage_bucket":                          {create: g.bucketCreate, read: g.bucketRead, update: g.bucketUpdate, delete: g.bucketDelete, imported: g.bucketImported},
		"google_project_service":                         {create: g.serviceEnable, read: g.serviceRead, update: noUpdate, delete: g.serviceDisable},
		"google_compute_router_nat":                      {create: g.natPut, read: g.natRead, update: g.natPut, delete: g.natDelete, imported: g.memberImported},
		"google_compute_disk_resource_policy_attachment": {create: g.attachPolicy, read: g.attachedPolicy, update: noUpdate, delete: g.detachPolicy, imported: g.memberImported},
		"google_compute_disk":                            g.diskKind(),
	}
}

const servicePath = "/v1/projects/{project}/services/{service}"

func (g *googleCloud) serviceEnable(c *call) error {
	_, err := g.do(http.MethodPost, c.located(servicePath)+":enable", object{})
	if err == nil {
		g.paperID(c)
	}
	return err
}

func (g *googleCloud) serviceRead(c *call) error {
	live, err := g.send(http.MethodGet, c.located(servicePath), nil)
	if err == nil && live["state"] != "ENABLED" {
		return errGone
	}
	return err
}

// serviceDisable leaves an API on unless told otherwise: others may use it.
func (g *googleCloud) serviceDisable(c *call) error {
	if c.state["disable_on_destroy"] != true {
		return nil
	}
	_, err := g.do(http.MethodPost, c.located(servicePath)+":disable", object{"disableDependentServices": truth(c.state["disable_dependent_services"])})
	return err
}

const diskPath = inZone + "/disks/{name}"

// diskKind changes what a disk lets change: it grows, and its labels.
func (g *googleCloud) diskKind() kind {
	k := g.thingKind(g.things["google_compute_disk"])
	k.update = func(c *call) error {
		if c.changed("size") {
			if _, err := g.do(http.MethodPost, c.located(diskPath)+"/resize", object{"sizeGb": text(c.state["size"])}); err != nil {
				return missing(err, "disks.resize")
			}
		}
		if !c.changed("effective_labels") {
			return nil
		}
		live, err := g.send(http.MethodGet, c.located(diskPath), nil)
		if err != nil {
			return err
		}
		_, err = g.do(http.MethodPost, c.located(diskPath)+"/setLabels", object{"labels": c.state["effective_labels"], "labelFingerprint": live["labelFingerprint"]})
		return missing(err, "disks.setLabels")
	}
	return k
}

const routerPath = inRegion + "/routers/{router}"

var natMapping = mapping{
	names: map[string]string{"subnetwork": "subnetworks"},
	skip:  withCommon("region", "router"),
}

// nats are a router's, without the one of this name.
func (g *googleCloud) nats(c *call) (others []any, own object, err error) {
	router, err := g.send(http.MethodGet, c.located(routerPath), nil)
	if err != nil {
		return nil, nil, err
	}
	others = []any{}
	for _, e := range asList(router["nats"]) {
		if asObject(e)["name"] == c.state["name"] {
			own = asObject(e)
		} else {
			others = append(others, e)
		}
	}
	return others, own, nil
}

func (g *googleCloud) natPut(c *call) error {
	others, _, err := g.nats(c)
	if err != nil {
		return err
	}
	_, err = g.do(http.MethodPatch, c.located(routerPath), object{"nats": append(others, natMapping.out(c.view(), ""))})
	if err == nil {
		g.paperID(c)
	}
	return err
}

func (g *googleCloud) natRead(c *call) error {
	_, own, err := g.nats(c)
	if err != nil {
		return err
	}
	if own == nil {
		return errGone
	}
	natMapping.in(c.view(), "", own)
	return nil
}

func (g *googleCloud) natDelete(c *call) error {
	others, own, err := g.nats(c)
	if err != nil || own == nil {
		return err
	}
	_, err = g.do(http.MethodPatch, c.located(routerPath), object{"nats": others})
	return err
}

const attachedTo = inZone + "/disks/{disk}"

func policyLink(c *call) string {
	region := c.str("zone")
	if len(region) > 2 {
		region = region[:len(region)-2]
	}
	return fmt.Sprintf("projects/%s/regions/%s/resourcePolicies/%s", c.str("project"), region, c.str("name"))
}

func (g *googleCloud) attachPolicy(c *call) error {
	_, err := g.do(http.MethodPost, c.located(attachedTo)+"/addResourcePolicies", object{"resourcePolicies": []any{policyLink(c)}})
	if err == nil {
		g.paperID(c)
	}
	return err
}

func (g *googleCloud) attachedPolicy(c *call) error {
	disk, err := g.send(http.MethodGet, c.located(attachedTo), nil)
	if err != nil {
		return err
	}
	attached := slices.ContainsFunc(stringsOf(disk["resourcePolicies"]), func(link string) bool { return lastOf(link) == c.str("name") })
	if !attached {
		return errGone
	}
	return nil
}

func (g *googleCloud) detachPolicy(c *call) error {
	_, err := g.do(http.MethodPost, c.located(attachedTo)+"/removeResourcePolicies", object{"resourcePolicies": []any{policyLink(c)}})
	return err
}

// memberKinds add one member to one role in the policy of a project, an account or a bucket.
func (g *googleCloud) memberKinds() map[string]kind {
	posted := func(path string) func(*call) (string, string, string, string) {
		return func(c *call) (string, string, string, string) {
			at := c.located(path)
			return http.MethodPost, at + ":getIamPolicy", http.MethodPost, at + ":setIamPolicy"
		}
	}
	return map[string]kind{
		"google_project_iam_member":         g.memberKind(posted("/v1/projects/{project}"), "{project}"),
		"google_service_account_iam_member": g.memberKind(posted("/v1/{service_account_id*}"), "{service_account_id*}"),
		"google_storage_bucket_iam_member": g.memberKind(func(c *call) (string, string, string, string) {
			at := c.located("/storage/v1/b/{bucket}/iam")
			return http.MethodGet, at, http.MethodPut, at
		}, "b/{bucket}"),
	}
}

func (g *googleCloud) memberKind(calls func(*call) (string, string, string, string), owner string) kind {
	get := func(c *call) (object, error) {
		method, path, _, _ := calls(c)
		var body object
		if method == http.MethodPost {
			body = object{}
		}
		return g.send(method, path, body)
	}
	change := func(c *call, add bool) error {
		g.policies.Lock()
		defer g.policies.Unlock()
		policy, err := get(c)
		if err != nil {
			return err
		}
		changeBinding(policy, c.str("role"), c.str("member"), add)
		_, _, method, path := calls(c)
		if method == http.MethodPost {
			policy = object{"policy": policy}
		}
		_, err = g.send(method, path, policy)
		return err
	}
	return kind{
		create: func(c *call) error {
			if err := change(c, true); err != nil {
				return err
			}
			c.state["id"] = c.located(owner) + "/" + c.str("role") + "/" + c.str("member")
			return nil
		},
		read: func(c *call) error {
			policy, err := get(c)
			if err != nil {
				return err
			}
			if b := binding(policy, c.str("role")); b == nil || !slices.Contains(stringsOf(b["members"]), c.str("member")) {
				return errGone
			}
			c.compute("etag", policy["etag"])
			return nil
		},
		update: noUpdate,
		delete: func(c *call) error { return change(c, false) },
	}
}

func binding(policy object, role string) object {
	for _, e := range asList(policy["bindings"]) {
		if b := asObject(e); b["role"] == role && b["condition"] == nil {
			return b
		}
	}
	return nil
}

func changeBinding(policy object, role, member string, add bool) {
	b := binding(policy, role)
	if b == nil {
		b = object{"role": role, "members": []any{}}
		policy["bindings"] = append(asList(policy["bindings"]), b)
	}
	members := without(stringsOf(b["members"]), []string{member})
	if add {
		members = append(members, member)
	}
	b["members"] = anyOf(members)
	kept := []any{}
	for _, e := range asList(policy["bindings"]) {
		if len(asList(asObject(e)["members"])) > 0 {
			kept = append(kept, e)
		}
	}
	policy["bindings"] = kept
}
