//! What a hub in a cloud needs: programs, an account, what it allows, and then the cluster.

use super::{ASK, Check, Verdict, cluster, domain, image, ok_if};
use crate::cloud::{Offered, Quota, Service};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::cloud::{Readiness, readiness};
use crate::tool::{MIN_TERRAFORM, find_terraform};

/// Checks cloud and, once it is there, cluster of a hub.
///
/// # Errors
/// When the cluster stops answering in the middle.
pub(super) async fn checks(context: &Context, document: &HubDocument) -> Result<Vec<Check>> {
    let mut checks = vec![terraform(context), super::helm(context)];
    let readiness = match readiness(context, document).await {
        Ok(readiness) => readiness,
        Err(error) => {
            checks.push(unreachable(&error));
            return Ok(checks);
        }
    };
    checks.extend(of_account(&readiness, document));
    if matches!(readiness.has_cluster, Ok(true)) && readiness.other.is_none() {
        checks.extend(cluster::checks(context, document).await?);
        return Ok(checks);
    }
    checks.push(image::check(&document.hub).await);
    Ok(checks)
}

/// Terraform or `OpenTofu`, whichever is there.
pub(super) fn terraform(context: &Context) -> Check {
    let (major, minor) = MIN_TERRAFORM;
    let needed = format!("makes the cluster ({major}.{minor} or newer)");
    let fix = "install OpenTofu (https://opentofu.org) or Terraform, or name it in FRAZIL_TERRAFORM";
    match find_terraform(context) {
        None => Check::new("Terraform", &needed, Verdict::Missing, "not found", fix),
        Some(found) => {
            Check::new(found.name(), &needed, ok_if(found.new_enough()), found.version.as_str(), fix)
        }
    }
}

fn unreachable(error: &Error) -> Check {
    let fix = match error.hints() {
        [] => "log in to the cloud".to_owned(),
        hints => hints.join("; "),
    };
    let found = std::iter::once(error.to_string()).chain(error.causes()).collect::<Vec<_>>().join(": ");
    Check::new("account", "everything else", Verdict::Missing, found, fix)
}

fn of_account(readiness: &Readiness, document: &HubDocument) -> Vec<Check> {
    let found = format!("{}, as {}", readiness.identity.account, readiness.identity.principal);
    let fix = readiness.other.as_ref().map(|error| error.hints().join("; ")).unwrap_or_default();
    let mut checks =
        vec![Check::new("account", "everything else", ok_if(readiness.other.is_none()), found, fix)];
    match &readiness.services {
        Ok(services) => checks.extend(services.iter().map(service)),
        Err(error) => checks.push(unknown("services", error)),
    }
    match &readiness.versions {
        Ok(versions) => checks.push(version(versions, &document.hub.kubernetes.version.to_string())),
        Err(error) => checks.push(unknown("Kubernetes", error)),
    }
    match &readiness.quotas {
        Ok(quotas) => checks.extend(quotas.iter().map(quota)),
        Err(error) => checks.push(unknown("quotas", error)),
    }
    checks.extend(readiness.name.as_ref().map(domain::check));
    checks
}

fn unknown(what: &str, error: &Error) -> Check {
    Check::new(what, "`up`", Verdict::Note, format!("not known: {error}"), ASK)
}

fn service(service: &Service) -> Check {
    let (verdict, found) = match (service.enabled, service.by_up) {
        (true, _) => (Verdict::Ok, "on"),
        (false, true) => (Verdict::Note, "off; `up` switches it on where the file needs it"),
        (false, false) => (Verdict::Missing, "off"),
    };
    Check::new(&service.name, &service.purpose, verdict, found, service.fix.as_str())
}

fn version(offered: &[Offered], wanted: &str) -> Check {
    let check = |verdict, found: String| {
        Check::new("Kubernetes", "the cluster", verdict, found, "choose another `kubernetes.version`")
    };
    let Some(found) = offered.iter().find(|each| each.version == wanted) else {
        let all: Vec<_> = offered.iter().map(|each| each.version.as_str()).collect();
        return check(Verdict::Missing, format!("{wanted} is not offered; there are {}", all.join(", ")));
    };
    match found.standard_until {
        Some(until) => check(Verdict::Ok, format!("{wanted}, in standard support until {until}")),
        None => check(Verdict::Ok, wanted.to_owned()),
    }
}

fn quota(quota: &Quota) -> Check {
    let used = quota.used.map_or_else(|| "unknown".to_owned(), |used| used.to_string());
    let found = format!("{} of {} used, {} more needed at most", used, quota.limit, quota.needed);
    let fix = format!(
        "ask the cloud to raise {} ({}) in {}, or lower the pools' `max`; until then `up` works and nodes \
         beyond the limit do not come",
        quota.name, quota.code, quota.place
    );
    let verdict = if quota.suffices() { Verdict::Ok } else { Verdict::Missing };
    Check::new(&format!("quota {}", quota.name), "all pools full", verdict, found, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_is_too_small_says_what_to_ask_for() {
        let of = |limit| Quota {
            name: "Running On-Demand Standard instances".to_owned(),
            code: "L-1216C47A".to_owned(),
            place: "us-west-2".to_owned(),
            limit,
            used: Some(4),
            needed: 80,
        };
        let small = quota(&of(32));
        assert_eq!(small.verdict, Verdict::Missing);
        assert!(small.fix.contains("L-1216C47A") && small.found.contains("80 more"), "{small:?}");
        assert_eq!(quota(&of(84)).verdict, Verdict::Ok);
    }

    #[test]
    fn a_version_that_is_not_offered_is_told_with_those_that_are() {
        let offered =
            Offered { version: "1.35".to_owned(), default: true, standard_until: None, extended_until: None };
        assert_eq!(version(std::slice::from_ref(&offered), "1.35").verdict, Verdict::Ok);
        assert!(version(&[offered], "1.30").found.contains("1.35"));
    }
}
