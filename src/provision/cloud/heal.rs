//! What a call that was cut off left is brought in order before Terraform goes on: a lock of the state,
//! things that its state does not know, node groups that nobody asks for any more.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::again::{Again, again};
use super::changes::{Action, CloudChange, CloudPlan, is_pool};
use super::follow::{Diagnostic, Stopped, follow};
use super::lock::StateLock;
use super::orphans::{
    Adoption, Planned, adoptions, is_generated, is_looked_for, is_plain, is_taken, known, parts, planned,
};
use super::root::Root;
use super::site::CloudSite;
use crate::cloud::{Belongs, Bucket, Cloud, Cluster, Health, Hub, Kind, Leftover, Pool, Removal};
use crate::config::Provider;
use crate::error::{Error, Result};
use crate::provision::blocking::blocking;
use crate::render::nodes::POOL_LABEL;
use crate::tool::Call;
use crate::view::Progress;

/// The kind of a change that removes a node group which Terraform's state does not know.
const STRAY: &str = "node group unknown to Terraform";
/// How long a cluster or pool may take that a call began to make.
const MADE_WITHIN: Duration = Duration::from_mins(30);
const PAUSE: Duration = Duration::from_secs(3);

impl CloudSite<'_> {
    /// Runs a call that locks the state. A lock that an earlier call of this machine left is taken away;
    /// anybody else's is never touched.
    ///
    /// # Errors
    /// What Terraform says is wrong, or whose the lock is.
    pub(super) async fn locking(
        &self,
        root: &Root,
        call: impl Fn(&[String]) -> Call,
        progress: &mut Progress,
    ) -> std::result::Result<(), Stopped> {
        let at_once = ["-lock-timeout=0s".to_owned()];
        // A lock that may be one's own is not worth waiting for.
        let options: &[String] = if root.lock.is_doubtful() { &at_once } else { &[] };
        let mut done = self.once(root, call(options), progress).await;
        if let Some(lock) = state_lock(&done) {
            if root.lock.left(self.context, &lock) {
                progress.detail("taking away the lock of a call that was killed");
                self.unlock(root, &lock).await?;
                done = self.once(root, call(&[]), progress).await;
            } else if !options.is_empty() {
                done = self.once(root, call(&[]), progress).await;
            }
        }
        match state_lock(&done) {
            Some(lock) => Err(Stopped::plain(lock.refusal(&root.folder, &self.terraform.path))),
            None => done,
        }
    }

    async fn once(
        &self,
        root: &Root,
        call: Call,
        progress: &mut Progress,
    ) -> std::result::Result<(), Stopped> {
        let doubtful = root.lock.is_doubtful();
        root.lock.begin(self.context.now())?;
        let done = follow(call.log(root.log()).holding(root.lock.file()), progress).await;
        // What failed on a lock says nothing of whose that is.
        let ended = match &done {
            Ok(()) => true,
            Err(stopped) => stopped.in_order && !(doubtful && state_lock(&done).is_some()),
        };
        if ended {
            root.lock.end()?;
        }
        done
    }

    async fn unlock(&self, root: &Root, lock: &StateLock) -> Result<()> {
        let (terraform, folder, id) = (self.terraform.clone(), root.folder.clone(), lock.id.clone());
        blocking(move || terraform.unlock(&folder, &id)).await.map_err(|error| {
            error.hint(format!(
                "the lock {} is of a call on this machine that was killed; call it again",
                lock.id
            ))
        })
    }

    /// Takes back that what a failed call left unfinished is to be made anew, where it holds data.
    ///
    /// # Errors
    /// When Terraform cannot change its state.
    pub(super) async fn untaint(&self, root: &Root, change: &CloudChange) -> Result<()> {
        let (terraform, folder, address) =
            (self.terraform.clone(), root.folder.clone(), change.address.clone());
        blocking(move || terraform.untaint(&folder, &address)).await
    }

    /// What a plan would make and is there already as the hub's.
    ///
    /// # Errors
    /// When the cloud does not say what is there.
    pub(super) async fn orphans(&self, plan: &Value) -> Result<Vec<Adoption>> {
        let made = planned(plan);
        let doubled = made.iter().filter(|one| again(one.kind) == Some(Again::Doubled));
        let mut asked = self.asked(doubled, &known(plan)).await?;
        if !is_looked_for(&made) {
            return Ok(asked);
        }
        let mut found = self.cloud.leftovers(&Hub::of(&self.document.hub)).await?;
        let broken = self.broken_pools(&found).await?;
        found.retain(|each| each.kind != Kind::NodePool || !broken.contains(&each.name));
        let mut all = adoptions(&made, &found, &known(plan));
        self.buckets(&made, &mut all).await?;
        all.append(&mut asked);
        Ok(all)
    }

    /// Parts of the hub's things that no list tells, where the cloud knows them.
    async fn asked<'p>(
        &self,
        made: impl Iterator<Item = &'p Planned<'p>> + Send,
        known: &[String],
    ) -> Result<Vec<Adoption>> {
        let hub = self.document.hub.name.as_str();
        let mut all = Vec::new();
        for one in made.filter(|one| one.can_be_asked_for()) {
            let id = self.cloud.part(one.kind, hub, one.values).await?;
            let new = id.filter(|id| is_plain(id) && !known.contains(id));
            all.extend(new.map(|id| Adoption { address: one.address.to_owned(), id }));
        }
        Ok(all)
    }

    /// A bucket whose call was cut off before it got its tags: the modules' names of buckets have the
    /// account or project in them.
    async fn buckets(&self, made: &[Planned<'_>], all: &mut Vec<Adoption>) -> Result<()> {
        for one in made {
            let Some(name) = one.bucket().filter(|_| !all.iter().any(|each| each.address == one.address))
            else {
                continue;
            };
            let bare = self.cloud.bucket(name).await?.filter(|bucket| bucket.hub.is_none());
            all.extend(bare.map(|bucket| Adoption { address: one.address.to_owned(), id: bucket.name }));
        }
        Ok(())
    }

    async fn broken_pools(&self, found: &[Leftover]) -> Result<Vec<String>> {
        if !self.is_aws() || !found.iter().any(|each| each.kind == Kind::NodePool) {
            return Ok(Vec::new());
        }
        let pools = self.pools().await?;
        let broken =
            pools.into_iter().filter(|pool| matches!(pool.health, Health::Broken(_) | Health::Deleting));
        Ok(broken.map(|pool| pool.name).collect())
    }

    async fn live_cluster(&self) -> Result<Option<Cluster>> {
        self.cloud.cluster(self.document.hub.name.as_str()).await
    }

    async fn pools(&self) -> Result<Vec<Pool>> {
        match self.live_cluster().await? {
            Some(cluster) => self.cloud.pools(&cluster).await,
            None => Ok(Vec::new()),
        }
    }

    const fn is_aws(&self) -> bool {
        matches!(self.document.hub.provider, Provider::Aws(_))
    }

    /// Node groups of the hub's pools that no state knows and no plan takes over: their names are
    /// generated, so the next group does not stand in their way, and they would bill unseen.
    ///
    /// # Errors
    /// When the cloud does not say what is there.
    pub(super) async fn strays(&self, plan: &Value) -> Result<Vec<CloudChange>> {
        let ids = known(plan);
        let hub = self.document.hub.name.as_str();
        if !self.is_aws() || !ids.iter().any(|id| id == hub) {
            return Ok(Vec::new());
        }
        let taken = |id: &String| {
            let imports = plan["resource_changes"].as_array().into_iter().flatten();
            imports.map(|one| &one["change"]["importing"]["id"]).any(|import| import == id)
        };
        let pools = self.pools().await?.into_iter().filter(is_of_a_pool);
        let names = pools.filter(|pool| pool.health != Health::Deleting).map(|pool| pool.name);
        let all = names.map(|name| format!("{hub}:{name}"));
        Ok(all.filter(|id| !ids.contains(id) && !taken(id)).map(|id| stray(&id)).collect())
    }

    /// Removes the node groups that a plan removes beside Terraform.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    pub(super) async fn remove_strays(&self, plan: &CloudPlan, progress: &mut Progress) -> Result<()> {
        for change in plan.changes.iter().filter(|change| change.kind == STRAY) {
            progress.detail(&format!("removing the node group {}", change.address));
            let id = change.address.replacen(':', "/", 1);
            let leftover = Leftover::new(Kind::NodePool, id, Belongs::Tag);
            if let Removal::Held(why) = self.cloud.remove(&leftover).await? {
                return Err(Error::failed(format!(
                    "the node group {} cannot be removed: {why}",
                    change.address
                ))
                .hint("call it again when that is over; until then it is billed"));
            }
        }
        Ok(())
    }

    /// Waits until what is taken over works: a call that was cut off may have only begun to make it.
    ///
    /// # Errors
    /// When it takes too long, or the cloud does not answer.
    pub(super) async fn wait_for_adopted(&self, plan: &CloudPlan, progress: &mut Progress) -> Result<()> {
        let adopts = |change: &CloudChange| {
            change.action == Action::Adopt && (change.kind.ends_with("_cluster") || is_pool(&change.kind))
        };
        let end = Instant::now() + MADE_WITHIN;
        while plan.changes.iter().any(adopts) {
            let Some(cluster) = self.live_cluster().await? else { break };
            let pools = self.cloud.pools(&cluster).await?;
            let slow = |health: &Health| matches!(health, Health::Creating | Health::Updating);
            let what = if slow(&cluster.health) {
                "the cluster".to_owned()
            } else if let Some(pool) = pools.iter().find(|pool| slow(&pool.health)) {
                format!("the pool {}", pool.name)
            } else {
                break;
            };
            if Instant::now() > end {
                return Err(Error::failed(format!(
                    "{what}, which an earlier call began to make, is still not there"
                ))
                .hint("the cloud's console says more; call it again to go on from there"));
            }
            progress.detail(&format!("waiting for {what}, which an earlier call began to make"));
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Looks for what Terraform could not make because it is there, and has it taken over; whether
    /// there is any.
    ///
    /// # Errors
    /// When the cloud does not answer or no plan can be made.
    pub(super) async fn adopt_what_exists(
        &self,
        root: &Root,
        problems: &[Diagnostic],
        progress: &mut Progress,
    ) -> Result<bool> {
        if !problems.iter().any(is_taken) {
            return Ok(false);
        }
        self.make_plan(root, &[], progress).await?;
        let plan = self.show(root, true).await?;
        let made = planned(&plan);
        let mut all = self.orphans(&plan).await?;
        let hub = &self.document.hub;
        let place = match &hub.provider {
            Provider::Aws(aws) => vec![("account", aws.account.as_str()), ("region", aws.region.as_str())],
            Provider::Gcp(gcp) => vec![("project", gcp.project.as_str()), ("region", gcp.region.as_str())],
            Provider::Kubernetes(_) | Provider::Local(_) => Vec::new(),
        };
        all.extend(parts(&made, problems, &place));
        let taken: Vec<_> = problems.iter().filter(|each| is_taken(each)).map(|each| &each.address).collect();
        let refused = made.iter().filter(|one| {
            again(one.kind) == Some(Again::Refused) && taken.contains(&&Some(one.address.to_owned()))
        });
        all.extend(self.asked(refused, &known(&plan)).await?);
        Ok(!all.is_empty() && root.adopt(&all)?)
    }

    /// Whether a bucket for the state is as the module makes it, as far as can be seen from outside.
    ///
    /// # Errors
    /// When it is another hub's.
    pub(super) fn is_whole(&self, bucket: &Bucket) -> Result<bool> {
        let hub = self.document.hub.name.as_str();
        match bucket.hub.as_deref() {
            _ if self.cluster.state().is_none() => Ok(true),
            Some(owner) if owner != hub => {
                Err(Error::failed(format!("the bucket {} carries the mark of the hub {owner}", bucket.name))
                    .hint("name another bucket in `state`"))
            }
            Some(_) => Ok(bucket.versioned),
            None => Ok(false),
        }
    }
}

fn is_of_a_pool(pool: &Pool) -> bool {
    let key = pool.labels.get(POOL_LABEL);
    key.is_some_and(|key| is_generated(&pool.name, &format!("{key}-")))
}

fn stray(id: &str) -> CloudChange {
    CloudChange {
        address: id.to_owned(),
        kind: STRAY.to_owned(),
        action: Action::Delete,
        fields: Vec::new(),
        unfinished: false,
    }
}

fn state_lock(done: &std::result::Result<(), Stopped>) -> Option<StateLock> {
    let problems = done.as_ref().err()?.problems.iter();
    problems.into_iter().find_map(|problem| StateLock::of(&problem.summary, &problem.detail))
}
