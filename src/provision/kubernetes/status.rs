//! How a hub is on its cluster: releases, parts, people's servers, Dask clusters, and the last call.

mod last_run;
mod parts;
mod people;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::join;

pub use last_run::{Last, LastRun};
pub use parts::Part;
pub use people::{DaskCluster, Server};

use super::access::is_forbidden;
use super::objects::{Named, Objects};
use super::reached::Reached;
use super::stored::Stored;
use crate::config::{HubDocument, HubFile};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::stage::Stage;
use crate::render::cluster::Cluster;
use crate::render::releases;

/// The status of a release that is wanted and not there.
const ABSENT: &str = "not there";

/// How a hub is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The hub.
    pub hub: String,
    /// The API server.
    pub server: String,
    /// The UID of the cluster.
    pub cluster: String,
    /// The server's version.
    pub version: String,
    /// Whether the hub's namespace is there, and the hub's.
    pub installed: bool,
    /// Where people find it.
    pub address: Address,
    /// Helm releases.
    pub releases: Vec<ReleaseState>,
    /// Controllers of pods in the hub's namespace.
    pub parts: Vec<Part>,
    /// People's servers.
    pub servers: Vec<Server>,
    /// Dask clusters.
    pub dask_clusters: Vec<DaskCluster>,
    /// The last call that changed the cluster.
    pub last_run: Option<LastRun>,
    /// What the cluster forbids to look at.
    pub forbidden: Vec<&'static str>,
}

/// Where people find a hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Address {
    /// What they type: the domain, or the load balancer's address.
    pub url: Option<String>,
    /// The Service in front.
    pub service: String,
    /// Its type.
    pub kind: String,
    /// The address that the load balancer has.
    pub balancer: Option<String>,
}

/// A Helm release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseState {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The chart.
    pub chart: String,
    /// The chart's version.
    pub version: String,
    /// The revision; 0 when it is not there.
    pub revision: u32,
    /// Its status, in Helm's words.
    pub status: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl Status {
    /// Looks at a hub on its cluster, as far as that may be looked at.
    ///
    /// # Errors
    /// When the cluster does not answer or is another one.
    pub async fn look(context: &Context, document: &HubDocument) -> Result<Self> {
        let Reached { access, journal } = Reached::look(context, document, "status").await?;
        let objects = Objects::open(&access).await?;
        let name = document.hub.name.as_str();
        let namespace = namespace(name);
        let (namespace, address, releases, parts, servers, dask_clusters) = join!(
            objects.get(&namespace),
            Address::look(&objects, &document.hub),
            releases_of(&objects, &document.hub),
            parts::look(&objects, name),
            people::servers(&objects, name),
            people::dask_clusters(&objects, name),
        );
        let mut seen = Seen::default();
        if access.cluster.is_empty() {
            seen.forbidden.push("which cluster it is");
        }
        // A namespace that may not be looked at is taken for the hub's.
        let own =
            |live: Option<Value>| live.is_some_and(|live| live["metadata"]["labels"]["frazil/hub"] == name);
        Ok(Self {
            hub: name.to_owned(),
            server: access.server,
            version: access.version,
            installed: seen.or("the namespace", namespace.map(own), true)?,
            address: seen.or("the address", address, Address::default())?,
            releases: seen.or("releases", releases, Vec::new())?,
            parts: seen.or("parts", parts, Vec::new())?,
            servers: seen.or("people's servers", servers, Vec::new())?,
            dask_clusters: seen.or("Dask clusters", dask_clusters, Vec::new())?,
            last_run: LastRun::of(&journal.events()?, &access.cluster),
            cluster: access.cluster,
            forbidden: seen.forbidden,
        })
    }

    /// Whether the hub is meant to be there: the last call was to bring it up, or it was brought up
    /// from elsewhere.
    pub fn wanted(&self) -> bool {
        self.last_run.as_ref().map_or(self.installed, |run| run.verb != "down")
    }

    /// What is not as it should be.
    pub fn missing(&self) -> Vec<String> {
        if !self.wanted() {
            return Vec::new();
        }
        let mut missing = Vec::new();
        if !self.installed {
            missing.push(format!("the namespace {} is gone", self.hub));
        }
        let bad = self.releases.iter().filter(|release| release.status != "deployed");
        missing.extend(bad.map(|release| format!("the release {} is {}", release.name, release.status)));
        let waiting: Vec<_> =
            self.parts.iter().filter(|part| !part.is_ready).map(|part| part.name.as_str()).collect();
        if !waiting.is_empty() {
            missing.push(format!("not ready: {}", waiting.join(", ")));
        }
        // What stopped while it only waited may have become ready since.
        let run = self.last_run.as_ref().filter(|run| run.stage < Stage::Checks);
        missing.extend(run.filter(|run| run.last != Last::Ended).map(LastRun::words));
        missing
    }
}

/// Keeps account of what may not be looked at.
#[derive(Default)]
struct Seen {
    forbidden: Vec<&'static str>,
}

impl Seen {
    /// What was found, or something in its place when looking is forbidden.
    fn or<T>(&mut self, what: &'static str, found: Result<T>, otherwise: T) -> Result<T> {
        match found {
            Err(error) if is_forbidden(&error) => {
                self.forbidden.push(what);
                Ok(otherwise)
            }
            found => found,
        }
    }
}

fn namespace(name: &str) -> Named {
    Named {
        kind: "Namespace".to_owned(),
        api: "v1".to_owned(),
        namespace: String::new(),
        name: name.to_owned(),
    }
}

/// The Service that people's requests reach first.
pub(super) fn front_service(hub: &HubFile) -> Named {
    let name = if hub.hub { "proxy-public".to_owned() } else { format!("traefik-{}-dask-gateway", hub.name) };
    Named { kind: "Service".to_owned(), api: "v1".to_owned(), namespace: hub.name.to_string(), name }
}

impl Address {
    /// Looks at the Service in front of a hub.
    ///
    /// # Errors
    /// When the cluster does not answer or forbids to look.
    pub async fn look(objects: &Objects, hub: &HubFile) -> Result<Self> {
        let named = front_service(hub);
        let live = objects.get(&named).await?.unwrap_or_default();
        Ok(Self::of(hub.domain.as_ref().map(ToString::to_string), named.name, &live))
    }

    fn of(domain: Option<String>, service: String, live: &Value) -> Self {
        let balancer = balancer(live);
        let domain = domain.map(|domain| format!("https://{domain}"));
        let url = domain.or_else(|| balancer.as_ref().map(|address| format!("http://{}", in_url(address))));
        let kind = live.pointer("/spec/type").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { url, service, kind, balancer }
    }

    /// The call that makes a port of this machine lead to the hub.
    pub fn port_forward(&self, namespace: &str) -> String {
        format!("kubectl --namespace {namespace} port-forward service/{} 8000:80", self.service)
    }
}

/// The address that a load balancer gave a Service.
pub(super) fn balancer(service: &Value) -> Option<String> {
    let first = service.pointer("/status/loadBalancer/ingress/0")?;
    first["hostname"].as_str().or_else(|| first["ip"].as_str()).map(str::to_owned)
}

fn in_url(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

/// The releases that the hub file asks for, and further ones in the hub's namespace.
async fn releases_of(objects: &Objects, hub: &HubFile) -> Result<Vec<ReleaseState>> {
    let cluster = Cluster::new(hub).map_err(|error| Error::failed("no machines").because(error))?;
    let wanted = releases(&cluster).map_err(|error| Error::failed("a template failed").because(error))?;
    let own = hub.name.as_str();
    let mut namespaces: BTreeSet<_> = wanted.iter().map(|release| release.namespace.as_str()).collect();
    namespaces.insert(own);
    let mut found = Vec::new();
    for namespace in namespaces {
        let secrets = objects.list("v1", "Secret", namespace, "owner=helm").await?;
        let named = |name: &str| wanted.iter().any(|each| each.namespace == namespace && each.name == name);
        let stored = Stored::newest(&secrets).into_iter();
        let ours = stored.filter(|stored| namespace == own || named(&stored.name));
        found.extend(ours.map(|stored| ReleaseState::of(stored, namespace)));
    }
    for release in wanted {
        let needed = !release.unless_served.is_some_and(|api| objects.serves(api));
        let is = |each: &ReleaseState| each.name == release.name && each.namespace == release.namespace;
        if needed && !found.iter().any(is) {
            found.push(ReleaseState {
                name: release.name,
                namespace: release.namespace,
                chart: release.chart.name.to_owned(),
                version: release.version,
                revision: 0,
                status: ABSENT.to_owned(),
                since: None,
            });
        }
    }
    Ok(found)
}

impl ReleaseState {
    fn of(stored: Stored, namespace: &str) -> Self {
        Self {
            name: stored.name,
            namespace: namespace.to_owned(),
            chart: stored.chart.metadata.name,
            version: stored.chart.metadata.version,
            revision: stored.version,
            status: stored.info.status,
            since: stored.info.last_deployed.parse().ok(),
        }
    }
}

/// A time of an object.
fn time(object: &Value, path: &str) -> Option<Timestamp> {
    object.pointer(path)?.as_str()?.parse().ok()
}

pub(super) fn text(object: &Value, path: &str) -> String {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ABSENT, Address, Last, LastRun, Part, ReleaseState, Stage, Status};

    fn status() -> Status {
        Status {
            hub: "lab".to_owned(),
            server: String::new(),
            cluster: String::new(),
            version: String::new(),
            installed: true,
            address: Address::default(),
            releases: Vec::new(),
            parts: Vec::new(),
            servers: Vec::new(),
            dask_clusters: Vec::new(),
            last_run: None,
            forbidden: Vec::new(),
        }
    }

    fn run(verb: &str, stage: Stage, last: Last) -> LastRun {
        let verb = verb.to_owned();
        LastRun { verb, began: None, until: None, stage, last, error: Some("no".to_owned()) }
    }

    #[test]
    fn what_waits_and_what_is_absent_is_missing() {
        let mut status = status();
        assert_eq!(status.missing(), Vec::<String>::new());
        status.releases.push(ReleaseState {
            name: "lab-jupyterhub".to_owned(),
            namespace: "lab".to_owned(),
            chart: String::new(),
            version: String::new(),
            revision: 0,
            status: ABSENT.to_owned(),
            since: None,
        });
        status.parts.push(Part {
            kind: "Deployment".to_owned(),
            name: "hub".to_owned(),
            ready: 0,
            wanted: 1,
            is_ready: false,
            images: Vec::new(),
            since: None,
            waits_for: None,
        });
        assert_eq!(status.missing(), ["the release lab-jupyterhub is not there", "not ready: hub"]);
    }

    #[test]
    fn a_call_that_only_waited_when_it_stopped_is_no_harm_by_itself() {
        let after = |last_run| Status { last_run, ..status() }.missing();
        assert_eq!(after(Some(run("up", Stage::Crds, Last::Failed))), ["`up` failed at `crds`: no"]);
        assert!(after(Some(run("up", Stage::Checks, Last::Open))).is_empty());
        assert!(after(Some(run("up", Stage::Checks, Last::Ended))).is_empty());
    }

    #[test]
    fn a_hub_that_was_taken_down_misses_nothing() {
        let gone = Status { installed: false, ..status() };
        assert!(gone.missing().is_empty());
        let down = Status { last_run: Some(run("down", Stage::Crds, Last::Failed)), ..status() };
        assert!(!down.wanted() && down.missing().is_empty());
        let lost = Status { last_run: Some(run("up", Stage::Checks, Last::Ended)), ..gone };
        assert_eq!(lost.missing(), ["the namespace lab is gone"]);
    }

    #[test]
    fn a_domain_comes_before_the_balancer_and_neither_is_made_up() {
        let live = json!({
            "spec": { "type": "LoadBalancer" },
            "status": { "loadBalancer": { "ingress": [{ "ip": "2001:db8::1" }] } },
        });
        let with = |domain: Option<&str>, live| Address::of(domain.map(str::to_owned), "p".to_owned(), live);
        assert_eq!(with(None, &live).url.unwrap(), "http://[2001:db8::1]");
        assert_eq!(with(Some("hub.example.org"), &live).url.unwrap(), "https://hub.example.org");
        assert_eq!(with(None, &json!({ "spec": { "type": "ClusterIP" } })).url, None);
    }
}
