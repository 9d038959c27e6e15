//! When nodes and people's pods were there, from lives that the ledger has.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::spans::{History, NodeSpan, PodKind, PodSpan, Span};
use crate::ledger::told::HubLife;
use crate::observe::history::{Life, NodeLife, PodLife};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The history of a hub, or of all; `None` where nothing is told of it.
///
/// What has no end lasts to the end of the last day that the history of its hub tells of, as where bills are
/// divided.
pub fn history(lives: &[HubLife], hub: Option<&str>) -> Option<History> {
    let of_hub = || lives.iter().filter(|told| hub.is_none_or(|hub| told.hub == hub));
    let mut until: BTreeMap<&str, i64> = BTreeMap::new();
    let mut first: Option<i64> = None;
    for told in of_hub() {
        for time in times(&told.life).into_iter().filter_map(seconds) {
            let end = (time.div_euclid(DAY) + 1) * DAY;
            let known = until.entry(&told.hub).or_insert(end);
            *known = end.max(*known);
            first = Some(first.map_or(time, |first| first.min(time)));
        }
    }
    let known = Span { from: first?, to: until.values().copied().max()? };
    let span = |hub: &str, from: Option<&str>, ended: Option<&str>| {
        let from = from.and_then(seconds)?;
        let to = ended.and_then(seconds).or_else(|| until.get(hub).copied())?;
        (to > from).then_some(Span { from, to })
    };
    let (mut nodes, mut pods) = (Vec::new(), Vec::new());
    for HubLife { hub, life } in of_hub() {
        match life {
            Life::Node(node) => {
                let span = span(hub, Some(&node.created), node.ended.as_deref());
                nodes.extend(span.map(|span| node_span(node, span)));
            }
            Life::Pod(pod) => {
                let span = span(hub, pod.scheduled.as_deref(), pod.ended.as_deref());
                pods.extend(span.and_then(|span| pod_span(pod, span)));
            }
        }
    }
    let by_pods = nodes.is_empty();
    if by_pods {
        nodes = nodes_of(&pods);
    }
    Some(History { nodes, pods, known, by_pods })
}

impl History {
    /// What of it is one person's: their pods, and the nodes that those were on for as long as they were.
    #[must_use]
    pub fn of(mut self, person: &str) -> Self {
        self.pods.retain(|pod| pod.who == person);
        Self { nodes: nodes_of(&self.pods), by_pods: true, ..self }
    }
}

fn node_span(node: &NodeLife, span: Span) -> NodeSpan {
    NodeSpan { name: node.name.clone(), pool: node.pool.clone(), machine: node.machine.clone(), span }
}

/// A pod of somebody; those of the hub and of the system are left out.
fn pod_span(pod: &PodLife, span: Span) -> Option<PodSpan> {
    let label = |key: &str| pod.labels.get(key).filter(|value| !value.is_empty());
    let who = label("hub.jupyter.org/username").cloned().unwrap_or_default();
    let kind = match label("gateway.dask.org/cluster") {
        Some(cluster) => PodKind::Dask(cluster.clone()),
        None if who.is_empty() => return None,
        None => PodKind::Server,
    };
    Some(PodSpan { node: pod.node.clone(), kind, who, span })
}

/// Nodes by the pods on them: each from its first pod to its last.
fn nodes_of(pods: &[PodSpan]) -> Vec<NodeSpan> {
    let mut nodes: BTreeMap<&str, Span> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !pod.node.is_empty()) {
        let span = nodes.entry(&pod.node).or_insert(pod.span);
        *span = Span { from: span.from.min(pod.span.from), to: span.to.max(pod.span.to) };
    }
    let node = |(name, span): (&str, Span)| NodeSpan {
        name: name.to_owned(),
        pool: String::new(),
        machine: String::new(),
        span,
    };
    nodes.into_iter().map(node).collect()
}

fn times(life: &Life) -> Vec<&str> {
    let (first, second, third) = match life {
        Life::Pod(pod) => (&pod.created, pod.scheduled.as_deref(), pod.ended.as_deref()),
        Life::Node(node) => (&node.created, None, node.ended.as_deref()),
    };
    std::iter::once(first.as_str()).chain(second).chain(third).collect()
}

fn seconds(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(labels: &[(&str, &str)], node: &str, from: &str, to: Option<&str>) -> HubLife {
        let life = PodLife {
            uid: from.into(),
            node: node.into(),
            labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            created: from.into(),
            scheduled: Some(from.into()),
            ended: to.map(Into::into),
            ..PodLife::default()
        };
        HubLife { hub: "lab".into(), life: Life::Pod(life) }
    }

    #[test]
    fn pods_are_of_people_and_what_has_no_end_lasts_through_its_last_day() {
        let ada = [("hub.jupyter.org/username", "ada")];
        let worker = [("hub.jupyter.org/username", "ada"), ("gateway.dask.org/cluster", "c1")];
        let told = [
            pod(&ada, "n1", "2026-10-01T12:00:00Z", None),
            pod(&worker, "n2", "2026-10-01T13:00:00Z", Some("2026-10-02T01:00:00Z")),
            pod(&[("component", "hub")], "n1", "2026-10-01T00:00:00Z", None),
        ];
        let found = history(&told, Some("lab")).unwrap();
        assert_eq!(found.pods.len(), 2);
        let end = seconds("2026-10-03T00:00:00Z").unwrap();
        assert_eq!((found.pods[0].span.to, found.known.to), (end, end));
        assert_eq!(found.pods[1].kind, PodKind::Dask("c1".into()));
        assert!(found.by_pods);
        assert_eq!(found.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["n1", "n2"]);
        assert_eq!(history(&told, Some("other")), None);
    }
}
