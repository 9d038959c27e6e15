//! How people and administrators reach a hub in a cloud.

use super::Subject;
use super::table::network::{ADMINISTRATOR_KIND, ZONE_DOMAIN};
use crate::config::lower::clip;
use crate::config::names::{DnsZone, Domain};
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// The DNS zone holds the domain, as far as its name says.
pub(super) fn zone_holds_domain(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    let (Some(dns), true) = (&hub.dns, subject.trusts("dns") && subject.trusts("domain")) else {
        return Vec::new();
    };
    let help = match &hub.provider {
        Provider::Aws(_) => hub.domain.as_ref().filter(|domain| !holds(&dns.zone, domain)).map(of_route53),
        Provider::Gcp(_) => dns.zone.as_str().contains('.').then(|| {
            let name = dns.zone.as_str().replace('.', "-");
            format!(
                "Cloud DNS has zones by name: perhaps `{name}`; `gcloud dns managed-zones list` tells them"
            )
        }),
        Provider::Kubernetes(_) | Provider::Local(_) => None,
    };
    let problem = help.map(|help| {
        let message = match &hub.domain {
            Some(domain) => format!("no zone `{}` can hold a record of {domain}", dns.zone),
            None => format!("no zone is called `{}` there", dns.zone),
        };
        subject.value(&ZONE_DOMAIN, "dns.zone", message).label("not the domain's zone").help(help)
    });
    problem.into_iter().collect()
}

fn holds(zone: &DnsZone, domain: &Domain) -> bool {
    let rest = domain.as_str().strip_suffix(zone.as_str());
    zone.as_str().contains('.') && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn of_route53(domain: &Domain) -> String {
    let above = domain.as_str().split_once('.').map_or(domain.as_str(), |(_, above)| above);
    let zone = if above.contains('.') { above } else { domain.as_str() };
    format!("Route 53 has zones by their domain, such as `{zone}`")
}

/// Administrators are the cloud's own kind.
pub(super) fn administrators_are_the_clouds(subject: &Subject<'_>) -> Vec<Problem> {
    let aws = match &subject.hub.provider {
        Provider::Aws(_) => true,
        Provider::Gcp(_) => false,
        Provider::Kubernetes(_) | Provider::Local(_) => return Vec::new(),
    };
    let (cloud, help) = if aws {
        ("AWS", "write an ARN, such as `arn:aws:iam::123456789012:role/hub-admins`")
    } else {
        ("Google Cloud", "write `user:`, `group:` or `serviceAccount:` with the address")
    };
    let named = subject.hub.kubernetes.administrators.iter().enumerate();
    named
        .filter(|(_, name)| name.as_str().starts_with("arn:") != aws)
        .map(|(index, name)| {
            let path = format!("kubernetes.administrators[{index}]");
            let message = format!("`{}` is nobody on {cloud}", clip(name.as_str()));
            subject.value(&ADMINISTRATOR_KIND, &path, message).label("of another cloud").help(help)
        })
        .collect()
}
