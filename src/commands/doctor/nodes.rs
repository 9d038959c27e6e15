//! Whether nodes are ready, and hold what people may start.

use frazil_units::Bytes;

use super::{Check, Verdict};
use crate::config::{HubFile, Size};
use crate::provision::kubernetes::facts::Node;
use crate::render::cluster::Cluster;
use crate::render::guarantee;

/// Checks the nodes: those that are ready, and the largest size.
pub(super) fn checks(hub: &HubFile, nodes: Option<&[Node]>) -> Vec<Check> {
    let Some(nodes) = nodes else {
        let found = "not known: looking is forbidden";
        return vec![Check::new("nodes", "run everything", Verdict::Note, found, super::ASK)];
    };
    let ready: Vec<_> = nodes.iter().filter(|node| node.ready).collect();
    let verdict = match (nodes.len(), ready.len()) {
        (0, _) => Verdict::Note,
        (_, 0) => Verdict::Missing,
        (all, ready) if all == ready => Verdict::Ok,
        _ => Verdict::Note,
    };
    let found = format!("{} of {} ready", ready.len(), nodes.len());
    let others = nodes.iter().filter(|node| !node.ready).map(|node| node.name.as_str());
    let fix = match others.collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => "none can be seen; an autoscaler may bring some".to_owned(),
        names => format!("see why: `kubectl describe node {names}`"),
    };
    let mut checks = vec![Check::new("nodes", "run everything", verdict, found, fix)];
    if hub.hub && !ready.is_empty() {
        checks.extend(sizes(hub, &ready));
    }
    checks
}

/// The largest size, or each that no node holds.
fn sizes(hub: &HubFile, ready: &[&Node]) -> Vec<Check> {
    let Ok(cluster) = Cluster::new(hub) else { return Vec::new() };
    let held = |size: &&Size| ready.iter().any(|node| node.holds(size, guarantee(&cluster, size)));
    let (fit, lost): (Vec<_>, Vec<_>) = hub.sizes.iter().partition(held);
    if lost.is_empty() {
        let largest = fit.iter().max_by_key(|size| size.memory);
        return largest.map(|size| check(size, Verdict::Ok, ready, 0.0)).into_iter().collect();
    }
    lost.iter().map(|size| check(size, Verdict::Note, ready, guarantee(&cluster, size))).collect()
}

fn check(size: &Size, verdict: Verdict, ready: &[&Node], cores: f64) -> Check {
    let largest = ready.iter().map(|node| node.memory).max().unwrap_or(0);
    let largest = Bytes::mib(largest >> 20);
    let found = match verdict {
        Verdict::Ok => format!("the largest node has {largest} for pods"),
        _ => format!("no ready node holds it; the largest has {largest} for pods"),
    };
    let gpus = if size.gpu > 0 { format!(", {} GPUs", size.gpu) } else { String::new() };
    let fix = format!(
        "add a node with {} and {cores} cores{gpus} for pods, unless an autoscaler brings one; \
         or make the size smaller",
        size.memory
    );
    Check::new(&format!("size {}", size.name), "people's servers", verdict, found, fix)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::check_bytes;

    fn node(ready: bool, gib: u64) -> Node {
        Node {
            name: format!("n{gib}"),
            ready,
            cores: 4.0,
            memory: Bytes::gib(gib).get(),
            gpus: 0.0,
            provider: String::new(),
        }
    }

    #[test]
    fn a_size_that_no_ready_node_holds_is_told_with_what_it_needs() {
        let text = "name: lab\nprovider: { kubernetes: { context: x } }\nauth: native\n\
                    sizes: [{ name: small, memory: 2 GiB }, { name: large, memory: 8 GiB }]\n";
        let today = jiff::civil::date(2026, 11, 2);
        let hub = check_bytes(text.into(), Path::new("hub.yaml"), today).document.unwrap().hub;
        let verdicts = |nodes: &[Node]| {
            let checks = checks(&hub, Some(nodes));
            checks.into_iter().map(|check| (check.what, check.verdict)).collect::<Vec<_>>()
        };
        let told =
            |nodes, size: &str, verdict| vec![("nodes".to_owned(), nodes), (format!("size {size}"), verdict)];
        assert_eq!(verdicts(&[node(true, 16)]), told(Verdict::Ok, "large", Verdict::Ok));
        assert_eq!(verdicts(&[node(true, 4), node(false, 16)]), told(Verdict::Note, "large", Verdict::Note));
        assert_eq!(verdicts(&[node(false, 16)]), [("nodes".to_owned(), Verdict::Missing)]);
    }
}
