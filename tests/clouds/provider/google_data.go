package main

import (
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
)

func (g *googleCloud) data(c *call) error {
	for name, standard := range map[string]string{"project": g.project, "region": g.region} {
		if a := c.schema.Attributes[name]; a != nil && c.state[name] == nil && a.Optional && standard != "" {
			c.state[name] = standard
		}
	}
	switch c.typ {
	case "google_client_config":
		c.state["project"], c.state["region"], c.state["zone"] = g.project, g.region, g.zone
		c.state["access_token"], c.state["id"] = g.token, "projects/"+g.project
		return nil
	case "google_project":
		return g.projectData(c)
	case "google_compute_zones":
		return g.zonesData(c)
	case "google_container_engine_versions":
		return g.versionsData(c)
	case "google_dns_managed_zone":
		return g.managedZoneData(c)
	}
	return fmt.Errorf("this test provider does not read %s", c.typ)
}

func (g *googleCloud) projectData(c *call) error {
	if c.state["project_id"] == nil {
		c.state["project_id"] = g.project
	}
	id := c.str("project_id")
	c.state["id"], c.state["name"] = "projects/"+id, id
	c.state["number"] = fmt.Sprintf("%012d", stringHash(id))
	c.state["billing_account"] = "000000-000000-000000"
	live, err := g.send(http.MethodGet, "/v1/projects/"+id, nil)
	if errors.Is(err, errNoAPI) {
		return nil
	}
	if err != nil {
		return err
	}
	c.state["number"], c.state["name"] = text(live["projectNumber"]), text(live["name"])
	if labels := asObject(live["labels"]); labels != nil {
		c.state["labels"] = labels
	}
	billing, err := g.send(http.MethodGet, "/v1/projects/"+id+"/billingInfo", nil)
	if err == nil {
		c.state["billing_account"] = lastOf(text(billing["billingAccountName"]))
	}
	return withoutAPI(err, nil)
}

func (g *googleCloud) zonesData(c *call) error {
	region := c.str("region")
	c.state["id"] = "projects/" + c.str("project") + "/regions/" + region
	names := []string{}
	live, err := g.send(http.MethodGet, "/compute/v1/projects/"+c.str("project")+"/zones", nil)
	if err != nil && !errors.Is(err, errNoAPI) {
		return err
	}
	if errors.Is(err, errNoAPI) {
		names = []string{region + "-a", region + "-b", region + "-c"}
	}
	for _, e := range asList(live["items"]) {
		zone := asObject(e)
		wanted := c.str("status")
		if lastOf(text(zone["region"])) == region && (wanted == "" || wanted == zone["status"]) {
			names = append(names, text(zone["name"]))
		}
	}
	sort.Strings(names)
	c.state["names"] = anyOf(names)
	return nil
}

func (g *googleCloud) versionsData(c *call) error {
	c.state["id"] = "versions"
	live, err := g.send(http.MethodGet, c.located(inLocation)+"/serverConfig", nil)
	if err != nil {
		return withoutAPI(err, nil)
	}
	c.state["default_cluster_version"] = live["defaultClusterVersion"]
	c.state["valid_master_versions"], c.state["valid_node_versions"] = live["validMasterVersions"], live["validNodeVersions"]
	for name, list := range map[string]string{"latest_master_version": "validMasterVersions", "latest_node_version": "validNodeVersions"} {
		if versions := stringsOf(live[list]); len(versions) > 0 {
			c.state[name] = versions[0]
		}
	}
	channels := object{}
	for _, e := range asList(live["channels"]) {
		channels[text(asObject(e)["channel"])] = asObject(e)["defaultVersion"]
	}
	c.state["release_channel_default_version"] = channels
	return nil
}

// managedZoneData takes a zone's name for its domain where there is no API: the zone of example.org is example-org.
func (g *googleCloud) managedZoneData(c *call) error {
	name := c.str("name")
	c.state["id"] = c.located("projects/{project}/managedZones/{name}")
	c.state["dns_name"], c.state["visibility"] = strings.ReplaceAll(name, "-", ".")+".", "public"
	live, err := g.send(http.MethodGet, c.located("/dns/v1/projects/{project}/managedZones/{name}"), nil)
	if errors.Is(err, errNoAPI) {
		return nil
	}
	if err != nil {
		return err
	}
	c.state["dns_name"], c.state["visibility"] = live["dnsName"], live["visibility"]
	c.state["name_servers"] = live["nameServers"]
	c.state["managed_zone_id"] = number64(live["id"])
	return nil
}
