package main

import (
	"strings"
)

// Regions with their zones' last letters; the quotas of a region are those of a young project.
var regions = []struct{ name, zones string }{
	{"us-central1", "a b c f"}, {"us-east1", "b c d"}, {"us-east4", "a b c"}, {"us-west1", "a b c"},
	{"us-west2", "a b c"}, {"us-west4", "a b c"}, {"northamerica-northeast1", "a b c"}, {"southamerica-east1", "a b c"},
	{"europe-west1", "b c d"}, {"europe-west2", "a b c"}, {"europe-west3", "a b c"}, {"europe-west4", "a b c"},
	{"europe-north1", "a b c"}, {"asia-east1", "a b c"}, {"asia-northeast1", "a b c"}, {"asia-south1", "a b c"},
	{"australia-southeast1", "a b c"},
}

var regionalQuotas = []struct {
	metric string
	limit  float64
}{
	{"CPUS", 200}, {"N2_CPUS", 200}, {"N2D_CPUS", 200}, {"C3_CPUS", 100}, {"E2_CPUS", 200}, {"T2A_CPUS", 100},
	{"PREEMPTIBLE_CPUS", 200}, {"NVIDIA_T4_GPUS", 4}, {"NVIDIA_L4_GPUS", 4},
	{"NVIDIA_A100_GPUS", 0}, {"PREEMPTIBLE_NVIDIA_T4_GPUS", 4}, {"PREEMPTIBLE_NVIDIA_L4_GPUS", 4},
	{"DISKS_TOTAL_GB", 40960}, {"SSD_TOTAL_GB", 10240}, {"IN_USE_ADDRESSES", 69}, {"STATIC_ADDRESSES", 69},
	{"INSTANCES", 6000}, {"INSTANCE_GROUP_MANAGERS", 500}, {"INSTANCE_GROUPS", 500},
}

var globalQuotas = map[string]float64{
	"NETWORKS": 5, "SUBNETWORKS": 100, "FIREWALLS": 100, "SNAPSHOTS": 5000, "STATIC_ADDRESSES": 8,
	"IN_USE_ADDRESSES": 8, "GPUS_ALL_REGIONS": 4, "CPUS_ALL_REGIONS": 400, "FORWARDING_RULES": 75,
	"BACKEND_SERVICES": 75, "HEALTH_CHECKS": 75, "ROUTERS": 20, "TARGET_POOLS": 75,
}

// Lays down a project with what Google gives each: number, regions, zones, billing, services, quotas.
func (w *world) addProject(project string) {
	number := "1000000000" + decimal(len(w.numbers)+1)
	w.numbers[number] = project
	w.store.put("/v3/projects/"+project, object{
		"name": "projects/" + number, "projectId": project, "displayName": project,
		"state": "ACTIVE", "parent": "organizations/123456789012", "createTime": w.time(), "etag": w.stamp(), "labels": object{},
	})
	w.addRegions(project)
	quotas := []any{}
	for _, metric := range sortedKeys(globalQuotas) {
		quotas = append(quotas, object{"metric": metric, "limit": globalQuotas[metric], "usage": 0})
	}
	root := "/compute/v1/projects/" + project
	w.store.put(root, object{
		"kind": "compute#project", "id": w.number(), "name": project, "quotas": quotas, "selfLink": w.link(root),
		"defaultServiceAccount": number + "-compute@developer.gserviceaccount.com", "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
	})
	w.store.put("/v1/projects/"+project+"/billingInfo", object{
		"name": "projects/" + project + "/billingInfo", "projectId": project, "billingEnabled": true,
		"billingAccountName": "billingAccounts/" + w.options.BillingAccount,
	})
	w.store.put("/v1/billingAccounts/"+w.options.BillingAccount, object{
		"name": "billingAccounts/" + w.options.BillingAccount, "open": true, "displayName": "Research", "currencyCode": "USD",
	})
	w.addQuotaInfos(project)
}

// The number of a project, by which APIs call it in names; "" for one that is not there.
func (w *world) projectNumber(project string) string {
	return lastPart(text(w.store.at("/v3/projects/"+project), "name"))
}

func (w *world) addRegions(project string) {
	root := "/compute/v1/projects/" + project
	for _, region := range regions {
		quotas, zones := []any{}, []any{}
		for _, one := range regionalQuotas {
			quotas = append(quotas, object{"metric": one.metric, "limit": one.limit, "usage": 0})
		}
		path := root + "/regions/" + region.name
		for _, letter := range strings.Fields(region.zones) {
			zone := root + "/zones/" + region.name + "-" + letter
			zones = append(zones, w.link(zone))
			w.store.put(zone, object{
				"kind": "compute#zone", "id": w.number(), "name": lastPart(zone), "status": "UP",
				"region": w.link(path), "selfLink": w.link(zone),
			})
		}
		w.store.put(path, object{
			"kind": "compute#region", "id": w.number(), "name": region.name, "status": "UP", "zones": zones,
			"quotas": quotas, "selfLink": w.link(path),
		})
	}
}

// The quotas that Cloud Quotas tells: their id is the metric's, with the dimension in words.
var quotaInfos = []struct{ service, id, metric, value string }{
	{"compute.googleapis.com", "CPUS-per-project-region", "compute.googleapis.com/cpus", "200"},
	{"compute.googleapis.com", "CPUS-ALL-REGIONS-per-project", "compute.googleapis.com/cpus_all_regions", "400"},
	{"compute.googleapis.com", "PREEMPTIBLE-CPUS-per-project-region", "compute.googleapis.com/preemptible_cpus", "200"},
	{"compute.googleapis.com", "GPUS-ALL-REGIONS-per-project", "compute.googleapis.com/gpus_all_regions", "4"},
	{"compute.googleapis.com", "NVIDIA-T4-GPUS-per-project-region", "compute.googleapis.com/nvidia_t4_gpus", "4"},
	{"compute.googleapis.com", "NVIDIA-L4-GPUS-per-project-region", "compute.googleapis.com/nvidia_l4_gpus", "4"},
	{"compute.googleapis.com", "PREEMPTIBLE-NVIDIA-T4-GPUS-per-project-region", "compute.googleapis.com/preemptible_nvidia_t4_gpus", "4"},
	{"compute.googleapis.com", "IN-USE-ADDRESSES-per-project-region", "compute.googleapis.com/regional_in_use_addresses", "69"},
	{"file.googleapis.com", "StandardStorageGbPerRegion", "file.googleapis.com/standard_storage_gb_per_region", "25600"},
	{"file.googleapis.com", "PremiumStorageGbPerRegion", "file.googleapis.com/premium_storage_gb_per_region", "25600"},
	{"container.googleapis.com", "ClustersPerRegionPerProject", "container.googleapis.com/clusters_per_region", "100"},
}

func (w *world) addQuotaInfos(project string) {
	for _, one := range quotaInfos {
		path := "/v1/projects/" + project + "/locations/global/services/" + one.service + "/quotaInfos/" + one.id
		info := object{
			"name": relative(path), "quotaId": one.id, "metric": one.metric, "service": one.service, "isPrecise": true,
			"containerType": "PROJECT", "isFixed": false, "metricUnit": "1", "quotaDisplayName": one.id,
		}
		if strings.Contains(strings.ToLower(one.id), "region") && !strings.Contains(one.id, "ALL-REGIONS") {
			info["dimensions"] = []any{"region"}
			infos := []any{}
			for _, region := range regions {
				infos = append(infos, object{
					"dimensions": object{"region": region.name}, "details": object{"value": one.value},
					"applicableLocations": []any{region.name},
				})
			}
			info["dimensionsInfos"] = infos
		} else {
			info["dimensionsInfos"] = []any{object{"details": object{"value": one.value}, "applicableLocations": []any{"global"}}}
		}
		w.store.put(path, info)
	}
}
