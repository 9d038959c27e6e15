//! Removing what is left, pass by pass: clouds take their time, and one thing holds another.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Belongs, Cloud, Hub, Kind, Leftover, Removal, Way};
use crate::error::{Error, Result};

/// How a sweep ended.
#[derive(Debug, Default)]
pub struct Swept {
    /// What is gone now, in the order in which it went.
    pub removed: Vec<Leftover>,
    /// What is still there, and what holds it or what the cloud said of it.
    pub left: Vec<(Leftover, String)>,
}

/// Removes the leftovers of a hub for which `wanted` says so, until none is there, nothing moves
/// any more, or `patience` is over. It looks again before each pass, `pause` after the one before.
///
/// One thing that cannot be removed does not keep the others: it is told at the end. Only while a
/// cluster or its nodes are there, the rest waits: controllers would make it again.
///
/// # Errors
/// When the cloud does not say what is there.
pub async fn sweep<C: Cloud>(
    cloud: &C,
    hub: &Hub,
    wanted: &(dyn Fn(&Leftover) -> bool + Sync),
    (patience, pause): (Duration, Duration),
    told: &mut (dyn FnMut(&Leftover, &Result<Removal>) + Send),
) -> Result<Swept> {
    let end = Instant::now() + patience;
    let mut seen: Vec<Leftover> = Vec::new();
    loop {
        let there = cloud.leftovers(hub).await?;
        remember(&mut seen, &there);
        let targets: Vec<_> =
            there.iter().filter(|each| wanted(each)).filter_map(|each| sure(&seen, each)).collect();
        if targets.is_empty() {
            return Ok(ended(seen, &there, &[]));
        }
        let mut waiting: Vec<(Leftover, String)> = Vec::new();
        let mut moves = false;
        for leftover in targets {
            if leftover.kind > Kind::Cluster && waiting.iter().any(|(each, _)| each.kind <= Kind::Cluster) {
                break;
            }
            // Somebody else may get the address, and the domain would lead there. Nothing but the
            // address tells whose the record is.
            if leftover.kind == Kind::Address && waiting.iter().any(|(each, _)| each.kind == Kind::Record) {
                waiting.push((leftover, "a record leads to it".to_owned()));
                continue;
            }
            if tells_of_others(&leftover) && waiting.iter().any(|(each, _)| is_told_by_others(each)) {
                waiting.push((leftover, "what is in it goes first".to_owned()));
                continue;
            }
            let removal = cloud.remove(&leftover).await;
            told(&leftover, &removal);
            match removal {
                Ok(Removal::Gone) => moves = true,
                Ok(Removal::Going) => {
                    moves = true;
                    waiting.push((leftover, "it is being deleted".to_owned()));
                }
                Ok(Removal::Held(why)) => {
                    moves = true;
                    waiting.push((leftover, why));
                }
                Err(error) => waiting.push((leftover, in_words(&error))),
            }
        }
        if !moves || Instant::now() + pause > end {
            let there = cloud.leftovers(hub).await?;
            return Ok(ended(seen, &there, &waiting));
        }
        if !waiting.is_empty() {
            sleep(pause).await;
        }
    }
}

/// Whether a thing may be all that tells whose another one is: gone before that, it would leave it
/// behind unseen.
const fn tells_of_others(leftover: &Leftover) -> bool {
    matches!(leftover.kind, Kind::Firewall | Kind::Subnet | Kind::Network)
}

/// Whether nothing on a thing itself tells whose it is.
const fn is_told_by_others(leftover: &Leftover) -> bool {
    matches!(leftover.belongs, Belongs::Network | Belongs::Cluster(_))
}

/// Something to remove. What was the hub's in an earlier pass is so still, even if what told it is
/// gone by now: a network of Google Cloud is known by its subnet, which goes before it.
fn sure(seen: &[Leftover], each: &Leftover) -> Option<Leftover> {
    let was = || seen.iter().any(|known| known.id == each.id && known.way == Way::Remove);
    match each.way {
        Way::Remove => Some(each.clone()),
        Way::ByHand(_) if was() => Some(each.clone().goes(Way::Remove)),
        _ => None,
    }
}

fn remember(seen: &mut Vec<Leftover>, there: &[Leftover]) {
    for each in there {
        if !seen.iter().any(|known| known.id == each.id) {
            seen.push(each.clone());
        }
    }
}

fn ended(seen: Vec<Leftover>, there: &[Leftover], waiting: &[(Leftover, String)]) -> Swept {
    let is_there = |leftover: &Leftover| there.iter().any(|each| each.id == leftover.id);
    let removed = seen.into_iter().filter(|each| !is_there(each)).collect();
    let why = |leftover: &Leftover| {
        let waited = waiting.iter().find(|(each, _)| each.id == leftover.id).map(|(_, why)| why.clone());
        waited.unwrap_or_else(|| match &leftover.way {
            Way::Remove => String::new(),
            Way::With(other) => format!("goes with {other}"),
            Way::ByHand(how) => how.clone(),
        })
    };
    let left = there.iter().map(|each| (each.clone(), why(each))).collect();
    Swept { removed, left }
}

fn in_words(error: &Error) -> String {
    let hints = error.hints().iter().map(|hint| format!("; {hint}"));
    std::iter::once(error.to_string()).chain(hints).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::fake::Fake;

    const PACE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_millis(1));

    fn one(kind: Kind, id: &str) -> Leftover {
        Leftover::new(kind, id, Belongs::Tag)
    }

    async fn swept(fake: &Fake, pace: (Duration, Duration)) -> Swept {
        sweep(fake, &Hub::new("lab"), &|_| true, pace, &mut |_, _| ()).await.unwrap()
    }

    #[tokio::test]
    async fn what_holds_something_goes_first_and_what_is_slow_is_waited_for() {
        let fake = Fake::default();
        fake.leave("lab", one(Kind::Network, "vpc"));
        fake.leave("lab", one(Kind::Disk, "disk"));
        fake.leave("lab", one(Kind::LoadBalancer, "balancer"));
        fake.leave("other", one(Kind::Disk, "theirs"));
        fake.change(|world| {
            world.held.insert("vpc".to_owned(), vec!["balancer".to_owned(), "disk".to_owned()]);
            world.slow.insert("balancer".to_owned(), 2);
        });
        let done = swept(&fake, PACE).await;
        assert!(done.left.is_empty(), "{:?}", done.left);
        assert_eq!(done.removed.len(), 3);
        assert_eq!(fake.leftovers(&Hub::new("other")).await.unwrap().len(), 1);
    }

    #[test]
    fn what_was_the_hubs_is_so_when_its_mark_went_before_it() {
        let by_hand = |id: &str| one(Kind::Network, id).goes(Way::ByHand("only its name".to_owned()));
        let seen = [one(Kind::Network, "vpc"), by_hand("other")];
        assert_eq!(sure(&seen, &by_hand("vpc")), Some(one(Kind::Network, "vpc")));
        assert_eq!(sure(&seen, &by_hand("other")), None);
    }

    #[tokio::test]
    async fn what_cannot_be_removed_is_told_and_keeps_nothing_else() {
        let fake = Fake::default();
        fake.leave("lab", one(Kind::Key, "key").goes(Way::ByHand("wait seven days".to_owned())));
        fake.leave("lab", one(Kind::Firewall, "group"));
        fake.leave("lab", one(Kind::Disk, "disk"));
        fake.fail("remove group", "not allowed");
        let done = swept(&fake, PACE).await;
        let left: Vec<_> = done.left.iter().map(|(each, why)| (each.id.as_str(), why.as_str())).collect();
        assert_eq!(left, [("group", "not allowed"), ("key", "wait seven days")]);
        assert_eq!(done.removed, [one(Kind::Disk, "disk")]);
    }

    #[tokio::test]
    async fn what_controllers_would_make_again_waits_for_the_cluster() {
        let fake = Fake::default();
        fake.leave("lab", one(Kind::LoadBalancer, "balancer"));
        fake.leave("lab", one(Kind::Cluster, "cluster"));
        fake.leave("lab", one(Kind::NodePool, "pool"));
        fake.change(|world| {
            world.slow.insert("pool".to_owned(), 1);
            world.held.insert("cluster".to_owned(), vec!["pool".to_owned()]);
        });
        assert!(swept(&fake, PACE).await.left.is_empty());
        let removals: Vec<_> = fake.calls().into_iter().filter(|call| call.starts_with("remove")).collect();
        let expected = ["pool", "cluster", "pool", "cluster", "balancer"];
        assert_eq!(removals, expected.map(|id| format!("remove {id}")));
    }

    #[tokio::test]
    async fn what_tells_whose_others_are_goes_after_them() {
        let fake = Fake::default();
        let told_by_subnet = Leftover::new(Kind::BackendService, "backend", Belongs::Network);
        fake.leave("lab", told_by_subnet);
        for (kind, id) in [(Kind::Firewall, "rule"), (Kind::Subnet, "subnet"), (Kind::Router, "router")] {
            fake.leave("lab", one(kind, id));
        }
        fake.change(|world| {
            world.slow.insert("backend".to_owned(), 1);
        });
        assert_eq!(swept(&fake, PACE).await.left, []);
        let removals: Vec<_> = fake.calls().into_iter().filter(|call| call.starts_with("remove ")).collect();
        let expected = ["backend", "router", "backend", "rule", "subnet"];
        assert_eq!(removals, expected.map(|id| format!("remove {id}")));
    }

    #[tokio::test]
    async fn an_address_waits_for_the_record_that_leads_to_it() {
        let fake = Fake::default();
        fake.leave("lab", one(Kind::Address, "address"));
        fake.leave("lab", one(Kind::Record, "record"));
        fake.fail("remove record", "not allowed");
        let done = swept(&fake, PACE).await;
        let left: Vec<_> = done.left.iter().map(|(each, why)| (each.id.as_str(), why.as_str())).collect();
        assert_eq!(left, [("record", "not allowed"), ("address", "a record leads to it")]);
        assert_eq!(done.removed, []);
    }

    #[tokio::test]
    async fn patience_ends() {
        let fake = Fake::default();
        fake.leave("lab", one(Kind::Network, "vpc"));
        fake.change(|world| drop(world.held.insert("vpc".to_owned(), vec!["nobody knows".to_owned()])));
        let done = swept(&fake, (Duration::from_millis(5), Duration::from_millis(1))).await;
        assert_eq!(done.left.len(), 1);
        assert!(done.left[0].1.contains("nobody knows"));
    }
}
