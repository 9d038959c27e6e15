//! The Kubernetes version: known, supported, and one that the charts take.

use jiff::civil::Date;

use super::Subject;
use super::subject::cloud;
use super::table::Rule;
use super::table::money::{
    KUBERNETES_ENDED, KUBERNETES_EXTENDED, KUBERNETES_TOO_OLD, KUBERNETES_UNKNOWN, NEAR_END_OF_SUPPORT,
};
use crate::catalog::{MONTH_HOURS, Price, Provider, Region, Support, kubernetes_support};
use crate::config::model::HubFile;
use crate::config::names::KubernetesVersion;
use crate::config::problem::Problem;

/// Days before the end of standard support from which it is told.
const NEAR: i32 = 60;

/// The least minor version of charts (`kubeVersion` of each `Chart.yaml`).
const LEAST: [(&str, &str, u32); 2] = [("jupyterhub", "4.4.0", 28), ("dask-gateway", "2026.3.0", 30)];

/// One problem of the version at most: the gravest.
pub(super) fn version(subject: &Subject<'_>) -> Vec<Problem> {
    let Some((cloud, _)) = cloud(&subject.hub.provider) else {
        return Vec::new();
    };
    let Some(minor) = minor(&subject.hub.kubernetes.version) else {
        return Vec::new();
    };
    let problem = too_old(subject, minor).or_else(|| match kubernetes_support(cloud, minor) {
        Support::Past => Some(ended(subject, cloud, None)),
        Support::Unknown => Some(unknown(subject)),
        Support::Until { standard, extended } => by_day(subject, cloud, standard, extended),
    });
    problem.into_iter().collect()
}

fn minor(version: &KubernetesVersion) -> Option<u32> {
    version.as_str().strip_prefix("1.")?.parse().ok()
}

/// The service by which a cloud sells Kubernetes.
fn service(cloud: Provider) -> &'static str {
    match cloud {
        Provider::Aws => "EKS",
        Provider::Gcp => "GKE",
    }
}

fn problem(subject: &Subject<'_>, rule: &'static Rule, message: String) -> Problem {
    let other = format!("write a later version, or leave it out for {}", KubernetesVersion::DEFAULT);
    subject.value(rule, "kubernetes.version", message).help(other)
}

fn too_old(subject: &Subject<'_>, minor: u32) -> Option<Problem> {
    let (chart, version, least) = chart_too_new(subject.hub, minor)?;
    let own = &subject.hub.kubernetes.version;
    let message = format!("the chart {chart} {version} needs Kubernetes 1.{least} or later, not {own}");
    Some(problem(subject, &KUBERNETES_TOO_OLD, message).label("too old for the charts"))
}

/// The chart that asks most for a later version than this one: its name, its version, the least minor.
pub(crate) fn chart_too_new(hub: &HubFile, minor: u32) -> Option<(&'static str, &'static str, u32)> {
    let used = |chart: &str, version: &str| match chart {
        "jupyterhub" => hub.hub && hub.charts.jupyterhub == version,
        _ => hub.gateway.enabled && hub.charts.dask_gateway == version,
    };
    let charts = LEAST.into_iter().filter(|(chart, version, least)| used(chart, version) && minor < *least);
    charts.max_by_key(|(_, _, least)| *least)
}

fn ended(subject: &Subject<'_>, cloud: Provider, last: Option<Date>) -> Problem {
    let own = &subject.hub.kubernetes.version;
    let since = last.map(|last| format!(", since {last}")).unwrap_or_default();
    let message = format!("{} no longer offers Kubernetes {own}{since}", service(cloud));
    problem(subject, &KUBERNETES_ENDED, message).label("out of support")
}

fn unknown(subject: &Subject<'_>) -> Problem {
    let own = &subject.hub.kubernetes.version;
    let message = format!("the catalog does not know Kubernetes {own}: it may not be offered yet");
    let help = format!(
        "write an earlier version, or leave it out for {}; silence the rule once you have tried this one",
        KubernetesVersion::DEFAULT
    );
    problem(subject, &KUBERNETES_UNKNOWN, message).label("later than the catalog knows").help(help)
}

fn by_day(subject: &Subject<'_>, cloud: Provider, standard: Date, extended: Option<Date>) -> Option<Problem> {
    if subject.today > standard {
        let until = extended.filter(|last| subject.today <= *last);
        return Some(match until {
            Some(last) => in_extended(subject, standard, last),
            None => ended(subject, cloud, Some(extended.unwrap_or(standard))),
        });
    }
    let days = subject.today.until(standard).ok()?.get_days();
    if days > NEAR {
        return None;
    }
    let own = &subject.hub.kubernetes.version;
    let message = format!(
        "standard support of Kubernetes {own} on {} ends on {standard}, in {days} days",
        service(cloud)
    );
    Some(problem(subject, &NEAR_END_OF_SUPPORT, message).label("ends soon"))
}

fn in_extended(subject: &Subject<'_>, standard: Date, last: Date) -> Problem {
    let own = &subject.hub.kubernetes.version;
    let price = subject.region().map(prices).unwrap_or_default();
    let message = format!("Kubernetes {own} is in extended support since {standard}, until {last}{price}");
    problem(subject, &KUBERNETES_EXTENDED, message).label("extended support")
}

/// What the control plane costs in extended support, by the hour and by the month.
fn prices(region: &Region) -> String {
    let price = |key| match region.item(key) {
        Ok(item) => Some(item.price),
        Err(gap) => gap.stand_in,
    };
    let (Some(extended), Some(usual)) =
        (price("eks_cluster_extended_support_hour"), price("eks_cluster_hour"))
    else {
        return String::new();
    };
    let month =
        |price: &Price| price.usd.checked_mul(MONTH_HOURS).map(|usd| usd.rounded(0)).unwrap_or_default();
    format!(
        ": the control plane costs {} USD an hour instead of {}, {} USD a month instead of {}",
        extended.usd.rounded(2),
        usual.usd.rounded(2),
        month(&extended),
        month(&usual)
    )
}
