//! What flow logs cannot tell, and of which days and hubs it is told.

use std::collections::BTreeSet;

use frazil::catalog::AddressRanges;
use frazil::ledger::egress::{Egress, Question, Reason, Way};
use frazil::ledger::{Counted, Ledger};

use crate::week::{HOME, read};

/// The 12th of October 2026, in days and in seconds.
const MONDAY: i32 = 20_738;
const SECONDS: i64 = 20_738 * 86_400;

/// A record in AWS's default format.
fn old(at: i64, interface: &str, from: &str, to: &str, bytes: u64) -> String {
    format!("2 123456789012 {interface} {from} {to} 443 40000 6 9 {bytes} {at} {} ACCEPT OK\n", at + 60)
}

fn reasons(egress: &Egress, way: Way) -> BTreeSet<Reason> {
    egress.disagreements().remove(&way).unwrap_or_default()
}

#[test]
fn nat_in_the_default_format_is_counted_at_both_hops_and_that_is_told_without_a_bill() {
    let folder = tempfile::tempdir().unwrap();
    let (client, gateway) = ("10.0.2.7", "10.0.0.220");
    let text = old(SECONDS, "eni-b", client, HOME, 300)
        + &old(SECONDS, "eni-n", client, gateway, 300)
        + &old(SECONDS, "eni-n", gateway, HOME, 300);
    std::fs::write(folder.path().join("flows.log"), text).unwrap();
    let flows = read(folder.path(), &AddressRanges::embedded().unwrap());
    let mut egress = Egress::default();
    egress.add_flows(&Question::default(), &flows, &[]);
    assert_eq!(egress.rows[&(Way::Internet, Vec::new())].cluster.unwrap().out, 600, "300 that went");
    assert_eq!(reasons(&egress, Way::Internet), BTreeSet::from([Reason::NatTwice]));
    assert_eq!(reasons(&egress, Way::InterZone), BTreeSet::from([Reason::NatTwice]));
}

#[test]
fn gaps_are_of_their_days_and_hubs() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("l.sqlite")).unwrap();
    let skipped = |at: i64, times: usize| {
        format!("2 123456789012 eni-a - - - - - - - {at} {} - SKIPDATA\n", at + 60).repeat(times)
    };
    for (number, (hub, day, times)) in (0..).zip([("lab", 0, 2), ("lab", 40, 3), ("other", 40, 7)]) {
        let at = SECONDS + day * 86_400;
        let logs = folder.path().join(format!("{number}"));
        std::fs::create_dir(&logs).unwrap();
        let text = old(at, "eni-a", "10.0.0.1", HOME, 1_000) + &skipped(at, times);
        std::fs::write(logs.join("flows.log"), text).unwrap();
        let flows = read(&logs, &AddressRanges::embedded().unwrap());
        let counted = Counted { hub: hub.into(), flows, ..Counted::default() };
        ledger.take_counted(&counted, "2026-11-22T00:00:00Z").unwrap();
    }
    let all = ledger.flows().unwrap();
    let told = |hub: &str, from: i32| {
        let question =
            Question { hub: Some(hub.into()), from: Some(from), to: Some(from + 1), ..Question::default() };
        let mut egress = Egress::default();
        for (network, flows) in &all {
            egress.add_flows_of(&question, network, flows, &[]);
        }
        // Somebody else's program read more, so that meters differ.
        let entry = frazil_byte_ledger::Entry {
            who: std::sync::Arc::new(frazil_byte_ledger::Who { hub: hub.into(), ..Default::default() }),
            record: frazil_byte_ledger::Record {
                time: u64::try_from(from).unwrap() * 86_400_000,
                route: frazil_byte_ledger::Route::Internet,
                received: 9_000,
                ..Default::default()
            },
        };
        egress.add_entry(&question, &entry);
        reasons(&egress, Way::Internet)
    };
    assert!(told("lab", MONDAY).contains(&Reason::Skipped(2)), "{:?}", told("lab", MONDAY));
    let later = told("lab", MONDAY + 40);
    assert!(later.contains(&Reason::Skipped(3)) && later.contains(&Reason::NatTwice), "{later:?}");
    assert!(told("other", MONDAY + 40).contains(&Reason::Skipped(7)));
    let none = told("lab", MONDAY + 20);
    assert!(!none.contains(&Reason::NatTwice) && none.len() < 2, "{none:?}");
}
