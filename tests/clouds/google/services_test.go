package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnAPIMustBeEnabled(t *testing.T) {
	s := start(t, func(o *options) { o.FewServices = true })
	told := s.refused(403, "accessNotConfigured", "GET", "/v1/projects/hub-project/locations/-/instances", nil)
	s.is("details", len(listAt(told, "details")), 1)
	operation := s.must("POST", "/v1/projects/hub-project/services/file.googleapis.com:enable", object{})
	s.must("GET", "/v1/"+text(operation, "name"), nil)
	s.is("done", s.must("GET", "/v1/"+text(operation, "name"), nil)["done"], true)
	s.is("state", s.must("GET", "/v1/projects/hub-project/services/file.googleapis.com", nil)["state"], "ENABLED")
	s.must("GET", "/v1/projects/hub-project/locations/-/instances", nil)
	s.must("POST", "/v1/projects/hub-project/services:batchEnable", object{"serviceIds": []any{"compute.googleapis.com"}})
	s.must("POST", "/_world/advance", nil)
	s.must("GET", root+"/regions", nil)
}

func TestAFileShareHasALeastSize(t *testing.T) {
	s := start(t)
	path := "/v1/projects/hub-project/locations/us-central1-a/instances"
	share := func(size string) object {
		return object{"tier": "BASIC_HDD", "fileShares": []any{object{"name": "homes", "capacityGb": size}}, "networks": []any{object{"network": "hub"}}}
	}
	s.refused(400, "invalid", "POST", path+"?instanceId=homes", share("100"))
	operation := s.must("POST", path+"?instanceId=homes", share("1024"))
	s.is("during", s.must("GET", path+"/homes", nil)["state"], "CREATING")
	ended := s.must("GET", "/v1/"+text(operation, "name"), nil)
	s.is("done", ended["done"], true)
	s.is("response", objectAt(ended, "response")["name"], "projects/hub-project/locations/us-central1-a/instances/homes")
	s.is("all", names(s.must("GET", "/v1/projects/hub-project/locations/-/instances", nil), "instances"), []string{"homes"})
	backups := "/v1/projects/hub-project/locations/us-central1/backups"
	s.make(backups+"?backupId=one", object{"sourceInstance": "projects/hub-project/locations/us-central1-a/instances/homes", "sourceFileShare": "homes"})
	s.is("backup", s.must("GET", backups+"/one", nil)["state"], "READY")
}

func TestABucketMustBeEmptyToGo(t *testing.T) {
	s := start(t)
	s.must("POST", "/storage/v1/b?project=hub-project", object{"name": "hub-scratch", "location": "us-central1", "versioning": object{"enabled": true}})
	s.refused(409, "conflict", "POST", "/storage/v1/b?project=hub-project", object{"name": "hub-scratch"})
	upload := "/upload/storage/v1/b/hub-scratch/o?uploadType=media&name=state%2Fdefault.tflock&ifGenerationMatch=0"
	if status, told := s.raw("POST", upload, []byte("lock"), "text/plain"); status != 200 {
		t.Fatal(status, string(told))
	}
	if status, _ := s.raw("POST", upload, []byte("lock"), "text/plain"); status != 412 {
		t.Fatalf("a lock was taken twice: %d", status)
	}
	for _, path := range []string{"/storage/v1/b/hub-scratch/o/state%2Fdefault.tflock?alt=media", "/hub-scratch/state/default.tflock"} {
		if _, data := s.raw("GET", path, nil, ""); string(data) != "lock" {
			t.Fatalf("%s: %s", path, data)
		}
	}
	s.is("prefixes", s.must("GET", "/storage/v1/b/hub-scratch/o?delimiter=/", nil)["prefixes"], "[state/]")
	s.refused(409, "conflict", "DELETE", "/storage/v1/b/hub-scratch", nil)
	s.must("DELETE", "/storage/v1/b/hub-scratch/o/state%2Fdefault.tflock", nil)
	s.refused(409, "conflict", "DELETE", "/storage/v1/b/hub-scratch", nil)
	old := listAt(s.must("GET", "/storage/v1/b/hub-scratch/o?versions=true", nil), "items")[0].(object)
	s.must("DELETE", "/storage/v1/b/hub-scratch/o/state%2Fdefault.tflock?generation="+text(old, "generation"), nil)
	s.must("DELETE", "/storage/v1/b/hub-scratch", nil)
	s.refused(404, "notFound", "GET", "/storage/v1/b/hub-scratch", nil)
}

func TestAnUploadInPartsAndOneInTwoSteps(t *testing.T) {
	s := start(t)
	s.must("POST", "/storage/v1/b?project=hub-project", object{"name": "hub-state"})
	body := "--x\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\"}\r\n--x\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--x--\r\n"
	status, told := s.raw("POST", "/upload/storage/v1/b/hub-state/o?uploadType=multipart", []byte(body), "multipart/related; boundary=x")
	if status != 200 {
		t.Fatal(string(told))
	}
	s.is("size", s.must("GET", "/storage/v1/b/hub-state/o/a", nil)["size"], "5")
	request, _ := http.NewRequest("POST", s.base+"/upload/storage/v1/b/hub-state/o?uploadType=resumable&name=b", strings.NewReader("{}"))
	request.Header.Set("Authorization", "Bearer "+s.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	where := strings.TrimPrefix(answer.Header.Get("Location"), s.base)
	s.raw("PUT", where, []byte("second"), "text/plain")
	if _, data := s.raw("GET", "/download/storage/v1/b/hub-state/o/b?alt=media", nil, ""); string(data) != "second" {
		t.Fatal(string(data))
	}
}

func TestPoliciesChangeFromTheLastOneRead(t *testing.T) {
	s := start(t)
	path := "/v3/projects/hub-project"
	account := object{"accountId": "hub-user", "serviceAccount": object{"displayName": "Hub"}}
	bind := func(member, etag string) object {
		return object{"policy": object{"etag": etag, "bindings": []any{object{"role": "roles/viewer", "members": []any{member}}}}}
	}
	member := "serviceAccount:hub-user@hub-project.iam.gserviceaccount.com"
	etag := text(s.must("POST", path+":getIamPolicy", object{}), "etag")
	s.refused(400, "invalid", "POST", path+":setIamPolicy", bind(member, etag))
	s.must("POST", "/v1/projects/hub-project/serviceAccounts", account)
	s.refused(409, "alreadyExists", "POST", "/v1/projects/hub-project/serviceAccounts", account)
	s.must("GET", "/v1/projects/-/serviceAccounts/hub-user@hub-project.iam.gserviceaccount.com", nil)
	s.must("POST", path+":setIamPolicy", bind(member, etag))
	s.is("status", s.refused(409, "aborted", "POST", path+":setIamPolicy", bind(member, etag))["status"], "ABORTED")
	s.must("POST", "/_world/denied", []string{"container.clusters.create"})
	asked := object{"permissions": []any{"container.clusters.create", "container.clusters.get"}}
	s.is("granted", s.must("POST", "/v1/projects/hub-project:testIamPermissions", asked)["permissions"], "[container.clusters.get]")
}

func TestAWorkloadIdentityPoolComesWithACluster(t *testing.T) {
	s := start(t)
	s.must("POST", "/v1/projects/hub-project/serviceAccounts", object{"accountId": "hub-user"})
	path := "/v1/projects/hub-project/serviceAccounts/hub-user@hub-project.iam.gserviceaccount.com:setIamPolicy"
	policy := object{"policy": object{"bindings": []any{object{
		"role": "roles/iam.workloadIdentityUser", "members": []any{"serviceAccount:hub-project.svc.id.goog[hub/user-sa]"},
	}}}}
	s.refused(400, "invalid", "POST", path, policy)
	cluster(s, "hub")
	s.must("POST", path, policy)
}

func TestNamesInAZone(t *testing.T) {
	s := start(t)
	zones := "/dns/v1/projects/hub-project/managedZones"
	s.must("POST", zones, object{"name": "example", "dnsName": "example.org.", "description": ""})
	record := object{"name": "hub.example.org.", "type": "A", "ttl": 300, "rrdatas": []any{"198.51.100.7"}}
	change := s.must("POST", zones+"/example/changes", object{"additions": []any{record}})
	s.is("pending", change["status"], "pending")
	s.is("done", s.must("GET", zones+"/example/changes/"+text(change, "id"), nil)["status"], "done")
	s.refused(409, "alreadyExists", "POST", zones+"/example/changes", object{"additions": []any{record}})
	s.is("sets", len(listAt(s.must("GET", zones+"/example/rrsets?name=hub.example.org.", nil), "rrsets")), 1)
	s.is("kind", s.must("GET", zones, nil)["kind"], "dns#managedZonesListResponse")
	s.refused(400, "containerNotEmpty", "DELETE", zones+"/example", nil)
	s.must("DELETE", zones+"/example/rrsets/hub.example.org./A", nil)
	s.must("DELETE", zones+"/example", nil)
}

func TestTheRemainingAPIs(t *testing.T) {
	s := start(t)
	for path, body := range map[string]object{
		"/v1/billingAccounts/012345-6789AB-CDEF01/budgets":           {"displayName": "hub", "amount": object{"specifiedAmount": object{"units": "1000"}}},
		"/v3/projects/hub-project/notificationChannels":              {"type": "email", "labels": object{"email_address": "a@example.org"}},
		"/bigquery/v2/projects/hub-project/datasets":                 {"datasetReference": object{"datasetId": "billing"}},
		"/v1/projects/hub-project/secrets?secretId=one":              {"replication": object{"automatic": object{}}},
		"/v1/projects/hub-project/roles":                             {"roleId": "sweeper", "role": object{"title": "Sweeper"}},
		"/v2/projects/hub-project/sinks":                             {"name": "audit", "destination": "storage.googleapis.com/x"},
		"/v1/projects/hub-project/locations/us/keyRings?keyRingId=a": {},
	} {
		s.must("POST", path, body)
		path, _, _ = strings.Cut(path, "?")
		list := s.must("GET", path, nil)
		s.is(path, len(list) > 0, true)
	}
	repositories := "/v1/projects/hub-project/locations/us-central1/repositories"
	s.make(repositories+"?repositoryId=images", object{"format": "DOCKER"})
	s.must("PATCH", repositories+"/images?updateMask=description", object{"description": "new", "format": "MAVEN"})
	s.is("format", s.must("GET", repositories+"/images", nil)["format"], "DOCKER")
	s.is("policy", s.must("GET", repositories+"/images:getIamPolicy", nil)["etag"], "ACAB")
	s.is("billing", s.must("GET", "/v1/projects/hub-project/billingInfo", nil)["billingEnabled"], true)
}

func TestFaults(t *testing.T) {
	s := start(t)
	s.must("POST", "/_world/faults", []object{
		{"method": "GET", "path": "/networks$", "fault": "status", "status": 503, "times": 2},
		{"method": "POST", "path": "/disks$", "fault": "quota"},
		{"method": "POST", "path": "/networks$", "fault": "drop", "after": true},
		// The client asks once more by itself where a connection that it used before is closed.
		{"path": "/snapshots$", "fault": "hang", "seconds": 0.2, "times": -1},
	})
	networks := root + "/global/networks"
	s.refused(503, "backendError", "GET", networks, nil)
	s.refused(503, "backendError", "GET", networks, nil)
	s.must("GET", networks, nil)
	s.refused(403, "quotaExceeded", "POST", root+"/zones/us-central1-a/disks", object{"name": "d"})
	if status, _ := s.send("POST", networks, object{"name": "hub"}); status != 0 {
		t.Fatalf("the answer was not dropped: %d", status)
	}
	s.must("GET", networks+"/hub", nil)
	if status, _ := s.send("GET", root+"/global/snapshots", nil); status != 0 {
		t.Fatalf("the answer did not hang: %d", status)
	}
	for _, wrong := range []object{{"path": "(", "fault": "drop"}, {"path": "", "fault": "fire"}, {"path": "", "fault": "quota", "after": true}, {"color": 1}} {
		if status, told := s.send("POST", "/_world/faults", []object{wrong}); status != 400 {
			t.Fatalf("%v is taken: %v", wrong, told)
		}
	}
}

func TestSeedsArePlacedAsTheyAreAndCanBeChangedByHand(t *testing.T) {
	s := start(t)
	seed := "/_world/seed?path="
	s.must("POST", seed+root+"/regions/us-central1/forwardingRules", []object{{
		"name": "a1b2", "description": `{"kubernetes.io/service-name":"hub/proxy-public"}`, "target": root + "/regions/us-central1/targetPools/a1b2",
	}})
	s.must("POST", seed+root+"/global/snapshots", object{"name": "old", "sourceDisk": "projects/hub-project/zones/us-central1-a/disks/gone"})
	s.must("GET", root+"/regions/us-central1/forwardingRules/a1b2", nil)
	s.must("POST", seed+clusters, object{"name": "hub", "initialClusterVersion": "1.34"})
	s.is("running", s.must("GET", clusters+"/hub", nil)["status"], "RUNNING")
	s.must("POST", seed+"/storage/v1/b&project=hub-project", object{"name": "hub-left", "location": "us-central1"})
	s.must("POST", seed+"/storage/v1/b/hub-left/o", object{"name": "a/b", "data": "x"})
	s.is("objects", len(listAt(s.must("GET", "/storage/v1/b/hub-left/o", nil), "items")), 1)
	s.must("PATCH", "/_world/objects?path="+clusters+"/hub", object{"resourceLabels": object{"by": "hand"}})
	s.is("labels", objectAt(s.must("GET", clusters+"/hub", nil), "resourceLabels")["by"], "hand")
	s.must("DELETE", "/_world/objects?path="+clusters+"/hub", nil)
	s.refused(404, "notFound", "GET", clusters+"/hub", nil)
	if status, _ := s.send("POST", seed+"/v1/nothing", object{"name": "a"}); status != 400 {
		t.Fatal("an unknown collection was seeded")
	}
}

func TestTheProgramEndsWithItsInput(t *testing.T) {
	input, end := io.Pipe()
	var output bytes.Buffer
	ready, writer := io.Pipe()
	ended := make(chan error, 1)
	given, err := parse([]string{"--projects", "one,two"})
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- serve(given, input, io.MultiWriter(&output, writer)) }()
	var told map[string]string
	if err := json.NewDecoder(ready).Decode(&told); err != nil {
		t.Fatal(err)
	}
	if answer, err := http.Get(told["address"] + "/_world/faults"); err != nil || answer.StatusCode != 200 {
		t.Fatal(answer, err)
	}
	_ = end.Close()
	patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-patience.Done():
		t.Fatal("the program goes on without its input")
	}
}
