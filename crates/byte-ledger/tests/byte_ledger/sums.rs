//! Sums by fields.

use std::sync::Arc;

use frazil_byte_ledger::{Entry, Field, Record, Route, Sums, Totals, Who};

use super::made::{DAY, MORNING, short};

#[test]
fn records_are_summed_by_any_fields() {
    let entry = |user: &str, days: u64, route: Route, received: u64| Entry {
        who: Arc::new(Who { user: user.to_owned(), ..Who::default() }),
        record: Record {
            time: MORNING + days * DAY,
            route,
            requests: 2,
            requested: 10,
            received,
            ..Default::default()
        },
    };
    let entries = [
        entry("ada", 0, Route::InRegion, 7),
        entry("ada", 1, Route::Internet, u64::MAX),
        entry("ada", 1, Route::Internet, u64::MAX),
        entry("bob", 1, Route::Internet, 5),
    ];
    let sums = |fields: &[Field]| {
        let mut sums = Sums::by(fields);
        for entry in &entries {
            sums.add(entry);
        }
        let groups = sums.groups().iter();
        groups.map(|(key, totals)| (key.join(" "), totals.records, totals.received)).collect::<Vec<_>>()
    };
    let wide = 2 * u128::from(u64::MAX);
    assert_eq!(sums(&[Field::User]), [("ada".into(), 3, wide + 7), ("bob".into(), 1, 5)]);
    assert_eq!(
        sums(&[Field::Day, Field::Route]),
        [("2026-11-22 in-region".into(), 1, 7), ("2026-11-23 internet".into(), 3, wide + 5)]
    );
    assert_eq!(sums(&[]), [(String::new(), 4, wide + 12)]);
    let mut all = Sums::by(&[]);
    for entry in &entries {
        all.add(entry);
    }
    let totals = Totals { records: 4, requests: 8, requested: 40, received: wide + 12 };
    assert_eq!(all.groups().values().collect::<Vec<_>>(), [&totals]);
}

#[test]
fn every_field_is_its_own() {
    use Field::{Bucket, Cluster, Dataset, Day, Host, Hub, Region, RequesterPays, Route, Server, User};
    let mut sums =
        Sums::by(&[Day, User, Hub, Cluster, Server, Host, Dataset, Bucket, Region, Route, RequesterPays]);
    let who = Who {
        user: "user".into(),
        hub: "hub".into(),
        cluster: "cluster".into(),
        server: "server".into(),
        host: "host".into(),
    };
    let record =
        Record { region: "region".into(), route: frazil_byte_ledger::Route::InterRegion, ..short(5) };
    sums.add(&Entry { who: Arc::new(who), record });
    let keys: Vec<_> = sums.groups().keys().map(|key| key.join(" ")).collect();
    let all = "2026-11-22 user hub cluster server host ATL03.006 nsidc region inter-region true";
    assert_eq!(keys, [all]);
}
