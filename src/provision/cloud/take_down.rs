//! Removing what a hub has in a cloud: Terraform what it knows, the sweep what clusters and half
//! calls left. Then the cloud is asked again: the statement says what is gone, kept and left.

use std::time::Duration;

use serde::Serialize;

use super::root::Root;
use super::site::{CloudSite, refuse_other_account};
use crate::cloud::{Bucket, Cloud, Hub, Kind, Leftover, Live, sweep};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::journal::{Journal, Writer};
use crate::provision::kubernetes::Keep;
use crate::provision::kubernetes::reached::folder;
use crate::provision::stage::Stage;
use crate::view::Progress;

/// How long the sweep goes on, and how long it waits between two passes: network interfaces stay
/// for minutes after what used them.
const SWEEP: (Duration, Duration) = (Duration::from_mins(15), Duration::from_secs(5));

/// Something of a hub in a cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Thing {
    /// What it is, such as `disk`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How the cloud names it.
    pub id: String,
    /// The zone or region.
    pub place: String,
    /// Why it is the hub's, what it is, and why it is still there.
    pub why: String,
    /// What it costs a month; empty where no table says.
    pub monthly: String,
}

/// What `down` did in a cloud, and what is there.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CloudStatement {
    /// What was removed, in the order in which it was.
    pub removed: Vec<String>,
    /// What was kept on purpose, which goes on being billed.
    pub kept: Vec<Thing>,
    /// What is still there and should not be.
    pub left: Vec<Thing>,
}

/// Looks at what is there; changes nothing.
///
/// # Errors
/// When the account is another one, or the cloud does not say what is there.
pub async fn audit(context: &Context, document: &HubDocument, keep: &[Keep]) -> Result<CloudStatement> {
    let cloud = Live::open(context, &document.hub.provider).await?;
    refuse_other_account(&document.hub.provider, &cloud.whoami().await?)?;
    let found = cloud.leftovers(&Hub::new(document.hub.name.as_str())).await?;
    let mut statement = CloudStatement::default();
    for each in &found {
        let place = if is_kept(each, keep) { &mut statement.kept } else { &mut statement.left };
        place.push(thing(each, ""));
    }
    Ok(statement)
}

/// Removes everything of a hub that is in the cloud.
///
/// # Errors
/// When the account is another one or the cloud does not say what is there; the next call goes on.
pub async fn remove(
    context: &Context,
    document: &HubDocument,
    keep: &[Keep],
    progress: &mut Progress,
) -> Result<CloudStatement> {
    let site = CloudSite::open(context, document).await?;
    let journal = Journal::open(&folder(context, document)?)?;
    let log = Writer::new(context, journal, "down")?.tool(site.terraform.name(), &site.terraform.version);
    let begun = log.begin(Stage::Cloud)?;
    let done = Removal { site, keep, removed: Vec::new() }.go(progress).await;
    let statement = log.end(Stage::Cloud, begun, done, &|text: &str| text.to_owned())?;
    if statement.left.is_empty() && statement.kept.is_empty() {
        log.journal.close()?;
    }
    Ok(statement)
}

struct Removal<'a> {
    site: CloudSite<'a>,
    keep: &'a [Keep],
    removed: Vec<String>,
}

impl Removal<'_> {
    async fn go(mut self, progress: &mut Progress) -> Result<CloudStatement> {
        progress.step("what Terraform made");
        self.empty_scratch(progress).await?;
        let refused = self.destroy(progress).await.err();
        progress.step("what the cluster left in the cloud");
        let mut left = self.sweep(progress).await?;
        // What held Terraform up may be gone now.
        if let Some(error) = refused {
            progress.step("what Terraform made, again");
            let again = self.destroy(progress).await;
            left = self.sweep(progress).await?;
            again.map_err(|_| error)?;
        }
        progress.step("where Terraform kept its state");
        let (kept, left): (Vec<_>, Vec<_>) = left.into_iter().partition(|(each, _)| is_kept(each, self.keep));
        let state = self.site.state_bucket();
        let is_state = |each: &Leftover| Some(&each.name) == state.as_ref();
        let others: Vec<_> = left.iter().filter(|(each, _)| !is_state(each)).collect();
        if kept.is_empty() && others.is_empty() {
            self.remove_state(progress).await?;
        }
        progress.finish();
        // Without its state Terraform would not find again what was kept.
        let (state, left): (Vec<_>, Vec<_>) = left.iter().partition(|(each, _)| is_state(each));
        let state_stays = if kept.is_empty() && left.is_empty() { Vec::new() } else { state };
        let things =
            |all: &[(Leftover, String)]| all.iter().map(|(each, why)| thing(each, why)).collect::<Vec<_>>();
        let mut kept_things = things(&kept);
        kept_things.extend(state_stays.into_iter().map(|(each, _)| thing(each, "knows what is there")));
        let left = left.into_iter().map(|(each, why)| thing(each, why)).collect();
        Ok(CloudStatement { removed: self.removed, kept: kept_things, left })
    }

    /// A bucket with something in it cannot be removed.
    async fn empty_scratch(&mut self, progress: &mut Progress) -> Result<()> {
        let hub = self.site.document.hub.name.as_str();
        let Some(name) = self.site.cluster.scratch().filter(|_| !self.keep.contains(&Keep::Scratch)) else {
            return Ok(());
        };
        if let Some(bucket) = self.site.cloud.bucket(&name).await? {
            self.empty(&bucket, hub, progress).await?;
        }
        Ok(())
    }

    async fn empty(&self, bucket: &Bucket, hub: &str, progress: &mut Progress) -> Result<()> {
        let mut told = |count: u64| progress.detail(&format!("{count} objects of {} removed", bucket.name));
        self.site.cloud.empty_bucket(bucket, hub, &mut told).await.map(drop)
    }

    /// Lets Terraform remove what it knows.
    async fn destroy(&mut self, progress: &mut Progress) -> Result<()> {
        if !self.site.has_state().await? {
            return Ok(());
        }
        let root = self.site.root(&mut |text| progress.detail(text)).await?;
        let known = self.known(&root).await?;
        let doomed: Vec<_> =
            known.iter().filter(|address| !is_kept_by_terraform(address, self.keep)).collect();
        if doomed.is_empty() {
            return Ok(());
        }
        let mut options = vec!["-destroy".to_owned()];
        if doomed.len() < known.len() {
            options.extend(doomed.iter().map(|address| format!("-target={address}")));
        }
        self.site.make_plan(&root, &options, progress).await?;
        self.site.apply(&root, progress).await?;
        self.removed.extend(doomed.into_iter().cloned());
        Ok(())
    }

    /// The addresses of the resources in the state.
    async fn known(&self, root: &Root) -> Result<Vec<String>> {
        let state = self.site.show(root, false).await?;
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        let managed = resources.iter().filter(|resource| resource["mode"] == "managed");
        Ok(managed.filter_map(|resource| resource["address"].as_str().map(str::to_owned)).collect())
    }

    /// Removes what is left, but for the bucket that keeps the state.
    async fn sweep(&mut self, progress: &mut Progress) -> Result<Vec<(Leftover, String)>> {
        let state = self.site.state_bucket();
        let keep = self.keep.to_vec();
        let wanted = |each: &Leftover| Some(&each.name) != state.as_ref() && !is_kept(each, &keep);
        let hub = Hub::new(self.site.document.hub.name.as_str());
        let mut told = |each: &Leftover, _: &Result<crate::cloud::Removal>| {
            progress.detail(&format!("{} {}", each.kind, each.name));
        };
        let swept = sweep(&self.site.cloud, &hub, &wanted, SWEEP, &mut told).await?;
        self.removed.extend(swept.removed.iter().map(|each| format!("{} {}", each.kind, each.name)));
        Ok(swept.left)
    }

    /// Removes the bucket that keeps the state, when it was made for the hub.
    async fn remove_state(&mut self, progress: &mut Progress) -> Result<()> {
        let hub = self.site.document.hub.name.as_str();
        let Some(name) = self.site.cluster.state() else { return Ok(()) };
        let Some(bucket) = self.site.cloud.bucket(&name).await? else { return Ok(()) };
        if bucket.hub.as_deref() != Some(hub) {
            return Err(Error::failed(format!(
                "the bucket {name} does not carry the hub's label, so it stays"
            ))
            .hint("look at what is in it, and remove it in the cloud's console"));
        }
        self.empty(&bucket, hub, progress).await?;
        self.site.cloud.remove_bucket(&bucket, hub).await?;
        self.removed.push(format!("bucket {name}"));
        Ok(())
    }
}

/// Homes are on disks and file systems, with their copies; scratch is in its bucket.
fn is_kept(leftover: &Leftover, keep: &[Keep]) -> bool {
    match leftover.kind {
        Kind::Disk | Kind::Snapshot | Kind::FileSystem | Kind::Backup => keep.contains(&Keep::Homes),
        Kind::Bucket => keep.contains(&Keep::Scratch) && leftover.name.ends_with("-scratch"),
        _ => false,
    }
}

/// The same by an address in Terraform.
fn is_kept_by_terraform(address: &str, keep: &[Keep]) -> bool {
    let name = address.split('.').nth(1).unwrap_or_default();
    let is = |what: &str| name == what || name.starts_with(&format!("{what}["));
    (keep.contains(&Keep::Homes) && is("homes")) || (keep.contains(&Keep::Scratch) && is("scratch"))
}

fn thing(leftover: &Leftover, why: &str) -> Thing {
    let about = [leftover.belongs.to_string(), leftover.note.clone(), why.to_owned()];
    let about: Vec<_> = about.into_iter().filter(|text| !text.is_empty()).collect();
    Thing {
        kind: leftover.kind.to_string(),
        name: leftover.name.clone(),
        id: leftover.id.clone(),
        place: leftover.place.clone(),
        why: about.join("; "),
        monthly: leftover.monthly.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_address() {
        let keep = [Keep::Homes];
        assert!(is_kept_by_terraform("aws_ebs_volume.homes", &keep));
        assert!(is_kept_by_terraform("aws_efs_file_system.homes[0]", &keep));
        assert!(!is_kept_by_terraform("aws_s3_bucket.scratch", &keep));
        assert!(!is_kept_by_terraform("aws_efs_mount_target.homes_zone[\"a\"]", &keep));
    }
}
