//! Whatever else carries the hub's tag: the tagging API knows it, and its own service whether it is
//! still there, for the tagging API goes on telling of things that are gone.

use reqwest::Method;
use serde_json::json;

use super::HUB_TAG;
use super::endpoints::{BACKUP, DLM, ECR, KMS, LOGS, TAGGING};
use super::marks::Marks;
use super::session::{Ask, Aws};
use crate::catalog::Provider;
use crate::cloud::http::{Asked, found};
use crate::cloud::read::{each, encode, number, text};
use crate::cloud::{Belongs, Kind, Leftover, Way, prices};

/// An ARN in parts ("Amazon Resource Names", AWS General Reference).
#[derive(Debug, PartialEq, Eq)]
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    /// The kind of resource, where the ARN has one.
    kind: &'a str,
    /// The rest.
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let service = parts.by_ref().nth(2)?;
        let region = parts.next()?;
        let rest = parts.nth(1)?;
        let (kind, name) = rest.split_once([':', '/']).unwrap_or(("", rest));
        Some(Self { service, region, kind, name })
    }
}

/// Where something of this service and kind is looked for.
#[derive(Debug, PartialEq, Eq)]
enum Looked {
    /// In a list of its own: what that does not have is gone.
    Listed,
    /// It is a part of something else, and goes with it.
    Part,
    /// Nowhere else.
    Here,
}

fn looked(arn: &Arn<'_>) -> Looked {
    match (arn.service, arn.kind) {
        (
            "ec2",
            "security-group-rule" | "network-acl" | "dhcp-options" | "fleet" | "spot-instances-request",
        )
        | ("eks", "addon" | "podidentityassociation" | "access-entry")
        | ("elasticfilesystem", "access-point")
        | ("elasticloadbalancing", "listener" | "listener-rule") => Looked::Part,
        ("ec2", kind) if !LISTED.contains(&kind) => Looked::Here,
        ("ec2" | "elasticloadbalancing" | "eks" | "elasticfilesystem" | "iam" | "autoscaling", _) => {
            Looked::Listed
        }
        _ => Looked::Here,
    }
}

/// Kinds of EC2 that have a list of their own.
const LISTED: [&str; 14] = [
    "elastic-ip",
    "instance",
    "internet-gateway",
    "launch-template",
    "natgateway",
    "network-interface",
    "route-table",
    "security-group",
    "snapshot",
    "subnet",
    "volume",
    "vpc",
    "vpc-endpoint",
    "vpc-flow-log",
];

impl Aws {
    /// Resource Groups Tagging API Reference, `GetResources`.
    pub(super) async fn tagged(&self, marks: &Marks<'_>, known: &[Leftover]) -> Asked<Vec<Leftover>> {
        let mut own = Vec::new();
        let mut token = String::new();
        loop {
            let body = json!({
                "TagFilters": [{ "Key": HUB_TAG, "Values": [marks.hub()] }],
                "ResourcesPerPage": 100,
                "PaginationToken": token,
            });
            let page = self.json(TAGGING, "GetResources", &body).await?;
            for one in each(&page, "/ResourceTagMappingList") {
                let arn = text(one, "/ResourceARN");
                if let Some(parts) = Arn::read(&arn).filter(|parts| looked(parts) == Looked::Here)
                    && !known.iter().any(|each| each.id == arn || each.id == parts.name)
                {
                    own.extend(self.verified(&arn, &parts).await?);
                }
            }
            token = text(&page, "/PaginationToken");
            if token.is_empty() {
                break;
            }
        }
        Ok(own)
    }

    /// What its own service says of something that carries the tag.
    async fn verified(&self, arn: &str, parts: &Arn<'_>) -> Asked<Option<Leftover>> {
        let told = |kind, id: &str| Leftover::new(kind, id, Belongs::Tag).at(parts.region);
        match (parts.service, parts.kind) {
            ("s3", "") => {
                let bucket = self.describe_bucket(parts.name).await?;
                Ok(bucket.map(|bucket| {
                    told(Kind::Bucket, parts.name).at(&bucket.region).noted("billed by its size")
                }))
            }
            ("ecr", "repository") => {
                let asked = json!({ "repositoryNames": [parts.name] });
                let answer = self.json(ECR, "DescribeRepositories", &asked).await;
                let answer = found(answer, |fault| fault.code() == "RepositoryNotFoundException")?;
                Ok(answer.map(|_| told(Kind::Repository, parts.name).noted("billed by its size")))
            }
            ("kms", "key") => {
                let answer = self.json(KMS, "DescribeKey", &json!({ "KeyId": parts.name })).await;
                let answer = found(answer, |fault| fault.code() == "NotFoundException")?.unwrap_or_default();
                // A key that waits for its deletion is not billed ("AWS KMS pricing").
                let there = ["", "PendingDeletion"]
                    .iter()
                    .all(|state| text(&answer, "/KeyMetadata/KeyState") != *state);
                let key = told(Kind::Key, parts.name).noted("deleted at the earliest after seven days");
                Ok(there.then_some(key))
            }
            ("logs", "log-group") => {
                let name = parts.name.trim_end_matches(":*");
                let answer =
                    self.json(LOGS, "DescribeLogGroups", &json!({ "logGroupNamePrefix": name })).await?;
                let there =
                    each(&answer, "/logGroups").into_iter().any(|one| text(one, "/logGroupName") == name);
                Ok(there.then(|| told(Kind::LogGroup, name)))
            }
            ("backup", "backup-vault") => self.vault(parts).await,
            ("backup", "backup-plan") => {
                let ask = Ask {
                    path: format!("/backup/plans/{}/", parts.name),
                    operation: "GetBackupPlan",
                    ..Ask::default()
                };
                let answer = found(self.rest_json(BACKUP, ask).await, |fault| {
                    fault.code() == "ResourceNotFoundException"
                })?;
                let there = answer.filter(|plan| text(plan, "/DeletionDate").is_empty());
                Ok(there.map(|plan| told(Kind::Plan, arn).named(&text(&plan, "/BackupPlan/BackupPlanName"))))
            }
            ("dlm", "policy") => self.copies(arn, parts).await,
            _ => {
                let how = Way::ByHand("frazil does not know this kind: delete it in the console".to_owned());
                Ok(Some(told(Kind::Other, arn).named(parts.name).noted(parts.service).goes(how)))
            }
        }
    }

    /// AWS Backup Developer Guide, `DescribeBackupVault`.
    async fn vault(&self, parts: &Arn<'_>) -> Asked<Option<Leftover>> {
        let path = format!("/backup-vaults/{}", encode(parts.name, true));
        let ask = Ask { method: Method::GET, path, operation: "DescribeBackupVault", ..Ask::default() };
        // The service says AccessDenied of a vault that is not there.
        let missing = |code: &str| ["ResourceNotFoundException", "AccessDeniedException"].contains(&code);
        let Some(vault) = found(self.rest_json(BACKUP, ask).await, |fault| missing(fault.code()))? else {
            return Ok(None);
        };
        let points = number(&vault, "/NumberOfRecoveryPoints").unwrap_or_default();
        let gib = if points == 0 { 0 } else { self.bytes_in(parts.name).await?.div_ceil(1 << 30) };
        let monthly = prices::stored(Provider::Aws, self.region_name(), "backup_efs_warm", gib);
        let told = Leftover::new(Kind::Backup, format!("backup-vault:{}", parts.name), Belongs::Tag);
        let note = format!("{points} recovery points of {gib} GiB");
        Ok(Some(told.named(parts.name).at(parts.region).costs(monthly).noted(note)))
    }

    /// Amazon Data Lifecycle Manager API, `GetLifecyclePolicy`.
    async fn copies(&self, arn: &str, parts: &Arn<'_>) -> Asked<Option<Leftover>> {
        let path = format!("/policies/{}/", parts.name);
        let ask = Ask { path, operation: "GetLifecyclePolicy", ..Ask::default() };
        let answer =
            found(self.rest_json(DLM, ask).await, |fault| fault.code() == "ResourceNotFoundException")?;
        Ok(answer.map(|answer| {
            let told = Leftover::new(Kind::Plan, arn, Belongs::Tag).at(parts.region);
            told.named(&text(&answer, "/Policy/Description")).noted("its copies stay")
        }))
    }

    /// What the copies in a vault take ("AWS Backup Developer Guide", `ListRecoveryPointsByBackupVault`).
    async fn bytes_in(&self, vault: &str) -> Asked<u64> {
        let path = format!("/backup-vaults/{}/recovery-points/", encode(vault, true));
        let mut next = String::new();
        let mut bytes = 0;
        loop {
            let query = if next.is_empty() { Vec::new() } else { vec![("nextToken".to_owned(), next)] };
            let operation = "ListRecoveryPointsByBackupVault";
            let page = self
                .rest_json(BACKUP, Ask { path: path.clone(), query, operation, ..Ask::default() })
                .await?;
            let sizes = each(&page, "/RecoveryPoints").into_iter();
            bytes += sizes.filter_map(|one| number(one, "/BackupSizeInBytes")).sum::<u64>();
            next = text(&page, "/NextToken");
            if next.is_empty() {
                return Ok(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_read_with_either_separator() {
        let read = |text| Arn::read(text).map(|arn| (arn.service, arn.kind, arn.name));
        assert_eq!(read("arn:aws:s3:::lab-scratch"), Some(("s3", "", "lab-scratch")));
        assert_eq!(
            read("arn:aws:ecr:us-west-2:1:repository/lab/hub"),
            Some(("ecr", "repository", "lab/hub"))
        );
        assert_eq!(read("arn:aws:logs:us-west-2:1:log-group:/a/b:*"), Some(("logs", "log-group", "/a/b:*")));
        assert_eq!(
            read("arn:aws:backup:us-west-2:1:backup-vault:lab"),
            Some(("backup", "backup-vault", "lab"))
        );
        assert_eq!(read("nonsense"), None);
    }

    #[test]
    fn what_has_a_list_of_its_own_is_not_taken_from_the_tags() {
        let at = |text| looked(&Arn::read(text).unwrap());
        assert_eq!(at("arn:aws:ec2:us-west-2:1:volume/vol-1"), Looked::Listed);
        assert_eq!(at("arn:aws:ec2:us-west-2:1:vpc-flow-log/fl-1"), Looked::Listed);
        assert_eq!(at("arn:aws:ec2:us-west-2:1:security-group-rule/sgr-1"), Looked::Part);
        assert_eq!(at("arn:aws:ec2:us-west-2:1:transit-gateway/tgw-1"), Looked::Here);
        assert_eq!(at("arn:aws:eks:us-west-2:1:addon/lab/coredns/1"), Looked::Part);
        assert_eq!(at("arn:aws:s3:::lab"), Looked::Here);
    }
}
