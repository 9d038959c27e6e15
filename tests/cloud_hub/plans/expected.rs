//! What has to be there for a hub file, beside what is.

use std::collections::BTreeMap;
use std::fmt::Debug;

use frazil::render::cluster::Cluster;
use serde_json::{Value, json};

use super::made::Made;
use super::said::{Homes, Pool, Said};

const NAME: &str = "pairwise";

/// Everything that differs between what a file says and what Terraform made.
pub(super) fn differences(file: &Value, cluster: &Cluster<'_>, made: &Made) -> Vec<String> {
    let said = Said(file);
    let mut check = Check { said: &said, cluster, made, found: Vec::new() };
    if said.is_aws() {
        check.aws();
    } else {
        check.google();
    }
    check.found
}

struct Check<'a> {
    said: &'a Said<'a>,
    cluster: &'a Cluster<'a>,
    made: &'a Made,
    found: Vec<String>,
}

impl Check<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "both are made for the comparison")]
    fn same<T: PartialEq + Debug>(&mut self, what: &str, is: T, should: T) {
        if is != should {
            self.found.push(format!("{what}: {is:?}, but the file says {should:?}"));
        }
    }

    fn count(&mut self, kind: &str, should: usize) {
        self.same(kind, self.made.count(kind), should);
    }

    /// The most nodes. What depends on the machines that the catalog chose is worked out from the
    /// file by the program; the rest is written down in `said.rs`.
    fn max(&self, pool: &Pool) -> u64 {
        let model = self.cluster.pools.iter().find(|one| one.name == pool.name).unwrap();
        pool.max.unwrap_or_else(|| model.max.into())
    }

    fn aws(&mut self) {
        self.aws_pools();
        self.same("zones", self.made.keys("aws_subnet.nodes"), self.said.zones());
        self.count("aws_nat_gateway", self.said.nats());
        self.count("aws_eip", self.said.nats());
        self.count("aws_flow_log", self.said.flow_logs().into());
        self.aws_homes();
        self.aws_scratch();
        let own = self.said.own_image();
        let repository = if own { json!("pairwise/hub") } else { Value::Null };
        self.same("registry", self.made.only("aws_ecr_repository.hub", "/name"), repository);
        self.aws_budget();
        let identities = self.said.identities();
        self.same("identities", self.made.keys("aws_iam_role.identity"), owned(&identities));
        let associated = self.made.keys("aws_eks_pod_identity_association.identity");
        self.same("associations", associated, owned(&identities));
        for (address, values) in self.made.all() {
            let tags = &values["tags_all"];
            if values.get("tags_all").is_some() && tags["frazil:hub"] != NAME {
                self.found.push(format!("{address} is not tagged: {tags}"));
            }
        }
    }

    fn aws_pools(&mut self) {
        let pools = self.said.pools();
        let names: Vec<_> = pools.iter().map(|pool| pool.name).collect();
        let groups: BTreeMap<_, _> = self.made.block("aws_eks_node_group.pool").into_iter().collect();
        self.same("pools", groups.keys().cloned().collect(), owned(&names));
        let subnets = self.made.block("aws_subnet.nodes");
        for pool in &pools {
            let (name, group) = (pool.name, &groups[pool.name]);
            let scaling = &group["scaling_config"][0];
            self.same(&format!("{name}: min"), &scaling["min_size"], &json!(pool.min));
            self.same(&format!("{name}: max"), &scaling["max_size"], &json!(self.max(pool)));
            let market = if pool.spot { "SPOT" } else { "ON_DEMAND" };
            self.same(&format!("{name}: market"), &group["capacity_type"], &json!(market));
            let image = if name == "gpu" { "AL2023_x86_64_NVIDIA" } else { "AL2023_x86_64_STANDARD" };
            self.same(&format!("{name}: image"), &group["ami_type"], &json!(image));
            if let Some(machines) = &pool.machines {
                self.same(&format!("{name}: machines"), &group["instance_types"], &json!(machines));
            }
            let is_in = |id: &Value| subnets.iter().find(|(_, subnet)| subnet["id"] == *id);
            let ids = group["subnet_ids"].as_array().unwrap().iter();
            let mut zones: Vec<_> = ids.map(|id| is_in(id).unwrap().0.clone()).collect();
            zones.sort();
            self.same(&format!("{name}: zones"), zones, self.aws_zones(pool));
        }
    }

    /// Disks are in the first zone, and who mounts them.
    fn aws_zones(&self, pool: &Pool) -> Vec<String> {
        let all = self.said.zones();
        let near = pool.name == "core" || pool.name == "user" && matches!(self.said.homes(), Homes::Disk(_));
        pool.zones.clone().unwrap_or_else(|| if near { all[..1].to_vec() } else { all })
    }

    fn aws_homes(&mut self) {
        let (homes, backup) = (self.said.homes(), self.said.backup());
        self.count("aws_efs_file_system", (homes == Homes::Shared).into());
        let size = if let Homes::Disk(size) = homes { json!(size) } else { Value::Null };
        self.same("disk of homes", self.made.only("aws_ebs_volume.homes", "/size"), size.clone());
        if !size.is_null() {
            let zone = self.made.only("aws_ebs_volume.homes", "/availability_zone");
            self.same("zone of homes", zone, json!(self.said.zones()[0]));
        }
        let backed = |kind: bool| if kind { json!(backup) } else { Value::Null };
        let of_disk = backed(backup != "none" && !size.is_null());
        let of_share = backed(backup != "none" && homes == Homes::Shared);
        let (disk, share) = ("aws_dlm_lifecycle_policy.homes", "aws_backup_plan.homes");
        self.same("backup of the disk", self.made.only(disk, "/policy_details/0/schedule/0/name"), of_disk);
        self.same("backup of EFS", self.made.only(share, "/rule/0/rule_name"), of_share);
    }

    fn aws_scratch(&mut self) {
        let days = self.said.scratch_days();
        let bucket = days.map_or(Value::Null, |_| json!("pairwise-012345678901-scratch"));
        self.same("scratch", self.made.only("aws_s3_bucket.scratch", "/bucket"), bucket);
        let expiry = "/rule/0/expiration/0/days";
        let kept = self.made.only("aws_s3_bucket_lifecycle_configuration.scratch", expiry);
        self.same("days of scratch", kept, json!(days));
    }

    fn aws_budget(&mut self) {
        let Some((whole, part, alerts)) = self.said.budget() else {
            return self.count("aws_budgets_budget", 0);
        };
        let budget = |pointer: &str| self.made.only("aws_budgets_budget.hub", pointer);
        let (limit, unit) = (budget("/limit_amount"), budget("/time_unit"));
        let mut told: Vec<_> = budget("/notification").as_array().unwrap().iter().map(alert).collect();
        told.sort();
        self.same("budget", limit, json!(format!("{whole}.{part:02}")));
        let mut wanted: Vec<_> = alerts.into_iter().map(|percent| ("ACTUAL".to_owned(), percent)).collect();
        wanted.push(("FORECASTED".to_owned(), 100));
        wanted.sort();
        self.same("alerts", told, wanted);
        let event = self.said.0["event"].is_object();
        self.same("the budget's time", unit, json!(if event { "ANNUALLY" } else { "MONTHLY" }));
    }

    fn google(&mut self) {
        self.google_pools();
        self.count("google_compute_router_nat", self.said.nats());
        let logs = self.made.only("google_compute_subnetwork.hub", "/log_config/0").is_object();
        self.same("flow logs", logs, self.said.flow_logs());
        self.google_homes();
        let days = self.said.scratch_days();
        let expiry = "/lifecycle_rule/0/condition/0/age";
        self.same("days of scratch", self.made.only("google_storage_bucket.scratch", expiry), json!(days));
        let bucket = days.map_or(Value::Null, |_| json!("pairwise-icesat2-2026-scratch"));
        self.same("scratch", self.made.only("google_storage_bucket.scratch", "/name"), bucket);
        let repository = if self.said.own_image() { json!("pairwise") } else { Value::Null };
        let made = self.made.only("google_artifact_registry_repository.hub", "/repository_id");
        self.same("registry", made, repository);
        self.google_budget();
        let identities = owned(&self.said.identities());
        self.same("identities", self.made.keys("google_service_account.identity"), identities.clone());
        self.same("who acts as them", self.made.keys("google_service_account_iam_member.pods"), identities);
        for (address, values) in self.made.all() {
            let labels = &values["effective_labels"];
            if values.get("effective_labels").is_some() && labels["frazil-hub"] != NAME {
                self.found.push(format!("{address} is not labelled: {labels}"));
            }
        }
    }

    /// A pool of GKE has one machine: further ones of a pool are pools of their own.
    fn google_pools(&mut self) {
        let made: BTreeMap<_, _> = self.made.block("google_container_node_pool.pool").into_iter().collect();
        let mut names = Vec::new();
        for pool in self.said.pools() {
            let chosen =
                || self.cluster.pools.iter().find(|one| one.name == pool.name).unwrap().machines.len();
            let count = pool.machines.as_ref().map_or_else(chosen, Vec::len);
            for index in 0..count {
                let called =
                    if index == 0 { pool.name.to_owned() } else { format!("{}-{}", pool.name, index + 1) };
                match made.get(&called) {
                    Some(values) => self.google_pool(&pool, index, values),
                    None => self.found.push(format!("there is no pool {called}")),
                }
                names.push(called);
            }
        }
        names.sort();
        self.same("pools", made.keys().cloned().collect(), names);
    }

    fn google_pool(&mut self, pool: &Pool, index: usize, made: &Value) {
        let name = pool.name;
        let (scaling, node) = (&made["autoscaling"][0], &made["node_config"][0]);
        let min = if index == 0 { pool.min } else { 0 };
        self.same(&format!("{name}: min"), &scaling["total_min_node_count"], &json!(min));
        self.same(&format!("{name}: max"), &scaling["total_max_node_count"], &json!(self.max(pool)));
        self.same(&format!("{name}: spot"), &node["spot"], &json!(pool.spot));
        let gpus = node["guest_accelerator"].as_array().map_or(0, Vec::len);
        self.same(&format!("{name}: GPUs"), gpus, (name == "gpu").into());
        if let Some(machines) = &pool.machines {
            self.same(&format!("{name}: machine"), &node["machine_type"], &json!(machines[index]));
        }
        let all = self.said.zones();
        let zones =
            pool.zones.clone().unwrap_or_else(|| if name == "core" { all[..1].to_vec() } else { all });
        self.same(&format!("{name}: zones"), &made["node_locations"], &json!(zones));
        self.same(&format!("{name}: labels"), &node["resource_labels"]["frazil-hub"], &json!(NAME));
    }

    fn google_homes(&mut self) {
        let (homes, backup) = (self.said.homes(), self.said.backup());
        // Google sells no less than 1 TiB.
        let shared = if homes == Homes::Shared { json!(1024) } else { Value::Null };
        let filestore = self.made.only("google_filestore_instance.homes", "/file_shares/0/capacity_gb");
        self.same("Filestore", filestore, shared);
        let size = if let Homes::Disk(size) = homes { json!(size) } else { Value::Null };
        self.same("disk of homes", self.made.only("google_compute_disk.homes", "/size"), size.clone());
        if !size.is_null() {
            let zone = self.made.only("google_compute_disk.homes", "/zone");
            self.same("zone of homes", zone, json!(self.said.zones()[0]));
        }
        let schedule =
            self.made.only("google_compute_resource_policy.homes", "/snapshot_schedule_policy/0/schedule/0");
        let has = |what: &str| schedule[what].as_array().is_some_and(|list| !list.is_empty());
        let is = (has("daily_schedule"), has("weekly_schedule"));
        self.same("daily and weekly copies", is, (backup == "daily", backup == "weekly"));
        let attached = self.made.count("google_compute_disk_resource_policy_attachment");
        self.same("disks with copies", attached, (backup != "none").into());
    }

    fn google_budget(&mut self) {
        let Some((whole, part, alerts)) = self.said.budget() else {
            return self.count("google_billing_budget", 0);
        };
        let budget = |pointer: &str| self.made.only("google_billing_budget.hub", pointer);
        let amount = budget("/amount/0/specified_amount/0");
        let rules = budget("/threshold_rules");
        let event = budget("/budget_filter/0/custom_period/0").is_object();
        self.same("budget", &amount["units"], &json!(whole.to_string()));
        let nanos = amount["nanos"].as_u64().unwrap_or(0);
        self.same("budget's part", nanos, part * 10_000_000);
        let told = rules.as_array().unwrap().iter().map(|rule| rule["threshold_percent"].as_f64().unwrap());
        let mut told: Vec<_> = told.map(|share| format!("{:.0}", share * 100.0)).collect();
        let mut wanted: Vec<_> = alerts.iter().map(ToString::to_string).collect();
        told.sort();
        wanted.sort();
        self.same("alerts", told, wanted);
        self.same("the budget's time", event, self.said.0["event"].is_object());
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// When a budget of AWS tells somebody.
fn alert(notification: &Value) -> (String, u64) {
    let percent = notification["threshold"].as_f64().unwrap();
    (notification["notification_type"].as_str().unwrap().to_owned(), format!("{percent:.0}").parse().unwrap())
}
