//! Whose a pod or node was, as the recorder tells.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::ledger::flows::LocalEnd;
use crate::ledger::line::Day;
use crate::ledger::told::HubLife;
use crate::observe::history::{Life, NodeLife, PodLife};

/// Whose a pod or node was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder<'a> {
    pub(super) hub: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) cluster: Option<&'a str>,
}

/// When something was there: the first and the last day.
type Days = (Day, Day);

/// Who had which pod and node.
#[derive(Default)]
pub(super) struct Holders<'a> {
    /// By namespace and name: a server's name comes again.
    pods: BTreeMap<(&'a str, &'a str), Vec<(Days, Holder<'a>)>>,
    /// By UID.
    uids: BTreeMap<&'a str, Holder<'a>>,
    /// By the machine as its cloud names it.
    nodes: BTreeMap<&'a str, Holder<'a>>,
    /// By address: pods', and nodes'. Addresses are given again.
    addresses: BTreeMap<IpAddr, Vec<(Days, Holder<'a>)>>,
}

impl<'a> Holders<'a> {
    pub(super) fn of(lives: &'a [HubLife]) -> Self {
        let mut new = Self::default();
        for HubLife { hub, life } in lives {
            match life {
                Life::Pod(pod) => new.add_pod(of_pod(hub, pod), pod),
                Life::Node(node) => new.add_node(Holder { hub, user: None, cluster: None }, node),
            }
        }
        new
    }

    fn add_pod(&mut self, holder: Holder<'a>, pod: &'a PodLife) {
        let days = days(pod.scheduled.as_deref().unwrap_or(&pod.created), pod.ended.as_deref());
        self.pods.entry((&pod.namespace, &pod.name)).or_default().push((days, holder));
        self.uids.insert(&pod.uid, holder);
        if let Ok(address) = pod.address.parse() {
            self.addresses.entry(address).or_default().push((days, holder));
        }
    }

    fn add_node(&mut self, holder: Holder<'a>, node: &'a NodeLife) {
        let machine = node.provider_id.rsplit('/').next().filter(|machine| !machine.is_empty());
        self.nodes.insert(machine.unwrap_or(&node.name), holder);
        let days = days(&node.created, node.ended.as_deref());
        for address in node.addresses.iter().filter_map(|address| address.parse().ok()) {
            self.addresses.entry(address).or_default().push((days, holder));
        }
    }

    /// The pod's that the log names, else that of the pod with the address, else the node's: on EKS what leaves the
    /// network has the address of the node (AWS, "Enable outbound internet access for Pods"). The node is known by its
    /// instance, and where the log has none, by its address.
    pub(super) fn holder(&self, end: &LocalEnd, day: Day) -> Option<Holder<'a>> {
        let named = end.pod.as_ref().and_then(|pod| self.pods.get(&(&*pod.namespace, &*pod.name)));
        let pod =
            named.and_then(|lives| of_day(lives, day).or_else(|| lives.last().map(|(_, holder)| *holder)));
        let address = || self.addresses.get(&end.address).and_then(|lives| of_day(lives, day));
        let node = || end.instance.as_ref().and_then(|machine| self.nodes.get(&**machine)).copied();
        pod.or_else(|| merged(address(), node()))
    }

    /// Whose a pod is, by its UID.
    pub(super) fn pod(&self, uid: &str) -> Option<Holder<'a>> {
        self.uids.get(uid).copied()
    }
}

/// The holder by the address, unless the machine is another hub's: then the address is of another network.
fn merged<'a>(address: Option<Holder<'a>>, node: Option<Holder<'a>>) -> Option<Holder<'a>> {
    match (address, node) {
        (Some(address), Some(node)) if address.hub != node.hub => Some(node),
        (address, node) => address.or(node),
    }
}

/// Who had it on a day; what several had, only their hub had where it is one. Within a day times are not told apart.
fn of_day<'a>(lives: &[(Days, Holder<'a>)], day: Day) -> Option<Holder<'a>> {
    let mut there =
        lives.iter().filter(|((first, last), _)| *first <= day && day <= *last).map(|(_, holder)| *holder);
    let first = there.next()?;
    there.try_fold(first, |one, other| match () {
        () if one.hub != other.hub => None,
        () => Some(Holder {
            hub: one.hub,
            user: one.user.filter(|user| other.user == Some(user)),
            cluster: one.cluster.filter(|cluster| other.cluster == Some(cluster)),
        }),
    })
}

fn of_pod<'a>(hub: &'a str, pod: &'a PodLife) -> Holder<'a> {
    let label = |key: &str| pod.labels.get(key).map(String::as_str).filter(|value| !value.is_empty());
    Holder { hub, user: label("hub.jupyter.org/username"), cluster: label("gateway.dask.org/cluster") }
}

/// The days of a life; without a beginning it is there from the first, without an end to the last.
fn days(from: &str, ended: Option<&str>) -> Days {
    let day = |time: &str| {
        let time: jiff::Timestamp = time.parse().ok()?;
        Day::try_from(time.as_second().div_euclid(86_400)).ok()
    };
    (day(from).unwrap_or(Day::MIN), ended.and_then(day).unwrap_or(Day::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Provider;

    fn pod(uid: &str, user: &str, address: &str, days: (&str, Option<&str>)) -> HubLife {
        let labels = BTreeMap::from([("hub.jupyter.org/username".to_owned(), user.to_owned())]);
        let time = |day: &str| format!("2026-10-{day}T10:00:00Z");
        let life = PodLife {
            uid: uid.into(),
            namespace: "lab".into(),
            name: "jupyter-x".into(),
            address: address.into(),
            labels,
            scheduled: Some(time(days.0)),
            ended: days.1.map(time),
            ..PodLife::default()
        };
        HubLife { hub: "lab".into(), life: Life::Pod(life) }
    }

    fn node(hub: &str, instance: &str, address: &str) -> HubLife {
        let life = NodeLife {
            provider_id: format!("aws:///us-west-2a/{instance}"),
            addresses: vec![address.into()],
            ..NodeLife::default()
        };
        HubLife { hub: hub.into(), life: Life::Node(life) }
    }

    fn end(instance: Option<&str>, address: &str) -> LocalEnd {
        LocalEnd {
            provider: Provider::Aws,
            account: None,
            vpc: None,
            region: None,
            zone: None,
            instance: instance.map(Into::into),
            interface: None,
            address: address.parse().unwrap(),
            pod: None,
        }
    }

    #[test]
    fn an_address_is_whose_it_was_that_day() {
        let lives = [
            pod("1", "ada", "10.0.1.9", ("12", Some("14"))),
            pod("2", "bob", "10.0.1.9", ("14", None)),
            node("lab", "i-1", "10.0.0.1"),
            node("other", "i-2", "10.0.0.2"),
        ];
        let holders = Holders::of(&lives);
        let of = |instance, address, day| {
            holders.holder(&end(instance, address), day).map(|holder| (holder.hub, holder.user))
        };
        // The 12th of October 2026 is day 20,738.
        assert_eq!(of(Some("i-1"), "10.0.1.9", 20_738), Some(("lab", Some("ada"))));
        assert_eq!(of(Some("i-1"), "10.0.1.9", 20_740), Some(("lab", None)), "both had it on the 14th");
        assert_eq!(of(Some("i-1"), "10.0.1.9", 20_741), Some(("lab", Some("bob"))));
        assert_eq!(of(None, "10.0.1.9", 20_737), None);
        // Without an instance, as in version 2: the node's address.
        assert_eq!(of(None, "10.0.0.1", 20_738), Some(("lab", None)));
        assert_eq!(of(Some("i-1"), "10.0.7.7", 20_738), Some(("lab", None)));
        assert_eq!(of(Some("i-2"), "10.0.1.9", 20_738), Some(("other", None)), "another network has it too");
        assert_eq!(holders.pod("2").unwrap().user, Some("bob"));
    }

    #[test]
    fn a_pod_that_the_log_names_is_the_one_of_that_day() {
        let lives = [pod("1", "ada", "", ("12", Some("13"))), pod("2", "bob", "", ("14", None))];
        let holders = Holders::of(&lives);
        let named = LocalEnd {
            pod: Some(crate::ledger::flows::Pod { namespace: "lab".into(), name: "jupyter-x".into() }),
            ..end(None, "10.8.0.5")
        };
        let user = |day| holders.holder(&named, day).and_then(|holder| holder.user);
        assert_eq!((user(20_738), user(20_740)), (Some("ada"), Some("bob")));
    }
}
