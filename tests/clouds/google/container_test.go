package main

import (
	"encoding/base64"
	"testing"
)

const clusters = "/v1/projects/hub-project/locations/us-central1/clusters"

func cluster(s *stand, name string) {
	s.Helper()
	s.make(clusters, object{"cluster": object{
		"name": name, "initialClusterVersion": "1.35", "nodePools": []any{object{"name": "core", "initialNodeCount": 1}},
		"workloadIdentityConfig": object{"workloadPool": "hub-project.svc.id.goog"},
	}})
}

func TestAClusterIsMadeReadAndDeleted(t *testing.T) {
	s := start(t)
	operation := s.must("POST", clusters, object{"cluster": object{"name": "hub", "initialNodeCount": 1, "initialClusterVersion": "1.34"}})
	s.is("type", operation["operationType"], "CREATE_CLUSTER")
	s.is("during", s.must("GET", clusters+"/hub", nil)["status"], "PROVISIONING")
	path := "/v1/projects/hub-project/locations/us-central1/operations/" + text(operation, "name")
	s.is("operation", s.must("GET", path, nil)["status"], "DONE")
	made := s.must("GET", clusters+"/hub", nil)
	s.is("status", made["status"], "RUNNING")
	s.is("endpoint", made["endpoint"], "127.0.0.1:6443")
	s.is("authority", objectAt(made, "masterAuth")["clusterCaCertificate"], base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----")))
	s.is("version", made["currentMasterVersion"], "1.34.7-gke.1102000")
	s.is("pools", names(made, "nodePools"), []string{"default-pool"})
	s.is("zones", made["locations"], "[us-central1-a us-central1-b us-central1-c]")
	s.refused(409, "alreadyExists", "POST", clusters, object{"cluster": object{"name": "hub", "initialNodeCount": 1}})
	s.must("DELETE", clusters+"/hub", nil)
	s.must("POST", "/_world/advance", nil)
	s.is("status", s.refused(404, "notFound", "GET", clusters+"/hub", nil)["status"], "NOT_FOUND")
	s.is("groups", len(s.must("GET", "/_world/objects?path="+root+"/zones/us-central1-a/instanceGroup", nil)), 0)
}

func TestAClusterThatCannotBeIsRefused(t *testing.T) {
	s := start(t)
	s.refused(400, "invalid", "POST", clusters, object{"cluster": object{"name": "hub"}})
	s.refused(400, "invalid", "POST", clusters, object{"cluster": object{"name": "hub", "initialNodeCount": 1, "initialClusterVersion": "1.12"}})
	s.refused(400, "invalid", "POST", "/v1/projects/hub-project/locations/moon-1/clusters", object{"cluster": object{"name": "hub", "initialNodeCount": 1}})
	s.is("status", s.refused(403, "forbidden", "GET", "/v1/projects/nobody/locations/-/clusters", nil)["status"], "PERMISSION_DENIED")
}

func TestClustersOfAllLocations(t *testing.T) {
	s := start(t)
	s.is("none", s.must("GET", "/v1/projects/hub-project/locations/-/clusters", nil), object{})
	cluster(s, "hub")
	s.make("/v1/projects/hub-project/locations/europe-west4-a/clusters", object{"cluster": object{"name": "far", "initialNodeCount": 1}})
	s.is("all", names(s.must("GET", "/v1/projects/hub-project/locations/-/clusters", nil), "clusters"), []string{"hub", "far"})
	s.is("here", names(s.must("GET", clusters, nil), "clusters"), []string{"hub"})
}

func TestOneOperationAtATimeOnACluster(t *testing.T) {
	s := start(t)
	cluster(s, "hub")
	s.must("PUT", clusters+"/hub", object{"update": object{"desiredLoggingConfig": object{"componentConfig": object{}}}})
	s.refused(400, "failedPrecondition", "POST", clusters+"/hub/nodePools", object{"nodePool": object{"name": "user"}})
	s.must("POST", "/_world/advance", nil)
	s.must("POST", clusters+"/hub/nodePools", object{"nodePool": object{"name": "user"}})
	s.must("POST", clusters+"/hub/nodePools", object{"nodePool": object{"name": "dask"}})
	s.refused(400, "failedPrecondition", "POST", clusters+"/hub/nodePools/dask:setSize", object{"nodeCount": 2})
	s.refused(400, "failedPrecondition", "DELETE", clusters+"/hub", nil)
}

func TestAPoolChanges(t *testing.T) {
	s := start(t)
	cluster(s, "hub")
	pool := clusters + "/hub/nodePools/core"
	s.must("POST", pool+":setSize", object{"nodeCount": 3})
	s.is("during", s.must("GET", pool, nil)["status"], "RECONCILING")
	s.must("POST", "/_world/advance", nil)
	s.is("nodes", s.must("GET", clusters+"/hub", nil)["currentNodeCount"], 9)
	s.must("POST", pool+":setAutoscaling", object{"autoscaling": object{"enabled": true, "maxNodeCount": 5}})
	s.must("POST", "/_world/advance", nil)
	s.must("PUT", pool, object{"labels": object{"labels": object{"a": "b"}}, "machineType": "n2-highmem-8"})
	s.must("POST", "/_world/advance", nil)
	made := s.must("GET", pool, nil)
	s.is("autoscaling", objectAt(made, "autoscaling")["maxNodeCount"], 5)
	s.is("labels", objectAt(objectAt(made, "config"), "labels")["a"], "b")
	s.is("machine", objectAt(made, "config")["machineType"], "n2-highmem-8")
	s.must("DELETE", pool, nil)
	s.must("POST", "/_world/advance", nil)
	s.is("pools", names(s.must("GET", clusters+"/hub/nodePools", nil), "nodePools"), []string{})
}

func TestAnUpgradeOfTheControlPlane(t *testing.T) {
	s := start(t)
	cluster(s, "hub")
	operation := s.must("PUT", clusters+"/hub", object{"update": object{"desiredMasterVersion": "1.36"}})
	s.is("type", operation["operationType"], "UPGRADE_MASTER")
	s.must("POST", "/_world/advance", nil)
	s.is("version", s.must("GET", clusters+"/hub", nil)["currentMasterVersion"], kubernetesVersions[0])
	config := s.must("GET", "/v1/projects/hub-project/locations/us-central1/serverConfig", nil)
	s.is("channels", len(listAt(config, "channels")), 4)
}

func TestAnOperationThatFailsLeavesAPoolInError(t *testing.T) {
	s := start(t)
	cluster(s, "hub")
	s.must("POST", "/_world/faults", []object{{"method": "POST", "path": "/nodePools$", "fault": "operation", "message": "GCE_STOCKOUT"}})
	operation := s.must("POST", clusters+"/hub/nodePools", object{"nodePool": object{"name": "gpu"}})
	s.must("POST", "/_world/advance", nil)
	ended := s.must("GET", "/v1/projects/hub-project/locations/us-central1/operations/"+text(operation, "name"), nil)
	s.is("error", objectAt(ended, "error")["message"], "GCE_STOCKOUT")
	s.is("pool", s.must("GET", clusters+"/hub/nodePools/gpu", nil)["status"], "ERROR")
}
