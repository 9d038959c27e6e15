//! Bills that the page of costs reads.

use super::Subject;
use super::table::money::BILLS_UNREACHABLE;
use crate::config::plans::BillsFrom;
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// The page's program can read the bills where the file says they are.
pub(super) fn can_be_read(subject: &Subject<'_>) -> Vec<Problem> {
    let billing = &subject.hub.billing;
    let Some(from) = billing.from.as_ref().filter(|_| subject.trusts("billing.from")) else {
        return Vec::new();
    };
    match (from, from.cloud()) {
        (BillsFrom::Folder(_), _) if !subject.is_local() => vec![folder_elsewhere(subject)],
        (_, Some(other)) if billing.credentials.is_none() => {
            of_another_cloud(subject, other).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// A pod has no folder of the machine on which `up` ran.
fn folder_elsewhere(subject: &Subject<'_>) -> Problem {
    let message = "the page runs in the cluster, where this folder is not";
    let problem = subject.value(&BILLS_UNREACHABLE, "billing.from.folder", message);
    problem.label("not in the cluster").help(
        "put the bills into a bucket and write `bucket: s3://BUCKET/FOLDER` or `bucket: gs://BUCKET/FOLDER`, \
         or name the table of the export: `bigquery: PROJECT.DATASET.TABLE`",
    )
}

fn of_another_cloud(subject: &Subject<'_>, other: &str) -> Option<Problem> {
    let (own, key) = match (&subject.hub.provider, &subject.hub.billing.from) {
        (Provider::Kubernetes(_) | Provider::Local(_), _) | (_, None | Some(BillsFrom::Folder(_))) => {
            return None;
        }
        (provider, Some(BillsFrom::Bucket(_))) => (provider.key(), "bucket"),
        (provider, Some(BillsFrom::Bigquery(_))) => (provider.key(), "bigquery"),
    };
    let message = format!("a pod of `{own}` has no right to read there: these bills are at `{other}`");
    let problem = subject.value(&BILLS_UNREACHABLE, &format!("billing.from.{key}"), message);
    let help =
        "write how it may, by reference: `billing: { credentials: { file: NAME } }`, or `env` or `sops`";
    (own != other).then(|| problem.label("another cloud").help(help))
}
