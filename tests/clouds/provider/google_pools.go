package main

import (
	"net/http"
)

var poolMapping = mapping{
	names: map[string]string{
		"node_config": "config", "node_locations": "locations", "node_config.taint": "taints", "node_config.guest_accelerator": "accelerators",
		"node_config.guest_accelerator.type": "acceleratorType", "node_config.guest_accelerator.count": "acceleratorCount",
		"autoscaling.min_node_count": "minNodeCount",
	},
	skip: withCommon("location", "cluster", "name_prefix", "node_count", "max_pods_per_node", "operation", "instance_group_urls", "managed_instance_group_urls",
		"node_config.effective_taints"),
}

// poolIn leaves out what the API tells in another way than it was asked.
var poolIn = func() mapping {
	m := poolMapping
	m.skip = together2(m.skip, paths("initial_node_count", "node_config.metadata"))
	return m
}()

func poolPath(c *call) string { return "/v1/" + c.str("cluster") + "/nodePools" }

// nodeConfigOut fits the names that nodes have in the API, for a cluster's own too.
func nodeConfigOut(config object) object {
	for from, to := range map[string]string{"taint": "taints", "guestAccelerator": "accelerators"} {
		if value, found := config[from]; found {
			config[to] = value
			delete(config, from)
		}
	}
	return config
}

func (g *googleCloud) poolBody(c *call) object {
	body := poolMapping.out(c.view(), "")
	if scaling := asObject(body["autoscaling"]); scaling != nil {
		scaling["enabled"] = true
	}
	if body["initialNodeCount"] == nil && c.view().has("node_count") {
		body["initialNodeCount"] = c.state["node_count"]
	}
	if c.view().has("max_pods_per_node") {
		body["maxPodsConstraint"] = object{"maxPodsPerNode": c.str("max_pods_per_node")}
	}
	return body
}

func (g *googleCloud) poolCreate(c *call) error {
	c.nameOf("name")
	if _, err := g.do(http.MethodPost, poolPath(c), object{"nodePool": g.poolBody(c)}); err != nil {
		return err
	}
	g.paperID(c)
	return nil
}

func (g *googleCloud) poolRead(c *call) error {
	live, err := g.send(http.MethodGet, poolPath(c)+"/"+c.str("name"), nil)
	if err != nil {
		return err
	}
	v := c.view()
	poolIn.in(v, "", live)
	c.compute("version", live["version"])
	c.compute("instance_group_urls", live["instanceGroupUrls"])
	c.compute("managed_instance_group_urls", live["instanceGroupUrls"])
	if isUnknown(c.state["initial_node_count"]) || v.importing {
		v.seen("initial_node_count", live["initialNodeCount"])
	}
	return nil
}

// Arguments of a pool's nodes that change in place, and what the update calls them; a second name
// wraps the value.
var nodeUpdates = map[string][2]string{
	"labels": {"labels", "labels"}, "resource_labels": {"resourceLabels", "labels"}, "taint": {"taints", "taints"}, "tags": {"tags", "tags"},
	"machine_type": {"machineType", ""}, "disk_size_gb": {"diskSizeGb", ""}, "disk_type": {"diskType", ""}, "image_type": {"imageType", ""},
	"workload_metadata_config": {"workloadMetadataConfig", ""}, "gcfs_config": {"gcfsConfig", ""}, "gvnic": {"gvnic", ""},
	"linux_node_config": {"linuxNodeConfig", ""}, "kubelet_config": {"kubeletConfig", ""}, "logging_variant": {"loggingConfig", ""},
	"taint_config": {"taintConfig", ""},
}

func (g *googleCloud) poolUpdate(c *call) error {
	at := poolPath(c) + "/" + c.str("name")
	body := g.poolBody(c)
	if c.changed("autoscaling") {
		scaling := body["autoscaling"]
		if scaling == nil {
			scaling = object{"enabled": false}
		}
		if _, err := g.do(http.MethodPost, at+":setAutoscaling", object{"autoscaling": scaling}); err != nil {
			return err
		}
	}
	if c.changed("management") {
		if _, err := g.do(http.MethodPost, at+":setManagement", object{"management": body["management"]}); err != nil {
			return err
		}
	}
	if c.changed("node_count") && c.view().has("node_count") {
		if _, err := g.do(http.MethodPost, at+":setSize", object{"nodeCount": c.state["node_count"]}); err != nil {
			return err
		}
	}
	for name, key := range map[string]string{"node_locations": "locations", "upgrade_settings": "upgradeSettings", "network_config": "networkConfig"} {
		if !c.changed(name) {
			continue
		}
		if _, err := g.do(http.MethodPut, at, object{"name": at[len("/v1/"):], key: body[key]}); err != nil {
			return err
		}
	}
	if c.changed("version") && c.view().has("version") {
		if _, err := g.do(http.MethodPut, at, object{"name": at[len("/v1/"):], "nodeVersion": c.str("version")}); err != nil {
			return err
		}
	}
	return g.nodesUpdate(c, at, asObject(body["config"]))
}

func (g *googleCloud) nodesUpdate(c *call, at string, config object) error {
	before := object{}
	if list := asList(c.prior["node_config"]); len(list) > 0 {
		before = asObject(list[0])
	}
	nodes, found := c.view().block("node_config")
	if !found {
		return nil
	}
	for _, name := range sortedKeys(nodes.values) {
		how, known := nodeUpdates[name]
		if !known || same(before[name], nodes.values[name]) || isUnknown(nodes.values[name]) {
			continue
		}
		value := config[how[0]]
		if how[1] != "" {
			value = object{how[1]: value}
		}
		if _, err := g.do(http.MethodPut, at, object{"name": at[len("/v1/"):], how[0]: value}); err != nil {
			return err
		}
	}
	return nil
}

func (g *googleCloud) poolDelete(c *call) error {
	_, err := g.do(http.MethodDelete, poolPath(c)+"/"+c.str("name"), nil)
	return err
}
