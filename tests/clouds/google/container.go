package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

const (
	containerAPI = "container.googleapis.com"
	clustersPath = "/v1/projects/{project}/locations/{location}/clusters"
	poolsPath    = clustersPath + "/{cluster}/nodePools"
)

// Versions that a location offers unless a test seeds others.
var kubernetesVersions = []string{
	"1.36.1-gke.1203000", "1.35.4-gke.1411000", "1.35.3-gke.1389000", "1.34.7-gke.1102000", "1.33.11-gke.1052000",
}

const defaultVersion = "1.35.3-gke.1389000"

func (w *world) registerContainer() {
	// Before the table's own, which would win otherwise: a cluster tells its pools too.
	w.on(containerAPI, "GET", clustersPath, listClusters)
	w.on(containerAPI, "GET", clustersPath+"/{id}", getCluster)
	w.add(collection{
		api: containerAPI, path: clustersPath, list: "clusters", wire: containerWire, wrap: "cluster", id: fromBody("name"),
		verbs: [3]string{"CREATE_CLUSTER", "DELETE_CLUSTER", "UPDATE_CLUSTER"},
		state: "status", states: [3]string{"PROVISIONING", "RUNNING", "STOPPING"},
		fill: fillCluster, mayDelete: (*call).clusterIdle, deleted: func(c *call) { c.dropGroups(c.key) },
	})
	w.add(collection{
		api: containerAPI, path: poolsPath, list: "nodePools", wire: containerWire, wrap: "nodePool", id: fromBody("name"),
		verbs: [3]string{"CREATE_NODE_POOL", "DELETE_NODE_POOL", "UPDATE_CLUSTER"},
		state: "status", states: [3]string{"PROVISIONING", "RUNNING", "STOPPING"},
		fill: fillPool, mayInsert: (*call).mayInsertPool, mayDelete: (*call).poolIdle,
		deleted: func(c *call) { c.dropGroups(c.key) },
	})
	w.on(containerAPI, "PUT", clustersPath+"/{id}", updateCluster)
	w.on(containerAPI, "PUT", poolsPath+"/{id}", updatePool)
	for verb, field := range map[string]string{
		"setResourceLabels": "resourceLabels", "setMaintenancePolicy": "maintenancePolicy", "setAddons": "addonsConfig",
		"setNetworkPolicy": "networkPolicy", "setLogging": "loggingService", "setMonitoring": "monitoringService",
		"setLocations": "locations", "setLegacyAbac": "legacyAbac",
	} {
		w.on(containerAPI, "POST", clustersPath+"/{id}:"+verb, setOnCluster(verb, field))
	}
	w.on(containerAPI, "POST", poolsPath+"/{id}:setSize", setPoolSize)
	w.on(containerAPI, "POST", poolsPath+"/{id}:setAutoscaling", setOnPool("autoscaling", "UPDATE_CLUSTER"))
	w.on(containerAPI, "POST", poolsPath+"/{id}:setManagement", setOnPool("management", "SET_NODE_POOL_MANAGEMENT"))
	w.on(containerAPI, "GET", "/v1/projects/{project}/locations/{location}/serverConfig", serverConfig)
}

func fillCluster(c *call, cluster object) error {
	location := c.params["location"]
	locations := c.zonesOf(location)
	if len(locations) == 0 {
		return invalid("Location \"%s\" does not exist.", location)
	}
	pools := listAt(cluster, "nodePools")
	if len(pools) == 0 && number(cluster, "initialNodeCount") == 0 && !c.seeding {
		return invalid("Cluster.initial_node_count must be greater than zero.")
	}
	version, err := resolveVersion(text(cluster, "initialClusterVersion"))
	if err != nil {
		return err
	}
	cluster["initialClusterVersion"] = version
	fallback(cluster, object{
		"id": c.number(), "location": location, "zone": location, "locations": locations, "createTime": c.time(),
		"currentMasterVersion": version, "currentNodeVersion": version, "etag": c.stamp(), "labelFingerprint": c.stamp(),
		"network": "default", "servicesIpv4Cidr": "34.118.224.0/20", "clusterIpv4Cidr": "10.64.0.0/14",
		"loggingService": "logging.googleapis.com/kubernetes", "monitoringService": "monitoring.googleapis.com/kubernetes",
		"endpoint": c.options.ClusterEndpoint,
	})
	c.fillAccess(cluster)
	delete(cluster, "nodePools")
	if len(pools) == 0 && !c.seeding {
		pools = []any{object{"name": "default-pool", "initialNodeCount": cluster["initialNodeCount"]}}
	}
	return c.placePools(cluster, pools)
}

// Where the cluster answers, who vouches for it, and where it stands in the network.
func (c *call) fillAccess(cluster object) {
	auth := objectAt(cluster, "masterAuth")
	if auth == nil {
		auth = object{}
	}
	fallback(auth, object{"clusterCaCertificate": base64.StdEncoding.EncodeToString(c.options.ClusterCA)})
	cluster["masterAuth"] = auth
	network := objectAt(cluster, "networkConfig")
	if network == nil {
		network = object{}
	}
	project := c.params["project"]
	name, subnetwork := lastPart(text(cluster, "network")), lastPart(text(cluster, "subnetwork"))
	cluster["network"] = name
	network["network"] = "projects/" + project + "/global/networks/" + name
	if subnetwork != "" {
		cluster["subnetwork"] = subnetwork
		network["subnetwork"] = "projects/" + project + "/regions/" + regionOf(c.params["location"]) + "/subnetworks/" + subnetwork
	}
	cluster["networkConfig"] = network
	if pool := text(objectAt(cluster, "workloadIdentityConfig"), "workloadPool"); pool != "" {
		c.pools[pool] = true
	}
}

func (c *call) placePools(cluster object, pools []any) error {
	key, params := c.key, c.params
	defer func() { c.key, c.params = key, params }()
	c.store.put(key, cluster)
	for _, one := range pools {
		pool, _ := one.(object)
		c.key = key + "/nodePools/" + text(pool, "name")
		c.params = map[string]string{"project": params["project"], "location": params["location"], "cluster": lastPart(key)}
		pool["status"] = "RUNNING"
		pool["selfLink"] = c.link(c.key)
		if err := fillPool(c, pool); err != nil {
			c.store.remove(key)
			return err
		}
		c.store.put(c.key, pool)
	}
	return nil
}

func fillPool(c *call, pool object) error {
	cluster := c.store.at(parentOf(parentOf(c.key)))
	if cluster == nil {
		return notFound("Not found: %s.", relative(parentOf(parentOf(c.key))))
	}
	version := text(pool, "version")
	if version == "" {
		version = text(cluster, "currentMasterVersion")
	}
	version, err := resolveVersion(version)
	if err != nil {
		return err
	}
	pool["version"] = version
	fallback(pool, object{"locations": cluster["locations"], "config": object{}, "etag": c.stamp(), "podIpv4CidrSize": 24})
	config := objectAt(pool, "config")
	fallback(config, object{
		"machineType": "e2-medium", "diskSizeGb": 100, "diskType": "pd-balanced", "imageType": "COS_CONTAINERD",
		"serviceAccount": "default", "oauthScopes": []any{"https://www.googleapis.com/auth/devstorage.read_only"},
		"metadata": object{"disable-legacy-endpoints": "true"},
	})
	fallback(pool, object{"management": object{"autoUpgrade": true, "autoRepair": true}})
	c.placeGroups(pool)
	return nil
}

// A pool is an instance group in each of its zones.
func (c *call) placeGroups(pool object) {
	urls := []any{}
	for _, zone := range listAt(pool, "locations") {
		name := fmt.Sprintf("gke-%s-%s-%s", short(c.params["cluster"], 18), short(lastPart(c.key), 18), groupSuffix(c.key))
		root := "/compute/v1/projects/" + c.params["project"] + "/zones/" + fmt.Sprint(zone)
		for kind, more := range map[string]object{
			"instanceGroupManagers": {"targetSize": number(pool, "initialNodeCount"), "baseInstanceName": name},
			"instanceGroups":        {"size": number(pool, "initialNodeCount")},
		} {
			path := root + "/" + kind + "/" + name + "-grp"
			c.owners[path] = c.key
			fallback(more, object{
				"kind": "compute#" + strings.TrimSuffix(kind, "s"), "id": c.number(), "name": name + "-grp",
				"zone": c.link(root), "selfLink": c.link(path), "creationTimestamp": c.time(),
			})
			c.store.put(path, more)
		}
		urls = append(urls, c.link(root+"/instanceGroupManagers/"+name+"-grp"))
	}
	pool["instanceGroupUrls"] = urls
}

func short(name string, length int) string {
	return name[:min(len(name), length)]
}

// Eight hexadecimal digits that belong to a path: FNV-1a.
func groupSuffix(path string) string {
	sum := uint32(2166136261)
	for _, one := range []byte(path) {
		sum = (sum ^ uint32(one)) * 16777619
	}
	return fmt.Sprintf("%08x", sum)
}

// Removes the groups of a pool, or of every pool of a cluster.
func (c *call) dropGroups(key string) {
	for path, pool := range c.owners {
		if pool == key || strings.HasPrefix(pool, key+"/") {
			c.store.remove(path)
			delete(c.owners, path)
		}
	}
}

// A version may be said in part, as "1.35", "latest" or "-" for the default.
func resolveVersion(asked string) (string, error) {
	switch asked {
	case "", "-":
		return defaultVersion, nil
	case "latest":
		return kubernetesVersions[0], nil
	}
	for _, version := range kubernetesVersions {
		if version == asked || strings.HasPrefix(version, asked+".") || strings.HasPrefix(version, asked+"-") {
			return version, nil
		}
	}
	return "", invalid("No valid versions with the prefix \"%s\" found.", asked)
}

func (w *world) zonesOf(location string) []any {
	zones := []any{}
	for _, zone := range w.store.under("/compute/v1/projects/" + w.options.Projects[0] + "/zones/") {
		name := lastPart(zone.path)
		isZone := strings.HasSuffix(parentOf(zone.path), "/zones")
		if isZone && (name == location || regionOf(name) == location && len(zones) < 3) {
			zones = append(zones, name)
		}
	}
	return zones
}

// us-central1-a -> us-central1
func regionOf(location string) string {
	if parts := strings.Split(location, "-"); len(parts) == 3 {
		return strings.Join(parts[:2], "-")
	}
	return location
}

// What a read of a cluster tells beside its own fields: its pools as they are now.
func (w *world) withPools(path string, cluster object) object {
	told := deepCopy(cluster).(object)
	pools, groups, nodes := []any{}, []any{}, 0
	for _, pool := range w.store.members(path + "/nodePools") {
		pools = append(pools, pool.body)
		groups = append(groups, listAt(pool.body, "instanceGroupUrls")...)
		for _, url := range listAt(pool.body, "instanceGroupUrls") {
			nodes += number(w.store.at(strings.TrimPrefix(url.(string), w.base)), "targetSize")
		}
	}
	told["nodePools"], told["instanceGroupUrls"], told["currentNodeCount"] = pools, groups, nodes
	return told
}

func getCluster(c *call) (any, error) {
	c.progress(c.key)
	cluster := c.store.at(c.key)
	if cluster == nil {
		return nil, notFound("Not found: %s.", relative(c.key))
	}
	return c.withPools(c.key, cluster), nil
}

func listClusters(c *call) (any, error) {
	c.progress(c.key)
	told := []any{}
	for _, one := range c.store.members(c.key) {
		told = append(told, c.withPools(one.path, one.body))
	}
	if len(told) == 0 {
		return object{}, nil
	}
	return object{"clusters": told}, nil
}

// The versions that a location offers, or what a test has put in their place.
func serverConfig(c *call) (any, error) {
	if seeded := c.store.at(c.key); seeded != nil {
		return seeded, nil
	}
	if len(c.zonesOf(c.params["location"])) == 0 {
		return nil, invalid("Location \"%s\" does not exist.", c.params["location"])
	}
	channels := []any{}
	for _, channel := range []object{
		{"channel": "RAPID", "defaultVersion": kubernetesVersions[0], "validVersions": kubernetesVersions[:2]},
		{"channel": "REGULAR", "defaultVersion": defaultVersion, "validVersions": kubernetesVersions[1:4]},
		{"channel": "STABLE", "defaultVersion": kubernetesVersions[3], "validVersions": kubernetesVersions[2:]},
		{"channel": "EXTENDED", "defaultVersion": defaultVersion, "validVersions": kubernetesVersions[1:]},
	} {
		channels = append(channels, channel)
	}
	return object{
		"defaultClusterVersion": defaultVersion, "validMasterVersions": kubernetesVersions,
		"validNodeVersions": slices.Clone(kubernetesVersions), "defaultImageType": "COS_CONTAINERD",
		"validImageTypes": []string{"COS_CONTAINERD", "UBUNTU_CONTAINERD"}, "channels": channels,
	}, nil
}
