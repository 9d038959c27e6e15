//! Removing what a hub has in a cloud: Terraform what it knows, the sweep what clusters and half
//! calls left. Then the cloud is asked again: the statement says what is gone, kept and left.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::root::Root;
use super::site::{CloudSite, refuse_other_account};
use crate::cloud::{Bucket, Cloud, Hub, Kind, Leftover, Live, sweep};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::Keep;
use crate::provision::journal::folder;
use crate::provision::journal::{Journal, Writer};
use crate::provision::stage::Stage;
use crate::render::cluster::{Cluster, Homes};
use crate::view::Progress;

/// How long the sweep goes on, and how long it waits between two passes: network interfaces stay
/// for minutes after what used them.
const SWEEP: (Duration, Duration) = (Duration::from_mins(15), Duration::from_secs(5));

/// Why the bucket of the state stays while anything else does.
const KNOWS: &str = "knows what is there";

/// What a cloud told, and what came of removing it.
type Found = (Leftover, String);

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
    let found = cloud.leftovers(&Hub::of(&document.hub)).await?;
    let cluster = Cluster::without_pools(&document.hub);
    let state = cluster.state();
    let found = found.into_iter().map(|each| (each, String::new())).collect();
    let (kept, left) = divided(found, keep, on_filestore(&cluster), state.as_deref());
    Ok(CloudStatement { removed: Vec::new(), kept: things(&kept), left: things(&left) })
}

/// What is kept, and what is left. Without its state Terraform would not find again what is kept, so
/// its bucket stays with it.
fn divided(
    found: Vec<Found>,
    keep: &[Keep],
    on_filestore: bool,
    state: Option<&str>,
) -> (Vec<Found>, Vec<Found>) {
    let (mut kept, mut left): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(each, _)| is_kept(each, keep, on_filestore));
    if !kept.is_empty() {
        let is_state = |(each, _): &mut Found| Some(each.name.as_str()) == state;
        let states = left.extract_if(.., is_state);
        kept.extend(states.map(|(each, _)| (each, KNOWS.to_owned())));
    }
    (kept, left)
}

fn things(found: &[Found]) -> Vec<Thing> {
    found.iter().map(|(each, why)| thing(each, why)).collect()
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
        let state = self.site.state_bucket();
        let is_state = |(each, _): &Found| Some(&each.name) == state.as_ref();
        let (mut kept, mut left) =
            divided(left, self.keep, on_filestore(&self.site.cluster), state.as_deref());
        let states: Vec<_> = left.extract_if(.., |each| is_state(each)).collect();
        if kept.is_empty() && left.is_empty() {
            self.remove_state(progress).await?;
        } else {
            kept.extend(states.into_iter().map(|(each, _)| (each, KNOWS.to_owned())));
        }
        progress.finish();
        Ok(CloudStatement { removed: self.removed, kept: things(&kept), left: things(&left) })
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
        let spared = spared(&known, self.keep);
        let doomed: Vec<_> = known
            .iter()
            .map(|each| &each.address)
            .filter(|address| !spared.contains(block(address)))
            .collect();
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

    /// The resources in the state.
    async fn known(&self, root: &Root) -> Result<Vec<Known>> {
        let state = self.site.show(root, false).await?;
        let resources = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        let managed = resources.iter().filter(|resource| resource["mode"] == "managed");
        Ok(managed.filter_map(Known::of).collect())
    }

    /// Removes what is left, but for the bucket that keeps the state.
    async fn sweep(&mut self, progress: &mut Progress) -> Result<Vec<Found>> {
        let state = self.site.state_bucket();
        let (keep, filestore) = (self.keep.to_vec(), on_filestore(&self.site.cluster));
        let wanted =
            move |each: &Leftover| Some(&each.name) != state.as_ref() && !is_kept(each, &keep, filestore);
        let hub = Hub::of(&self.site.document.hub);
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

/// A resource in Terraform's state.
#[derive(Debug)]
struct Known {
    address: String,
    /// The blocks that it was made after.
    needs: Vec<String>,
}

impl Known {
    fn of(resource: &Value) -> Option<Self> {
        let needs = resource["depends_on"].as_array().into_iter().flatten();
        let needs = needs.filter_map(|one| one.as_str().map(str::to_owned)).collect();
        Some(Self { address: resource["address"].as_str()?.to_owned(), needs })
    }
}

/// An address without its key: Terraform names what something depends on so.
fn block(address: &str) -> &str {
    address.split('[').next().unwrap_or(address)
}

/// The blocks that stay: what is kept, and all that it was made after. Terraform destroys with
/// something whatever depends on it, named or not.
fn spared(known: &[Known], keep: &[Keep]) -> BTreeSet<String> {
    let kept =
        known.iter().map(|each| block(&each.address)).filter(|block| is_kept_by_terraform(block, keep));
    let mut spared: BTreeSet<String> = kept.map(str::to_owned).collect();
    loop {
        let stays = known.iter().filter(|each| spared.contains(block(&each.address)));
        let more: Vec<_> =
            stays.flat_map(|each| &each.needs).filter(|need| !spared.contains(*need)).cloned().collect();
        if more.is_empty() {
            return spared;
        }
        spared.extend(more);
    }
}

/// Homes are on disks and file systems, with their copies; scratch is in its bucket. Filestore does not
/// let go of its network.
fn is_kept(leftover: &Leftover, keep: &[Keep], on_filestore: bool) -> bool {
    match leftover.kind {
        Kind::Disk | Kind::Snapshot | Kind::FileSystem | Kind::Backup | Kind::Plan => {
            keep.contains(&Keep::Homes)
        }
        Kind::Network => on_filestore && keep.contains(&Keep::Homes),
        Kind::Bucket => keep.contains(&Keep::Scratch) && leftover.name.ends_with("-scratch"),
        _ => false,
    }
}

/// Whether homes are on Filestore.
fn on_filestore(cluster: &Cluster<'_>) -> bool {
    cluster.is_gke() && cluster.hub.hub && cluster.homes() == Homes::Shared
}

/// What people's files are in, and the door to them that volumes name. What else carries the name, such
/// as who may mount them, depends on network and cluster and is made anew.
const HOMES: [&str; 6] = [
    "aws_ebs_volume.homes",
    "aws_efs_file_system.homes",
    "aws_efs_access_point.homes",
    "aws_backup_vault.homes",
    "google_compute_disk.homes",
    "google_filestore_instance.homes",
];

/// The same by a block of Terraform's. The scratch bucket keeps its settings, which depend on it alone.
fn is_kept_by_terraform(block: &str, keep: &[Keep]) -> bool {
    let homes = keep.contains(&Keep::Homes) && HOMES.contains(&block);
    homes || keep.contains(&Keep::Scratch) && block.ends_with(".scratch")
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
        assert!(is_kept_by_terraform(block("aws_efs_file_system.homes[0]"), &keep));
        assert!(!is_kept_by_terraform("aws_s3_bucket.scratch", &keep));
        assert!(!is_kept_by_terraform("aws_efs_mount_target.homes", &keep));
        assert!(is_kept_by_terraform("aws_s3_bucket_lifecycle_configuration.scratch", &[Keep::Scratch]));
    }

    #[test]
    fn what_is_kept_keeps_what_it_stands_on() {
        let known = |address: &str, needs: &[&str]| Known {
            address: address.to_owned(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        };
        let all = [
            known("google_project_service.first[\"compute\"]", &[]),
            known("google_compute_network.hub", &["google_project_service.first"]),
            known("google_compute_subnetwork.hub", &["google_compute_network.hub"]),
            known("google_filestore_instance.homes[0]", &["google_compute_network.hub"]),
        ];
        let spared = spared(&all, &[Keep::Homes]);
        assert!(
            spared.contains("google_project_service.first") && spared.contains("google_compute_network.hub")
        );
        assert!(!spared.contains("google_compute_subnetwork.hub"));
        assert!(super::spared(&all, &[Keep::Scratch]).is_empty());
    }
}
