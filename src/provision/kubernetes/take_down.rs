//! Taking a hub down in the order in which things depend on each other, then sweeping what
//! controllers left, then looking again: the statement says what is gone, kept and left.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::access::Access;
use super::definitions;
use super::leftovers::{Belongs, Leftover, leftovers, other_hubs, used_by};
use super::objects::{Named, Objects, is_going};
use super::releases::live;
use super::site::Site;
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::Keep;
use crate::provision::blocking::blocking;
use crate::provision::stage::Stage;
use crate::render::releases;
use crate::tool::Helm;
use crate::view::Progress;

/// How long pods may take to end, each by its own grace.
const ENDS_WITHIN: Duration = Duration::from_mins(3);
/// How often the cluster is asked.
const PAUSE: Duration = Duration::from_millis(300);
/// How long nothing may change before what is left counts as held.
const STILL_WITHIN: Duration = Duration::from_secs(45);
/// Whose finalizers nobody removes any more once their releases are gone. Behind those of others a
/// disk or a load balancer may stand, which goes on being billed: they are named, not removed.
const OF_OUR_CHARTS: [&str; 3] = ["dask.org", "traefik.io", "cert-manager.io"];

/// What `down` did, and what it left.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Statement {
    /// What was removed, in the order in which it was.
    pub removed: Vec<String>,
    /// What was kept on purpose.
    pub kept: Vec<Leftover>,
    /// What is still there and should not be.
    pub left: Vec<Leftover>,
    /// Other hubs, for which shared charts and definitions stay.
    pub other_hubs: Vec<String>,
}

/// Looks at what is there; changes nothing.
///
/// # Errors
/// When the cluster does not answer or is another one.
pub async fn audit(context: &Context, document: &HubDocument, keep: &[Keep]) -> Result<Statement> {
    let site = Site::open(context, document, "down").await?;
    let objects = Objects::open(&site.access).await?;
    statement(&objects, document.hub.name.as_str(), keep, Vec::new()).await
}

/// Takes a hub down.
///
/// # Errors
/// When the cluster refuses or does not answer; the next call goes on.
pub async fn take_down(
    context: &Context,
    document: &HubDocument,
    keep: &[Keep],
    progress: &mut Progress,
) -> Result<Statement> {
    progress.step("cluster");
    let site = Site::open(context, document, "down").await?;
    let mut descent = Descent {
        hub: document.hub.name.as_str(),
        objects: Objects::open(&site.access).await?,
        access: site.access.clone(),
        helm: site.helm.clone(),
        keep,
        removed: Vec::new(),
    };
    // Nothing can be made any more in a namespace that is being removed.
    let lockable = descent.own_namespace().await?.is_some_and(|live| !is_going(&live));
    let lock = if lockable { Some(site.lock(&descent.objects).await?) } else { None };
    let result = descent.go(&site, progress).await;
    if let Some(lock) = lock {
        // With the namespace, the lock is gone as well.
        drop(lock.release().await);
    }
    result?;
    progress.step("looking again");
    descent.objects = Objects::open(&site.access).await?;
    let statement = statement(&descent.objects, descent.hub, keep, descent.removed).await?;
    progress.finish();
    if statement.left.is_empty() {
        site.log.journal.close()?;
    }
    Ok(statement)
}

async fn statement(objects: &Objects, hub: &str, keep: &[Keep], removed: Vec<String>) -> Result<Statement> {
    let found = leftovers(objects, hub).await?;
    let (kept, left): (Vec<_>, Vec<_>) = found.into_iter().partition(|each| is_kept(each, keep));
    Ok(Statement { removed, kept, left, other_hubs: other_hubs(objects, hub).await? })
}

/// Homes are claims that KubeSpawner made for people, their volumes, and the namespace around them.
fn is_kept(leftover: &Leftover, keep: &[Keep]) -> bool {
    let homes = keep.contains(&Keep::Homes);
    match leftover.object.kind.as_str() {
        "PersistentVolumeClaim" => homes && is_home(&leftover.object.name),
        "PersistentVolume" => homes,
        "Namespace" => homes && leftover.belongs == Belongs::Namespace,
        _ => false,
    }
}

/// KubeSpawner names people's claims so (`claim-{escaped_user_server}`), and the homes' claim is ours.
fn is_home(claim: &str) -> bool {
    claim.starts_with("claim-") || claim == crate::render::support::HOMES_CLAIM
}

struct Descent<'a> {
    hub: &'a str,
    objects: Objects,
    access: Access,
    helm: Helm,
    keep: &'a [Keep],
    removed: Vec<String>,
}

impl Descent<'_> {
    /// All stages, in their order.
    async fn go(&mut self, site: &Site<'_>, progress: &mut Progress) -> Result<()> {
        let others = other_hubs(&self.objects, self.hub).await?;
        let same = |text: &str| text.to_owned();
        for (stage, words) in [
            (Stage::Releases, "Dask clusters and people's servers"),
            (Stage::Support, "Helm releases"),
            (Stage::Access, "volumes, namespace and what controllers left"),
            (Stage::Crds, "custom resource definitions"),
        ] {
            progress.step(words);
            let begun = site.log.begin(stage)?;
            let done = match stage {
                Stage::Releases => self.people().await,
                Stage::Support => self.releases(site, others.is_empty()).await,
                Stage::Access => self.namespace(progress).await,
                _ if others.is_empty() => self.definitions().await,
                _ => Ok(()),
            };
            site.log.end(stage, begun, done, &same)?;
        }
        Ok(())
    }

    /// The namespace, if it is there and the hub's.
    async fn own_namespace(&self) -> Result<Option<Value>> {
        let found = self.objects.get(&self.namespace_name()).await?;
        Ok(found.filter(|live| live["metadata"]["labels"]["frazil/hub"] == self.hub))
    }

    async fn owns_namespace(&self) -> Result<bool> {
        Ok(self.own_namespace().await?.is_some())
    }

    fn namespace_name(&self) -> Named {
        Named {
            kind: "Namespace".to_owned(),
            api: "v1".to_owned(),
            namespace: String::new(),
            name: self.hub.to_owned(),
        }
    }

    /// Dask clusters while their controller is there to end them, then people's servers.
    async fn people(&mut self) -> Result<()> {
        if !self.owns_namespace().await? {
            return Ok(());
        }
        let clusters = self.objects.list("gateway.dask.org/v1alpha1", "DaskCluster", self.hub, "").await?;
        let servers = self.objects.list("v1", "Pod", self.hub, "component=singleuser-server").await?;
        for object in clusters.iter().chain(&servers) {
            self.remove(&Named::of(object, self.hub)).await?;
        }
        Ok(())
    }

    async fn remove(&mut self, object: &Named) -> Result<()> {
        self.objects.delete(object).await?;
        self.removed.push(object.to_string());
        Ok(())
    }

    /// Gateway and hub, then what they needed; what hubs share only with the last hub.
    async fn releases(&mut self, site: &Site<'_>, last: bool) -> Result<()> {
        let all =
            releases(&site.cluster).map_err(|error| Error::failed("a template failed").because(error))?;
        for release in all.iter().rev().filter(|release| last || !release.shared) {
            let Some(live) = live(&self.objects, &release.name, &release.namespace).await? else { continue };
            // A shared chart that somebody else installed carries no digest of ours.
            if release.shared && live.digest.is_none() {
                continue;
            }
            if live.is_stuck() {
                self.objects.delete(&live.secret(&release.name, &release.namespace)).await?;
            }
            self.uninstall(&release.name, &release.namespace).await?;
        }
        self.forgotten_releases(&all.iter().map(|each| each.name.as_str()).collect::<Vec<_>>()).await
    }

    /// Releases in the hub's namespace that the file no longer speaks of.
    async fn forgotten_releases(&mut self, known: &[&str]) -> Result<()> {
        if !self.owns_namespace().await? {
            return Ok(());
        }
        let secrets = self.objects.list("v1", "Secret", self.hub, "owner=helm").await?;
        let mut names: Vec<_> = secrets
            .iter()
            .filter_map(|secret| secret["metadata"]["labels"]["name"].as_str().map(str::to_owned))
            .filter(|name| !known.contains(&name.as_str()))
            .collect();
        names.sort();
        names.dedup();
        for name in names {
            self.uninstall(&name, self.hub).await?;
        }
        Ok(())
    }

    async fn uninstall(&mut self, name: &str, namespace: &str) -> Result<()> {
        let (helm, target) = (self.helm.clone(), self.access.target.clone());
        let (own, place) = (name.to_owned(), namespace.to_owned());
        blocking(move || helm.uninstall(&target, &own, &place)).await?;
        self.removed.push(format!("release {name}"));
        Ok(())
    }

    /// Everything that is left of the hub outside definitions: the namespace with what is in it,
    /// volumes, and what charts made for the whole cluster.
    async fn namespace(&mut self, progress: &mut Progress) -> Result<()> {
        let start = Instant::now();
        let (mut before, mut still) = (Vec::new(), Instant::now());
        loop {
            self.objects = Objects::open(&self.access).await?;
            let found = leftovers(&self.objects, self.hub).await?;
            let own = found.into_iter().filter(|each| each.belongs != Belongs::Definition);
            let doomed: Vec<_> = own.filter(|each| !is_kept(each, self.keep)).collect();
            if doomed != before {
                (before, still) = (doomed.clone(), Instant::now());
            }
            if doomed.is_empty() || start.elapsed() > ENDS_WITHIN || still.elapsed() > STILL_WITHIN {
                return Ok(());
            }
            for each in &doomed {
                self.sweep(&each.object).await?;
            }
            if let Some(first) = doomed.first() {
                progress.detail(&format!("{} and {} more", first.object, doomed.len() - 1));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Deletes an object once; frees one that nobody will free any more, and a pod of a dead node.
    async fn sweep(&mut self, object: &Named) -> Result<()> {
        let Some(live) = self.objects.get(object).await? else { return Ok(()) };
        if !is_going(&live) {
            return self.remove(object).await;
        }
        let finalizers = live["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        let of_ours = |finalizer: &Value| {
            finalizer.as_str().is_some_and(|text| OF_OUR_CHARTS.iter().any(|chart| text.contains(chart)))
        };
        if finalizers.iter().any(of_ours) {
            let others: Vec<_> = finalizers.into_iter().filter(|each| !of_ours(each)).collect();
            self.objects.merge(object, &json!({ "metadata": { "finalizers": others } })).await?;
            self.removed.push(format!("finalizers of {object}"));
        }
        if object.kind == "Pod" && !self.node_is_ready(&live).await? {
            self.objects.delete_now(object).await?;
            self.removed.push(format!("{object} of a dead node"));
        }
        Ok(())
    }

    /// Whether the node of a pod can still end it.
    async fn node_is_ready(&self, pod: &Value) -> Result<bool> {
        let Some(name) = pod["spec"]["nodeName"].as_str() else { return Ok(false) };
        let node = Named {
            kind: "Node".to_owned(),
            api: "v1".to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
        };
        let live = self.objects.get(&node).await?.unwrap_or_default();
        let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
        let ready = |each: &Value| each["type"] == "Ready" && each["status"] == "True";
        Ok(conditions.is_some_and(|all| all.iter().any(ready)))
    }

    /// Definitions that frazil applied and nobody uses.
    async fn definitions(&mut self) -> Result<()> {
        for definition in definitions::ours(&self.objects).await? {
            if used_by(&self.objects, &definition).await? == 0 {
                self.remove(&Named::of(&definition, "")).await?;
            }
        }
        let gone = Instant::now();
        while !definitions::ours(&self.objects).await?.is_empty() && gone.elapsed() < Duration::from_secs(10)
        {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}
