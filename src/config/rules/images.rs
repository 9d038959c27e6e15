//! The image of people's servers and Dask workers.

use super::Subject;
use super::table::machines::IMAGE_REGISTRY;
use crate::config::problem::Problem;
use crate::config::provider::Provider;
use crate::render::cluster::Cluster;

/// On a cluster of somebody else the file says where the image is.
pub(super) fn are_found(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    let runs = hub.hub || hub.gateway.enabled;
    if !matches!(hub.provider, Provider::Kubernetes(_)) || hub.image.name.is_some() || !runs {
        return Vec::new();
    }
    if !subject.trusts("image") {
        return Vec::new();
    }
    let cluster = Cluster::without_pools(hub);
    let (name, tag) = cluster.image();
    let message = format!("the image `{name}:{tag}` is in no registry, and nodes would not find it");
    let path = if subject.says("image") { "image" } else { "provider" };
    let problem = subject.key(&IMAGE_REGISTRY, path, message);
    vec![problem.help(
        "write `image: { name: REGISTRY/frazil-hub }`, then `frazil image build` and `frazil image push`; \
         or name one that is there, such as quay.io/pangeo/pangeo-notebook",
    )]
}
