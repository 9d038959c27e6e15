//! What is on each node: nodes and pods as they are seen, summed up when asked.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::object::{Aboard, Node, Pod};
use crate::observe::requests::Amounts;

/// A pod's UID in 16 bytes.
type Uid = u128;

/// What is kept of a pod, for there may be a great many.
#[derive(Debug)]
struct Share {
    /// The node's number; `None` while there is none.
    node: Option<u32>,
    requests: Amounts,
    aboard: Option<Box<Aboard>>,
}

/// Nodes and pods of a cluster.
#[derive(Debug, Default)]
pub struct Tally {
    nodes: BTreeMap<String, Node>,
    pods: HashMap<Uid, Share>,
    /// Names of nodes by their numbers.
    numbers: HashMap<String, u32>,
}

/// A person's pods of one kind on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    /// What they run.
    pub aboard: Aboard,
    /// In how many pods.
    pub pods: u64,
}

/// What is on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests of all pods together.
    pub requested: Amounts,
    /// How many pods.
    pub pods: u64,
    /// Whose, people's servers first.
    pub aboard: Vec<Person>,
}

impl Tally {
    /// Takes in a node, new or changed.
    pub fn put_node(&mut self, node: Node) {
        self.nodes.insert(node.name.clone(), node);
    }

    /// Forgets a node.
    pub fn drop_node(&mut self, name: &str) {
        self.nodes.remove(name);
    }

    /// Takes in a pod, new or changed; one that is over is forgotten.
    pub(super) fn put_pod(&mut self, pod: Pod<'_>) {
        let uid = uid(pod.uid);
        if pod.over {
            self.pods.remove(&uid);
            return;
        }
        let node = (!pod.node.is_empty()).then(|| self.number(pod.node));
        self.pods.insert(uid, Share { node, requests: pod.requests, aboard: pod.aboard.map(Box::new) });
    }

    /// Forgets a pod.
    pub(super) fn drop_pod(&mut self, pod: &Pod<'_>) {
        self.pods.remove(&uid(pod.uid));
    }

    /// Takes the nodes of another look instead of its own.
    pub(super) fn adopt_nodes(&mut self, fresh: Self) {
        self.nodes = fresh.nodes;
    }

    /// Takes the pods of another look instead of its own.
    pub(super) fn adopt_pods(&mut self, fresh: Self) {
        (self.pods, self.numbers) = (fresh.pods, fresh.numbers);
    }

    fn number(&mut self, node: &str) -> u32 {
        if let Some(number) = self.numbers.get(node) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(node.to_owned(), number);
        number
    }

    /// The nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// What is on each node, by its name, and what waits for one.
    pub fn loads(&self) -> (BTreeMap<&str, Load>, Load) {
        let mut by_number: Vec<Gathered> = Vec::new();
        by_number.resize_with(self.numbers.len(), Gathered::default);
        let mut waiting = Gathered::default();
        for share in self.pods.values() {
            let number = share.node.and_then(|number| usize::try_from(number).ok());
            let gathered = number.and_then(|number| by_number.get_mut(number)).unwrap_or(&mut waiting);
            gathered.add(share);
        }
        let load = |(name, number): (&'_ String, &u32)| {
            let number = usize::try_from(*number).ok()?;
            let (name, _) = self.nodes.get_key_value(name)?;
            Some((name.as_str(), std::mem::take(by_number.get_mut(number)?).load()))
        };
        let loads = self.numbers.iter().filter_map(load).collect();
        (loads, waiting.load())
    }
}

#[derive(Default)]
struct Gathered<'a> {
    requested: Amounts,
    pods: u64,
    aboard: BTreeMap<&'a Aboard, u64>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, share: &'a Share) {
        self.requested += share.requests;
        self.pods += 1;
        if let Some(aboard) = &share.aboard {
            *self.aboard.entry(aboard).or_default() += 1;
        }
    }

    fn load(self) -> Load {
        let aboard = self.aboard.into_iter();
        let aboard = aboard.map(|(aboard, pods)| Person { aboard: aboard.clone(), pods }).collect();
        Load { requested: self.requested, pods: self.pods, aboard }
    }
}

/// A UID in 16 bytes: those of Kubernetes are UUIDs, others are hashed.
fn uid(text: &str) -> Uid {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    let is_uuid = digits.len() == 32;
    let parsed = is_uuid.then(|| u128::from_str_radix(&digits, 16).ok()).flatten();
    parsed.unwrap_or_else(|| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        u128::from(hasher.finish())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod<'a>(uid: &'a str, node: &'a str, cpu_millis: u64, aboard: Option<Aboard>) -> Pod<'a> {
        let requests = Amounts { cpu_millis, ..Amounts::default() };
        Pod { uid, node, requests, aboard, over: false }
    }

    fn ada() -> Aboard {
        Aboard::Server { user: "ada".to_owned(), server: String::new() }
    }

    #[test]
    fn pods_count_where_they_are_and_once() {
        let mut tally = Tally::default();
        tally.put_node(Node { name: "a".to_owned(), ..Node::default() });
        tally.put_pod(pod("1", "a", 100, None));
        tally.put_pod(pod("1", "a", 200, None));
        tally.put_pod(pod("2", "a", 50, Some(ada())));
        tally.put_pod(pod("3", "", 7, None));
        tally.put_pod(pod("4", "gone", 9, None));
        let (loads, waiting) = tally.loads();
        assert_eq!(loads.len(), 1, "the pod of a node that is gone is on no other");
        assert_eq!((loads["a"].requested.cpu_millis, loads["a"].pods), (250, 2));
        assert_eq!(loads["a"].aboard, [Person { aboard: ada(), pods: 1 }]);
        assert_eq!((waiting.requested.cpu_millis, waiting.pods), (7, 1));
        tally.put_pod(Pod { over: true, ..pod("1", "a", 200, None) });
        assert_eq!(tally.loads().0["a"].pods, 1);
    }

    #[test]
    fn a_uid_is_its_own() {
        let uuid = uid("3a554aa2-fee7-435b-ae1b-e67bdaac069a");
        assert_eq!(uuid, 0x3a55_4aa2_fee7_435b_ae1b_e67b_daac_069a);
        assert_ne!(uid("static-1"), uid("static-2"));
    }
}
