package main

import (
	"fmt"
	"net/http"
	"strings"
)

const (
	inProject  = "/compute/v1/projects/{project}"
	inRegion   = inProject + "/regions/{region}"
	inZone     = inProject + "/zones/{zone}"
	inLocation = "/v1/projects/{project}/locations/{location}"
)

// What every type has that is not the API's to know.
func withCommon(list ...string) map[string]bool {
	return paths(append(list, "id", "labels", "terraform_labels", "effective_labels", "resource_labels", "project", "timeouts", "deletion_policy", "self_link")...)
}

func compute(collection string, m mapping) thing {
	if m.skip == nil {
		m.skip = withCommon("region", "zone")
	}
	short := strings.TrimPrefix(collection, inProject)
	return thing{
		make: collection, item: collection + "/{name}", id: "projects/{project}" + short + "/{name}", mapping: m,
		change: http.MethodPatch, read: selfLink,
	}
}

func selfLink(c *call, live object) { c.compute("self_link", live["selfLink"]) }

func (t thing) labelled(key string) thing { t.labels = key; return t }

func (g *googleCloud) allThings() map[string]thing {
	network := compute(inProject+"/global/networks", mapping{
		names: map[string]string{"gateway_ipv4": "gatewayIPv4"}, skip: withCommon("routing_mode", "delete_default_routes_on_create"),
	})
	network.body = func(c *call, body object) {
		if mode := c.str("routing_mode"); mode != "" {
			body["routingConfig"] = object{"routingMode": mode}
		}
	}
	network.read = func(c *call, live object) {
		selfLink(c, live)
		c.view().seen("routing_mode", asObject(live["routingConfig"])["routingMode"])
	}
	disk := compute(inZone+"/disks", mapping{names: map[string]string{"size": "sizeGb", "image": "sourceImage", "snapshot": "sourceSnapshot"}, skip: withCommon("zone", "type")})
	disk.labels, disk.change = "labels", ""
	disk.body = func(c *call, body object) {
		if kind := c.str("type"); kind != "" {
			body["type"] = c.located("projects/{project}/zones/{zone}/diskTypes/{type}")
		}
	}
	disk.read = func(c *call, live object) {
		selfLink(c, live)
		c.view().seen("type", text(live["type"]))
		c.compute("disk_id", text(live["id"]))
	}
	subnet := compute(inRegion+"/subnetworks", mapping{
		names: map[string]string{"secondary_ip_range": "secondaryIpRanges"}, skip: withCommon("region", "send_secondary_ip_range_if_empty"),
	})
	subnet.read = func(c *call, live object) {
		selfLink(c, live)
		c.compute("subnetwork_id", number64(live["id"]))
	}
	subnet.body = func(c *call, body object) {
		if log := asObject(body["logConfig"]); log != nil {
			log["enable"] = true
		}
	}
	firewall := compute(inProject+"/global/firewalls", mapping{names: map[string]string{"allow": "allowed", "deny": "denied", "allow.protocol": "IPProtocol", "deny.protocol": "IPProtocol"}})
	all := map[string]thing{
		"google_compute_network":         network,
		"google_compute_subnetwork":      subnet,
		"google_compute_address":         compute(inRegion+"/addresses", mapping{}).labelled("labels"),
		"google_compute_global_address":  compute(inProject+"/global/addresses", mapping{}).labelled("labels"),
		"google_compute_disk":            disk,
		"google_compute_router":          compute(inRegion+"/routers", mapping{}),
		"google_compute_firewall":        firewall,
		"google_compute_resource_policy": compute(inRegion+"/resourcePolicies", mapping{}),
	}
	for typ, t := range g.otherThings() {
		all[typ] = t
	}
	return all
}

func number64(v any) any {
	if n, ok := number(v); ok {
		f, _ := n.Float64()
		return f
	}
	return nil
}

func (g *googleCloud) otherThings() map[string]thing {
	named := func(c *call, live object) {
		c.compute("self_link", live["selfLink"])
		if text(live["name"]) != "" && c.schema.Attributes["name"] != nil && !c.schema.Attributes["name"].Required {
			c.compute("name", live["name"])
		}
	}
	return map[string]thing{
		"google_filestore_instance": {
			make: inLocation + "/instances?instanceId={name}", item: inLocation + "/instances/{name}",
			id: "projects/{project}/locations/{location}/instances/{name}", labels: "labels", change: http.MethodPatch, masked: true,
			mapping: mapping{skip: withCommon("name", "location", "zone"), lists: paths("file_shares", "networks", "file_shares.nfs_export_options")}, before: filestoreUnprotected,
		},
		"google_artifact_registry_repository": {
			make: inLocation + "/repositories?repositoryId={repository_id}", item: inLocation + "/repositories/{repository_id}",
			id: "projects/{project}/locations/{location}/repositories/{repository_id}", labels: "labels", change: http.MethodPatch, masked: true,
			mapping: mapping{skip: withCommon("name", "location", "repository_id", "cleanup_policies", "registry_uri")},
			body:    cleanupPolicies,
			read: func(c *call, _ object) {
				c.compute("name", c.str("repository_id"))
				c.compute("registry_uri", c.located("{location}-docker.pkg.dev/{project}/{repository_id}"))
			},
		},
		"google_service_account": {
			make: "/v1/projects/{project}/serviceAccounts", item: "/v1/projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com",
			id: "projects/{project}/serviceAccounts/{email}", change: http.MethodPatch,
			mapping: mapping{skip: withCommon("account_id", "create_ignore_already_exists", "member", "name", "email")},
			body: func(c *call, body object) {
				fields := together(body)
				for key := range body {
					delete(body, key)
				}
				if c.prior == nil {
					body["accountId"] = c.str("account_id")
				}
				body["serviceAccount"] = fields
			},
			made: func(c *call, answer object) { accountNames(c, answer) },
			read: accountNames,
		},
		"google_project_iam_custom_role": {
			make: "/v1/projects/{project}/roles", item: "/v1/projects/{project}/roles/{role_id}", id: "projects/{project}/roles/{role_id}",
			change: http.MethodPatch, masked: true,
			mapping: mapping{names: map[string]string{"permissions": "includedPermissions"}, skip: withCommon("role_id", "name", "deleted")},
			body: func(c *call, body object) {
				if c.prior == nil && c.state["id"] != nil && isUnknown(c.state["id"]) {
					fields := together(body)
					for key := range body {
						delete(body, key)
					}
					body["roleId"], body["role"] = c.str("role_id"), fields
				}
			},
			read: func(c *call, live object) {
				c.compute("name", c.located("projects/{project}/roles/{role_id}"))
				c.state["deleted"] = truth(live["deleted"])
			},
		},
		"google_monitoring_notification_channel": {
			make: "/v3/projects/{project}/notificationChannels", item: "/v3/{name*}", id: "{name*}", change: http.MethodPatch,
			mapping: mapping{skip: paths("id", "project", "timeouts", "name", "force_delete")},
			made:    func(c *call, answer object) { c.compute("name", answer["name"]) }, read: named,
			imported: func(c *call, id string) { c.state["name"] = id },
		},
		"google_billing_budget": {
			make: "/v1/billingAccounts/{billing_account}/budgets", item: "/v1/billingAccounts/{billing_account}/budgets/{name}",
			id: "billingAccounts/{billing_account}/budgets/{name}", change: http.MethodPatch,
			mapping: mapping{
				names: map[string]string{"all_updates_rule": "notificationsRule"},
				skip:  withCommon("billing_account", "name", "budget_filter.labels"),
			},
			body:     budgetLabels,
			imported: importedAs("billing_account", "name"),
			made:     func(c *call, answer object) { c.compute("name", lastOf(text(answer["name"]))) },
		},
		"google_bigquery_dataset": {
			make: "/bigquery/v2/projects/{project}/datasets", item: "/bigquery/v2/projects/{project}/datasets/{dataset_id}",
			id: "projects/{project}/datasets/{dataset_id}", labels: "labels", change: http.MethodPatch,
			mapping: mapping{skip: withCommon("dataset_id", "access", "delete_contents_on_destroy")},
			body: func(c *call, body object) {
				if c.prior == nil {
					body["datasetReference"] = object{"datasetId": c.str("dataset_id"), "projectId": c.str("project")}
				}
			},
			read:     func(c *call, live object) { c.compute("self_link", live["selfLink"]) },
			imported: importedAs("project", "dataset_id"),
		},
		"google_dns_record_set": {
			make: "/dns/v1/projects/{project}/managedZones/{managed_zone}/rrsets",
			item: "/dns/v1/projects/{project}/managedZones/{managed_zone}/rrsets/{name}/{type}",
			id:   "projects/{project}/managedZones/{managed_zone}/rrsets/{name}/{type}", change: http.MethodPatch,
			mapping:  mapping{skip: withCommon("managed_zone")},
			imported: importedAs("project", "managed_zone", "name", "type"),
		},
	}
}

// importedAs takes arguments from an id in which every second word is one: projects/P/datasets/D. A
// record's name and type have only one word before them.
func importedAs(arguments ...string) func(c *call, id string) {
	return func(c *call, id string) {
		words := strings.Split(id, "/")
		for i, argument := range arguments {
			if at := min(2*i+1, len(words)-len(arguments)+i); at < len(words) {
				c.state[argument] = words[at]
			}
		}
	}
}

// budgetLabels puts a list where the API has one: the provider takes one value for each label.
func budgetLabels(c *call, body object) {
	filter, found := c.view().block("budget_filter")
	wanted := asObject(body["budgetFilter"])
	if !found || wanted == nil {
		return
	}
	labels := object{}
	for key, value := range asObject(filter.values["labels"]) {
		labels[key] = []any{value}
	}
	wanted["labels"] = labels
}

func accountNames(c *call, live object) {
	email := text(live["email"])
	if email == "" {
		email = c.located("{account_id}@{project}.iam.gserviceaccount.com")
	}
	c.compute("email", email)
	c.compute("member", "serviceAccount:"+email)
	c.compute("name", "projects/"+c.str("project")+"/serviceAccounts/"+email)
	c.compute("unique_id", text(live["uniqueId"]))
}

func cleanupPolicies(c *call, body object) {
	policies := object{}
	blocks := c.schema.Blocks["cleanup_policies"]
	if blocks == nil {
		return
	}
	for _, policy := range c.view().blocks("cleanup_policies") {
		m := mapping{}
		policies[policy.str("id")] = m.out(policy, "")
	}
	if len(policies) > 0 {
		body["cleanupPolicies"] = policies
	}
}

func filestoreUnprotected(c *call) error {
	if truth(c.state["deletion_protection_enabled"]) {
		return fmt.Errorf("%s is protected against deletion", c.name())
	}
	return nil
}
