//! What `up` would change: one plan over all layers, made by asking the API server what each
//! change would do. Nothing changes.

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chart_namespaces;
use super::objects::{FIELD_MANAGER, Named, Objects};
use super::releases::{Change, Live, ObjectChange, Wanted, changes, documents, live, release_changes};
use super::secrets::Secrets;
use super::site::Site;
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::Result;
use crate::provision::blocking::blocking;

/// What happens to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is as the hub file says.
    Nothing,
    /// It is not there.
    Install,
    /// Its chart, version or values differ.
    Upgrade,
    /// Helm was stopped in the middle, or failed.
    Resume,
    /// Objects of it were changed or removed by somebody else.
    Repair,
}

/// What happens to a release, and to its objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleasePlan {
    /// The release.
    pub release: String,
    /// The namespace.
    pub namespace: String,
    /// The chart.
    pub chart: String,
    /// The version.
    pub version: String,
    /// What happens.
    pub action: Action,
    /// A digest of its values without secrets.
    pub values: String,
    /// Its objects that differ.
    pub objects: Vec<ObjectChange>,
    /// Those of them that somebody changed or removed since Helm applied them.
    pub by_hand: Vec<Named>,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The hub.
    pub hub: String,
    /// The UID of the cluster.
    pub cluster: String,
    /// The API server.
    pub server: String,
    /// The namespace and the Secret, where they are missing or differ.
    pub access: Vec<ObjectChange>,
    /// Custom resource definitions.
    pub crds: Vec<ObjectChange>,
    /// Helm releases, in their order.
    pub releases: Vec<ReleasePlan>,
    /// Objects that no chart makes.
    pub manifests: Vec<ObjectChange>,
    /// Everything that has to be ready, each with the namespace of its release.
    #[serde(skip)]
    pub parts: Vec<(Value, String)>,
}

impl Plan {
    /// Makes a plan.
    ///
    /// # Errors
    /// When the cluster does not answer or a chart cannot be rendered.
    pub async fn make(context: &Context, document: &HubDocument) -> Result<Self> {
        let site = Site::open(context, document, "plan").await?;
        let objects = Objects::open(&site.access).await?;
        let secrets = Secrets::read(context, document, &site.cluster, &objects).await?;
        let wanted = site.wanted(&objects, &secrets).await?;
        let namespace = site.cluster.namespace();
        let (first, manifests): (Vec<_>, Vec<_>) =
            site.manifests()?.into_iter().chain(site.ops()).partition(|object| object["kind"] == "Namespace");
        let mut access = changes(&objects, &first, namespace, FIELD_MANAGER).await?;
        let of_charts = chart_namespaces::wanted(&objects, &wanted, namespace).await?;
        access.extend(changes(&objects, &of_charts, "", FIELD_MANAGER).await?);
        access.extend(secrets.change(&site.cluster, &objects).await?);
        let parts: Vec<_> = manifests.iter().map(|object| (object.clone(), namespace.to_owned())).collect();
        let (releases, own): (Vec<_>, Vec<_>) =
            try_join_all(wanted.iter().map(|each| release(&site, &objects, each))).await?.into_iter().unzip();
        let crds = site.crds(&wanted, &objects).await?;
        Ok(Self {
            hub: document.hub.name.to_string(),
            cluster: site.access.cluster.clone(),
            server: site.access.server.clone(),
            access,
            crds: changes(&objects, &crds, "", FIELD_MANAGER).await?,
            releases,
            parts: own.into_iter().flatten().chain(parts).collect(),
            manifests: changes(&objects, &manifests, namespace, FIELD_MANAGER).await?,
        })
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        let none = self.releases.iter().all(|release| release.action == Action::Nothing);
        none && self.access.is_empty() && self.crds.is_empty() && self.manifests.is_empty()
    }

    /// All objects that would change, with the release that they are of.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &ObjectChange)> {
        let of_releases = self
            .releases
            .iter()
            .flat_map(|release| release.objects.iter().map(|object| (release.release.as_str(), object)));
        let others = self.access.iter().chain(&self.crds).chain(&self.manifests);
        others.map(|object| ("", object)).chain(of_releases)
    }

    /// How many objects would be made, changed and deleted.
    pub fn counts(&self) -> [usize; 3] {
        let count =
            |wanted: fn(&Change) -> bool| self.objects().filter(|(_, each)| wanted(&each.change)).count();
        [
            count(|change| matches!(change, Change::Create)),
            count(|change| matches!(change, Change::Change(_))),
            count(|change| matches!(change, Change::Delete)),
        ]
    }
}

async fn release(
    site: &Site<'_>,
    objects: &Objects,
    wanted: &Wanted,
) -> Result<(ReleasePlan, Vec<(Value, String)>)> {
    let release = &wanted.release;
    let own = wanted.objects(&site.helm, &site.access, objects).await?;
    let live = live(objects, &release.name, &release.namespace).await?;
    let mut differ = release_changes(objects, &own, &release.namespace).await?;
    let applied = match &live {
        Some(live) if !live.is_half_removed() => applied(site, objects, wanted).await?,
        _ => Vec::new(),
    };
    let by_hand = release_changes(objects, &applied, &release.namespace).await?;
    differ.extend(dropped(objects, wanted, &own, &applied));
    let action = action(live.as_ref(), wanted, &differ);
    let plan = ReleasePlan {
        release: release.name.clone(),
        namespace: release.namespace.clone(),
        chart: release.chart.name.to_owned(),
        version: release.version.clone(),
        action,
        values: wanted.values_digest(),
        objects: differ,
        by_hand: by_hand.into_iter().map(|change| change.object).collect(),
    };
    Ok((plan, own.into_iter().map(|object| (object, release.namespace.clone())).collect()))
}

fn action(live: Option<&Live>, wanted: &Wanted, differ: &[ObjectChange]) -> Action {
    match live {
        None => Action::Install,
        Some(live) if live.status != "deployed" => Action::Resume,
        Some(live) if live.digest.as_ref() != Some(&wanted.digest) => Action::Upgrade,
        Some(_) if differ.is_empty() => Action::Nothing,
        Some(_) => Action::Repair,
    }
}

/// The objects of a release as Helm applied them last; none when the release has gone meanwhile.
async fn applied(site: &Site<'_>, objects: &Objects, wanted: &Wanted) -> Result<Vec<Value>> {
    let (helm, target) = (site.helm.clone(), site.access.target.clone());
    let (name, namespace) = (wanted.release.name.clone(), wanted.release.namespace.clone());
    let text = match blocking(move || helm.manifest(&target, &name, &namespace)).await {
        Ok(text) => text,
        Err(error) => {
            let release = &wanted.release;
            let gone = live(objects, &release.name, &release.namespace).await?.is_none();
            return if gone { Ok(Vec::new()) } else { Err(error) };
        }
    };
    let mut found = documents(&text, &wanted.release.name)?;
    wanted.mark(&mut found);
    Ok(found)
}

/// Objects that the release has and would not have any more.
fn dropped(objects: &Objects, wanted: &Wanted, own: &[Value], applied: &[Value]) -> Vec<ObjectChange> {
    let namespace = &wanted.release.namespace;
    let kept: Vec<_> = own.iter().map(|object| Named::of(object, namespace)).collect();
    let gone =
        applied.iter().map(|object| Named::of(object, namespace)).filter(|named| !kept.contains(named));
    gone.map(|object| ObjectChange { object: objects.scoped(object), change: Change::Delete }).collect()
}
