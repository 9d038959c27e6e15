package main

import (
	"slices"
	"strings"
)

// Changes of clusters and node pools. GKE refuses most while another runs.

// One operation at a time on a cluster as a whole.
func (c *call) clusterIdle() error {
	return c.idle(c.key)
}

// Pools may change side by side, but not one pool twice, nor while the whole cluster changes.
func (c *call) poolIdle() error {
	for _, running := range c.running() {
		if running.target == c.key || running.target == parentOf(parentOf(c.key)) {
			return incompatible(running)
		}
	}
	return nil
}

func (c *call) idle(cluster string) error {
	for _, running := range c.running() {
		if running.target == cluster || strings.HasPrefix(running.target, cluster+"/nodePools/") {
			return incompatible(running)
		}
	}
	return nil
}

func incompatible(running *operation) error {
	return failedPrecondition("failedPrecondition", "Cluster is running incompatible operation %s.", lastPart(running.path))
}

func (c *call) mayInsertPool() error {
	cluster := parentOf(c.key)
	if c.store.at(cluster) == nil {
		return notFound("Not found: %s.", relative(cluster))
	}
	for _, running := range c.running() {
		if running.target == cluster {
			return incompatible(running)
		}
	}
	return nil
}

// Fields of an update that are not called as the cluster's own field.
var updateFields = map[string]string{
	"desiredMasterVersion":                        "currentMasterVersion",
	"desiredClusterAutoscaling":                   "autoscaling",
	"desiredDatapathProvider":                     "networkConfig.datapathProvider",
	"desiredGatewayApiConfig":                     "networkConfig.gatewayApiConfig",
	"desiredDnsConfig":                            "networkConfig.dnsConfig",
	"desiredIntraNodeVisibilityConfig":            "networkConfig.enableIntraNodeVisibility",
	"desiredEnableFqdnNetworkPolicy":              "networkConfig.enableFqdnNetworkPolicy",
	"desiredL4ilbSubsettingConfig":                "networkConfig.enableL4ilbSubsetting",
	"desiredPodAutoscaling":                       "podAutoscaling",
	"desiredNodePoolAutoConfigNetworkTags":        "nodePoolAutoConfig.networkTags",
	"desiredNodePoolAutoConfigKubeletConfig":      "nodePoolAutoConfig.nodeKubeletConfig",
	"desiredInTransitEncryptionConfig":            "networkConfig.inTransitEncryptionConfig",
	"desiredServiceExternalIpsConfig":             "networkConfig.serviceExternalIpsConfig",
	"desiredDefaultSnatStatus":                    "networkConfig.defaultSnatStatus",
	"desiredNetworkPerformanceConfig":             "networkConfig.networkPerformanceConfig",
	"desiredDefaultEnablePrivateNodes":            "networkConfig.defaultEnablePrivateNodes",
	"desiredEnablePrivateEndpoint":                "privateClusterConfig.enablePrivateEndpoint",
	"desiredEnableCiliumClusterwideNetworkPolicy": "networkConfig.enableCiliumClusterwideNetworkPolicy",
}

func updateCluster(c *call) (any, error) {
	cluster := c.store.at(c.key)
	if cluster == nil {
		return nil, notFound("Not found: %s.", relative(c.key))
	}
	if err := c.clusterIdle(); err != nil {
		return nil, err
	}
	update := objectAt(c.body, "update")
	if len(update) == 0 {
		return nil, invalid("Must specify a field to update.")
	}
	if given := text(update, "etag"); given != "" && given != text(cluster, "etag") {
		return nil, concurrentChange("Etag mismatch.")
	}
	kind, err := c.applyUpdate(cluster, update)
	if err != nil {
		return nil, err
	}
	return c.reconcile(kind, cluster), nil
}

func (c *call) applyUpdate(cluster, update object) (string, error) {
	if pool := text(update, "desiredNodePoolId"); pool != "" {
		return "UPDATE_CLUSTER", c.updateNamedPool(pool, update)
	}
	kind := "UPDATE_CLUSTER"
	for _, field := range sortedKeys(update) {
		value := update[field]
		name, isDesired := strings.CutPrefix(field, "desired")
		if !isDesired {
			continue
		}
		target := strings.ToLower(name[:1]) + name[1:]
		if renamed, has := updateFields[field]; has {
			target = renamed
		}
		if field == "desiredMasterVersion" {
			kind = "UPGRADE_MASTER"
			version, err := resolveVersion(value.(string))
			if err != nil {
				return "", err
			}
			value = version
		}
		if inner, isObject := value.(object); isObject && strings.Contains(target, ".enable") {
			value = inner["enabled"]
		}
		setAt(cluster, strings.Split(target, "."), value)
	}
	if pool := text(objectAt(cluster, "workloadIdentityConfig"), "workloadPool"); pool != "" {
		c.pools[pool] = true
	}
	return kind, nil
}

func (c *call) updateNamedPool(name string, update object) error {
	pool := c.store.at(c.key + "/nodePools/" + name)
	if pool == nil {
		return notFound("Not found: %s.", relative(c.key+"/nodePools/"+name))
	}
	if value, given := update["desiredNodeVersion"]; given {
		version, err := resolveVersion(value.(string))
		if err != nil {
			return err
		}
		pool["version"] = version
	}
	if value, given := update["desiredNodePoolAutoscaling"]; given {
		pool["autoscaling"] = value
	}
	if value, given := update["desiredImageType"]; given {
		objectAt(pool, "config")["imageType"] = value
	}
	return nil
}

func setAt(into object, names []string, value any) {
	if len(names) == 1 {
		into[names[0]] = deepCopy(value)
		return
	}
	inner := objectAt(into, names[0])
	if inner == nil {
		inner = object{}
		into[names[0]] = inner
	}
	setAt(inner, names[1:], value)
}

// A cluster or pool says RECONCILING until its operation ends.
func (c *call) reconcile(kind string, member object) any {
	c.restamp(member)
	member["status"] = "RECONCILING"
	run := func() { member["status"] = "RUNNING" }
	return c.begin(containerWire, kind, c.key, run, run)
}

func setOnCluster(verb, field string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		cluster := c.store.at(c.key)
		if cluster == nil {
			return nil, notFound("Not found: %s.", relative(c.key))
		}
		if err := c.clusterIdle(); err != nil {
			return nil, err
		}
		if field == "resourceLabels" {
			if text(c.body, "labelFingerprint") != text(cluster, "labelFingerprint") {
				return nil, conditionNotMet("Labels could not be set due to fingerprint mismatch.")
			}
			cluster["labelFingerprint"] = c.stamp()
		}
		value := c.body[field]
		if verb == "setLegacyAbac" {
			value = object{"enabled": c.body["enabled"]}
		}
		cluster[field] = value
		return c.reconcile("UPDATE_CLUSTER", cluster), nil
	}
}

// Fields of an update that a pool has at its top; the others are of its config.
var poolFields = []string{"locations", "maintenancePolicy", "nodeDrainConfig", "queuedProvisioning", "upgradeSettings"}

func updatePool(c *call) (any, error) {
	return c.onPool("UPDATE_CLUSTER", func(pool object) error {
		config := objectAt(pool, "config")
		for _, field := range sortedKeys(c.body) {
			value := c.body[field]
			switch {
			case field == "name" || field == "nodePoolId" || field == "etag":
			case field == "nodeVersion":
				version, err := resolveVersion(value.(string))
				if err != nil {
					return err
				}
				pool["version"] = version
			case field == "nodeNetworkConfig":
				pool["networkConfig"] = value
			case slices.Contains(poolFields, field):
				pool[field] = value
			default:
				config[field] = unwrapped(field, value)
			}
		}
		return nil
	})
}

// An update has labels, taints and tags in a wrapper of their own: {"labels": {"labels": {...}}}.
func unwrapped(field string, value any) any {
	inner, isObject := value.(object)
	if !isObject {
		return value
	}
	switch field {
	case "labels", "resourceLabels":
		return inner["labels"]
	case "taints":
		return inner["taints"]
	case "tags":
		return inner["tags"]
	}
	return value
}

func setPoolSize(c *call) (any, error) {
	return c.onPool("SET_NODE_POOL_SIZE", func(pool object) error {
		count := number(c.body, "nodeCount")
		if count < 0 {
			return invalid("Node pool size must not be negative.")
		}
		for _, url := range listAt(pool, "instanceGroupUrls") {
			path := strings.TrimPrefix(url.(string), c.base)
			if group := c.store.at(path); group != nil {
				group["targetSize"] = count
			}
		}
		return nil
	})
}

func setOnPool(field, kind string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		return c.onPool(kind, func(pool object) error {
			pool[field] = c.body[field]
			return nil
		})
	}
}

func (c *call) onPool(kind string, change func(object) error) (any, error) {
	pool := c.store.at(c.key)
	if pool == nil {
		return nil, notFound("Not found: %s.", relative(c.key))
	}
	if err := c.poolIdle(); err != nil {
		return nil, err
	}
	if err := change(pool); err != nil {
		return nil, err
	}
	return c.reconcile(kind, pool), nil
}
