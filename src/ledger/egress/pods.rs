//! The pods' meter: what counters of pods' networks say. They know whose a pod is, and not which way its bytes took.

use std::collections::BTreeSet;

use super::Way;
use super::answer::{By, Egress, Question};
use super::holder::{Holder, Holders};
use crate::ledger::allocate::day_text;
use crate::ledger::allocate::tags::Tags;
use crate::ledger::line::Day;
use crate::ledger::told::{HubLife, Origin, PodDay};

/// Adds what counters say.
pub(super) fn add(egress: &mut Egress, question: &Question, pods: &[PodDay], lives: &[HubLife]) {
    let holders = Holders::of(lives);
    let of = |pod: &PodDay| (pod.hub.clone(), pod.day);
    let recorded: BTreeSet<(String, Day)> =
        pods.iter().filter(|pod| pod.origin == Origin::Recorder).map(of).collect();
    for pod in pods {
        let is_twice = pod.origin == Origin::Samples && recorded.contains(&(pod.hub.clone(), pod.day));
        if is_twice || !question.has(pod.day) || !question.is_of(&pod.hub) {
            continue;
        }
        let labels = Tags::read(&pod.labels);
        let told = Holder {
            hub: &pod.hub,
            user: labels.get("hub.jupyter.org/username"),
            cluster: labels.get("gateway.dask.org/cluster"),
        };
        let holder = holders.pod(&pod.pod).unwrap_or(told);
        let values = question.key(|by| match by {
            By::Hub => Some(pod.hub.clone()),
            By::User => holder.user.map(str::to_owned),
            By::DaskCluster => holder.cluster.map(str::to_owned),
            By::Day => Some(day_text(pod.day)),
            By::Dataset | By::Bucket | By::Service | By::Region => None,
        });
        let part = egress.rows.entry((Way::All, values)).or_default().pods.get_or_insert_default();
        part.out += u128::from(pod.moved.sent);
        part.into += u128::from(pod.moved.received);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::traffic::Moved;

    fn day(hub: &str, origin: Origin, pod: &str, received: u64) -> PodDay {
        PodDay {
            hub: hub.into(),
            day: 20_738,
            origin,
            pod: pod.into(),
            labels: r#"{"annotation_hub_jupyter_org_username":"ada"}"#.into(),
            moved: Moved { received, sent: 1 },
        }
    }

    #[test]
    fn what_two_have_counted_counts_once() {
        let pods = [
            day("lab", Origin::Recorder, "uid-1", 10),
            day("lab", Origin::Samples, "jupyter-ada", 11),
            day("other", Origin::Samples, "jupyter-ada", 7),
        ];
        let mut egress = Egress::default();
        let question = Question { by: vec![By::Hub, By::User], ..Question::default() };
        add(&mut egress, &question, &pods, &[]);
        let part = |hub: &str| {
            egress.rows[&(Way::All, vec![Some(hub.to_owned()), Some("ada".to_owned())])].pods.unwrap()
        };
        assert_eq!((part("lab").into, part("lab").out, part("other").into), (10, 1, 7));
        let mut egress = Egress::default();
        add(&mut egress, &Question { hub: Some("other".into()), ..Question::default() }, &pods, &[]);
        assert_eq!(egress.rows[&(Way::All, Vec::new())].pods.unwrap().into, 7);
    }
}
