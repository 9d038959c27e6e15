//! Bringing a hub up on a cluster, stage by stage. Each stage looks at what is there and changes
//! what differs, so whatever stopped an earlier call, the next one goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use serde_json::{Map, Value, json};

use super::access::Access;
use super::journal::{Event, Journal, What};
use super::objects::{FIELD_MANAGER, Named, Objects};
use super::reached;
use super::ready::{Waiting, wait};
use super::releases::{Wanted, changes, live, release_changes};
use super::secrets::Secrets;
use super::stage::Stage;
use crate::config::{HubDocument, Kubernetes, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::local::random_hex;
use crate::render::chart::merge;
use crate::render::cluster::Cluster;
use crate::render::{manifests, releases};
use crate::tool::{Helm, MIN_HELM, find_helm};
use crate::view::Progress;

/// How long pods may take: a node that has to come, and an image of some gigabytes.
pub const READY_WITHIN: Duration = Duration::from_mins(20);

/// What `up` found and did.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Up {
    /// What was changed, in the order in which it was.
    pub changed: Vec<String>,
    /// The cluster's API server.
    pub server: String,
}

/// A hub on its way up.
pub(super) struct Site<'a> {
    pub context: &'a Context,
    pub document: &'a HubDocument,
    pub cluster: Cluster<'a>,
    pub access: Access,
    pub helm: Helm,
    pub folder: PathBuf,
    pub journal: Journal,
    run: String,
    verb: &'static str,
}

/// Brings a hub up, or changes it to what its file says.
///
/// # Errors
/// What stopped it; the next call goes on from there.
pub async fn bring_up(
    context: &Context,
    document: &HubDocument,
    ready_within: Duration,
    progress: &mut Progress,
) -> Result<Up> {
    progress.step(Stage::Access.words());
    let site = Site::open(context, document, "up").await?;
    let mut up = Up { changed: Vec::new(), server: site.access.server.clone() };
    let result = climb(&site, &mut up, ready_within, progress).await;
    if result.is_err() {
        progress.abandon();
    }
    result.map(|()| up)
}

async fn climb(site: &Site<'_>, up: &mut Up, ready_within: Duration, progress: &mut Progress) -> Result<()> {
    let mut objects = Objects::open(&site.access).await?;
    let begun = site.begin(Stage::Access)?;
    let secrets = site.end(Stage::Access, begun, access(site, &objects, up).await, &no_secrets)?;
    let redact = |text: &str| secrets.redact(text);
    let wanted = site.wanted(&objects, &secrets).await?;

    progress.step(Stage::Crds.words());
    let begun = site.begin(Stage::Crds)?;
    let changed = site.end(Stage::Crds, begun, crds(site, &objects, &wanted, up).await, &redact)?;
    if changed {
        objects = Objects::open(&site.access).await?;
    }

    let (own, support): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|each| site.is_own(each));
    progress.step(Stage::Support.words());
    let begun = site.begin(Stage::Support)?;
    let mut waited =
        site.end(Stage::Support, begun, install(site, &objects, &support, &secrets, up).await, &redact)?;
    let begun = site.begin(Stage::Releases)?;
    progress.step(Stage::Releases.words());
    waited.extend(site.end(
        Stage::Releases,
        begun,
        install(site, &objects, &own, &secrets, up).await,
        &redact,
    )?);
    let applied = apply_manifests(site, &mut objects, up).await?;
    waited.extend(applied);

    progress.step(Stage::Checks.words());
    let begun = site.begin(Stage::Checks)?;
    let waiting = wait(&objects, &waited, ready_within, |waiting| progress.detail(&told(waiting))).await;
    let ready =
        waiting.and_then(|waiting| if waiting.is_empty() { Ok(()) } else { Err(not_ready(&waiting)) });
    site.end(Stage::Checks, begun, ready, &redact)?;
    progress.finish();
    Ok(())
}

fn no_secrets(text: &str) -> String {
    text.to_owned()
}

fn told(waiting: &[Waiting]) -> String {
    let more = waiting.len().saturating_sub(1);
    let first = waiting.first().map(ToString::to_string).unwrap_or_default();
    if more == 0 { first } else { format!("{first} (and {more} more)") }
}

fn not_ready(waiting: &[Waiting]) -> Error {
    let lines = waiting.iter().map(ToString::to_string).collect();
    Error::failed("not everything became ready").output(lines).hint("the same call again goes on waiting")
}

impl<'a> Site<'a> {
    /// Connects, and refuses any other cluster than the one that was used before.
    ///
    /// # Errors
    /// When the cluster does not answer, is another one, or Helm is missing.
    pub(super) async fn open(
        context: &'a Context,
        document: &'a HubDocument,
        verb: &'static str,
    ) -> Result<Self> {
        let hub = &document.hub;
        let Provider::Kubernetes(provider) = &hub.provider else {
            return Err(super::super::other_provider(verb, hub.provider.key()));
        };
        let helm = helm(context)?;
        let cluster = Cluster::new(hub).map_err(|error| Error::failed("no machines").because(error))?;
        let access = Access::open(context, &provider.context).await?;
        let folder = reached::folder(context, document)?;
        let journal = Journal::open(&folder)?;
        refuse_other_cluster(&access, provider, &journal)?;
        let run = random_hex(4)?;
        Ok(Self { context, document, cluster, access, helm, folder, journal, run, verb })
    }

    /// Begins a stage, in the journal.
    pub(super) fn begin(&self, stage: Stage) -> Result<Instant> {
        self.journal.add(&self.event(stage, What::Began))?;
        Ok(Instant::now())
    }

    /// Ends a stage, in the journal, well or not.
    pub(super) fn end<T>(
        &self,
        stage: Stage,
        begun: Instant,
        result: Result<T>,
        redact: &dyn Fn(&str) -> String,
    ) -> Result<T> {
        let what = if result.is_ok() { What::Ended } else { What::Failed };
        let mut event = self.event(stage, what);
        let seconds = (begun.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        event.outputs.insert("seconds".to_owned(), json!(seconds));
        let result = result.map_err(|error| error.redacted(redact));
        if let Err(error) = &result {
            event.error =
                Some(std::iter::once(error.to_string()).chain(error.causes()).collect::<Vec<_>>().join(": "));
        }
        self.journal.add(&event)?;
        result
    }

    fn event(&self, stage: Stage, what: What) -> Event {
        let tools = [
            ("frazil", env!("CARGO_PKG_VERSION").to_owned()),
            ("helm", self.helm.version.clone()),
            ("kubernetes", self.access.version.clone()),
        ];
        Event {
            time: self.context.now().to_string(),
            run: self.run.clone(),
            verb: self.verb.to_owned(),
            stage,
            what,
            cluster: self.access.cluster.clone(),
            tools: tools.into_iter().map(|(tool, version)| (tool.to_owned(), version.into())).collect(),
            outputs: Map::new(),
            error: None,
        }
    }

    /// The releases of the hub file, with their secrets; without those that the cluster has no need of.
    pub(super) async fn wanted(&self, objects: &Objects, secrets: &Secrets) -> Result<Vec<Wanted>> {
        let all =
            releases(&self.cluster).map_err(|error| Error::failed("a template failed").because(error))?;
        let mut wanted = Vec::new();
        for release in all {
            let served = release.unless_served.is_some_and(|api| objects.serves(api));
            if served && live(objects, &release.name, &release.namespace).await?.is_none() {
                continue;
            }
            let folder = self.document.folder();
            wanted.push(Wanted::new(release, &self.document.hub.charts, folder, secrets)?);
        }
        Ok(wanted)
    }

    /// The definitions that charts bring beside their releases, once each.
    pub(super) async fn crds(&self, wanted: &[Wanted]) -> Result<Vec<Value>> {
        let all = try_join_all(wanted.iter().map(|each| each.crds(&self.helm))).await?;
        // Two charts may bring the same definition; the later one, hub's or gateway's, wins.
        let by_name: BTreeMap<_, _> =
            all.into_iter().flatten().map(|crd| (Named::of(&crd, ""), crd)).collect();
        let mut crds: Vec<_> = by_name.into_values().collect();
        for crd in &mut crds {
            merge(crd, json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "frazil" } } }));
        }
        Ok(crds)
    }

    /// Whether a release is the hub or the gateway itself.
    pub(super) fn is_own(&self, wanted: &Wanted) -> bool {
        ["jupyterhub", "dask-gateway"].contains(&wanted.release.chart.name)
    }

    /// The objects that no chart makes.
    pub(super) fn manifests(&self) -> Vec<Value> {
        manifests(&self.cluster)
    }
}

fn helm(context: &Context) -> Result<Helm> {
    let hint = "install Helm 4 (https://helm.sh/docs/intro/install), or name it with FRAZIL_HELM";
    let helm = find_helm(context).ok_or_else(|| Error::failed("there is no Helm").hint(hint))?;
    if helm.new_enough() {
        return Ok(helm);
    }
    Err(Error::failed(format!("Helm {} is too old: {MIN_HELM} or newer is needed", helm.version)).hint(hint))
}

/// The file may name the cluster; otherwise it is the one of the last call.
pub(super) fn refuse_other_cluster(access: &Access, provider: &Kubernetes, journal: &Journal) -> Result<()> {
    let pinned = provider.cluster.clone().map(|cluster| ("the hub file", cluster));
    let earlier = || Ok::<_, Error>(journal.cluster()?.map(|cluster| ("the last call", cluster)));
    let Some((who, cluster)) = pinned.map_or_else(earlier, |pinned| Ok(Some(pinned)))? else { return Ok(()) };
    if cluster == access.cluster {
        return Ok(());
    }
    let context = &provider.context;
    Err(Error::failed(format!(
        "the context `{context}` leads to another cluster than {who} says; nothing was changed"
    ))
    .hint(format!("{who}: {cluster}; {}: {}", access.server, access.cluster))
    .hint(format!("if the old cluster is gone, remove {}", journal.path().display())))
}

/// The namespace, and the secrets in it.
async fn access(site: &Site<'_>, objects: &Objects, up: &mut Up) -> Result<Secrets> {
    let manifests = site.manifests();
    let namespace = manifests.first().cloned().unwrap_or_default();
    let named = Named::of(&namespace, "");
    let name = site.cluster.namespace();
    match objects.get(&named).await? {
        None => up.changed.push(named.to_string()),
        Some(live) if live["metadata"]["labels"]["frazil/hub"] == name => {}
        Some(_) => {
            return Err(Error::failed(format!("the namespace `{name}` is there and not frazil's"))
                .hint("give the hub another name, or remove the namespace")
                .hint(format!("or hand it over, with all that is in it: `kubectl label namespace {name} frazil/hub={name}`")));
        }
    }
    objects.apply(&named, &namespace, FIELD_MANAGER).await?;
    let secrets = Secrets::read(site.context, site.document, &site.cluster, objects).await?;
    if secrets.changed {
        up.changed.push("Secret frazil-secrets".to_owned());
    }
    secrets.keep(&site.cluster, objects).await?;
    Ok(secrets)
}

/// Applies the definitions that charts bring; whether any differed.
async fn crds(site: &Site<'_>, objects: &Objects, wanted: &[Wanted], up: &mut Up) -> Result<bool> {
    let crds = site.crds(wanted).await?;
    let differ = changes(objects, &crds, "", FIELD_MANAGER).await?;
    for crd in &crds {
        let named = Named::of(crd, "");
        if differ.iter().any(|change| change.object == named) {
            objects.apply(&named, crd, FIELD_MANAGER).await?;
            up.changed.push(named.to_string());
        }
    }
    established(objects, &crds).await?;
    Ok(!differ.is_empty())
}

/// Waits until the API server serves what definitions define.
async fn established(objects: &Objects, crds: &[Value]) -> Result<()> {
    const TRIES: usize = 60;
    for crd in crds {
        let named = Named::of(crd, "");
        for attempt in 0.. {
            let live = objects.get(&named).await?.unwrap_or_default();
            let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
            let is = |each: &Value| each["type"] == "Established" && each["status"] == "True";
            if conditions.is_some_and(|all| all.iter().any(is)) {
                break;
            }
            if attempt == TRIES {
                return Err(Error::failed(format!("{named} is not served after {} s", TRIES / 2)));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    Ok(())
}

/// Installs releases side by side; what they consist of, to wait for.
async fn install(
    site: &Site<'_>,
    objects: &Objects,
    wanted: &[Wanted],
    secrets: &Secrets,
    up: &mut Up,
) -> Result<Vec<(Value, String)>> {
    let done = try_join_all(wanted.iter().map(|each| install_one(site, objects, each, secrets))).await?;
    let mut waited = Vec::new();
    for (each, (own, changed)) in wanted.iter().zip(done) {
        if changed {
            up.changed.push(format!("release {}", each.release.name));
        }
        waited.extend(own.into_iter().map(|object| (object, each.release.namespace.clone())));
    }
    Ok(waited)
}

async fn install_one(
    site: &Site<'_>,
    objects: &Objects,
    wanted: &Wanted,
    secrets: &Secrets,
) -> Result<(Vec<Value>, bool)> {
    let (name, namespace) = (&wanted.release.name, &wanted.release.namespace);
    let own = wanted.objects(&site.helm, &site.access, objects).await?;
    let live = heal(site, objects, name, namespace).await?;
    let same = live
        .as_ref()
        .is_some_and(|live| live.status == "deployed" && live.digest.as_ref() == Some(&wanted.digest));
    if same && release_changes(objects, &own, namespace).await?.is_empty() {
        return Ok((own, false));
    }
    let log = site.folder.join(format!("helm-{name}.log"));
    wanted.install(&site.helm, &site.access, log, secrets).await?;
    Ok((own, true))
}

/// Puts right what a stop of Helm left: a revision that is neither in service nor failed.
async fn heal(
    site: &Site<'_>,
    objects: &Objects,
    name: &str,
    namespace: &str,
) -> Result<Option<super::releases::Live>> {
    let found = live(objects, name, namespace).await?;
    let Some(stuck) = found.as_ref().filter(|live| live.is_stuck() || live.is_half_removed()) else {
        return Ok(found);
    };
    if stuck.is_half_removed() {
        let (helm, target) = (site.helm.clone(), site.access.target.clone());
        let (name, namespace) = (name.to_owned(), namespace.to_owned());
        super::releases::blocking(move || helm.uninstall(&target, &name, &namespace)).await?;
    } else {
        objects.delete(&stuck.secret(name, namespace)).await?;
    }
    live(objects, name, namespace).await
}

/// Applies what no chart makes. Kinds that a release has just defined need another look at what is served.
async fn apply_manifests(
    site: &Site<'_>,
    objects: &mut Objects,
    up: &mut Up,
) -> Result<Vec<(Value, String)>> {
    let manifests = site.manifests();
    let namespace = site.cluster.namespace();
    if manifests.iter().any(|object| !objects.knows(&Named::of(object, namespace))) {
        *objects = Objects::open(&site.access).await?;
    }
    let differ = changes(objects, &manifests, namespace, FIELD_MANAGER).await?;
    for object in &manifests {
        let named = objects.scoped(Named::of(object, namespace));
        if differ.iter().any(|change| change.object == named) {
            objects.apply(&named, object, FIELD_MANAGER).await?;
            up.changed.push(named.to_string());
        }
    }
    Ok(manifests.into_iter().map(|object| (object, namespace.to_owned())).collect())
}
