package main

// The APIs of which the table's methods are all that a hub needs.

func (w *world) registerOthers() {
	location := "/v1/projects/{project}/locations/{location}"
	stated := func(row collection) collection {
		row.wire, row.verbs, row.state = longRunningWire, longVerbs, "state"
		row.states, row.changes = [3]string{"CREATING", "READY", "DELETING"}, "PATCH"
		row.api = "file.googleapis.com"
		return row
	}
	w.add(stated(collection{path: location + "/instances", list: "instances", id: fromQuery("instanceId"), fill: fillFilestore, mayDelete: noSnapshots}))
	w.add(stated(collection{path: location + "/instances/{instance}/snapshots", list: "snapshots", id: fromQuery("snapshotId"), fill: fillCreated}))
	w.add(stated(collection{path: location + "/backups", list: "backups", id: fromQuery("backupId"), fill: fillFileBackup}))
	w.add(collection{
		api: "artifactregistry.googleapis.com", path: location + "/repositories", list: "repositories",
		id: fromQuery("repositoryId"), wire: longRunningWire, verbs: longVerbs, policy: "GET", fill: fillRepository,
	})
	w.on("artifactregistry.googleapis.com", "PATCH", location+"/repositories/{id}", patchRepository)
	for _, row := range plainRows() {
		row.wire = plainWire
		w.add(row)
	}
	w.registerBigQuery()
	w.on("cloudbilling.googleapis.com", "GET", "/v1/projects/{project}/billingInfo", getStored)
	w.on("cloudbilling.googleapis.com", "PUT", "/v1/projects/{project}/billingInfo", putBilling)
	w.on("pubsub.googleapis.com", "PUT", "/v1/projects/{project}/topics/{id}", putTopic)
}

func plainRows() []collection {
	return []collection{
		{api: "cloudbilling.googleapis.com", path: "/v1/billingAccounts", list: "billingAccounts", readOnly: true},
		{api: "billingbudgets.googleapis.com", path: "/v1/billingAccounts/{account}/budgets", list: "budgets", id: numbered, changes: "PATCH", fill: fillBudget},
		{api: "cloudquotas.googleapis.com", path: "/v1/projects/{project}/locations/{location}/services/{service}/quotaInfos", list: "quotaInfos", readOnly: true},
		{api: "monitoring.googleapis.com", path: "/v3/projects/{project}/notificationChannels", list: "notificationChannels", id: numbered, changes: "PATCH", fill: fillEnabled},
		{api: "monitoring.googleapis.com", path: "/v3/projects/{project}/alertPolicies", list: "alertPolicies", id: numbered, changes: "PATCH", fill: fillEnabled},
		{api: "monitoring.googleapis.com", path: "/v1/projects/{project}/dashboards", list: "dashboards", id: numbered, changes: "PATCH", fill: fillEtag},
		{api: "logging.googleapis.com", path: "/v2/projects/{project}/sinks", list: "sinks", id: fromBody("name"), changes: "PATCH PUT", fill: fillCreated},
		{api: "logging.googleapis.com", path: "/v2/projects/{project}/metrics", list: "metrics", id: fromBody("name"), changes: "PUT", fill: fillCreated},
		{api: "cloudkms.googleapis.com", path: "/v1/projects/{project}/locations/{location}/keyRings", list: "keyRings", id: fromQuery("keyRingId"), policy: "GET", fill: fillCreated},
		{api: "cloudkms.googleapis.com", path: "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys", list: "cryptoKeys", id: fromQuery("cryptoKeyId"), changes: "PATCH", policy: "GET", fill: fillCreated},
		{api: "secretmanager.googleapis.com", path: "/v1/projects/{project}/secrets", list: "secrets", id: fromQuery("secretId"), changes: "PATCH", policy: "GET", fill: fillEtag},
		{api: "pubsub.googleapis.com", path: "/v1/projects/{project}/topics", list: "topics", changes: "PATCH", policy: "GET"},
	}
}

func getStored(c *call) (any, error) {
	if found := c.store.at(c.key); found != nil {
		return found, nil
	}
	return nil, notFound("Requested entity was not found.")
}

func putBilling(c *call) (any, error) {
	info := c.store.at(c.key)
	merge(info, c.body)
	info["billingEnabled"] = text(info, "billingAccountName") != ""
	return info, nil
}

// Topics are made where they shall be.
func putTopic(c *call) (any, error) {
	if c.store.at(c.key) != nil {
		return nil, alreadyExists("alreadyExists", "Resource already exists in the project (resource=%s).", lastPart(c.key))
	}
	return c.byPath["/v1/projects/{project}/topics"].place(c)
}

func fillCreated(c *call, member object) error {
	fallback(member, object{"createTime": c.time()})
	return nil
}

func fillEtag(c *call, member object) error {
	fallback(member, object{"createTime": c.time(), "etag": c.stamp()})
	return nil
}

func fillEnabled(_ *call, member object) error {
	fallback(member, object{"enabled": true})
	return nil
}

func fillBudget(c *call, budget object) error {
	if c.store.at("/v1/billingAccounts/"+c.params["account"]) == nil {
		return forbidden("The caller does not have permission")
	}
	if objectAt(budget, "amount") == nil {
		return invalid("Request contains an invalid argument.")
	}
	fallback(budget, object{"etag": c.stamp(), "budgetFilter": object{"calendarPeriod": "MONTH", "creditTypesTreatment": "INCLUDE_ALL_CREDITS"}})
	return nil
}

// Least capacity of a file share, by tier, in GiB.
var leastCapacity = map[string]int{
	"BASIC_HDD": 1024, "STANDARD": 1024, "BASIC_SSD": 2560, "PREMIUM": 2560, "ZONAL": 1024, "REGIONAL": 1024, "ENTERPRISE": 1024,
}

func fillFilestore(c *call, instance object) error {
	least, known := leastCapacity[text(instance, "tier")]
	if !known {
		return invalid("Invalid tier '%s'.", text(instance, "tier"))
	}
	shares := listAt(instance, "fileShares")
	if len(shares) != 1 {
		return invalid("Exactly one file share must be specified.")
	}
	if share, _ := shares[0].(object); number(share, "capacityGb") < least {
		return invalid("Invalid share capacity: %d GB. The capacity for tier %s must be at least %d GB.", number(share, "capacityGb"), text(instance, "tier"), least)
	}
	c.sequence++
	for _, one := range listAt(instance, "networks") {
		if network, isObject := one.(object); isObject {
			fallback(network, object{"ipAddresses": []any{"10.231." + decimal(c.sequence%250) + ".2"}, "connectMode": "DIRECT_PEERING"})
		}
	}
	fallback(instance, object{"createTime": c.time(), "etag": c.stamp()})
	return nil
}

func noSnapshots(c *call) error {
	if c.query.Get("force") != "true" && len(c.store.members(c.key+"/snapshots")) > 0 {
		return failedPrecondition("failedPrecondition", "Instance has snapshots, cannot delete.")
	}
	return nil
}

func fillFileBackup(c *call, backup object) error {
	source := c.store.at("/v1/" + text(backup, "sourceInstance"))
	if source == nil && !c.seeding {
		return notFound("Resource '%s' was not found", text(backup, "sourceInstance"))
	}
	fallback(backup, object{"createTime": c.time(), "capacityGb": "1024", "storageBytes": "0", "sourceInstanceTier": source["tier"]})
	return nil
}

func fillRepository(c *call, repository object) error {
	if text(repository, "format") == "" {
		return invalid("A repository must have a format.")
	}
	fallback(repository, object{"createTime": c.time(), "updateTime": c.time(), "mode": "STANDARD_REPOSITORY", "sizeBytes": "0"})
	return nil
}

// Artifact Registry changes a repository at once, though it makes and deletes one by an operation.
func patchRepository(c *call) (any, error) {
	repository, err := getStored(c)
	if err != nil {
		return nil, err
	}
	mergeMasked(repository.(object), c.body, c.query.Get("updateMask"))
	return repository, nil
}

const bigQueryAPI = "bigquery.googleapis.com"

func (w *world) registerBigQuery() {
	datasets := "/bigquery/v2/projects/{project}/datasets"
	w.add(collection{
		api: bigQueryAPI, path: datasets, list: "datasets", kind: "bigquery#dataset", wire: olderWire, changes: "PATCH PUT",
		id: fromReference("datasetReference", "datasetId"), fill: fillBigQuery, mayDelete: datasetEmpty,
	})
	w.add(collection{
		api: bigQueryAPI, path: datasets + "/{dataset}/tables", list: "tables", kind: "bigquery#table", wire: olderWire,
		changes: "PATCH PUT", id: fromReference("tableReference", "tableId"), fill: fillBigQuery,
	})
}

func fromReference(outer, inner string) func(*call) (string, error) {
	return func(c *call) (string, error) {
		if name := text(objectAt(c.body, outer), inner); name != "" {
			return name, nil
		}
		return "", invalid("Required parameter is missing: %s", inner)
	}
}

func fillBigQuery(c *call, member object) error {
	delete(member, "name")
	fallback(member, object{
		"id": c.params["project"] + ":" + lastPart(c.key), "etag": c.stamp(), "location": "US",
		"creationTime": decimal(int(c.now().UnixMilli())), "lastModifiedTime": decimal(int(c.now().UnixMilli())),
	})
	return nil
}

func datasetEmpty(c *call) error {
	if c.query.Get("deleteContents") != "true" && len(c.store.members(c.key+"/tables")) > 0 {
		return failedPrecondition("resourceInUse", "Dataset %s:%s is still in use", c.params["project"], lastPart(c.key))
	}
	return nil
}
