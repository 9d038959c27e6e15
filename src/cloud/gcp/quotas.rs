//! What the project allows in the region, and what is used of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::session::{Gcp, nothing_if_off};
use crate::cloud::http::Asked;
use crate::cloud::read::{each, number, text};
use crate::cloud::{Need, PoolNeed, Quota};

/// Series of machines that have a quota of CPUs of their own (`regions.get`); all others count in `CPUS`.
const OWN_CPUS: [&str; 12] = ["A2", "A3", "C2", "C2D", "C3", "C3D", "C4", "C4A", "C4D", "M1", "N2", "N2D"];

/// What counts against homes on Filestore: the module makes the basic HDD tier.
const FILE_METRIC: &str = "file.googleapis.com/standard_storage_gb_per_region";

impl Gcp {
    /// Compute Engine API v1, `regions.get` and `projects.get`: each tells its quotas with their use.
    pub(super) async fn limits(&self, need: &Need) -> Asked<Vec<Quota>> {
        let region = self.region_name();
        let path = self.below("compute/v1", &format!("regions/{region}"));
        let told = self.get("compute", path, "compute.regions.get").await?;
        let mut quotas = of(&told, region, &regional(need, &|metric| limit_of(&told, metric) > 0));
        let path = format!("/compute/v1/projects/{}", self.project());
        let told = self.get("compute", path, "compute.projects.get").await?;
        quotas.extend(of(&told, "global", &global(need)));
        if need.shared_gib > 0 {
            quotas.extend(self.file_system_quota(need.shared_gib).await?);
        }
        Ok(quotas)
    }

    /// Cloud Quotas API v1, `quotaInfos.list`: what Filestore may have of the tier of homes. It tells
    /// no use, and says nothing where it is not switched on.
    async fn file_system_quota(&self, needed: u64) -> Asked<Option<Quota>> {
        let path = self.below("v1", "locations/global/services/file.googleapis.com/quotaInfos");
        let all = self
            .list("cloudquotas", path, &[("pageSize", "500")], "/quotaInfos", "cloudquotas.quotas.get")
            .await;
        let all = nothing_if_off(all)?;
        Ok(all.iter().find(|one| text(one, "/metric") == FILE_METRIC).and_then(|one| {
            let limit = limit_in(one, self.region_name())?;
            Some(Quota {
                name: "GB of Filestore's basic HDD tier".to_owned(),
                code: text(one, "/quotaId"),
                place: self.region_name().to_owned(),
                limit,
                used: None,
                needed,
            })
        }))
    }
}

/// The value of a quota in a region: its own, or the one of all that have none.
fn limit_in(info: &Value, region: &str) -> Option<u64> {
    let values = each(info, "/dimensionsInfos");
    let place = |one: &&Value| text(one, "/dimensions/region");
    let own = values.iter().copied().find(|one| place(one) == region);
    let any = || values.iter().copied().find(|one| place(one).is_empty());
    number(own.or_else(any)?, "/details/value")
}

/// The quotas of a region or project that a need touches.
fn of(told: &Value, place: &str, needed: &BTreeMap<String, u64>) -> Vec<Quota> {
    let quota = |(metric, needed): (&String, &u64)| {
        let found = each(told, "/quotas").into_iter().find(|one| text(one, "/metric") == *metric)?;
        Some(Quota {
            name: metric.to_lowercase().replace('_', " "),
            code: metric.clone(),
            place: place.to_owned(),
            limit: number(found, "/limit")?,
            used: number(found, "/usage"),
            needed: *needed,
        })
    };
    needed.iter().filter_map(quota).collect()
}

fn limit_of(told: &Value, metric: &str) -> u64 {
    let found = each(told, "/quotas").into_iter().find(|one| text(one, "/metric") == metric);
    found.and_then(|one| number(one, "/limit")).unwrap_or_default()
}

/// What a need takes of a region's quotas ("Allocation quotas", Compute Engine). Spot machines count in
/// the quotas of preemptible ones where the project has those, else in the usual ones.
fn regional(need: &Need, has: &dyn Fn(&str) -> bool) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    let mut add = |metric: String, count: u64| {
        if count > 0 {
            *all.entry(metric).or_default() += count;
        }
    };
    for pool in &need.pools {
        add(cpu_metric(pool, has), pool.all_vcpus());
        if pool.gpus > 0 {
            let model = pool.gpu.to_uppercase().replace([' ', '-'], "_");
            let model = model.trim_start_matches("NVIDIA_").trim_start_matches("TESLA_").to_owned();
            let usual = format!("NVIDIA_{model}_GPUS");
            let spot = format!("PREEMPTIBLE_{usual}");
            add(if pool.spot && has(&spot) { spot } else { usual }, pool.all_gpus());
        }
        add("INSTANCES".to_owned(), pool.nodes.into());
    }
    add("IN_USE_ADDRESSES".to_owned(), need.addresses.into());
    add("SSD_TOTAL_GB".to_owned(), need.ssd_gib);
    all
}

fn global(need: &Need) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    let vcpus: u64 = need.pools.iter().map(PoolNeed::all_vcpus).sum();
    let gpus: u64 = need.pools.iter().map(PoolNeed::all_gpus).sum();
    for (metric, count) in
        [("CPUS_ALL_REGIONS", vcpus), ("GPUS_ALL_REGIONS", gpus), ("NETWORKS", need.networks.into())]
    {
        if count > 0 {
            all.insert(metric.to_owned(), count);
        }
    }
    all
}

fn cpu_metric(pool: &PoolNeed, has: &dyn Fn(&str) -> bool) -> String {
    let series = pool.machines.first().and_then(|machine| machine.split('-').next()).unwrap_or_default();
    let series = series.to_uppercase();
    match (pool.spot && has("PREEMPTIBLE_CPUS"), OWN_CPUS.contains(&series.as_str())) {
        (true, _) => "PREEMPTIBLE_CPUS".to_owned(),
        (false, true) => format!("{series}_CPUS"),
        (false, false) => "CPUS".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pool(machine: &str, spot: bool) -> PoolNeed {
        PoolNeed {
            name: "user".to_owned(),
            machines: vec![machine.to_owned()],
            nodes: 3,
            vcpus: 8,
            spot,
            gpus: u32::from(machine.starts_with("n1")),
            gpu: "T4".to_owned(),
        }
    }

    #[test]
    fn each_series_counts_in_its_quota() {
        let all = |_: &str| true;
        assert_eq!(cpu_metric(&pool("n2d-standard-16", false), &all), "N2D_CPUS");
        assert_eq!(cpu_metric(&pool("e2-highmem-2", false), &all), "CPUS");
        assert_eq!(cpu_metric(&pool("n2-highmem-2", true), &all), "PREEMPTIBLE_CPUS");
        assert_eq!(cpu_metric(&pool("n2-highmem-2", true), &|_| false), "N2_CPUS");
    }

    #[test]
    fn a_need_is_summed_by_quota() {
        let pools =
            vec![pool("e2-highmem-2", false), pool("n1-standard-8", false), pool("e2-highmem-2", true)];
        let need = Need { pools, addresses: 2, ..Need::default() };
        let all = regional(&need, &|_| true);
        assert_eq!(all.get("CPUS"), Some(&48));
        assert_eq!(all.get("PREEMPTIBLE_CPUS"), Some(&24));
        assert_eq!(all.get("NVIDIA_T4_GPUS"), Some(&3));
        assert_eq!(all.get("INSTANCES"), Some(&9));
        assert_eq!(global(&need).get("CPUS_ALL_REGIONS"), Some(&72));
    }

    #[test]
    fn a_region_may_have_a_limit_of_its_own() {
        let info = json!({ "dimensionsInfos": [
            { "details": { "value": "5" } },
            { "dimensions": { "region": "us-central1" }, "details": { "value": "7" } },
        ] });
        assert_eq!(limit_in(&info, "us-central1"), Some(7));
        assert_eq!(limit_in(&info, "us-east1"), Some(5));
    }

    #[test]
    fn only_quotas_that_the_region_has_are_told() {
        let told = json!({ "quotas": [{ "metric": "CPUS", "limit": 24.0, "usage": 2.0 }] });
        let needed = BTreeMap::from([("CPUS".to_owned(), 8), ("N9_CPUS".to_owned(), 1)]);
        let quotas = of(&told, "us-central1", &needed);
        assert_eq!(quotas.len(), 1);
        assert_eq!((quotas[0].limit, quotas[0].used, quotas[0].needed), (24, Some(2), 8));
    }
}
