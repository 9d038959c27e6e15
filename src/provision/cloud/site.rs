//! A hub's place in a cloud: whose account it is, Terraform in its folder, the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::changes::CloudPlan;
use super::cost::Cost;
use super::follow::Stopped;
use super::orphans::Adoption;
use super::root::Root;
use crate::catalog::Region;
use crate::cloud::{Cloud, Identity, Live, Pool};
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::blocking::blocking;
use crate::render::cluster::Cluster;
use crate::render::nodes::POOL_LABEL;
use crate::render::{Backend, Tree, state_files, terraform_files};
use crate::tool::{MIN_TERRAFORM, Terraform, find_terraform};
use crate::view::Progress;

/// The folder of the module of everything.
const ROOT: &str = "terraform";
/// The folder of the module of the bucket that keeps the state.
const STATE: &str = "terraform-state";
/// The folder in which a plan is made while there is no bucket for the state yet.
const PREVIEW: &str = "terraform-preview";

/// How deep things that are taken over are nested: a part is found once it is known of what.
const DEEPEST: u32 = 3;

/// A hub's place in a cloud.
pub(super) struct CloudSite<'a> {
    pub context: &'a Context,
    pub document: &'a HubDocument,
    pub cluster: Cluster<'a>,
    pub cloud: Live,
    pub terraform: Terraform,
    region: Option<Arc<Region>>,
}

impl<'a> CloudSite<'a> {
    /// Finds Terraform, asks the cloud whose credentials these are, and refuses any other account
    /// than the one of the hub file.
    ///
    /// # Errors
    /// When Terraform is missing, the cloud does not answer, or the account is another one.
    pub(super) async fn open(context: &'a Context, document: &'a HubDocument) -> Result<Self> {
        let hub = &document.hub;
        let terraform = terraform(context)?;
        let cloud = Live::open(context, &hub.provider).await?;
        refuse_other_account(&hub.provider, &cloud.whoami().await?)?;
        let cluster = Cluster::new(hub).map_err(|error| Error::failed("no machines").because(error))?;
        let cluster = cluster.beside(&document.neighbours);
        let region = Region::open(cloud.provider(), cloud.region()).ok();
        Ok(Self { context, document, cluster, cloud, terraform, region })
    }

    /// The bucket that keeps the state; none where it is kept on this machine.
    pub(super) fn state_bucket(&self) -> Option<String> {
        match &self.document.hub.state {
            crate::config::State::Bucket(said) => Some(self.cluster.state().unwrap_or_else(|| said.clone())),
            crate::config::State::Local(_) => None,
        }
    }

    /// Whether the state can be kept where the hub file says: its bucket is there.
    ///
    /// # Errors
    /// When the bucket is somebody else's, or the cloud does not answer.
    pub(super) async fn has_state(&self) -> Result<bool> {
        match self.state_bucket() {
            Some(name) => Ok(self.cloud.bucket(&name).await?.is_some()),
            None => Ok(true),
        }
    }

    /// Makes the bucket for the state.
    ///
    /// # Errors
    /// What Terraform says is wrong.
    pub(super) async fn make_state(&self, progress: &mut Progress) -> Result<Vec<String>> {
        let Some(bucket) = self.state_bucket() else { return Ok(Vec::new()) };
        let found = self.cloud.bucket(&bucket).await?;
        let files = state_files(&self.cluster, &bucket).map_err(no_template)?;
        let root = Root::write(self.context, self.document, STATE, &files, &mut |text| progress.detail(text))
            .await?;
        match &found {
            // A state that is still here is of a call that was cut off.
            Some(bucket) if self.is_whole(bucket)? && !root.has_own_state() => return Ok(Vec::new()),
            Some(_) => drop(root.adopt(&[Adoption { address: self.state_address(), id: bucket.clone() }])?),
            // Whatever an earlier call knew of a bucket that is not there is of no use.
            None => root.forget_state()?,
        }
        self.init(&root).await?;
        self.make_plan(&root, &[], progress).await?;
        self.apply(&root, progress).await?;
        root.forget_state()?;
        Ok(vec![format!("bucket {bucket}")])
    }

    fn state_address(&self) -> String {
        let kind = match self.document.hub.provider {
            Provider::Aws(_) => "aws_s3_bucket",
            _ => "google_storage_bucket",
        };
        format!("{kind}.state")
    }

    /// The root module, connected to its state; while there is no bucket for that, to none.
    ///
    /// # Errors
    /// When the cloud does not answer or Terraform cannot be initialised.
    pub(super) async fn root(&self, tell: &mut dyn FnMut(&str)) -> Result<Root> {
        let has_state = self.has_state().await?;
        let backend = if has_state { Backend::OfHub } else { Backend::Local };
        let mut files: Tree = terraform_files(&self.cluster, backend).map_err(no_template)?;
        if let Some(nodes) = self.nodes().await? {
            // Terraform reads such files by name, and this one after the hub file's variables.
            files.add("nodes.auto.tfvars.json", format!("{:#}\n", json!({ "nodes": nodes })));
        }
        let what = if has_state { ROOT } else { PREVIEW };
        let root = Root::write(self.context, self.document, what, &files, tell).await?;
        self.init(&root).await?;
        Ok(root)
    }

    /// How many nodes each pool has now, where Terraform has to say a number: EKS takes bounds only
    /// together with one between them, and the autoscaler has moved it since.
    async fn nodes(&self) -> Result<Option<BTreeMap<String, u32>>> {
        if !self.cluster.is_eks() {
            return Ok(None);
        }
        let name = self.document.hub.name.as_str();
        let Some(cluster) = self.cloud.cluster(name).await? else { return Ok(None) };
        Ok(Some(sizes(&self.cloud.pools(&cluster).await?)))
    }

    async fn init(&self, root: &Root) -> Result<()> {
        // Servers that stand in for S3 have no host name for each bucket.
        let elsewhere = self.context.variable("AWS_ENDPOINT_URL").is_some();
        let s3 = matches!(self.document.hub.provider, Provider::Aws(_)) && root.keeps_state_in_bucket();
        let backend: Vec<_> =
            (elsewhere && s3).then(|| "-backend-config=use_path_style=true".to_owned()).into_iter().collect();
        let call = self.terraform.init(&root.folder, &backend).log(root.log()).holding(root.lock.file());
        let name = self.terraform.name();
        blocking(move || call.each_line(|_| ())).await.map_err(|error| {
            error.about(name).hint("see whether the registry of providers is reached, or set up a mirror of it (`provider_installation`)")
        })
    }

    /// Works out what would change.
    ///
    /// # Errors
    /// What Terraform says is wrong.
    pub(super) async fn plan(&self, root: &Root, progress: &mut Progress) -> Result<CloudPlan> {
        self.make_plan(root, &[], progress).await?;
        let mut plan = self.show(root, true).await?;
        for _ in 0..DEEPEST {
            let orphans = self.orphans(&plan).await?;
            if orphans.is_empty() || !root.adopt(&orphans)? {
                break;
            }
            self.make_plan(root, &[], progress).await?;
            plan = self.show(root, true).await?;
        }
        let strays = self.strays(&plan).await?;
        let mut plan = CloudPlan::of(&plan, |resources| Cost::of(resources, self.region.as_ref()));
        plan.changes.extend(strays);
        Ok(plan)
    }

    /// Makes a plan, for everything or for `options`.
    pub(super) async fn make_plan(
        &self,
        root: &Root,
        options: &[String],
        progress: &mut Progress,
    ) -> Result<()> {
        let call = |further: &[String]| {
            self.terraform.plan(&root.folder, &root.plan(), &[options, further].concat())
        };
        Ok(self.locking(root, call, progress).await?)
    }

    /// Does what the plan of a folder says, and forgets it.
    ///
    /// # Errors
    /// What Terraform says is wrong.
    pub(super) async fn apply(
        &self,
        root: &Root,
        progress: &mut Progress,
    ) -> std::result::Result<(), Stopped> {
        let call = |_: &[String]| self.terraform.apply(&root.folder, &root.plan());
        let done = self.locking(root, call, progress).await;
        root.forget_plan();
        done
    }

    /// The plan, or the state, as JSON.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn show(&self, root: &Root, plan: bool) -> Result<Value> {
        let (terraform, folder, path) = (self.terraform.clone(), root.folder.clone(), root.plan());
        blocking(move || terraform.show(&folder, plan.then_some(path.as_path()))).await
    }

    /// What Terraform made, by name.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(super) async fn outputs(&self, root: &Root) -> Result<Value> {
        let (terraform, folder) = (self.terraform.clone(), root.folder.clone());
        let outputs = blocking(move || terraform.outputs(&folder)).await?;
        let values = outputs.as_object().into_iter().flatten();
        Ok(values.map(|(name, output)| (name.clone(), output["value"].clone())).collect())
    }
}

/// The nodes of each pool of ours; of one that is being replaced, those of the larger group.
fn sizes(pools: &[Pool]) -> BTreeMap<String, u32> {
    let mut sizes = BTreeMap::new();
    for pool in pools {
        if let (Some(name), Some(size)) = (pool.labels.get(POOL_LABEL), pool.size) {
            let known = sizes.entry(name.clone()).or_insert(size);
            *known = size.max(*known);
        }
    }
    sizes
}

fn no_template(error: crate::render::RenderError) -> Error {
    Error::failed("a template failed").because(error)
}

fn terraform(context: &Context) -> Result<Terraform> {
    let hint = "install OpenTofu (https://opentofu.org/docs/intro/install) or Terraform, or name it with FRAZIL_TERRAFORM";
    let terraform = find_terraform(context)
        .ok_or_else(|| Error::failed("there is neither Terraform nor OpenTofu").hint(hint))?;
    if terraform.new_enough() {
        return Ok(terraform);
    }
    let (name, version, (major, minor)) = (terraform.name(), &terraform.version, MIN_TERRAFORM);
    Err(Error::failed(format!("{name} {version} is too old: {major}.{minor} or newer is needed")).hint(hint))
}

pub(super) fn refuse_other_account(provider: &Provider, identity: &Identity) -> Result<()> {
    let (pinned, what) = match provider {
        Provider::Aws(aws) => (aws.account.as_str(), "account"),
        Provider::Gcp(gcp) => (gcp.project.as_str(), "project"),
        Provider::Kubernetes(_) | Provider::Local(_) => return Ok(()),
    };
    if pinned == identity.account {
        return Ok(());
    }
    let Identity { account, principal } = identity;
    Err(Error::failed(format!(
        "the hub file says {what} {pinned}, and these credentials are of {account}; nothing was changed"
    ))
    .hint(format!("they are {principal}'s: log in to {what} {pinned}, or correct the hub file")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{refuse_other_account, sizes};
    use crate::cloud::{Health, Identity, Pool};
    use crate::config::Provider;

    #[test]
    fn credentials_of_another_account_are_refused_before_anything() {
        let aws: Provider =
            serde_json::from_str(r#"{"aws":{"account":"123456789012","region":"us-west-2"}}"#).unwrap();
        let of = |account: &str| Identity { account: account.to_owned(), principal: "ada".to_owned() };
        assert!(refuse_other_account(&aws, &of("123456789012")).is_ok());
        let refused = refuse_other_account(&aws, &of("999999999999")).unwrap_err();
        assert!(refused.to_string().contains("999999999999") && refused.hints()[0].contains("ada"));
    }
    #[test]
    fn a_pool_has_the_nodes_of_its_larger_group() {
        let pool = |name: &str, label: Option<&str>, size| Pool {
            name: name.to_owned(),
            health: Health::Ready,
            version: String::new(),
            machines: Vec::new(),
            spot: false,
            min: 0,
            max: 9,
            size,
            zones: Vec::new(),
            labels: label.iter().map(|label| ("frazil/pool".to_owned(), (*label).to_owned())).collect(),
            taints: Vec::new(),
            problems: Vec::new(),
        };
        let pools = [
            pool("user-1", Some("user"), Some(7)),
            pool("user-2", Some("user"), Some(2)),
            pool("core-1", Some("core"), Some(1)),
            pool("dask-1", Some("dask"), None),
            pool("somebody-elses", None, Some(4)),
        ];
        let expected = [("core".to_owned(), 1), ("user".to_owned(), 7)];
        assert_eq!(sizes(&pools), BTreeMap::from(expected));
    }
}
