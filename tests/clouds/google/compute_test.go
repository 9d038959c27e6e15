package main

import (
	"fmt"
	"strings"
	"testing"
)

const root = "/compute/v1/projects/hub-project"

func network(s *stand) {
	s.make(root+"/global/networks", object{"name": "hub", "autoCreateSubnetworks": false})
	s.make(root+"/regions/us-central1/subnetworks", object{
		"name": "nodes", "network": "projects/hub-project/global/networks/hub", "ipCidrRange": "10.40.0.0/20",
	})
}

func TestAComputeOperationEndsAfterItsPolls(t *testing.T) {
	s := start(t)
	operation := s.must("POST", root+"/zones/us-central1-a/disks", object{"name": "home", "sizeGb": "10"})
	s.is("kind", operation["kind"], "compute#operation")
	s.is("status", operation["status"], "RUNNING")
	path := root + "/zones/us-central1-a/operations/" + text(operation, "name")
	s.is("first", s.must("GET", path, nil)["status"], "RUNNING")
	s.is("second", s.must("GET", path, nil)["status"], "DONE")
	deletion := s.must("DELETE", root+"/zones/us-central1-a/disks/home", nil)
	s.is("target", deletion["targetLink"], s.base+root+"/zones/us-central1-a/disks/home")
	s.must("POST", root+"/zones/us-central1-a/operations/"+text(deletion, "name")+"/wait", nil)
	told := s.refused(404, "notFound", "GET", root+"/zones/us-central1-a/disks/home", nil)
	if _, has := told["status"]; has {
		t.Fatal("Compute Engine's errors have no status")
	}
}

func TestAClientThatLostItsAnswerSeesTheEndOfADeletionToo(t *testing.T) {
	s := start(t)
	s.make(root+"/zones/us-central1-a/disks", object{"name": "home"})
	s.must("DELETE", root+"/zones/us-central1-a/disks/home", nil)
	s.is("first list", names(s.must("GET", root+"/zones/us-central1-a/disks", nil), "items"), []string{"home"})
	s.is("second list", names(s.must("GET", root+"/zones/us-central1-a/disks", nil), "items"), []string{})
}

func TestNamesAndReferencesAreChecked(t *testing.T) {
	s := start(t)
	s.refused(400, "required", "POST", root+"/global/networks", object{})
	s.refused(400, "invalid", "POST", root+"/global/networks", object{"name": "Hub_1"})
	network(s)
	s.refused(409, "alreadyExists", "POST", root+"/global/networks", object{"name": "hub"})
	found := s.must("GET", root+"/regions/us-central1/subnetworks/nodes", nil)
	s.is("network", found["network"], s.base+root+"/global/networks/hub")
	s.is("region", found["region"], s.base+root+"/regions/us-central1")
	s.refused(404, "notFound", "POST", root+"/global/firewalls", object{"name": "f", "network": "global/networks/none"})
	s.refused(400, "invalid", "POST", root+"/regions/us-central1/subnetworks", object{
		"name": "overlap", "network": "global/networks/hub", "ipCidrRange": "10.40.8.0/24",
	})
	s.refused(404, "notFound", "GET", "/compute/v1/projects/nobody/regions", nil)
}

func TestWhatIsInUseCannotBeDeleted(t *testing.T) {
	s := start(t)
	network(s)
	s.refused(400, "resourceInUseByAnotherResource", "DELETE", root+"/global/networks/hub", nil)
	s.must("DELETE", root+"/regions/us-central1/subnetworks/nodes", nil)
	s.must("POST", "/_world/advance", nil)
	s.make(root+"/global/firewalls", object{"name": "k8s-fw-a1", "network": "global/networks/hub"})
	s.refused(400, "resourceInUseByAnotherResource", "DELETE", root+"/global/networks/hub", nil)
	s.must("DELETE", root+"/global/firewalls/k8s-fw-a1", nil)
	s.must("POST", "/_world/advance", nil)
	s.must("DELETE", root+"/global/networks/hub", nil)
}

func TestListsComeInPagesAndFiltered(t *testing.T) {
	s := start(t, func(o *options) { o.MaxPage = 3 })
	for index := range 7 {
		s.make(root+"/zones/us-central1-a/disks", object{
			"name": fmt.Sprintf("pvc-%d", index), "labels": object{"goog-k8s-cluster-name": fmt.Sprintf("hub-%d", index%2)},
		})
	}
	path, found := root+"/zones/us-central1-a/disks", []string{}
	for token := ""; ; {
		page := s.must("GET", path+"?maxResults=100&pageToken="+token, nil)
		found = append(found, names(page, "items")...)
		if token = text(page, "nextPageToken"); token == "" {
			break
		}
	}
	s.is("all", len(found), 7)
	for filter, want := range map[string][]string{
		"labels.goog-k8s-cluster-name%3Dhub-1":                           {"pvc-1", "pvc-3", "pvc-5"},
		"name%20eq%20pvc-%5B01%5D":                                       {"pvc-0", "pvc-1"},
		"(labels.goog-k8s-cluster-name%3Dhub-1)%20(name%20!%3D%20pvc-1)": {"pvc-3", "pvc-5"},
		"labels.goog-k8s-cluster-name:*%20AND%20name:pvc-6":              {"pvc-6"},
	} {
		s.is(filter, names(s.must("GET", path+"?filter="+filter, nil), "items"), want)
	}
	s.refused(400, "invalid", "GET", path+"?filter=nonsense", nil)
	s.refused(400, "invalid", "GET", path+"?pageToken=nonsense", nil)
}

func TestAnAggregatedListTellsEveryScope(t *testing.T) {
	s := start(t)
	s.make(root+"/zones/us-central1-a/disks", object{"name": "zonal"})
	s.make(root+"/regions/us-east1/disks", object{"name": "regional"})
	items := objectAt(s.must("GET", root+"/aggregated/disks", nil), "items")
	s.is("zonal", names(objectAt(items, "zones/us-central1-a"), "disks"), []string{"zonal"})
	s.is("regional", names(objectAt(items, "regions/us-east1"), "disks"), []string{"regional"})
	s.is("empty", objectAt(objectAt(items, "zones/us-central1-b"), "warning")["code"], "NO_RESULTS_ON_PAGE")
}

func TestLabelsAndPatchesNeedTheLastFingerprint(t *testing.T) {
	s := start(t)
	network(s)
	disk := root + "/zones/us-central1-a/disks/home"
	s.make(root+"/zones/us-central1-a/disks", object{"name": "home"})
	s.refused(412, "conditionNotMet", "POST", disk+"/setLabels", object{"labels": object{"a": "b"}, "labelFingerprint": "old"})
	print := s.must("GET", disk, nil)["labelFingerprint"]
	s.must("POST", disk+"/setLabels", object{"labels": object{"a": "b"}, "labelFingerprint": print})
	s.is("labels", objectAt(s.must("GET", disk, nil), "labels")["a"], "b")
	subnetwork := root + "/regions/us-central1/subnetworks/nodes"
	s.refused(412, "conditionNotMet", "PATCH", subnetwork, object{"fingerprint": "old", "enableFlowLogs": true})
	s.must("PATCH", subnetwork, object{"fingerprint": s.must("GET", subnetwork, nil)["fingerprint"], "enableFlowLogs": true})
	s.is("flow logs", s.must("GET", subnetwork, nil)["enableFlowLogs"], true)
}

func TestQuotasOfARegionCanBeChanged(t *testing.T) {
	s := start(t)
	path := root + "/regions/us-central1"
	s.must("PATCH", "/_world/objects?path="+path, object{"quotas": []any{object{"metric": "CPUS", "limit": 8, "usage": 2}}})
	quotas := listAt(s.must("GET", path, nil), "quotas")
	s.is("quotas", len(quotas), 1)
	info := s.must("GET", "/v1/projects/hub-project/locations/global/services/compute.googleapis.com/quotaInfos", nil)
	if !strings.Contains(fmt.Sprint(info), "NVIDIA-T4-GPUS-per-project-region") {
		t.Fatal(info)
	}
}
