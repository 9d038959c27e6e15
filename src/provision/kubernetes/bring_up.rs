//! Bringing a hub up on a cluster, stage by stage. Each stage looks at what is there and changes
//! what differs, so whatever stopped an earlier call, the next one goes on.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use serde_json::Value;

use super::chart_namespaces;
use super::definitions;
use super::lock::Lock;
use super::objects::{FIELD_MANAGER, Named, Objects, is_going};
use super::plan::Plan;
use super::ready::{Waiting, last_words, wait};
use super::releases::{Live, Wanted, changes, live, release_changes};
use super::secrets::Secrets;
use super::site::Site;
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::blocking::blocking;
use crate::provision::stage::Stage;
use crate::view::Progress;

/// How long pods may take: a node that has to come, and an image of some gigabytes.
pub const READY_WITHIN: Duration = Duration::from_mins(20);

/// How long a Helm of a call that was killed may go on.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// How long a namespace that is being removed may take.
const GONE_WITHIN: Duration = Duration::from_mins(2);

/// What `up` found and did.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Up {
    /// What was changed, in the order in which it was.
    pub changed: Vec<String>,
    /// The cluster's API server.
    pub server: String,
    /// People's servers that run on with what they were started with, though the hub was changed.
    pub earlier_servers: usize,
}

/// Does what a plan says; with an empty plan, only waits until everything is ready.
///
/// # Errors
/// What stopped it; the next call goes on from there.
pub async fn bring_up(
    context: &Context,
    document: &HubDocument,
    plan: &Plan,
    ready_within: Duration,
    progress: &mut Progress,
) -> Result<Up> {
    progress.step(Stage::Access.words());
    let site = Site::open(context, document, "up").await?;
    let objects = Objects::open(&site.access).await?;
    let mut ascent =
        Ascent { site, objects, progress, changed: Vec::new(), installed: Vec::new(), lock: None };
    let result = if plan.is_empty() {
        ascent.check(&plan.parts, ready_within, &no_secrets).await
    } else {
        ascent.climb(ready_within).await
    };
    if let Some(lock) = ascent.lock.take() {
        // A lock that cannot be given back ends by itself; what stopped the call is told.
        drop(lock.release().await);
    }
    match result {
        Ok(()) => ascent.progress.finish(),
        Err(_) => ascent.progress.abandon(),
    }
    result?;
    // The hub is up; that nobody could be counted is no failure of that.
    let earlier_servers = ascent.earlier_servers().await.unwrap_or_default();
    let server = ascent.site.access.server.clone();
    Ok(Up { changed: ascent.changed, server, earlier_servers })
}

fn no_secrets(text: &str) -> String {
    text.to_owned()
}

/// A release that Helm has installed or upgraded in this call.
struct Installed {
    name: String,
    namespace: String,
    /// The revision that was in service before.
    earlier: Option<u32>,
    objects: Vec<Value>,
    changed: bool,
}

/// A hub on its way up.
struct Ascent<'a, 'p> {
    site: Site<'a>,
    objects: Objects,
    progress: &'p mut Progress,
    changed: Vec<String>,
    installed: Vec<Installed>,
    lock: Option<Lock>,
}

impl Ascent<'_, '_> {
    async fn climb(&mut self, ready_within: Duration) -> Result<()> {
        let begun = self.site.log.begin(Stage::Access)?;
        let done = self.access().await;
        let secrets = self.site.log.end(Stage::Access, begun, done, &no_secrets)?;
        let redact = |text: &str| secrets.redact(text);
        let wanted = self.site.wanted(&self.objects, &secrets).await?;

        self.progress.step(Stage::Crds.words());
        let begun = self.site.log.begin(Stage::Crds)?;
        let done = self.definitions(&wanted).await;
        self.site.log.end(Stage::Crds, begun, done, &redact)?;

        let (own, support): (Vec<_>, Vec<_>) = wanted.into_iter().partition(Wanted::is_own);
        self.progress.step(Stage::Support.words());
        let begun = self.site.log.begin(Stage::Support)?;
        let done = self.support(&support, &secrets).await;
        let manifests = self.site.log.end(Stage::Support, begun, done, &redact)?;

        self.progress.step(Stage::Releases.words());
        let begun = self.site.log.begin(Stage::Releases)?;
        let done = self.install(&own, &secrets).await;
        self.site.log.end(Stage::Releases, begun, done, &redact)?;

        self.progress.step(Stage::Ops.words());
        let begun = self.site.log.begin(Stage::Ops)?;
        let done = self.ops().await;
        let ops = self.site.log.end(Stage::Ops, begun, done, &redact)?;

        let parts = self.parts([manifests, ops].concat());
        self.check(&parts, ready_within, &redact).await
    }

    /// How many servers of people the hub had before its own release was changed in this call.
    async fn earlier_servers(&self) -> Result<usize> {
        let namespace = self.site.cluster.namespace();
        let changed = |release: &Installed| {
            release.changed && release.earlier.is_some() && release.namespace == namespace
        };
        if !self.installed.iter().any(changed) {
            return Ok(0);
        }
        let servers = self.objects.list("v1", "Pod", namespace, "component=singleuser-server").await?;
        Ok(servers.len())
    }

    /// Everything that has to become ready, each with the namespace of its release.
    fn parts(&self, manifests: Vec<Value>) -> Vec<(Value, String)> {
        let namespace = self.site.cluster.namespace();
        let own = manifests.into_iter().map(|object| (object, namespace.to_owned()));
        let of_releases = self.installed.iter().flat_map(|release| {
            release.objects.iter().map(|object| (object.clone(), release.namespace.clone()))
        });
        own.chain(of_releases).collect()
    }

    /// The namespace, and the secrets in it.
    async fn access(&mut self) -> Result<Secrets> {
        let manifests = self.site.manifests()?;
        let namespace = manifests.first().cloned().unwrap_or_default();
        let named = Named::of(&namespace, "");
        self.wait_while_going(&named).await?;
        let site = &self.site;
        let name = site.cluster.namespace();
        match self.objects.get(&named).await? {
            None => self.changed.push(named.to_string()),
            Some(live) if live["metadata"]["labels"]["frazil/hub"] == name => {}
            Some(_) => return Err(foreign_namespace(name)),
        }
        self.objects.apply(&named, &namespace, FIELD_MANAGER).await?;
        self.lock = Some(site.lock(&self.objects).await?);
        let secrets = Secrets::read(site.context, site.document, &site.cluster, &self.objects).await?;
        if secrets.changed {
            self.changed.push("Secret frazil-secrets".to_owned());
        }
        secrets.keep(&site.cluster, &self.objects).await?;
        Ok(secrets)
    }

    /// An earlier `down` that was stopped may still be removing the namespace.
    async fn wait_while_going(&mut self, namespace: &Named) -> Result<()> {
        let since = Instant::now();
        while self.objects.get(namespace).await?.is_some_and(|live| is_going(&live)) {
            if since.elapsed() > GONE_WITHIN {
                return Err(Error::failed(format!("{namespace} is being removed and does not go"))
                    .hint("`frazil down` frees what may be freed, and names what holds it"));
            }
            self.progress.detail(&format!("{namespace} of an earlier call is being removed"));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// Applies the definitions that charts bring, and looks again at what is served.
    async fn definitions(&mut self, wanted: &[Wanted]) -> Result<()> {
        let crds = self.site.crds(wanted, &self.objects).await?;
        let changed = definitions::apply(&self.objects, &crds).await?;
        let defined = definitions::defined(&crds);
        if !changed.is_empty() || defined.iter().any(|object| !self.objects.knows(object)) {
            self.objects = Objects::open_knowing(&self.site.access, &defined).await?;
        }
        self.changed.extend(changed.iter().map(ToString::to_string));
        Ok(())
    }

    /// Charts that hub and gateway need, then the objects that no chart makes: their kinds may be
    /// among those that these charts define.
    async fn support(&mut self, wanted: &[Wanted], secrets: &Secrets) -> Result<Vec<Value>> {
        let own = self.site.cluster.namespace();
        let namespaces = chart_namespaces::wanted(&self.objects, wanted, own).await?;
        self.apply(&namespaces).await?;
        self.install(wanted, secrets).await?;
        let manifests = self.site.manifests()?;
        self.apply(&manifests).await?;
        Ok(manifests)
    }

    /// What runs beside the hub for its administrators.
    async fn ops(&mut self) -> Result<Vec<Value>> {
        let manifests = self.site.ops();
        self.apply(&manifests).await?;
        Ok(manifests)
    }

    /// Applies objects that differ, in their order.
    async fn apply(&mut self, manifests: &[Value]) -> Result<()> {
        let namespace = self.site.cluster.namespace().to_owned();
        let objects: Vec<_> = manifests.iter().map(|object| Named::of(object, &namespace)).collect();
        if objects.iter().any(|object| !self.objects.knows(object)) {
            self.objects = Objects::open_knowing(&self.site.access, &objects).await?;
        }
        let differ = changes(&self.objects, manifests, &namespace, FIELD_MANAGER).await?;
        for object in manifests {
            let named = self.objects.scoped(Named::of(object, &namespace));
            if differ.iter().any(|change| change.object == named) {
                self.objects.apply(&named, object, FIELD_MANAGER).await?;
                self.changed.push(named.to_string());
            }
        }
        Ok(())
    }

    /// Installs releases side by side.
    async fn install(&mut self, wanted: &[Wanted], secrets: &Secrets) -> Result<()> {
        let each = wanted.iter().map(|each| install(&self.site, &self.objects, each, secrets));
        let done = try_join_all(each).await?;
        let changed = done.iter().filter(|release| release.changed);
        self.changed.extend(changed.map(|release| format!("release {}", release.name)));
        self.installed.extend(done);
        Ok(())
    }

    /// Waits until everything is ready. What does not become so after an upgrade goes back to the
    /// revision that was in service.
    async fn check(
        &mut self,
        parts: &[(Value, String)],
        ready_within: Duration,
        redact: &dyn Fn(&str) -> String,
    ) -> Result<()> {
        self.progress.step(Stage::Checks.words());
        let begun = self.site.log.begin(Stage::Checks)?;
        let progress = &mut *self.progress;
        let done = match wait(&self.objects, parts, ready_within, |what| progress.detail(&told(what))).await {
            Ok(waiting) if waiting.is_empty() => Ok(()),
            Ok(waiting) => Err(self.go_back(&waiting).await),
            Err(error) => Err(error),
        };
        self.site.log.end(Stage::Checks, begun, done, redact)
    }

    /// Rolls back upgrades that do not become ready; the error that tells of it all.
    async fn go_back(&self, waiting: &[Waiting]) -> Error {
        let mut lines: Vec<_> = waiting.iter().map(ToString::to_string).collect();
        lines.extend(last_words(&self.objects, waiting).await);
        let mut error = Error::failed("not everything became ready").output(lines);
        let waits = |release: &&Installed| {
            let names = release.objects.iter().map(|object| Named::of(object, &release.namespace));
            release.changed && names.into_iter().any(|named| waiting.iter().any(|each| each.object == named))
        };
        for release in self.installed.iter().filter(waits) {
            let Some(earlier) = release.earlier else { continue };
            let (helm, target) = (self.site.helm.clone(), self.site.access.target.clone());
            let (name, namespace) = (release.name.clone(), release.namespace.clone());
            let done = blocking(move || helm.rollback(&target, &name, &namespace, earlier)).await;
            let name = &release.name;
            error = error.hint(match done {
                Ok(()) => format!("{name} went back to revision {earlier}, which was in service before"),
                Err(why) => format!("{name} could not go back to revision {earlier}: {why}"),
            });
        }
        error.hint("change the hub file, or call it again to go on waiting (`--ready-within` says how long)")
    }
}

fn foreign_namespace(name: &str) -> Error {
    let label = format!("kubectl label namespace {name} frazil/hub={name}");
    Error::failed(format!("the namespace `{name}` is there and not frazil's"))
        .hint("give the hub another name, or remove the namespace")
        .hint(format!("or hand it over, with all that is in it: `{label}`"))
}

fn told(waiting: &[Waiting]) -> String {
    let more = waiting.len().saturating_sub(1);
    let first = waiting.first().map(ToString::to_string).unwrap_or_default();
    if more == 0 { first } else { format!("{first} (and {more} more)") }
}

async fn install(
    site: &Site<'_>,
    objects: &Objects,
    wanted: &Wanted,
    secrets: &Secrets,
) -> Result<Installed> {
    let (name, namespace) = (wanted.release.name.clone(), wanted.release.namespace.clone());
    let own = wanted.objects(&site.helm, &site.access, objects).await?;
    let live = heal(site, objects, &name, &namespace).await?;
    let in_service = |live: &Live| if live.status == "deployed" { Some(live.revision) } else { live.earlier };
    let earlier = live.as_ref().and_then(in_service);
    let same =
        live.is_some_and(|live| live.status == "deployed" && live.digest.as_ref() == Some(&wanted.digest));
    let changed = !same || !release_changes(objects, &own, &namespace).await?.is_empty();
    if changed {
        let log = site.folder.join(format!("helm-{name}.log"));
        wanted.install(&site.helm, &site.access, log, secrets).await?;
    }
    Ok(Installed { name, namespace, earlier, objects: own, changed })
}

/// What the cluster has of a release. A Helm that outlives the call that started it goes on to its
/// end, so what it is at gets some time to be over.
async fn settled(objects: &Objects, name: &str, namespace: &str) -> Result<Option<Live>> {
    let since = Instant::now();
    loop {
        let found = live(objects, name, namespace).await?;
        let busy = found.as_ref().is_some_and(|live| live.is_stuck() || live.is_half_removed());
        if !busy || since.elapsed() > SETTLED_WITHIN {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Puts right what a stop of Helm left: a revision that is neither in service nor failed.
async fn heal(site: &Site<'_>, objects: &Objects, name: &str, namespace: &str) -> Result<Option<Live>> {
    let found = settled(objects, name, namespace).await?;
    let Some(stuck) = found.as_ref().filter(|live| live.is_stuck() || live.is_half_removed()) else {
        return Ok(found);
    };
    if stuck.is_half_removed() {
        let (helm, target) = (site.helm.clone(), site.access.target.clone());
        let (name, namespace) = (name.to_owned(), namespace.to_owned());
        blocking(move || helm.uninstall(&target, &name, &namespace)).await?;
    } else {
        objects.delete(&stuck.secret(name, namespace)).await?;
    }
    live(objects, name, namespace).await
}
