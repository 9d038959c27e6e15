//! Making what a hub needs in a cloud, stage by stage: the place of the state, then everything else.

use serde_json::Value;

use super::changes::{CloudChange, CloudPlan};
use super::cost::Cost;
use super::guard::{is_finished_in_place, refuse_loss};
use super::outputs::{ALWAYS, Outputs};
use super::root::Root;
use super::site::CloudSite;
use crate::cloud::{Cloud, Health};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::journal::folder;
use crate::provision::journal::{Journal, Writer};
use crate::provision::stage::Stage;
use crate::view::Progress;

/// How often Terraform is called again after it met something that was there already: what it then
/// takes over may let it go on to the next.
const ROUNDS: u32 = 6;

/// What a cloud would be changed to, and whether the cluster is there already.
#[derive(Clone, Debug)]
pub struct Look {
    /// What would change.
    pub plan: CloudPlan,
    /// Whether there is a cluster that can be looked at.
    pub has_cluster: bool,
}

/// Works out what would change in the cloud; changes nothing.
///
/// # Errors
/// When the account is another one, the cloud does not answer, or Terraform says what is wrong.
pub async fn look(context: &Context, document: &HubDocument, progress: &mut Progress) -> Result<Look> {
    let site = CloudSite::open(context, document).await?;
    let root = site.root(&mut |text| progress.detail(text)).await?;
    let plan = site.plan(&root, progress).await;
    root.forget_plan();
    drop(root);
    let cluster = site.cloud.cluster(document.hub.name.as_str()).await?;
    let plan = plan?;
    // While the cloud is half made, what the cluster's objects need of it is not known yet.
    let made_once = Journal::look(&folder(context, document)?).outputs(Stage::Cloud)?.contains_key(ALWAYS);
    let has_cluster =
        cluster.is_some_and(|cluster| !cluster.endpoint.is_empty()) && (made_once || !plan.makes_any());
    Ok(Look { plan, has_cluster })
}

/// Does what a plan says.
///
/// # Errors
/// When more than was approved would change, something would be lost that nobody named, or
/// Terraform says what is wrong; the next call goes on from there.
pub async fn make(
    context: &Context,
    document: &HubDocument,
    approved: &CloudPlan,
    replace: &[String],
    progress: &mut Progress,
) -> Result<Vec<String>> {
    refuse_loss(approved, replace)?;
    let site = CloudSite::open(context, document).await?;
    let folder = folder(context, document)?;
    let log = Writer::new(context, Journal::open(&folder)?, "up")?
        .tool(site.terraform.name(), &site.terraform.version);
    let same = |text: &str| text.to_owned();

    progress.step(Stage::State.words());
    let begun = log.begin(Stage::State)?;
    let done = site.make_state(progress).await;
    let mut changed = log.end(Stage::State, begun, done, &same)?;

    progress.step(Stage::Cloud.words());
    let begun = log.begin(Stage::Cloud)?;
    let done = apply(&site, approved, replace, progress).await;
    let outputs = log.end_with(Stage::Cloud, begun, done, &same, Outputs::data);
    match outputs {
        Ok(_) => progress.finish(),
        Err(error) => {
            progress.abandon();
            return Err(error);
        }
    }
    changed.extend(approved.changes.iter().map(|change| change.address.clone()));
    Ok(changed)
}

async fn apply(
    site: &CloudSite<'_>,
    approved: &CloudPlan,
    replace: &[String],
    progress: &mut Progress,
) -> Result<Outputs> {
    let root = site.root(&mut |text| progress.detail(text)).await?;
    for change in approved.changes.iter().filter(|change| is_finished_in_place(change)) {
        site.untaint(&root, change).await?;
    }
    apply_and_adopt(site, &root, approved, replace, progress).await?;
    site.remove_strays(approved, progress).await?;
    let outputs: Value = site.outputs(&root).await?;
    well(site).await?;
    Ok(Outputs::of(&outputs))
}

/// Applies; what is there already is taken over, and it goes on.
async fn apply_and_adopt(
    site: &CloudSite<'_>,
    root: &Root,
    approved: &CloudPlan,
    replace: &[String],
    progress: &mut Progress,
) -> Result<()> {
    let mut approved = approved.clone();
    for round in 1.. {
        let plan = site.plan(root, progress).await?;
        if !plan.within(&approved) {
            root.forget_plan();
            return Err(Error::failed(
                "the cloud changed since the plan was shown; nothing more was changed",
            )
            .hint("call it again to see what would change now"));
        }
        refuse_loss(&plan, replace)?;
        if let Some(cluster) = plan.remade_cluster().filter(|_| round < ROUNDS) {
            let removed = site.remove_cluster(root, &cluster.address, replace, progress).await?;
            approved = approved.after_removal(&removed);
            continue;
        }
        site.wait_for_adopted(&plan, progress).await?;
        let Err(stopped) = site.apply(root, progress).await else { break };
        let may_go_on = round < ROUNDS && stopped.in_order;
        if !may_go_on || !site.adopt_what_exists(root, &stopped.problems, progress).await? {
            return Err(stopped.error);
        }
    }
    Ok(())
}

impl CloudSite<'_> {
    /// Removes a cluster that is to be made anew, with all that Terraform has in it; what that was is
    /// told. Left to itself Terraform would make the new one first, because pools are made before theirs
    /// go ("The `create_before_destroy` behavior is implied for dependencies", Terraform's documentation
    /// of `lifecycle`), and no two clusters have one name.
    async fn remove_cluster(
        &self,
        root: &Root,
        address: &str,
        replace: &[String],
        progress: &mut Progress,
    ) -> Result<Vec<CloudChange>> {
        let options = ["-destroy".to_owned(), format!("-target={address}")];
        self.make_plan(root, &options, progress).await?;
        let removed = CloudPlan::of(&self.show(root, true).await?, |_| Cost::default());
        refuse_loss(&removed.without_cluster(address), replace)?;
        self.apply(root, progress).await?;
        Ok(removed.changes)
    }
}

/// Terraform waits until its cluster answers; one that was there before may be broken.
async fn well(site: &CloudSite<'_>) -> Result<()> {
    let name = site.document.hub.name.as_str();
    match site.cloud.cluster(name).await?.map(|cluster| cluster.health) {
        Some(Health::Broken(why)) => Err(Error::failed(format!("the cluster `{name}` does not work: {why}"))
            .hint("the cloud's console says more; `frazil down` removes it")),
        Some(_) => Ok(()),
        None => Err(Error::failed(format!("Terraform made no cluster `{name}`"))
            .hint("see whether `overrides` changes its name")),
    }
}
