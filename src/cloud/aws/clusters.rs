//! EKS: the cluster, its pools, its tokens, the versions on offer.

use std::time::Duration;

use aws_sdk_eks::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eks::operation::RequestId;
use aws_sdk_eks::types::{ClusterStatus, ClusterVersionInformation, Nodegroup, NodegroupStatus, TaintEffect};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::endpoints::{EC2, STS};
use super::session::Aws;
use crate::cloud::http::{Asked, Fault, Refusal, found};
use crate::cloud::read::{each, text};
use crate::cloud::{Cluster, Health, Offered, Pool, SupportTier, Taint, Token};
use crate::error::{Error, Result};

/// What EKS tokens begin with (`aws eks get-token`; aws-iam-authenticator, "API authorization from
/// outside a cluster").
const TOKEN_PREFIX: &str = "k8s-aws-v1.";
/// The header that ties a token to one cluster.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// How long the address in a token is valid for STS. The authenticator refuses more than 15 min.
const SIGNED_FOR: Duration = Duration::from_mins(1);
/// How long EKS takes a token after it was signed, less a minute, as `aws eks get-token` has it.
const TOKEN_LASTS: SignedDuration = SignedDuration::from_mins(14);

impl Aws {
    /// EKS API Reference, `DescribeCluster`.
    pub(super) async fn describe_cluster(&self, name: &str) -> Asked<Option<Cluster>> {
        let answer = self.eks().describe_cluster().name(name).send().await;
        let asked = answer.map_err(|error| refused("eks:DescribeCluster", error));
        let missing = |fault: &Fault| fault.code() == "ResourceNotFoundException";
        let Some(cluster) = found(asked, missing)?.and_then(|answer| answer.cluster) else { return Ok(None) };
        let version = cluster.version().unwrap_or_default().to_owned();
        let network = cluster.resources_vpc_config();
        let subnets = network.map(|network| network.subnet_ids().to_vec()).unwrap_or_default();
        let issuer = cluster.identity().and_then(|identity| identity.oidc()).and_then(|oidc| oidc.issuer());
        Ok(Some(Cluster {
            name: name.to_owned(),
            id: cluster.arn().unwrap_or_default().to_owned(),
            endpoint: cluster.endpoint().unwrap_or_default().to_owned(),
            authority: cluster
                .certificate_authority()
                .and_then(|authority| authority.data())
                .unwrap_or_default()
                .to_owned(),
            health: cluster_health(cluster.status(), &cluster_problems(&cluster)),
            created: cluster.created_at().and_then(|at| Timestamp::from_second(at.secs()).ok()),
            support: self.support_of(&version).await,
            zones: self.zones_of(&subnets).await?,
            issuer: issuer.map(str::to_owned),
            tags: cluster.tags().map(|tags| tags.clone().into_iter().collect()).unwrap_or_default(),
            version,
        }))
    }

    /// Which support a version has now. It is told beside a cluster, so a refusal does not hide that.
    async fn support_of(&self, version: &str) -> SupportTier {
        let answer = self.eks().describe_cluster_versions().cluster_versions(version).send().await;
        let Ok(answer) = answer else { return SupportTier::Unknown };
        let state = answer.cluster_versions().iter().find(|each| each.cluster_version() == Some(version));
        match state.and_then(|state| state.version_status()).map(aws_sdk_eks::types::VersionStatus::as_str) {
            Some("STANDARD_SUPPORT") => SupportTier::Standard,
            Some("EXTENDED_SUPPORT") => SupportTier::Extended,
            _ => SupportTier::Unknown,
        }
    }

    /// EC2 API Reference, `DescribeSubnets`: the zones of subnets.
    async fn zones_of(&self, subnets: &[String]) -> Asked<Vec<String>> {
        if subnets.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = (1..=subnets.len()).map(|index| format!("SubnetId.{index}")).collect();
        let pairs: Vec<_> = keys.iter().map(String::as_str).zip(subnets.iter().cloned()).collect();
        let asked = self.form(EC2, "DescribeSubnets", &pairs).await;
        let gone = |fault: &Fault| fault.code() == "InvalidSubnetID.NotFound";
        let Some(answer) = found(asked, gone)? else { return Ok(Vec::new()) };
        let mut zones: Vec<_> =
            each(&answer, "/subnetSet/item").into_iter().map(|one| text(one, "/availabilityZone")).collect();
        zones.sort();
        zones.dedup();
        Ok(zones)
    }

    /// The names of a cluster's node groups. EKS API Reference, `ListNodegroups`.
    pub(super) async fn node_group_names(&self, cluster: &str) -> Asked<Vec<String>> {
        let pages = self.eks().list_nodegroups().cluster_name(cluster).into_paginator().items().send();
        let asked = pages.collect::<std::result::Result<Vec<_>, _>>().await;
        let asked = asked.map_err(|error| refused("eks:ListNodegroups", error));
        let names = found(asked, |fault| fault.code() == "ResourceNotFoundException")?;
        let mut names = names.unwrap_or_default();
        names.sort();
        Ok(names)
    }

    /// EKS API Reference, `DescribeNodegroup`.
    pub(super) async fn node_groups(&self, cluster: &str) -> Asked<Vec<Pool>> {
        let mut pools = Vec::new();
        for name in self.node_group_names(cluster).await? {
            let asked =
                self.eks().describe_nodegroup().cluster_name(cluster).nodegroup_name(&name).send().await;
            let asked = asked.map_err(|error| refused("eks:DescribeNodegroup", error));
            // It may have gone since the list was made.
            let answer = found(asked, |fault| fault.code() == "ResourceNotFoundException")?;
            pools.extend(answer.and_then(|answer| answer.nodegroup).map(|group| pool(&name, &group)));
        }
        Ok(pools)
    }

    /// EKS API Reference, `DescribeClusterVersions`.
    pub(super) async fn cluster_versions(&self) -> Asked<Vec<Offered>> {
        let pages = self.eks().describe_cluster_versions().into_paginator().items().send();
        let all = pages.collect::<std::result::Result<Vec<_>, _>>().await;
        let all = all.map_err(|error| refused("eks:DescribeClusterVersions", error))?;
        let mut offered: Vec<_> = all.iter().filter_map(offer).collect();
        offered.sort_by_key(|one| std::cmp::Reverse(minor(&one.version)));
        Ok(offered)
    }

    /// A signed address that tells EKS who asks: EKS asks STS.
    pub(super) async fn cluster_token(&self, cluster: &str) -> Result<Token> {
        let pairs = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let expires = self.now().checked_add(TOKEN_LASTS);
        let expires =
            expires.map_err(|error| Error::failed("this machine's clock is far off").because(error))?;
        let address = self.presigned(STS, &pairs, (CLUSTER_HEADER, cluster), SIGNED_FOR).await?;
        Ok(Token::new(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(address)), expires))
    }
}

/// A refusal of the SDK.
pub(super) fn refused<E>(asked: &str, error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    SdkError<E>: RequestId,
{
    let status = error.raw_response().map_or(0, |raw| raw.status().as_u16());
    let service = error.as_service_error();
    match service.map(|service| (service.code(), service.message())) {
        Some((code, message)) => Fault::Refused(Refusal {
            asked: asked.to_owned(),
            status,
            code: code.unwrap_or_default().to_owned(),
            message: message.unwrap_or_default().to_owned(),
        }),
        None => Fault::Failed(
            Error::failed(format!("{asked}: AWS does not answer"))
                .hint("check the credentials, the network, proxy and VPN; the same call again goes on from there")
                .because(error),
        ),
    }
}

fn cluster_problems(cluster: &aws_sdk_eks::types::Cluster) -> Vec<String> {
    let issues = cluster.health().map(|health| health.issues().to_vec()).unwrap_or_default();
    issues.iter().map(|issue| issue.message().unwrap_or_default().to_owned()).collect()
}

fn cluster_health(status: Option<&ClusterStatus>, problems: &[String]) -> Health {
    match status {
        Some(ClusterStatus::Creating | ClusterStatus::Pending) => Health::Creating,
        Some(ClusterStatus::Active) => Health::Ready,
        Some(ClusterStatus::Updating) => Health::Updating,
        Some(ClusterStatus::Deleting) => Health::Deleting,
        other => Health::Broken(in_words(other.map(ClusterStatus::as_str), problems)),
    }
}

fn in_words(status: Option<&str>, problems: &[String]) -> String {
    let status = status.unwrap_or("no status").to_lowercase().replace('_', " ");
    if problems.is_empty() { status } else { problems.join("; ") }
}

fn pool(name: &str, group: &Nodegroup) -> Pool {
    let scaling = group.scaling_config();
    let count = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let problems = problems(group);
    let health = match group.status() {
        Some(NodegroupStatus::Creating) => Health::Creating,
        Some(NodegroupStatus::Active) => Health::Ready,
        Some(NodegroupStatus::Updating) => Health::Updating,
        Some(NodegroupStatus::Deleting) => Health::Deleting,
        // It serves, and says what is wrong.
        Some(NodegroupStatus::Degraded) => Health::Broken(in_words(Some("degraded"), &problems)),
        other => Health::Broken(in_words(other.map(NodegroupStatus::as_str), &problems)),
    };
    Pool {
        name: name.to_owned(),
        health,
        version: group.version().unwrap_or_default().to_owned(),
        machines: group.instance_types().to_vec(),
        spot: group.capacity_type().is_some_and(|kind| kind.as_str() == "SPOT"),
        min: scaling.and_then(|scaling| count(scaling.min_size())).unwrap_or_default(),
        max: scaling.and_then(|scaling| count(scaling.max_size())).unwrap_or_default(),
        size: scaling.and_then(|scaling| count(scaling.desired_size())),
        zones: group.subnets().to_vec(),
        labels: group.labels().map(|labels| labels.clone().into_iter().collect()).unwrap_or_default(),
        taints: group.taints().iter().map(taint).collect(),
        problems,
    }
}

fn problems(group: &Nodegroup) -> Vec<String> {
    let issues = group.health().map(|health| health.issues().to_vec()).unwrap_or_default();
    let words = issues.iter().map(|issue| {
        let message = issue.message().unwrap_or_default();
        let of = issue.resource_ids().join(", ");
        if of.is_empty() { message.to_owned() } else { format!("{message} ({of})") }
    });
    words.collect()
}

fn taint(taint: &aws_sdk_eks::types::Taint) -> Taint {
    let effect = match taint.effect() {
        Some(TaintEffect::NoExecute) => "NoExecute",
        Some(TaintEffect::PreferNoSchedule) => "PreferNoSchedule",
        _ => "NoSchedule",
    };
    Taint {
        key: taint.key().unwrap_or_default().to_owned(),
        value: taint.value().unwrap_or_default().to_owned(),
        effect: effect.to_owned(),
    }
}

fn offer(one: &ClusterVersionInformation) -> Option<Offered> {
    let day = |at: Option<&aws_sdk_eks::primitives::DateTime>| {
        let at = Timestamp::from_second(at?.secs()).ok()?;
        Some(at.to_zoned(jiff::tz::TimeZone::UTC).date())
    };
    Some(Offered {
        version: one.cluster_version()?.to_owned(),
        default: one.default_version(),
        standard_until: day(one.end_of_standard_support_date()),
        extended_until: day(one.end_of_extended_support_date()),
    })
}

fn minor(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default()
}
