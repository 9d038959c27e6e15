//! Clusters, file systems, logs and identities that a hub left.

use reqwest::Method;
use serde_json::{Value, json};

use super::endpoints::{EFS, IAM, LOGS};
use super::marks::{Marks, log_prefixes};
use super::session::{Ask, Aws};
use crate::catalog::Provider;
use crate::cloud::http::{Asked, Fault, found};
use crate::cloud::read::{each, number, tags, text};
use crate::cloud::{Belongs, Kind, Leftover, prices};

const GIB: u64 = 1 << 30;

impl Aws {
    /// The cluster of the hub's name with its node groups. It is the hub's by its tags; one without
    /// any tag of a hub is told by its name.
    pub(super) async fn eks_of(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let Some(cluster) = self.describe_cluster(marks.hub()).await? else { return Ok(Vec::new()) };
        let Some(belongs) = marks.by_tags(&cluster.tags) else { return Ok(Vec::new()) };
        let hourly = match cluster.support {
            crate::cloud::SupportTier::Extended => "eks_cluster_extended_support_hour",
            _ => "eks_cluster_hour",
        };
        let mut one = self
            .plain(Kind::Cluster, cluster.id.clone(), belongs.clone(), &cluster.tags)
            .named(&cluster.name)
            .costs(prices::hourly(Provider::Aws, self.region_name(), hourly))
            .noted(format!("Kubernetes {}", cluster.version));
        one.created = cluster.created;
        let mut found = vec![one];
        for name in self.node_group_names(&cluster.name).await? {
            let id = format!("{}/{name}", cluster.name);
            let group = Leftover::new(Kind::NodePool, id, belongs.clone()).named(&name);
            found.push(group.at(self.region_name()).noted("its machines are told by themselves"));
        }
        Ok(found)
    }

    /// EFS API Reference, `DescribeFileSystems`.
    pub(super) async fn file_systems(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut own = Vec::new();
        let mut marker = String::new();
        loop {
            let query = if marker.is_empty() { Vec::new() } else { vec![("Marker".to_owned(), marker)] };
            let path = "/2015-02-01/file-systems".to_owned();
            let page = self
                .rest_json(EFS, Ask { path, query, operation: "DescribeFileSystems", ..Ask::default() })
                .await?;
            own.extend(
                each(&page, "/FileSystems").into_iter().filter_map(|one| self.file_system(marks, one)),
            );
            marker = text(&page, "/NextMarker");
            if marker.is_empty() {
                return Ok(own);
            }
        }
    }

    fn file_system(&self, marks: &Marks<'_>, one: &Value) -> Option<Leftover> {
        let tags = tags(one, "/Tags");
        let belongs = marks.by_claim(&tags)?;
        let bytes = number(one, "/SizeInBytes/Value").unwrap_or_default();
        let zone = text(one, "/AvailabilityZoneName");
        let key = if zone.is_empty() { "efs_standard_storage" } else { "efs_one_zone_storage" };
        // A started GiB counts; what lies in a cheaper class makes it less.
        let gib = bytes.div_ceil(GIB);
        let mut told = self.plain(Kind::FileSystem, text(one, "/FileSystemId"), belongs, &tags);
        told.created = seconds(one, "/CreationTime");
        Some(
            told.costs(prices::stored(Provider::Aws, self.region_name(), key, gib))
                .noted(format!("{gib} GiB, {}", text(one, "/LifeCycleState"))),
        )
    }

    /// `CloudWatch` Logs API Reference, `DescribeLogGroups`.
    pub(super) async fn log_groups(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut own = Vec::new();
        for prefix in log_prefixes(marks.hub()) {
            let mut next = String::new();
            loop {
                let mut body = json!({ "logGroupNamePrefix": prefix });
                if !next.is_empty() {
                    body["nextToken"] = next.into();
                }
                let page = self.json(LOGS, "DescribeLogGroups", &body).await?;
                own.extend(
                    each(&page, "/logGroups").into_iter().filter_map(|one| self.log_group(marks, one)),
                );
                next = text(&page, "/nextToken");
                if next.is_empty() {
                    break;
                }
            }
        }
        Ok(own)
    }

    fn log_group(&self, marks: &Marks<'_>, one: &Value) -> Option<Leftover> {
        let name = text(one, "/logGroupName");
        let belongs = marks.of_logs(&name)?;
        let mut told = Leftover::new(Kind::LogGroup, name, belongs).at(self.region_name());
        let millis = number(one, "/creationTime").and_then(|millis| i64::try_from(millis).ok());
        told.created = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
        let mib = number(one, "/storedBytes").unwrap_or_default() >> 20;
        let days = match number(one, "/retentionInDays") {
            Some(days) => format!("kept for {days} days"),
            None => "kept for ever".to_owned(),
        };
        Some(told.noted(format!("{mib} MiB, {days}")))
    }

    /// IAM API Reference: what carries the hub's tag among identity providers, and among roles,
    /// instance profiles and policies whose names begin with the hub's, as frazil names them all.
    pub(super) async fn identities(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut own = Vec::new();
        let all =
            self.pages(IAM, "ListOpenIDConnectProviders", &[], "/OpenIDConnectProviderList/member").await?;
        for one in all {
            let arn = text(&one, "/Arn");
            let asked = ("OpenIDConnectProviderArn", arn.as_str());
            let belongs = self.by_iam_tags(marks, "ListOpenIDConnectProviderTags", asked).await?;
            own.extend(belongs.map(|belongs| global(Kind::Issuer, &arn, belongs)));
        }
        let lists = [
            ("ListRoles", "/Roles/member", "ListRoleTags", "RoleName", Kind::Account),
            (
                "ListInstanceProfiles",
                "/InstanceProfiles/member",
                "ListInstanceProfileTags",
                "InstanceProfileName",
                Kind::Profile,
            ),
        ];
        for (list, pointer, tags, name, kind) in lists {
            for one in self.pages(IAM, list, &[], pointer).await? {
                let called = text(&one, &format!("/{name}"));
                if !named_after(&called, marks.hub()) {
                    continue;
                }
                let belongs = self.by_iam_tags(marks, tags, (name, &called)).await?;
                let created = text(&one, "/CreateDate");
                own.extend(belongs.map(|belongs| global(kind, &called, belongs).since(&created)));
            }
        }
        let local = [("Scope", "Local".to_owned())];
        for one in self.pages(IAM, "ListPolicies", &local, "/Policies/member").await? {
            let (arn, called) = (text(&one, "/Arn"), text(&one, "/PolicyName"));
            if !named_after(&called, marks.hub()) {
                continue;
            }
            let belongs = self.by_iam_tags(marks, "ListPolicyTags", ("PolicyArn", &arn)).await?;
            own.extend(belongs.map(|belongs| global(Kind::Policy, &arn, belongs).named(&called)));
        }
        Ok(own)
    }

    async fn by_iam_tags(
        &self,
        marks: &Marks<'_>,
        operation: &str,
        (key, value): (&str, &str),
    ) -> Asked<Option<Belongs>> {
        let asked = self.pages(IAM, operation, &[(key, value.to_owned())], "/Tags/member").await;
        let all = found(asked, |fault: &Fault| fault.code() == "NoSuchEntity")?.unwrap_or_default();
        Ok(marks.by_tags(&tags(&json!({ "all": all }), "/all")))
    }

    /// EFS API Reference, `DescribeMountTargets`, `DescribeAccessPoints`: the IDs of what a file system has.
    pub(super) async fn parts_of_file_system(&self, id: &str) -> Asked<(Vec<String>, Vec<String>)> {
        let query = vec![("FileSystemId".to_owned(), id.to_owned())];
        let ask = |path: &str, operation: &'static str| Ask {
            method: Method::GET,
            path: format!("/2015-02-01/{path}"),
            query: query.clone(),
            operation,
            ..Ask::default()
        };
        let targets = self.rest_json(EFS, ask("mount-targets", "DescribeMountTargets")).await?;
        let points = self.rest_json(EFS, ask("access-points", "DescribeAccessPoints")).await?;
        let ids = |value: &Value, list: &str, id: &str| {
            each(value, list).into_iter().map(|one| text(one, id)).collect()
        };
        Ok((
            ids(&targets, "/MountTargets", "/MountTargetId"),
            ids(&points, "/AccessPoints", "/AccessPointId"),
        ))
    }
}

fn global(kind: Kind, id: &str, belongs: Belongs) -> Leftover {
    Leftover::new(kind, id, belongs).at("global")
}

/// Whether frazil could have named something so.
fn named_after(name: &str, hub: &str) -> bool {
    name.strip_prefix(hub).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// A moment in seconds, with a fraction or without.
fn seconds(value: &Value, pointer: &str) -> Option<jiff::Timestamp> {
    let seconds = number(value, pointer)?;
    jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_the_hubs() {
        assert!(named_after("lab-nodes", "lab"));
        assert!(named_after("lab", "lab"));
        assert!(!named_after("laboratory", "lab"));
        assert!(!named_after("my-lab", "lab"));
    }
}
