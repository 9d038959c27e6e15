package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// googlePaper are the types that live in the state alone; {x} is an argument, {hex} a random number.
var googlePaper = map[string]paper{
	"google_artifact_registry_repository_iam_member": {id: "projects/{project}/locations/{location}/repositories/{repository}/{role}/{member}"},
	"google_bigquery_dataset_iam_member":             {id: "projects/{project}/datasets/{dataset_id}/{role}/{member}"},
	"google_bigquery_table":                          {id: "projects/{project}/datasets/{dataset_id}/tables/{table_id}"},
	"google_compute_instance_group_manager":          {id: "projects/{project}/zones/{zone}/instanceGroupManagers/{name}"},
	"google_compute_network_peering":                 {id: "{network}/{name}"},
	"google_dns_managed_zone":                        {id: "projects/{project}/managedZones/{name}"},
	"google_filestore_backup":                        {id: "projects/{project}/locations/{location}/backups/{name}"},
	"google_filestore_snapshot":                      {id: "projects/{project}/locations/{location}/instances/{instance}/snapshots/{name}"},
	"google_kms_crypto_key":                          {id: "{key_ring*}/cryptoKeys/{name}"},
	"google_kms_key_ring":                            {id: "projects/{project}/locations/{location}/keyRings/{name}"},
	"google_logging_metric":                          {id: "{name}"},
	"google_logging_project_sink":                    {id: "projects/{project}/sinks/{name}"},
	"google_monitoring_alert_policy":                 {id: "projects/{project}/alertPolicies/{hex}"},
	"google_monitoring_dashboard":                    {id: "projects/{project}/dashboards/{hex}"},
	"google_project":                                 {id: "projects/{project_id}"},
	"google_pubsub_topic":                            {id: "projects/{project}/topics/{name}"},
	"google_secret_manager_secret":                   {id: "projects/{project}/secrets/{secret_id}"},
	"google_secret_manager_secret_version":           {id: "{secret*}/versions/1"},
	"google_storage_bucket_object":                   {id: "{bucket}-{name}"},
}

// googleIDs are ids of live types that are no things of the table.
var googleIDs = map[string]string{
	"google_compute_disk_resource_policy_attachment": "{project}/{zone}/{disk}/{name}",
	"google_compute_router_nat":                      "{project}/{region}/{router}/{name}",
	"google_container_cluster":                       "projects/{project}/locations/{location}/clusters/{name}",
	"google_container_node_pool":                     "{cluster*}/nodePools/{name}",
	"google_project_service":                         "{project}/{service}",
	"google_project_iam_member":                      "{project}/{role*}/{member*}",
	"google_service_account_iam_member":              "{service_account_id*}/{role*}/{member*}",
	"google_storage_bucket":                          "{name}",
	"google_storage_bucket_iam_member":               "b/{bucket}/{role*}/{member*}",
}

func (g *googleCloud) paper(c *call) {
	if a := c.schema.Attributes["name"]; a != nil && isUnknown(c.state["name"]) {
		switch {
		case c.schema.Attributes["name_prefix"] != nil:
			c.nameOf("name")
		case c.typ == "google_service_account":
		default:
			c.state["name"] = randomHex(8)
		}
	}
	if c.typ == "google_service_account" {
		accountNames(c, object{})
		c.state["unique_id"] = fmt.Sprintf("1%020d", rand.Int64N(1_000_000_000_000_000_000))
	}
	if c.typ == "google_project_iam_custom_role" {
		c.state["name"] = c.located("projects/{project}/roles/{role_id}")
	}
	if c.typ == "google_storage_bucket" {
		c.state["url"] = "gs://" + c.str("name")
	}
	g.paperID(c)
}

// paperID makes the id as the provider makes it of arguments.
func (g *googleCloud) paperID(c *call) {
	if c.schema.Attributes["id"] == nil || c.state["id"] != nil && !isUnknown(c.state["id"]) {
		return
	}
	template := g.things[c.typ].id
	for _, other := range []string{googlePaper[c.typ].id, googleIDs[c.typ]} {
		if template == "" {
			template = other
		}
	}
	if template == "" {
		template = c.typ + "/{hex}"
	}
	c.state["id"] = c.located(strings.ReplaceAll(template, "{hex}", randomHex(8)))
}
