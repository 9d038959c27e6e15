//! What must not be lost by the way: a cluster, a pool, a disk or homes are removed or made anew only
//! when they were named.

use super::changes::{Action, CloudChange, CloudPlan};
use crate::error::{Error, Result};

/// Types whose loss takes people's work, or what runs for them, with it; and how each is called. Of
/// buckets a hub has several: each is called as it is in the module.
const GUARDED: [(&str, &str); 12] = [
    ("aws_eks_cluster", "cluster"),
    ("aws_eks_node_group", "pool"),
    ("aws_ebs_volume", "homes"),
    ("aws_efs_file_system", "homes"),
    ("aws_s3_bucket", BY_BLOCK),
    ("aws_vpc", "network"),
    ("google_container_cluster", "cluster"),
    ("google_container_node_pool", "pool"),
    ("google_compute_disk", "homes"),
    ("google_filestore_instance", "homes"),
    ("google_storage_bucket", BY_BLOCK),
    ("google_bigquery_dataset", BY_BLOCK),
];

/// The name of its block says what it is.
const BY_BLOCK: &str = "";

/// What a guarded change is called in `--replace`: `cluster`, `homes`, `pool/user`, `flow-logs`, …
fn called(change: &CloudChange) -> Option<String> {
    let (_, what) = GUARDED.iter().find(|(kind, _)| *kind == change.kind)?;
    if *what == BY_BLOCK {
        let block = change.address.strip_prefix(&change.kind)?.strip_prefix('.')?;
        return block.split('[').next().map(|name| name.replace('_', "-"));
    }
    let key = change.address.rsplit_once("[\"").and_then(|(_, key)| key.strip_suffix("\"]"));
    Some(key.filter(|_| *what == "pool").map_or_else(|| (*what).to_owned(), |key| format!("{what}/{key}")))
}

/// What to do about homes that were made larger by hand: a disk cannot be made smaller.
fn grown(change: &CloudChange) -> Option<String> {
    let size = change.fields.iter().find(|field| field.path == "size")?;
    let gib = |value: &Option<String>| value.as_ref().and_then(|text| text.parse::<u64>().ok());
    let (live, wanted) = (gib(&size.live)?, gib(&size.wanted)?);
    let shrinks = change.action == Action::Replace && called(change)? == "homes" && live > wanted;
    shrinks.then(|| {
        format!("a disk cannot be made smaller: `storage.homes.size: {live} GiB` keeps it as large as it is")
    })
}

/// Whether something that a failed call left unfinished was never of use to anybody: a cluster or a
/// pool is made anew. A disk or a bucket is there or not, and is kept.
fn may_be_made_anew(change: &CloudChange) -> bool {
    change.unfinished && (change.kind.ends_with("_cluster") || called_pool(change))
}

fn called_pool(change: &CloudChange) -> bool {
    GUARDED.iter().any(|(kind, what)| *kind == change.kind && *what == "pool")
}

/// Whether something unfinished is kept and finished where it is.
pub(super) fn is_finished_in_place(change: &CloudChange) -> bool {
    change.unfinished && called(change).is_some() && !may_be_made_anew(change)
}

/// Refuses a plan that would remove or replace something guarded that nobody named.
///
/// # Errors
/// With all that would have to be named.
pub fn refuse_loss(plan: &CloudPlan, named: &[String]) -> Result<()> {
    let loses = |change: &&CloudChange| matches!(change.action, Action::Replace | Action::Delete);
    let mut lines = Vec::new();
    let mut options = Vec::new();
    for change in plan.changes.iter().filter(loses).filter(|change| !change.unfinished) {
        let Some(called) = called(change).filter(|called| !named.contains(called)) else { continue };
        let why: Vec<_> = change.fields.iter().map(|field| field.path.as_str()).collect();
        let why = if why.is_empty() { String::new() } else { format!(" because of {}", why.join(", ")) };
        let what = if change.action == Action::Delete { "removed" } else { "removed and made anew" };
        lines.push(format!("{called} would be {what}{why} ({})", change.address));
        options.push(format!("--replace {called}"));
    }
    if lines.is_empty() {
        return Ok(());
    }
    options.dedup();
    let error = Error::failed("this would lose what is there; nothing was changed").output(lines);
    let error = plan.changes.iter().filter_map(grown).fold(error, Error::hint);
    Err(error.hint(format!("if that is meant: `frazil up {}`", options.join(" "))).hint(
        "a pool can be changed without loss under another name: add the new one, then remove the old one",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provision::cloud::Cost;
    use crate::provision::compare::Field;

    fn plan(kind: &str, address: &str, action: Action) -> CloudPlan {
        let change = CloudChange {
            address: address.to_owned(),
            kind: kind.to_owned(),
            action,
            fields: Vec::new(),
            unfinished: false,
        };
        CloudPlan {
            changes: vec![change],
            by_hand: Vec::new(),
            before: Cost::default(),
            after: Cost::default(),
        }
    }

    #[test]
    fn a_pool_goes_only_when_it_is_named() {
        let pool = || plan("aws_eks_node_group", "aws_eks_node_group.pool[\"user\"]", Action::Replace);
        let refused = refuse_loss(&pool(), &["pool/gpu".to_owned()]).unwrap_err();
        assert!(refused.hints()[0].contains("--replace pool/user"), "{:?}", refused.hints());
        assert!(refuse_loss(&pool(), &["pool/user".to_owned()]).is_ok());
    }

    #[test]
    fn each_bucket_goes_by_its_own_name() {
        for (kind, address, word) in [
            ("aws_s3_bucket", "aws_s3_bucket.scratch[0]", "scratch"),
            ("aws_s3_bucket", "aws_s3_bucket.bills[0]", "bills"),
            ("aws_s3_bucket", "aws_s3_bucket.flow_logs[0]", "flow-logs"),
            ("google_storage_bucket", "google_storage_bucket.scratch[0]", "scratch"),
            ("google_bigquery_dataset", "google_bigquery_dataset.bills[0]", "bills"),
        ] {
            let plan = plan(kind, address, Action::Delete);
            let words = ["scratch", "bills", "flow-logs"].map(str::to_owned);
            let others: Vec<_> = words.into_iter().filter(|other| other != word).collect();
            let refused = refuse_loss(&plan, &others).unwrap_err();
            assert!(refused.hints()[0].contains(&format!("--replace {word}`")), "{:?}", refused.hints());
            assert!(refuse_loss(&plan, &[word.to_owned()]).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_disk_that_was_made_larger_can_stay_so() {
        let mut grown = plan("aws_ebs_volume", "aws_ebs_volume.homes[0]", Action::Replace);
        let size = |gib: u64| Some(gib.to_string());
        let field = Field { path: "size".to_owned(), live: size(300), wanted: size(200) };
        grown.changes[0].fields.push(field);
        let refused = refuse_loss(&grown, &[]).unwrap_err();
        assert!(refused.hints()[0].contains("`storage.homes.size: 300 GiB`"), "{:?}", refused.hints());
        assert!(refuse_loss(&grown, &["homes".to_owned()]).is_ok());
    }

    #[test]
    fn what_a_failed_call_left_unfinished_needs_no_name_and_data_is_kept() {
        let unfinished = |kind: &str| {
            let mut plan = plan(kind, &format!("{kind}.x"), Action::Replace);
            plan.changes[0].unfinished = true;
            plan
        };
        for (kind, kept) in [
            ("aws_eks_cluster", false),
            ("google_container_node_pool", false),
            ("aws_ebs_volume", true),
            ("aws_iam_role", false),
        ] {
            let plan = unfinished(kind);
            assert!(refuse_loss(&plan, &[]).is_ok(), "{kind}");
            assert_eq!(is_finished_in_place(&plan.changes[0]), kept, "{kind}");
        }
    }

    #[test]
    fn what_is_made_or_changed_or_of_no_weight_needs_no_name() {
        assert!(refuse_loss(&plan("aws_eks_cluster", "aws_eks_cluster.hub", Action::Change), &[]).is_ok());
        assert!(refuse_loss(&plan("aws_iam_role", "aws_iam_role.user", Action::Replace), &[]).is_ok());
        assert!(refuse_loss(&plan("aws_eks_cluster", "aws_eks_cluster.hub", Action::Delete), &[]).is_err());
    }
}
