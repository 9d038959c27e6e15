package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const clusterPath = inLocation + "/clusters/{name}"

var gkeMapping = mapping{
	names: map[string]string{
		"cluster_autoscaling": "autoscaling", "cluster_autoscaling.enabled": "enableNodeAutoprovisioning",
		"min_master_version": "initialClusterVersion", "node_locations": "locations", "cluster_ipv4_cidr": "clusterIpv4Cidr",
		"ip_allocation_policy.cluster_ipv4_cidr_block": "clusterIpv4CidrBlock", "ip_allocation_policy.services_ipv4_cidr_block": "servicesIpv4CidrBlock",
		"maintenance_policy": "", "logging_config": "", "monitoring_config": "",
	},
	skip: withCommon("location", "remove_default_node_pool", "deletion_protection", "networking_mode", "datapath_provider", "default_max_pods_per_node",
		"enable_shielded_nodes", "maintenance_policy", "logging_config", "monitoring_config", "node_pool", "node_version", "allow_net_admin",
		"enable_autopilot", "enable_intranode_visibility", "enable_l4_ilb_subsetting", "enable_multi_networking", "enable_fqdn_network_policy",
		"enable_cilium_clusterwide_network_policy", "operation", "master_version", "tpu_ipv4_cidr_block"),
}

// gkeIn leaves out what a cluster says in another way than it was asked.
var gkeIn = func() mapping {
	m := gkeMapping
	m.skip = together2(m.skip, paths("min_master_version", "initial_node_count", "node_config", "node_locations", "private_cluster_config.master_global_access_config"))
	return m
}()

func together2(a, b map[string]bool) map[string]bool {
	out := map[string]bool{}
	for _, m := range []map[string]bool{a, b} {
		for key := range m {
			out[key] = true
		}
	}
	return out
}

func (g *googleCloud) gkeBody(c *call) object {
	v := c.view()
	body := gkeMapping.out(v, "")
	body["resourceLabels"] = c.state["effective_labels"]
	network := object{}
	if v.has("datapath_provider") {
		network["datapathProvider"] = v.str("datapath_provider")
	}
	if v.has("enable_intranode_visibility") {
		network["enableIntraNodeVisibility"] = v.values["enable_intranode_visibility"]
	}
	if len(network) > 0 {
		body["networkConfig"] = network
	}
	if v.has("default_max_pods_per_node") {
		body["defaultMaxPodsConstraint"] = object{"maxPodsPerNode": v.str("default_max_pods_per_node")}
	}
	if v.values["enable_shielded_nodes"] != nil {
		body["shieldedNodes"] = object{"enabled": truth(v.values["enable_shielded_nodes"])}
	}
	if config, found := body["nodeConfig"].(object); found {
		body["nodeConfig"] = nodeConfigOut(config)
	}
	if policy := asObject(body["ipAllocationPolicy"]); policy != nil {
		policy["useIpAliases"] = true
	}
	if logging, found := v.block("logging_config"); found {
		body["loggingConfig"] = object{"componentConfig": object{"enableComponents": logging.values["enable_components"]}}
	}
	if monitoring, found := v.block("monitoring_config"); found {
		body["monitoringConfig"] = monitoringOut(monitoring)
	}
	if policy, found := v.block("maintenance_policy"); found {
		body["maintenancePolicy"] = maintenanceOut(policy)
	}
	return body
}

func monitoringOut(v view) object {
	out := object{"componentConfig": object{"enableComponents": v.values["enable_components"]}}
	if managed, found := v.block("managed_prometheus"); found {
		out["managedPrometheusConfig"] = object{"enabled": truth(managed.values["enabled"])}
	}
	return out
}

func maintenanceOut(v view) object {
	window := object{}
	if daily, found := v.block("daily_maintenance_window"); found {
		window["dailyMaintenanceWindow"] = object{"startTime": daily.str("start_time")}
	}
	if recurring, found := v.block("recurring_window"); found {
		window["recurringWindow"] = object{
			"window":     object{"startTime": recurring.str("start_time"), "endTime": recurring.str("end_time")},
			"recurrence": recurring.str("recurrence"),
		}
	}
	exclusions := object{}
	for _, e := range v.blocks("maintenance_exclusion") {
		one := object{"startTime": e.str("start_time")}
		if end := e.str("end_time"); end != "" {
			one["endTime"] = end
		}
		if options, found := e.block("exclusion_options"); found {
			told := object{"scope": options.str("scope")}
			if behaviour := options.str("end_time_behavior"); behaviour != "" {
				told["endTimeBehavior"] = behaviour
			}
			one["maintenanceExclusionOptions"] = told
		}
		exclusions[e.str("exclusion_name")] = one
	}
	if len(exclusions) > 0 {
		window["maintenanceExclusions"] = exclusions
	}
	return object{"window": window}
}

func (g *googleCloud) clusterCreate(c *call) error {
	if _, err := g.do(http.MethodPost, c.located(inLocation+"/clusters"), object{"cluster": g.gkeBody(c)}); err != nil {
		return err
	}
	g.paperID(c)
	if c.state["remove_default_node_pool"] != true {
		return nil
	}
	_, err := g.do(http.MethodDelete, c.located(clusterPath)+"/nodePools/default-pool", nil)
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

func (g *googleCloud) clusterRead(c *call) error {
	live, err := g.send(http.MethodGet, c.located(clusterPath), nil)
	if err != nil {
		return err
	}
	v := c.view()
	gkeIn.in(v, "", live)
	seenLabels(c, asObject(live["resourceLabels"]))
	for name, key := range map[string]string{
		"master_version": "currentMasterVersion", "node_version": "currentNodeVersion", "self_link": "selfLink", "endpoint": "endpoint",
		"services_ipv4_cidr": "servicesIpv4Cidr", "label_fingerprint": "labelFingerprint",
	} {
		c.compute(name, live[key])
	}
	v.seen("node_locations", locationsWithout(live["locations"], c.str("location")))
	if nodes := asObject(live["shieldedNodes"]); nodes != nil {
		v.seen("enable_shielded_nodes", truth(nodes["enabled"]), true)
	}
	if auth := asObject(live["masterAuth"]); auth != nil {
		seenAuth(c, auth)
	}
	if monitoring, found := v.block("monitoring_config"); found {
		told := asObject(live["monitoringConfig"])
		monitoring.seen("enable_components", asList(asObject(told["componentConfig"])["enableComponents"]))
		if managed, found := monitoring.block("managed_prometheus"); found {
			managed.seen("enabled", truth(asObject(told["managedPrometheusConfig"])["enabled"]))
		}
	}
	if logging, found := v.block("logging_config"); found {
		logging.seen("enable_components", asList(asObject(asObject(live["loggingConfig"])["componentConfig"])["enableComponents"]))
	}
	return nil
}

// seenAuth fills master_auth, which the provider has whether it is configured or not.
func seenAuth(c *call, auth object) {
	inner := c.schema.Blocks["master_auth"].Block
	if len(asList(c.state["master_auth"])) == 0 {
		c.state["master_auth"] = []any{emptyBlock(inner)}
	}
	block, _ := c.view().block("master_auth")
	for name, key := range map[string]string{"cluster_ca_certificate": "clusterCaCertificate", "client_certificate": "clientCertificate", "client_key": "clientKey"} {
		if auth[key] == nil {
			auth[key] = ""
		}
		block.seen(name, auth[key])
	}
}

func locationsWithout(live any, location string) []any {
	out := []any{}
	for _, zone := range stringsOf(live) {
		if zone != location {
			out = append(out, zone)
		}
	}
	return out
}

// Arguments of a cluster that change in place, and what the update calls them.
var gkeUpdates = map[string][2]string{
	"node_locations": {"locations", "desiredLocations"}, "release_channel": {"releaseChannel", "desiredReleaseChannel"},
	"logging_config": {"loggingConfig", "desiredLoggingConfig"}, "monitoring_config": {"monitoringConfig", "desiredMonitoringConfig"},
	"addons_config": {"addonsConfig", "desiredAddonsConfig"}, "cluster_autoscaling": {"autoscaling", "desiredClusterAutoscaling"},
	"workload_identity_config": {"workloadIdentityConfig", "desiredWorkloadIdentityConfig"}, "cost_management_config": {"costManagementConfig", "desiredCostManagementConfig"},
	"enable_shielded_nodes": {"shieldedNodes", "desiredShieldedNodes"}, "private_cluster_config": {"privateClusterConfig", "desiredPrivateClusterConfig"},
	"min_master_version": {"initialClusterVersion", "desiredMasterVersion"}, "master_authorized_networks_config": {"masterAuthorizedNetworksConfig", "desiredMasterAuthorizedNetworksConfig"},
	"vertical_pod_autoscaling": {"verticalPodAutoscaling", "desiredVerticalPodAutoscaling"}, "database_encryption": {"databaseEncryption", "desiredDatabaseEncryption"},
}

// Arguments that are only Terraform's.
var gkeOurs = paths("deletion_protection", "remove_default_node_pool", "initial_node_count", "node_config", "timeouts")

func (g *googleCloud) clusterUpdate(c *call) error {
	body := g.gkeBody(c)
	at := c.located(clusterPath)
	for _, name := range sortedKeys(c.state) {
		how, known := gkeUpdates[name]
		if !c.changed(name) || !known {
			continue
		}
		if _, err := g.do(http.MethodPut, at, object{"update": object{how[1]: body[how[0]]}}); err != nil {
			return err
		}
	}
	if c.changed("maintenance_policy") {
		live, err := g.send(http.MethodGet, at, nil)
		if err != nil {
			return err
		}
		policy := asObject(body["maintenancePolicy"])
		if policy == nil {
			policy = object{}
		}
		policy["resourceVersion"] = asObject(live["maintenancePolicy"])["resourceVersion"]
		if _, err := g.do(http.MethodPost, at+":setMaintenancePolicy", object{"maintenancePolicy": policy}); err != nil {
			return err
		}
	}
	if c.changed("effective_labels") {
		live, err := g.send(http.MethodGet, at, nil)
		if err != nil {
			return err
		}
		_, err = g.do(http.MethodPost, at+":setResourceLabels", object{"resourceLabels": c.state["effective_labels"], "labelFingerprint": live["labelFingerprint"]})
		if err != nil {
			return err
		}
	}
	return notChanged(c)
}

// notChanged refuses what this provider does not change, instead of saying that it did.
func notChanged(c *call) error {
	for _, name := range sortedKeys(c.state) {
		a := c.schema.Attributes[name]
		configured := c.schema.Blocks[name] != nil || a != nil && (a.Required || a.Optional)
		if _, known := gkeUpdates[name]; known || !configured || gkeOurs[name] || name == "maintenance_policy" || strings.HasSuffix(name, "labels") {
			continue
		}
		if c.changed(name) && !(empty(c.prior[name]) && empty(c.state[name])) && !isUnknown(c.state[name]) && c.schema.Blocks[name] == nil {
			return fmt.Errorf("changing %s of %s is not part of this test provider", name, c.name())
		}
	}
	return nil
}

func (g *googleCloud) clusterDelete(c *call) error {
	if c.state["deletion_protection"] != false {
		return fmt.Errorf("Cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with cluster deletion.")
	}
	_, err := g.do(http.MethodDelete, c.located(clusterPath), nil)
	return err
}
