//! The bills that the page of costs reads: where they are, and by which right.

use serde_json::{Value, json};

use super::report::is_served;
use crate::config::{BillsFrom, Provider, SecretRef};
use crate::render::cluster::Cluster;
use crate::render::secrets::HUB_SECRET;

/// The key of the credentials in the hub's Secret, and the file's name in the pod.
pub(in crate::render) const CREDENTIALS: &str = "bills-credentials";
/// Where they are mounted.
const FOLDER: &str = "/credentials";

/// Where the bills are: what the hub file says, or the bucket that is made for them.
fn place(cluster: &Cluster<'_>) -> Option<BillsFrom> {
    // Of the two exports to the bucket the one that tells of pods.
    let made = || Some(BillsFrom::Bucket(format!("s3://{}/cur2/", cluster.bills()?).parse().ok()?));
    cluster.hub.billing.from.clone().or_else(made).filter(|_| is_served(cluster))
}

/// Where they are, if the page's own role in the cluster's cloud lets it read them.
pub(in crate::render) fn by_role(cluster: &Cluster<'_>) -> Option<BillsFrom> {
    let own = cluster.is_ours() && cluster.hub.billing.credentials.is_none();
    place(cluster).filter(|from| own && from.cloud() == Some(cluster.hub.provider.key()))
}

/// The credentials with which it reads them otherwise.
pub(in crate::render) fn credentials<'a>(cluster: &Cluster<'a>) -> Option<&'a SecretRef> {
    let said = cluster.hub.billing.credentials.as_ref();
    said.filter(|_| place(cluster).is_some_and(|from| from.cloud().is_some()))
}

/// What the page's program is told of them.
pub(super) fn arguments(cluster: &Cluster<'_>) -> Vec<String> {
    let mut arguments: Vec<_> = place(cluster).iter().flat_map(options).collect();
    // In a project of its own the pod may start queries; in others it needs a right for that.
    if let (Provider::Gcp(gcp), Some(BillsFrom::Bigquery(_))) = (&cluster.hub.provider, by_role(cluster)) {
        arguments.extend(["--project".to_owned(), gcp.project.to_string()]);
    }
    arguments
}

/// As `frazil serve` takes them.
pub fn options(from: &BillsFrom) -> [String; 2] {
    match from {
        BillsFrom::Bucket(address) => ["--bills".to_owned(), address.to_string()],
        BillsFrom::Folder(folder) => ["--bills".to_owned(), folder.clone()],
        BillsFrom::Bigquery(table) => ["--bigquery".to_owned(), table.to_string()],
    }
}

/// The variable that names the file of credentials, the file's mount, and its volume.
pub(super) fn mounted(cluster: &Cluster<'_>) -> Option<[Value; 3]> {
    credentials(cluster)?;
    let variable = match place(cluster)?.cloud()? {
        "aws" => "AWS_SHARED_CREDENTIALS_FILE",
        _ => "GOOGLE_APPLICATION_CREDENTIALS",
    };
    let items = json!([{ "key": CREDENTIALS, "path": CREDENTIALS }]);
    Some([
        json!({ "name": variable, "value": format!("{FOLDER}/{CREDENTIALS}") }),
        json!({ "name": CREDENTIALS, "mountPath": FOLDER, "readOnly": true }),
        // Of the group that the pod's volumes are of.
        json!({ "name": CREDENTIALS, "secret": { "secretName": HUB_SECRET, "items": items, "defaultMode": 0o440 } }),
    ])
}

/// What Terraform is told: the bucket and folder, or the table, that the page's role may read.
pub(in crate::render) fn variables(cluster: &Cluster<'_>) -> Value {
    let mut variables = json!({ "exports": cluster.hub.billing.exports, "bucket": null });
    if cluster.is_gke() {
        variables["table"] = Value::Null;
    }
    match by_role(cluster) {
        Some(BillsFrom::Bucket(address)) => {
            let (_, bucket, folder) = address.parts();
            variables["bucket"] = json!({ "name": bucket, "folder": folder });
        }
        Some(BillsFrom::Bigquery(table)) => {
            let (project, dataset, table) = table.parts();
            variables["table"] = json!({ "project": project, "dataset": dataset, "table": table });
        }
        Some(BillsFrom::Folder(_)) | None => {}
    }
    variables
}
