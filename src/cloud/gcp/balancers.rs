//! Load balancing of Google Cloud: forwarding rules, and the chain of things behind them.
//!
//! None of them carries labels that GKE sets, and most name no network. What belongs to the hub is
//! followed along the chain: from what does, to what leads only there, and to what only it uses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::marks::{Marks, relative};
use super::session::Gcp;
use crate::catalog::Provider;
use crate::cloud::http::Asked;
use crate::cloud::read::{each, text, texts};
use crate::cloud::{Belongs, Kind, Leftover, prices};

/// Kinds of the chain, and what each is for us. Compute Engine API v1.
const CHAIN: [(&str, Kind); 11] = [
    ("forwardingRules", Kind::ForwardingRule),
    ("targetHttpProxies", Kind::TargetProxy),
    ("targetHttpsProxies", Kind::TargetProxy),
    ("targetTcpProxies", Kind::TargetProxy),
    ("urlMaps", Kind::UrlMap),
    ("backendServices", Kind::BackendService),
    ("targetPools", Kind::TargetPool),
    ("healthChecks", Kind::HealthCheck),
    ("networkEndpointGroups", Kind::EndpointGroup),
    ("instanceGroups", Kind::InstanceGroup),
    ("instanceGroupManagers", Kind::InstanceGroup),
];

/// One thing of the chain.
#[derive(Debug)]
struct Link {
    kind: Kind,
    place: String,
    body: Value,
    /// What it leads to or uses.
    uses: BTreeSet<String>,
    belongs: Option<Belongs>,
}

impl Gcp {
    pub(super) async fn balancers(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut chain = BTreeMap::new();
        for (name, kind) in CHAIN {
            for (place, body) in self.aggregated(name).await? {
                let belongs = seed(marks, kind, &body);
                let link = Link { kind, place, uses: uses(kind, &body), belongs, body };
                chain.insert(relative(&text(&link.body, "/selfLink")).to_owned(), link);
            }
        }
        let path = self.below("compute/v1", "global/httpHealthChecks");
        let older = self.list("compute", path, &[], "/items", "compute.httpHealthChecks.list").await;
        for body in super::session::nothing_if_off(older)? {
            let link = Link {
                kind: Kind::HealthCheck,
                place: "global".to_owned(),
                uses: BTreeSet::new(),
                belongs: None,
                body,
            };
            chain.insert(relative(&text(&link.body, "/selfLink")).to_owned(), link);
        }
        follow(&mut chain);
        let managed = managed_groups(&chain);
        let own = chain.into_iter().filter_map(|(id, link)| {
            let belongs = link.belongs.clone()?;
            // A group that a manager makes goes with it.
            if managed.contains(&id) {
                return None;
            }
            Some(self.link(&id, &link, belongs))
        });
        Ok(own.collect())
    }

    fn link(&self, id: &str, link: &Link, belongs: Belongs) -> Leftover {
        let one = Leftover::new(link.kind, id, belongs)
            .named(&text(&link.body, "/name"))
            .at(&link.place)
            .since(&text(&link.body, "/creationTimestamp"));
        match link.kind {
            // The price is for the first five rules; GKE's balancers rarely have more.
            Kind::ForwardingRule => {
                let monthly = prices::hourly(Provider::Gcp, self.region_name(), "load_balancer_rule_hour");
                one.costs(monthly).noted(text(&link.body, "/IPAddress"))
            }
            Kind::InstanceGroup => one.noted(format!("{} machines", text(&link.body, "/size"))),
            _ => one,
        }
    }
}

/// Why something is the hub's by itself.
fn seed(marks: &Marks<'_>, kind: Kind, body: &Value) -> Option<Belongs> {
    let told = marks.of(body);
    if told.is_some() {
        return told;
    }
    let of_nodes = || Belongs::Cluster("the names of its nodes".to_owned());
    match kind {
        Kind::ForwardingRule | Kind::TargetPool | Kind::BackendService
            if marks.is_balancer(&text(body, "/name")) =>
        {
            Some(Belongs::Cluster("its firewall rule in the hub's network".to_owned()))
        }
        Kind::TargetPool => {
            let machines = texts(body, "/instances");
            let own = !machines.is_empty() && machines.iter().all(|link| marks.is_node(link));
            own.then(of_nodes)
        }
        // `gke-CLUSTER-POOL-…-grp`
        Kind::InstanceGroup => marks.is_node(&text(body, "/name")).then(of_nodes),
        _ => None,
    }
}

/// What something leads to or uses, by relative links.
fn uses(kind: Kind, body: &Value) -> BTreeSet<String> {
    let pointers: &[&str] = match kind {
        Kind::ForwardingRule => &["/target", "/backendService"],
        Kind::TargetProxy => &["/urlMap", "/service"],
        Kind::UrlMap => &["/defaultService"],
        Kind::InstanceGroup => &["/instanceGroup"],
        _ => &[],
    };
    let mut all: Vec<String> = pointers.iter().map(|pointer| text(body, pointer)).collect();
    match kind {
        Kind::UrlMap => {
            for matcher in each(body, "/pathMatchers") {
                all.push(text(matcher, "/defaultService"));
                all.extend(each(matcher, "/pathRules").into_iter().map(|rule| text(rule, "/service")));
            }
        }
        Kind::BackendService => {
            all.extend(each(body, "/backends").into_iter().map(|backend| text(backend, "/group")));
            all.extend(texts(body, "/healthChecks"));
        }
        Kind::TargetPool => all.extend(texts(body, "/healthChecks")),
        _ => {}
    }
    all.into_iter().filter(|link| !link.is_empty()).map(|link| relative(&link).to_owned()).collect()
}

/// Gives what leads only to the hub's things, and what only they use, to the hub, until nothing changes.
fn follow(chain: &mut BTreeMap<String, Link>) {
    loop {
        let owned: BTreeSet<_> =
            chain.iter().filter(|(_, link)| link.belongs.is_some()).map(|(id, _)| id.clone()).collect();
        let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, link) in &*chain {
            link.uses.iter().for_each(|used| users.entry(used).or_default().push(id));
        }
        let leads_there = |link: &Link| {
            // A health check says nothing of whose a service is.
            let mut targets = link.uses.iter().filter(|used| !used.contains("ealthChecks/")).peekable();
            targets.peek().is_some() && targets.all(|used| owned.contains(used))
        };
        let only_there =
            |id: &str| users.get(id).is_some_and(|users| users.iter().all(|user| owned.contains(*user)));
        let more: Vec<_> = chain
            .iter()
            .filter(|(id, link)| link.belongs.is_none() && (leads_there(link) || only_there(id)))
            .map(|(id, _)| id.clone())
            .collect();
        if more.is_empty() {
            return;
        }
        for id in more {
            if let Some(link) = chain.get_mut(&id) {
                link.belongs = Some(Belongs::Cluster("what it leads to or serves".to_owned()));
            }
        }
    }
}

/// The groups of machines that have a manager.
fn managed_groups(chain: &BTreeMap<String, Link>) -> BTreeSet<String> {
    let managers = chain.values().filter(|link| link.kind == Kind::InstanceGroup);
    managers.map(|link| relative(&text(&link.body, "/instanceGroup")).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chain(all: &[(&str, Kind, Value)]) -> BTreeMap<String, Link> {
        let marks = Marks::new("lab", "us-central1");
        let made = all.iter().map(|(id, kind, body)| {
            let belongs = seed(&marks, *kind, body);
            let link = Link {
                kind: *kind,
                place: String::new(),
                uses: uses(*kind, body),
                belongs,
                body: body.clone(),
            };
            ((*id).to_owned(), link)
        });
        let mut made: BTreeMap<_, _> = made.collect();
        follow(&mut made);
        made
    }

    fn owned(chain: &BTreeMap<String, Link>) -> Vec<&str> {
        chain.iter().filter(|(_, link)| link.belongs.is_some()).map(|(id, _)| id.as_str()).collect()
    }

    const NODE: &str = "projects/p/zones/z/instances/gke-lab-user-1-2";

    #[test]
    fn a_balancer_of_a_service_is_found_from_its_nodes() {
        let all = chain(&[
            ("projects/p/rule", Kind::ForwardingRule, json!({ "target": "http://x/projects/p/pool" })),
            (
                "projects/p/pool",
                Kind::TargetPool,
                json!({ "instances": [NODE], "healthChecks": ["projects/p/httpHealthChecks/c"] }),
            ),
            ("projects/p/httpHealthChecks/c", Kind::HealthCheck, json!({})),
            ("projects/p/other", Kind::ForwardingRule, json!({ "target": "projects/p/pool-2" })),
            (
                "projects/p/pool-2",
                Kind::TargetPool,
                json!({ "instances": ["projects/p/zones/z/instances/mine"] }),
            ),
        ]);
        assert_eq!(owned(&all), ["projects/p/httpHealthChecks/c", "projects/p/pool", "projects/p/rule"]);
    }

    #[test]
    fn what_others_use_too_stays_theirs() {
        let mine = json!({ "description": "frazil-hub=lab", "backends": [{ "group": "projects/p/neg" }], "healthChecks": ["projects/p/healthChecks/h"] });
        let all = chain(&[
            ("projects/p/mine", Kind::BackendService, mine),
            ("projects/p/neg", Kind::EndpointGroup, json!({})),
            (
                "projects/p/theirs",
                Kind::BackendService,
                json!({ "backends": [{ "group": "projects/p/neg-2" }], "healthChecks": ["projects/p/healthChecks/h"] }),
            ),
            ("projects/p/healthChecks/h", Kind::HealthCheck, json!({})),
            (
                "projects/p/map",
                Kind::UrlMap,
                json!({ "defaultService": "projects/p/theirs", "pathMatchers": [{ "defaultService": "projects/p/mine" }] }),
            ),
        ]);
        assert_eq!(owned(&all), ["projects/p/mine", "projects/p/neg"]);
    }

    #[test]
    fn a_target_pool_with_other_machines_too_is_not_the_hubs() {
        let mixed = json!({ "instances": [NODE, "projects/p/zones/z/instances/mine"] });
        assert!(owned(&chain(&[("projects/p/pool", Kind::TargetPool, mixed)])).is_empty());
    }
}
