//! A hub's place in a cluster: the cluster, the tools, the journal, and what the hub file wants there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures::future::try_join_all;
use serde_json::Value;

use super::access::Access;
use super::definitions;
use super::gateways;
use super::lock::Lock;
use super::objects::{Named, Objects};
use super::releases::{Wanted, live};
use super::secrets::Secrets;
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::cloud::{self, Outputs};
use crate::provision::journal::{self, Journal, Writer};
use crate::render::chart::merge;
use crate::render::cluster::Cluster;
use crate::render::{manifests, ops_manifests, releases};
use crate::tool::{Helm, MIN_HELM, find_helm};

/// A hub's place in a cluster.
pub(super) struct Site<'a> {
    pub context: &'a Context,
    pub document: &'a HubDocument,
    pub cluster: Cluster<'a>,
    pub access: Access,
    pub helm: Helm,
    pub folder: PathBuf,
    pub log: Writer<'a>,
    outputs: Outputs,
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
        let helm = helm(context)?;
        let cluster = Cluster::new(hub).map_err(|error| Error::failed("no machines").because(error))?;
        let cluster = cluster.beside(&document.neighbours);
        let mut access = Access::to(context, document, verb).await?;
        access.cluster = access.identity().await?;
        let folder = journal::folder(context, document)?;
        let own = Journal::open(&folder)?;
        refuse_other_cluster(&access, &hub.provider, &own)?;
        let outputs = cloud::known_outputs(context, document, &own).await?;
        let mut log = Writer::new(context, own, verb)?.tool("helm", &helm.version);
        log = log.tool("kubernetes", &access.version);
        log.cluster.clone_from(&access.cluster);
        Ok(Self { context, document, cluster, access, helm, folder, log, outputs })
    }

    /// Takes the right to change the hub, whose namespace has to be there.
    pub(super) async fn lock(&self, objects: &Objects) -> Result<Lock> {
        Lock::take(self.context, objects, self.cluster.namespace(), &self.log.run).await
    }

    /// The releases of the hub file, with their secrets; without those that the cluster has no need of.
    pub(super) async fn wanted(&self, objects: &Objects, secrets: &Secrets) -> Result<Vec<Wanted>> {
        let all =
            releases(&self.cluster).map_err(|error| Error::failed("a template failed").because(error))?;
        let gateways = gateways::addresses(self.context, self.document, &self.cluster).await?;
        let outputs = self.outputs.clone().with_gateways(gateways);
        let mut wanted = Vec::new();
        for mut release in all {
            outputs.fill(&mut release.values)?;
            let served = release.unless_served.is_some_and(|api| objects.serves(api));
            if served && live(objects, &release.name, &release.namespace).await?.is_none() {
                continue;
            }
            let folder = self.document.folder();
            wanted.push(Wanted::new(release, &self.document.hub.charts, folder, secrets)?);
        }
        Ok(wanted)
    }

    /// The definitions that charts bring beside their releases, once each; without those that
    /// somebody else applied, which others may rely on as they are.
    pub(super) async fn crds(&self, wanted: &[Wanted], objects: &Objects) -> Result<Vec<Value>> {
        let all = try_join_all(wanted.iter().map(|each| each.crds(&self.helm))).await?;
        // Two charts may bring the same definition; the later one, hub's or gateway's, wins.
        let by_name: BTreeMap<_, _> =
            all.into_iter().flatten().map(|crd| (Named::of(&crd, ""), crd)).collect();
        let mut crds = Vec::new();
        for (named, mut crd) in by_name {
            if objects.get(&named).await?.is_some_and(|live| !definitions::is_ours(&live)) {
                continue;
            }
            merge(&mut crd, definitions::mark());
            crds.push(crd);
        }
        Ok(crds)
    }

    /// The objects that no chart makes.
    ///
    /// # Errors
    /// When Terraform has not told something that they need.
    pub(super) fn manifests(&self) -> Result<Vec<Value>> {
        let mut all = manifests(&self.cluster);
        all.iter_mut().try_for_each(|object| self.outputs.fill(object))?;
        Ok(all)
    }

    /// The objects of what runs beside the hub.
    pub(super) fn ops(&self) -> Vec<Value> {
        ops_manifests(&self.cluster)
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
pub(super) fn refuse_other_cluster(access: &Access, provider: &Provider, journal: &Journal) -> Result<()> {
    let pinned = match provider {
        Provider::Kubernetes(provider) => provider.cluster.clone(),
        _ => None,
    };
    let pinned = pinned.map(|cluster| ("the hub file", cluster));
    let earlier = || Ok::<_, Error>(journal.cluster()?.map(|cluster| ("the last call", cluster)));
    let Some((who, cluster)) = pinned.map_or_else(earlier, |pinned| Ok(Some(pinned)))? else { return Ok(()) };
    if cluster == access.cluster {
        return Ok(());
    }
    let context = &access.target.context;
    Err(Error::failed(format!(
        "the context `{context}` leads to another cluster than {who} says; nothing was changed"
    ))
    .hint(format!("{who}: {cluster}; {}: {}", access.server, access.cluster))
    .hint(format!("if the old cluster is gone, remove {}", journal.path().display())))
}
