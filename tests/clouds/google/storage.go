package main

import (
	"strings"
)

const (
	storageAPI  = "storage.googleapis.com"
	bucketsPath = "/storage/v1/b"
)

func (w *world) registerStorage() {
	w.on(storageAPI, "GET", bucketsPath, listBuckets)
	w.on(storageAPI, "POST", bucketsPath, insertBucket)
	w.on(storageAPI, "GET", bucketsPath+"/{id}", getBucket)
	w.on(storageAPI, "PATCH", bucketsPath+"/{id}", patchBucket)
	w.on(storageAPI, "PUT", bucketsPath+"/{id}", patchBucket)
	w.on(storageAPI, "DELETE", bucketsPath+"/{id}", deleteBucket)
	w.on(storageAPI, "GET", bucketsPath+"/{id}/iam", getBucketPolicy)
	w.on(storageAPI, "PUT", bucketsPath+"/{id}/iam", setBucketPolicy)
	w.on(storageAPI, "GET", bucketsPath+"/{id}/iam/testPermissions", testBucketPermissions)
	w.registerBlobs()
	// Buckets are seeded like anything else.
	w.byPath[bucketsPath] = &collection{
		api: storageAPI, path: bucketsPath, wire: olderWire, kind: "storage#bucket", id: fromBody("name"), fill: fillBucket,
	}
}

func fillBucket(c *call, bucket object) error {
	bucket["location"] = strings.ToUpper(text(bucket, "location"))
	if bucket["location"] == "" {
		bucket["location"] = "US"
	}
	project := c.query.Get("project")
	if project == "" {
		project = c.options.Projects[0]
	}
	placement := "region"
	if !strings.Contains(text(bucket, "location"), "-") {
		placement = "multi-region"
	}
	fallback(bucket, object{
		"kind": "storage#bucket", "id": bucket["name"], "projectNumber": c.projectNumber(project),
		"locationType": placement, "storageClass": "STANDARD", "timeCreated": c.time(), "updated": c.time(),
		"generation": c.number(), "metageneration": "1", "etag": "CAE=",
		"iamConfiguration": object{"uniformBucketLevelAccess": object{"enabled": false}, "publicAccessPrevention": "inherited"},
		"softDeletePolicy": object{"retentionDurationSeconds": "604800", "effectiveTime": c.time()},
	})
	return nil
}

func insertBucket(c *call) (any, error) {
	project := c.query.Get("project")
	if c.store.at("/v3/projects/"+project) == nil {
		return nil, invalid("Unknown project id: %s", project)
	}
	name := text(c.body, "name")
	if len(name) < 3 || len(name) > 63 || strings.ToLower(name) != name {
		return nil, invalid("Invalid bucket name: '%s'", name)
	}
	c.key = bucketsPath + "/" + name
	if c.store.at(c.key) != nil {
		return nil, alreadyExists("conflict", "Your previous request to create the named bucket succeeded and you already own it.")
	}
	return c.byPath[bucketsPath].place(c)
}

func (c *call) bucket() (object, error) {
	if found := c.store.at(bucketsPath + "/" + c.params["id"]); found != nil {
		return found, nil
	}
	return nil, notFound("The specified bucket does not exist.")
}

func listBuckets(c *call) (any, error) {
	project := c.projectNumber(c.query.Get("project"))
	var all []*entry
	for _, one := range c.store.members(bucketsPath) {
		if text(one.body, "projectNumber") == project && strings.HasPrefix(lastPart(one.path), c.query.Get("prefix")) {
			all = append(all, one)
		}
	}
	page, next, err := c.page(len(all), "maxResults")
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, one := range all[page[0]:page[1]] {
		items = append(items, one.body)
	}
	list := object{"kind": "storage#buckets", "items": items}
	if next != "" {
		list["nextPageToken"] = next
	}
	return list, nil
}

func getBucket(c *call) (any, error) {
	return c.bucket()
}

func patchBucket(c *call) (any, error) {
	bucket, err := c.bucket()
	if err != nil {
		return nil, err
	}
	if given := c.query.Get("ifMetagenerationMatch"); given != "" && given != text(bucket, "metageneration") {
		return nil, conditionNotMet("At least one of the pre-conditions you specified did not hold.")
	}
	merge(bucket, c.body)
	grow(bucket)
	bucket["updated"] = c.time()
	return bucket, nil
}

// A change of metadata counts its metageneration up.
func grow(member object) {
	next := number(member, "metageneration") + 1
	member["metageneration"] = decimal(next)
	member["etag"] = "CA" + decimal(next) + "="
}

func deleteBucket(c *call) (any, error) {
	if _, err := c.bucket(); err != nil {
		return nil, err
	}
	name := c.params["id"]
	for _, one := range c.blobs[name] {
		message := "The bucket you tried to delete is not empty."
		if !one.live {
			message = "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
		}
		return nil, &problem{code: 409, status: "FAILED_PRECONDITION", reason: "conflict", message: message}
	}
	c.store.remove(bucketsPath + "/" + name)
	delete(c.blobs, name)
	delete(c.policies, c.key)
	return nothing{}, nil
}

func getBucketPolicy(c *call) (any, error) {
	if _, err := c.bucket(); err != nil {
		return nil, err
	}
	told := deepCopy(c.policyAt(parentOf(c.key))).(object)
	told["kind"], told["resourceId"] = "storage#policy", "projects/_/buckets/"+c.params["id"]
	return told, nil
}

func setBucketPolicy(c *call) (any, error) {
	if _, err := c.bucket(); err != nil {
		return nil, err
	}
	return c.setPolicyAt(parentOf(c.key), c.body)
}

func testBucketPermissions(c *call) (any, error) {
	return object{"kind": "storage#testIamPermissionsResponse", "permissions": c.granted(c.query["permissions"])}, nil
}
