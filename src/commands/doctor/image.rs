//! Whether the image that people's servers run can be had.

use super::{Check, Verdict};
use crate::config::HubFile;
use crate::provision::kubernetes::registry::{Found, Image};
use crate::render::cluster::Cluster;

/// Asks the image's registry, as whoever has no account there.
pub(super) async fn check(hub: &HubFile) -> Check {
    let Ok(cluster) = Cluster::new(hub) else {
        return told("image", Found::Unknown("no machines for it".to_owned()), "see `frazil validate`");
    };
    let (name, tag) = cluster.image();
    let what = format!("image {name}:{tag}");
    if hub.image.name.is_none() {
        let why = "the hub file names no registry".to_owned();
        return told(&what, Found::Unknown(why), "`image: { name: REGISTRY/NAME }`, or load it on each node");
    }
    let fix = "push it there, or correct `image`; of a private registry, the nodes need its credentials";
    told(&what, Image::new(&name, tag).find().await, fix)
}

fn told(what: &str, found: Found, fix: &str) -> Check {
    let (verdict, found) = match found {
        Found::There => (Verdict::Ok, "there".to_owned()),
        Found::Absent => (Verdict::Missing, "the registry does not have it".to_owned()),
        Found::Unknown(why) => (Verdict::Note, format!("not checked: {why}")),
    };
    Check::new(what, "people's servers and Dask workers", verdict, found, fix)
}
