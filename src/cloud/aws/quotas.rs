//! What the account allows, by Service Quotas, and what is used of it.

use std::collections::BTreeMap;

use serde_json::json;

use super::endpoints::{EC2, QUOTAS};
use super::session::Aws;
use crate::catalog::{Provider, Region};
use crate::cloud::http::{Asked, found};
use crate::cloud::read::{each, number, text};
use crate::cloud::{Need, PoolNeed, Quota};

/// Quotas by their codes ("Amazon EC2 endpoints and quotas" and those of EKS, VPC and EFS, AWS
/// General Reference): service, code, and the words that stand in when the API tells none.
struct Code(&'static str, &'static str, &'static str);

const STANDARD: Code =
    Code("ec2", "L-1216C47A", "vCPUs of on-demand machines of families A, C, D, H, I, M, R, T, Z");
const STANDARD_SPOT: Code =
    Code("ec2", "L-34B43A08", "vCPUs of spot machines of families A, C, D, H, I, M, R, T, Z");
const GRAPHICS: Code = Code("ec2", "L-DB2E81BA", "vCPUs of on-demand machines of families G and VT");
const GRAPHICS_SPOT: Code = Code("ec2", "L-3819A6DF", "vCPUs of spot machines of families G and VT");
const PARALLEL: Code = Code("ec2", "L-417A185B", "vCPUs of on-demand machines of family P");
const PARALLEL_SPOT: Code = Code("ec2", "L-7212CCBC", "vCPUs of spot machines of families P3, P2 and newer");
const ADDRESSES: Code = Code("ec2", "L-0263D0A3", "Elastic IP addresses");
const NODE_GROUPS: Code = Code("eks", "L-6D54EA21", "managed node groups per cluster");
const CLUSTERS: Code = Code("eks", "L-1194D53C", "clusters");
const NETWORKS: Code = Code("vpc", "L-F678F1CE", "VPCs per region");
const NATS: Code = Code("vpc", "L-FE5A380F", "NAT gateways per availability zone");

impl Aws {
    /// Service Quotas API Reference, `GetServiceQuota`, `GetAWSDefaultServiceQuota`.
    pub(super) async fn limits(&self, need: &Need) -> Asked<Vec<Quota>> {
        let mut quotas = Vec::new();
        let machines = self.vcpus_in_use().await?;
        let mut vcpus: BTreeMap<&str, (&Code, u64)> = BTreeMap::new();
        for pool in &need.pools {
            if let Some(code) = family_quota(pool) {
                vcpus.entry(code.1).or_insert((code, 0)).1 += pool.all_vcpus();
            }
        }
        for (code, needed) in vcpus.into_values() {
            let used = machines.get(code.1).copied().unwrap_or_default();
            quotas.extend(self.quota(code, needed, Some(used)).await?);
        }
        if !need.pools.is_empty() {
            quotas.extend(self.quota(&NODE_GROUPS, need.pools.len() as u64, None).await?);
            let clusters = self.count_of_clusters().await?;
            quotas.extend(self.quota(&CLUSTERS, 1, Some(clusters)).await?);
        }
        if need.addresses > 0 {
            let used = self.pages(EC2, "DescribeAddresses", &[], "/addressesSet/item").await?.len() as u64;
            quotas.extend(self.quota(&ADDRESSES, need.addresses.into(), Some(used)).await?);
        }
        if need.networks > 0 {
            let used = self.pages(EC2, "DescribeVpcs", &[], "/vpcSet/item").await?.len() as u64;
            quotas.extend(self.quota(&NETWORKS, need.networks.into(), Some(used)).await?);
        }
        if need.nats_a_zone > 0 {
            quotas.extend(self.quota(&NATS, need.nats_a_zone.into(), None).await?);
        }
        Ok(quotas)
    }

    /// The account's own value, or AWS's default where it has none; nothing where AWS has no such quota.
    async fn quota(&self, code: &Code, needed: u64, used: Option<u64>) -> Asked<Option<Quota>> {
        let Code(service, id, words) = code;
        let asked = json!({ "ServiceCode": service, "QuotaCode": id });
        for operation in ["GetServiceQuota", "GetAWSDefaultServiceQuota"] {
            let answer = self.json(QUOTAS, operation, &asked).await;
            let answer = found(answer, |fault| fault.code() == "NoSuchResourceException")?;
            let Some(limit) = answer.as_ref().and_then(|answer| number(answer, "/Quota/Value")) else {
                continue;
            };
            let name = answer.map(|answer| text(&answer, "/Quota/QuotaName")).filter(|name| !name.is_empty());
            return Ok(Some(Quota {
                name: name.unwrap_or_else(|| (*words).to_owned()),
                code: (*id).to_owned(),
                place: self.region_name().to_owned(),
                limit,
                used,
                needed,
            }));
        }
        Ok(None)
    }

    /// vCPUs of the machines that run, by the code of their quota. EC2 API Reference, `DescribeInstances`.
    async fn vcpus_in_use(&self) -> Asked<BTreeMap<&'static str, u64>> {
        let running = [
            ("Filter.1.Name", "instance-state-name".to_owned()),
            ("Filter.1.Value.1", "running".to_owned()),
            ("Filter.1.Value.2", "pending".to_owned()),
        ];
        let mut used = BTreeMap::new();
        for reservation in self.pages(EC2, "DescribeInstances", &running, "/reservationSet/item").await? {
            for one in each(&reservation, "/instancesSet/item") {
                let machine = text(one, "/instanceType");
                let spot = text(one, "/instanceLifecycle") == "spot";
                if let Some(code) = code_of(&machine, spot) {
                    *used.entry(code.1).or_default() += self.vcpus_of(one, &machine);
                }
            }
        }
        Ok(used)
    }

    /// By the machine's own options, else by the catalog.
    fn vcpus_of(&self, one: &serde_json::Value, machine: &str) -> u64 {
        let cores = number(one, "/cpuOptions/coreCount").filter(|cores| *cores > 0);
        let threads = number(one, "/cpuOptions/threadsPerCore").filter(|threads| *threads > 0);
        if let (Some(cores), Some(threads)) = (cores, threads) {
            return cores * threads;
        }
        let region = Region::open(Provider::Aws, self.region_name()).ok();
        region
            .and_then(|region| {
                region.machine(machine).ok().map(|offer| u64::from(offer.machine.cpu.get() / 1000))
            })
            .unwrap_or_default()
    }

    /// EKS API Reference, `ListClusters`.
    async fn count_of_clusters(&self) -> Asked<u64> {
        let pages = self.eks().list_clusters().into_paginator().items().send();
        let all = pages.collect::<std::result::Result<Vec<_>, _>>().await;
        Ok(all.map_err(|error| super::clusters::refused("eks:ListClusters", error))?.len() as u64)
    }
}

fn family_quota(pool: &PoolNeed) -> Option<&'static Code> {
    code_of(pool.machines.first()?, pool.spot)
}

/// The quota that a machine type counts in, by the letters of its family.
fn code_of(machine: &str, spot: bool) -> Option<&'static Code> {
    let letters: String = machine.chars().take_while(char::is_ascii_alphabetic).collect();
    let pair = match letters.as_str() {
        "g" | "gr" | "vt" => (&GRAPHICS, &GRAPHICS_SPOT),
        "p" => (&PARALLEL, &PARALLEL_SPOT),
        "inf" | "trn" | "dl" | "f" | "u" | "x" | "hpc" | "mac" => return None,
        _ if "acdhimrtz".contains(letters.chars().next()?) => (&STANDARD, &STANDARD_SPOT),
        _ => return None,
    };
    Some(if spot { pair.1 } else { pair.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_counts_in_its_quota() {
        let code = |machine, spot| code_of(machine, spot).map(|code| code.1);
        assert_eq!(code("r7i.2xlarge", false), Some("L-1216C47A"));
        assert_eq!(code("im4gn.large", true), Some("L-34B43A08"));
        assert_eq!(code("g4dn.xlarge", false), Some("L-DB2E81BA"));
        assert_eq!(code("g5.xlarge", true), Some("L-3819A6DF"));
        assert_eq!(code("p4d.24xlarge", false), Some("L-417A185B"));
        assert_eq!(code("inf2.xlarge", false), None);
        assert_eq!(code("", false), None);
    }
}
