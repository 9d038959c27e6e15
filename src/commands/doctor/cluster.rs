//! What a hub on a cluster needs.

use std::net::IpAddr;

use tokio::{join, try_join};

use super::{ASK, Check, Verdict, image, nodes, ok_if};
use crate::catalog::{Provider as Cloud, Support, kubernetes_support};
use crate::config::{Certificates, Domain, HubDocument, HubFile, chart_too_new};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::kubernetes::access::Access;
use crate::provision::kubernetes::facts::{self, Balancers, Classes, Owner, SilentService};
use crate::provision::kubernetes::objects::Objects;
use crate::provision::kubernetes::reached::Reached;
use crate::provision::kubernetes::rights::{Lack, Rights};
use crate::provision::kubernetes::status::Address;

/// The API that says what nodes and pods use.
const METRICS: &str = "metrics.k8s.io/v1beta1";

/// Checks the cluster of a hub; only what needs no cluster while it does not answer.
///
/// # Errors
/// When the cluster stops answering in the middle.
pub(super) async fn checks(context: &Context, document: &HubDocument) -> Result<Vec<Check>> {
    let (found, image) = join!(reach(context, document), image::check(&document.hub));
    let mut checks = match found {
        Err(error) => vec![unreachable(&error)],
        Ok((access, objects)) => Box::pin(of_cluster(context, document, &access, &objects)).await?,
    };
    checks.push(image);
    Ok(checks)
}

/// Whoever may not ask which cluster it is can still be told which rights are missing for that.
async fn reach(context: &Context, document: &HubDocument) -> Result<(Access, Objects)> {
    let access = Reached::look(context, document, "doctor").await?.access;
    let objects = Objects::open(&access).await?;
    Ok((access, objects))
}

fn cluster(access: &Access) -> Check {
    let known = !access.cluster.is_empty();
    let found = if known { access.server.clone() } else { format!("{}, whichever that is", access.server) };
    let fix = "the right to get the namespace kube-system, whose UID tells clusters apart";
    Check::new("cluster", "everything else", ok_if(known), found, fix)
}

fn unreachable(error: &Error) -> Check {
    let fix = match error.hints() {
        [] => "check kubeconfig, network and VPN".to_owned(),
        hints => hints.join("; "),
    };
    let found = std::iter::once(error.to_string()).chain(error.causes()).collect::<Vec<_>>().join(": ");
    Check::new("cluster", "everything else", Verdict::Missing, found, fix)
}

async fn of_cluster(
    context: &Context,
    document: &HubDocument,
    access: &Access,
    objects: &Objects,
) -> Result<Vec<Check>> {
    let hub = &document.hub;
    let namespaces = facts::namespaces(hub, objects)?;
    let (rights, all_nodes, owner, address, classes, silent) = try_join!(
        Rights::ask(access, hub, &namespaces),
        async { Ok(facts::nodes(objects).await.ok()) },
        async { Ok(facts::owner(objects, hub.name.as_str()).await.ok()) },
        async { Ok(Address::look(objects, hub).await.unwrap_or_default()) },
        async { Ok(facts::classes(objects).await.ok()) },
        async { Ok(facts::silent_services(objects).await.unwrap_or_default()) },
    )?;
    let seen = all_nodes.as_deref().unwrap_or_default();
    let cloud = facts::cloud(seen);
    let mut checks =
        vec![cluster(access), version(context, hub, &access.version, cloud)?, namespace(hub, owner)];
    checks.extend(rights_checks(&rights));
    checks.extend(nodes::checks(hub, all_nodes.as_deref()));
    checks.extend(hub.hub.then(|| storage(hub, classes.as_ref())));
    checks.push(balancer(&address, &facts::balancers(objects, seen).await));
    if let Some(domain) = &hub.domain {
        checks.push(resolved(hub, domain, &address).await);
    }
    checks.push(metrics(objects));
    checks.extend(silent.iter().map(silent_service));
    Ok(checks)
}

fn version(context: &Context, hub: &HubFile, version: &str, cloud: Option<Cloud>) -> Result<Check> {
    let today = context.today()?;
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    let check = |verdict, found: String, fix: &str| {
        Check::new("Kubernetes", "charts and security fixes", verdict, found, fix)
    };
    if let Some((chart, chart_version, least)) = chart_too_new(hub, minor) {
        let found = format!("{version}; the chart {chart} {chart_version} needs 1.{least} or later");
        return Ok(check(Verdict::Missing, found, "upgrade the cluster"));
    }
    let upgrade = "upgrade the cluster to a later minor version";
    Ok(match cloud.map(|cloud| kubernetes_support(cloud, minor)) {
        Some(Support::Past) => check(Verdict::Note, format!("{version}, out of support"), upgrade),
        Some(Support::Until { standard, .. }) if today > standard => {
            check(Verdict::Note, format!("{version}, out of standard support since {standard}"), upgrade)
        }
        Some(Support::Until { standard, .. }) => {
            check(Verdict::Ok, format!("{version}, supported until {standard}"), "")
        }
        Some(Support::Unknown) => check(Verdict::Ok, format!("{version}, newer than the catalog knows"), ""),
        None => check(Verdict::Ok, version.to_owned(), ""),
    })
}

fn namespace(hub: &HubFile, owner: Option<Owner>) -> Check {
    let name = &hub.name;
    let fix = format!(
        "give the hub another name, or hand the namespace over with all that is in it: \
         `kubectl label namespace {name} frazil/hub={name}`"
    );
    let (verdict, found) = match owner {
        Some(Owner::Nobody) => (Verdict::Ok, "free"),
        Some(Owner::Hub) => (Verdict::Ok, "the hub's"),
        Some(Owner::Other) => (Verdict::Missing, "somebody else's"),
        None => (Verdict::Note, "not known: looking is forbidden"),
    };
    Check::new(&format!("namespace {name}"), "all that the hub has", verdict, found, fix)
}

fn rights_checks(rights: &Rights) -> Vec<Check> {
    let found = format!("{} of {}", rights.given, rights.asked);
    let fix = "those that are missing are told one by one";
    let verdict = ok_if(rights.lacks.is_empty());
    let mut checks = vec![Check::new("rights", "`up` and `down`", verdict, found, fix)];
    checks.extend(rights.lacks.iter().map(lack));
    if !rights.any_role {
        checks.push(Check::new(
            "rights in roles",
            "roles of the charts",
            Verdict::Note,
            "not all",
            "who makes a role has to have its rights: `frazil plan` asks the API server whether yours do; \
             the right to `escalate` clusterroles.rbac.authorization.k8s.io does it too",
        ));
    }
    checks
}

fn lack(lack: &Lack) -> Check {
    let place = match lack.namespaces.as_slice() {
        [] => String::new(),
        namespaces => format!(" in {}", namespaces.join(" and ")),
    };
    let found = format!("no {}{place}", lack.verbs.join(", "));
    let fix = "ask who administers the cluster for what is missing";
    Check::new(&format!("right {}", lack.resource), &lack.reason, Verdict::Missing, found, fix)
}

fn storage(hub: &HubFile, classes: Option<&Classes>) -> Check {
    let chosen = hub.overrides.jupyterhub.values().any(|value| value.to_string().contains("torageClass"));
    let check = |verdict, found: String, fix: &str| {
        Check::new("storage class", "the hub's database, and homes", verdict, found, fix)
    };
    let make_default = "make one the default: `kubectl patch storageclass NAME --patch \
        '{\"metadata\":{\"annotations\":{\"storageclass.kubernetes.io/is-default-class\":\"true\"}}}'`";
    match classes {
        None => check(Verdict::Note, "not known: looking is forbidden".to_owned(), ASK),
        Some(Classes::Default(name)) => check(Verdict::Ok, format!("{name}, the default"), ""),
        Some(Classes::NoDefault(names)) if chosen => {
            check(Verdict::Ok, format!("{}; `overrides` chooses", names.join(", ")), "")
        }
        Some(Classes::NoDefault(names)) => {
            check(Verdict::Missing, format!("no default among {}", names.join(", ")), make_default)
        }
        Some(Classes::None) => check(
            Verdict::Missing,
            "none".to_owned(),
            "install what makes volumes, such as the CSI driver of your storage or local-path-provisioner",
        ),
    }
}

fn balancer(address: &Address, balancers: &Balancers) -> Check {
    let (verdict, found) = match (&address.balancer, balancers) {
        (Some(own), _) => (Verdict::Ok, format!("the hub's is {own}")),
        (None, Balancers::Seen(service)) => (Verdict::Ok, format!("the Service {service} has one")),
        (None, Balancers::Likely(provider)) => (Verdict::Ok, format!("likely: the nodes are {provider}'s")),
        (None, Balancers::Unknown) => {
            (Verdict::Note, "unknown: no Service has one, and the nodes do not say".to_owned())
        }
    };
    let fix = "install MetalLB or the like, or reach the hub by `kubectl port-forward`";
    Check::new("load balancer", "the hub's address", verdict, found, fix)
}

/// The domain's addresses beside the load balancer's. Something in front of the hub may end TLS and
/// have addresses of its own.
async fn resolved(hub: &HubFile, domain: &Domain, address: &Address) -> Check {
    let name = domain.to_string();
    let own = match &address.balancer {
        Some(balancer) => facts::addresses(balancer).await.unwrap_or_default(),
        None => Vec::new(),
    };
    let found = match facts::addresses(&name).await {
        Ok(found) => found,
        Err(error) => {
            let fix = "check this machine's name servers";
            return Check::new(&name, "people's way to the hub", Verdict::Note, error.to_string(), fix);
        }
    };
    let in_front = hub.support.certificates == Certificates::Offload;
    let fix = match &address.balancer {
        Some(balancer) => format!("make a DNS record of {name} that leads to {balancer}"),
        None => format!("after `frazil up`, make a DNS record of {name} that leads to the load balancer"),
    };
    let (verdict, words) = leads(&found, &own, in_front);
    Check::new(&name, "people's way to the hub, and its certificate", verdict, words, fix)
}

/// Whether a domain's addresses are the load balancer's; without its own, nothing can be missed yet.
fn leads(found: &[IpAddr], own: &[IpAddr], in_front: bool) -> (Verdict, String) {
    let list = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (found, own) {
        ([], []) => (Verdict::Note, "does not resolve yet".to_owned()),
        ([], _) => (Verdict::Missing, "does not resolve".to_owned()),
        (_, []) => (Verdict::Ok, format!("resolves to {list}")),
        _ if found.iter().any(|address| own.contains(address)) => {
            (Verdict::Ok, format!("resolves to the load balancer ({list})"))
        }
        _ => {
            let verdict = if in_front { Verdict::Note } else { Verdict::Missing };
            (verdict, format!("resolves to {list}, not the load balancer"))
        }
    }
}

fn metrics(objects: &Objects) -> Check {
    let (verdict, found) =
        if objects.serves(METRICS) { (Verdict::Ok, "served") } else { (Verdict::Note, "not served") };
    Check::new("metrics API", "what servers use", verdict, found, "`frazil up` installs metrics-server")
}

fn silent_service(service: &SilentService) -> Check {
    let fix = format!(
        "bring back what serves it, or remove it: `kubectl delete apiservice {}`; until then no namespace \
         can be removed",
        service.name
    );
    Check::new(&format!("API {}", service.name), "`down`", Verdict::Missing, service.why.clone(), &fix)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Lack, Rights, Verdict, leads, rights_checks};

    #[test]
    fn a_domain_has_to_lead_to_the_balancer_once_there_is_one() {
        let (a, b): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let verdict = |found: &[IpAddr], own: &[IpAddr], in_front| leads(found, own, in_front).0;
        assert_eq!(verdict(&[], &[], false), Verdict::Note);
        assert_eq!(verdict(&[], &[a], false), Verdict::Missing);
        assert_eq!(verdict(&[b], &[], false), Verdict::Ok);
        assert_eq!(verdict(&[a, b], &[b], false), Verdict::Ok);
        assert_eq!(verdict(&[a], &[b], false), Verdict::Missing);
        assert_eq!(verdict(&[a], &[b], true), Verdict::Note);
    }

    #[test]
    fn each_missing_right_is_a_line_with_its_reason_and_place() {
        let lack = Lack {
            verbs: vec!["create".to_owned(), "patch".to_owned()],
            resource: "secrets".to_owned(),
            namespaces: vec!["lab".to_owned(), "kube-system".to_owned()],
            reason: "the hub's secrets".to_owned(),
        };
        let rights = Rights { asked: 4, given: 0, lacks: vec![lack], any_role: true };
        let checks = rights_checks(&rights);
        let found: Vec<_> = checks.iter().map(|check| check.found.as_str()).collect();
        assert_eq!(found, ["0 of 4", "no create, patch in lab and kube-system"]);
        assert!(checks.iter().all(|check| check.verdict == Verdict::Missing && !check.fix.is_empty()));
    }
}
