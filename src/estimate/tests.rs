//! Sheets worked by hand, and what has to hold for any hub.

use frazil_units::Amount;
use proptest::prelude::*;

use super::*;
use crate::config::HubFile;

const AWS: &str = "provider: { aws: { account: \"123456789012\", region: us-west-2 } }\n";
const GCP: &str = "provider: { gcp: { project: ice-2026, region: us-central1 } }\n";

fn hub(provider: &str, more: &str) -> HubFile {
    serde_yaml::from_str(&format!("name: lab\n{provider}{more}")).unwrap()
}

/// An event of so many people and days from 22 March 2027 on.
fn event(attendees: u32, days: u32) -> String {
    let from = jiff::civil::date(2027, 3, 22);
    let to = from.checked_add(jiff::Span::new().days(i64::from(days) - 1)).unwrap();
    format!("event: {{ from: {from}, to: {to}, attendees: {attendees} }}\n")
}

fn site(hub: &HubFile, people: Option<People>, assumed: &[&str]) -> Site {
    let mut all = Assumptions::of(hub);
    for text in assumed {
        all.set(text).unwrap();
    }
    Site::of(hub, people, &all).unwrap().unwrap()
}

fn usd(text: &str) -> Amount {
    Amount::from_decimal(text).unwrap()
}

fn of(site: &Site, component: Component) -> String {
    let lines = site.base.iter().filter(|line| line.component == component && line.kept == Kept::Always);
    lines.filter_map(|line| line.usd(month())).sum::<Amount>().to_string()
}

#[test]
fn the_base_of_a_hub_on_aws_by_hand() {
    let more = format!(
        "sizes: [{{ name: small, memory: 8 GiB }}]\nstorage: {{ homes: {{ quota: 20 GiB }} }}\n\
         pools: {{ core: {{ machine: m5.large }} }}\n{}",
        event(80, 5)
    );
    let site = site(&hub(AWS, &more), None, &[]);
    for (component, month) in [
        (Component::ControlPlane, "73.00"), // 0.10 x 730
        (Component::CoreNodes, "70.08"),    // 0.096 x 730
        (Component::NodeDisks, "8.00"),     // 100 GiB x 0.08
        (Component::Addresses, "14.60"),    // a node's and the balancer's in 3 zones: 4 x 0.005 x 730
        (Component::Balancer, "16.425"),    // 0.0225 x 730
        (Component::HomesDisk, "32.00"),    // a quarter of 80 x 20 GiB, x 0.08
        (Component::HubDisks, "0.08"),      // the database's GiB
        (Component::Key, "1.00"),           // 1 a month
    ] {
        assert_eq!(of(&site, component), month, "{component}");
    }
    // Their sum, and a 730th of it for an hour.
    assert_eq!(site.base(month(), false), usd("215.185"));
    assert_eq!(site.base(Quantity::ONE, false).rounded(6), "0.294774");
    assert_eq!(site.base(Quantity::whole(24), false).rounded(4), "7.0746");
}

#[test]
fn the_base_of_a_hub_on_google_cloud_by_hand() {
    let more = "sizes: [{ name: small, memory: 8 GiB }]\npools: { core: { machine: e2-standard-2 } }\n";
    let site = site(&hub(GCP, more), None, &[]);
    for (component, month) in [
        (Component::ControlPlane, "73.00"), // 0.10 x 730
        (Component::CoreNodes, "48.91803"), // 0.067011 x 730
        (Component::NodeDisks, "10.00"),    // 100 GiB x 0.10
        (Component::Addresses, "3.65"),     // 0.005 x 730
        (Component::Balancer, "7.30"),      // 0.01 x 730
        (Component::SharedHomes, "163.84"), // Filestore, 1024 GiB x 0.16
        (Component::HubDisks, "0.10"),      // the database's GiB
    ] {
        assert_eq!(of(&site, component), month, "{component}");
    }
    assert_eq!(site.base(month(), false), usd("306.80803"));
}

#[test]
fn nat_is_paid_by_the_gateway_on_aws_and_by_the_node_on_google_cloud() {
    let nat = "network: { nat: single }\npools: { core: { count: 1 } }\n";
    let aws = site(&hub(AWS, nat), None, &[]);
    // 0.045 x 730; its address and the balancer's three, and none of a node.
    assert_eq!(
        (of(&aws, Component::Nat), of(&aws, Component::Addresses)),
        ("32.85".to_owned(), "14.60".to_owned())
    );
    let gcp = site(&hub(GCP, nat), None, &[]);
    // 0.0014 x 730 for the core node.
    assert_eq!(
        (of(&gcp, Component::Nat), of(&gcp, Component::Addresses)),
        ("1.022".to_owned(), "0.00".to_owned())
    );
}

#[test]
fn an_hour_of_a_seat_is_its_part_of_the_node_with_disk_and_address() {
    let more = "sizes: [{ name: small, memory: 8 GiB }]\npools: { user: { machine: r7i.2xlarge } }\n";
    let site = site(&hub(AWS, more), None, &[]);
    let hour = &site.sizes[0];
    // 0.5292 the machine, 100 GiB x 0.08 / 730 its disk, 0.005 its address; seven on a node.
    assert_eq!((hour.seats, hour.alone.likely.rounded(9)), (7, "0.545158904".to_owned()));
    assert_eq!(hour.shared.likely.rounded(9), "0.077879843");
}

#[test]
fn spot_without_a_list_is_a_part_of_the_on_demand_price_and_says_so() {
    let more = "gateway: { workers: { spot: true, cores: 2, memory: 8 GiB } }\npools: { dask: { machine: m5.2xlarge, spot: true } }\n";
    let aws = site(&hub(AWS, more), None, &[]);
    let (pool, worker) = aws.dask.as_ref().unwrap();
    // 21, 50 and 100 % of 0.384; three workers of 2 cores and 8 GiB on 7.9 cores and 29 GiB.
    assert_eq!(pool.node.price.all().map(|usd| usd.to_string()), ["0.08064", "0.192", "0.384"]);
    assert_eq!(worker.workers, 3);
    assert_eq!(worker.shared.high, worker.on_demand.unwrap());
    assert_eq!(worker.per_core(usd("0.20")), usd("0.10"));
    assert!(aws.gaps().iter().any(|gap| gap.what == "spot price of m5.2xlarge"), "{:?}", aws.gaps());
    let more = more.replace("m5.2xlarge", "n2-standard-8");
    let gcp = site(&hub(GCP, &more), None, &[]);
    assert_eq!(gcp.dask.unwrap().0.node.price, Range::exact(usd("0.18424")));
}

/// ICESat-2 2020: 80 people, 4 to an m5.2xlarge, about 20 nodes, 5 to 10 of them found running overnight;
/// about 90 % of the cost was compute.
#[test]
fn a_hackweek_that_took_place_by_hand() {
    let more = format!(
        "sizes: [{{ name: small, memory: 7 GiB, cpu: 1.75 }}]\ngateway: {{ enabled: false }}\n\
         pools: {{ core: {{ machine: m5.large }}, user: {{ machine: m5.2xlarge, max: 30 }} }}\n{}",
        event(80, 5)
    );
    let people = People { attendees: 80, days: 5 };
    let assumed = [
        "hours=8",
        "present=100",
        "fill=100",
        "night=25",
        "around=0",
        "home-gib=0",
        "log-gb=0",
        "download-gb=0",
    ];
    let site = site(&hub(AWS, &more), Some(people), &assumed);
    assert_eq!(site.sizes[0].seats, 4);
    let items = site.event.as_ref().unwrap().items();
    let likely = |row: Row, component: Component| {
        let same = items.iter().filter(|item| (item.row, item.component) == (row, component));
        same.map(|item| item.usd.likely).sum::<Amount>()
    };
    // 20 nodes x 8 h x 5 days = 800 hours at 0.384; 5 nodes x 12 h x 5 nights = 300 hours.
    assert_eq!(likely(Row::Servers, Component::UserNodes), usd("307.20"));
    assert_eq!(likely(Row::Night, Component::UserNodes), usd("115.20"));
    // 800 hours of 100 GiB at 0.08 / 730 (8.767123287…, of which 10⁻¹² are kept), and of an address at 0.005.
    assert_eq!(likely(Row::Servers, Component::NodeDisks).rounded(6), "8.767123");
    assert_eq!(likely(Row::Servers, Component::Addresses), usd("4.00"));
    let all: Amount = items.iter().map(|item| item.usd.likely).sum();
    let nodes = [Row::Servers, Row::Night].map(|row| likely(row, Component::UserNodes));
    let compute = nodes.into_iter().sum::<Amount>().as_f64() + 0.096 * 120.0;
    let part = compute / all.as_f64();
    assert!((0.85..0.97).contains(&part), "{part}");
}

#[test]
fn nodes_kept_warm_leave_room_in_the_pool_and_are_counted_once() {
    let more = "sizes: [{ name: small, memory: 8 GiB }]\npools: { user: { machine: r5a.2xlarge, max: 10 } }\n\
        event: { from: 2027-03-22, to: 2027-03-26, attendees: 80, login_burst: 80 in 15 min }\n";
    let people = People { attendees: 80, days: 5 };
    let site = site(&hub(AWS, more), Some(people), &["hours=10", "night=0", "warm-days=0", "present=100"]);
    let model = site.event.unwrap();
    let nodes = |row: Row| {
        let items = model.items();
        let item =
            items.iter().find(|item| (item.row, item.component) == (row, Component::UserNodes)).unwrap();
        item.usd.all().map(|usd| usd.rounded(2))
    };
    // 54 of the 80 come before a node could: 8 nodes x 120 h x 0.452. Two nodes are left of the pool's ten:
    // 2 x 10 h x 5 days x 0.452.
    assert_eq!(nodes(Row::Warm), ["433.92", "433.92", "433.92"]);
    assert_eq!(nodes(Row::Servers), ["45.20", "45.20", "45.20"]);
    assert_eq!(model.too_few_seats(), Some(70));
}

#[test]
fn a_budget_is_told_in_percent_with_what_alone_exceeds_it() {
    let people = People { attendees: 80, days: 5 };
    let file = hub(AWS, &event(80, 5));
    let model = site(&file, Some(people), &[]).event.unwrap();
    let likely = model.total(Case::Likely);
    let against = Against::of(&model, likely);
    assert_eq!(against.percent(likely), Some(100));
    assert!(against.fits(likely) && !against.fits(against.total.high));
    assert!(against.by.iter().any(|change| change.name == "around"), "{:?}", against.by);
    assert!(Against::of(&model, Amount::from_units(1_000_000)).by.is_empty());
    let largest = &against.by[0];
    let key = Key::ALL.into_iter().find(|key| key.facts().name == largest.name).unwrap();
    let value = model.assumed.value(key, Case::High).to_string();
    let changed = site(&file, Some(people), &[&format!("{key}={value}")]).event.unwrap();
    assert_eq!(changed.total(Case::Likely), likely + largest.usd);
    // A dollar less, and every assumption that saves a dollar at its cheap end brings it within.
    let short = Against::of(&model, likely - Amount::from_units(1));
    assert!(
        !short.by.is_empty() && short.by.iter().all(|change| change.usd <= -Amount::from_units(1)),
        "{:?}",
        short.by
    );
}

#[test]
fn the_same_hub_is_counted_on_the_other_cloud_with_machines_of_its_own() {
    let more = "sizes: [{ name: small, memory: 8 GiB }]\nstorage: { homes: { quota: 20 GiB } }\npools: { user: { machine: r7i.2xlarge } }\n";
    let file = hub(AWS, more);
    let other = Site::elsewhere(&file, (Provider::Gcp, "us-central1"), None, &Assumptions::of(&file))
        .unwrap()
        .unwrap();
    let written = site(
        &hub(GCP, "sizes: [{ name: small, memory: 8 GiB }]\nstorage: { homes: { quota: 20 GiB } }\n"),
        None,
        &[],
    );
    assert_eq!(other.base, written.base);
    assert_eq!(other.sizes[0].machine, written.sizes[0].machine);
    assert!(other.lost.iter().any(|lost| lost.contains("user pool")), "{:?}", other.lost);
}

#[test]
fn every_gap_is_named() {
    let gaps = site(&hub(AWS, "network: { nat: single }\n"), None, &[]).gaps();
    let gaps = gaps.into_iter().map(|gap| gap.what).collect::<Vec<_>>().join("\n");
    for word in ["public_ipv4_hour", "efs_standard_storage", "kms_key", "nat_gateway_data", "spot price"] {
        assert!(gaps.contains(word), "{word}:\n{gaps}");
    }
    assert!(!gaps.contains("eks_cluster_hour"), "{gaps}");
}

/// Files that differ in everything that the model treats differently.
const FILES: [(&str, &str); 6] = [
    (
        AWS,
        "sizes: [{ name: small, memory: 8 GiB }, { name: large, memory: 32 GiB }, { name: gpu, memory: 14 GiB, gpu: 1 }]\nstorage: { homes: { quota: 20 GiB, backup: daily } }\n",
    ),
    (AWS, "network: { nat: single }\ndata: { regions: [us-west-2, us-east-1, us-central1] }\n"),
    (
        AWS,
        "sizes: [{ name: large, memory: 64 GiB }, { name: tiny, memory: 1 GiB }]\npools: { user: { spot: true } }\n",
    ),
    (AWS, "sizes: [{ name: gpu, memory: 14 GiB, gpu: 1 }, { name: small, memory: 4 GiB }]\n"),
    (
        GCP,
        "sizes: [{ name: small, memory: 8 GiB }, { name: gpu, memory: 14 GiB, gpu: 1 }]\nnetwork: { nat: single }\n",
    ),
    (GCP, "storage: { homes: { quota: 10 GiB } }\ndata: { regions: [europe-west4] }\n"),
];

/// What an event of a file costs, cheap to dear.
fn total((provider, more): (&str, &str), people: People, assumed: &[String]) -> Range {
    let file = hub(provider, &format!("{more}{}", event(people.attendees, people.days)));
    let mut all = Assumptions::of(&file);
    for text in assumed {
        all.set(text).unwrap();
    }
    let model = Site::of(&file, Some(people), &all).unwrap().unwrap().event.unwrap();
    let total = Range::of(Case::ALL.map(|case| model.total(case)));
    assert_eq!(model.items().into_iter().map(|item| item.usd).sum::<Range>(), total);
    total
}

/// Quotients of people and seats are kept to 10⁻¹², and multiplied by hours and prices.
const ROUNDING: Amount = Amount::from_pico(1_000_000);

fn at_least(more: Range, less: Range) -> bool {
    more.all().into_iter().zip(less.all()).all(|(more, less)| more + ROUNDING >= less)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_cases_are_bounds_of_each_other(
        file in 0_usize..FILES.len(), attendees in 1_u32..3000, days in 1_u32..40,
        hours in prop::option::of(0_u32..=24), fill in prop::option::of(1_u32..=100), dask in 0_u32..50,
    ) {
        let said = [hours.map(|hours| format!("hours={hours}")), fill.map(|fill| format!("fill={fill}"))];
        let said: Vec<_> = said.into_iter().flatten().chain([format!("dask-hours=0/{dask}/{}", 2 * dask)]).collect();
        let Range { low, likely, high } = total(FILES[file], People { attendees, days }, &said);
        prop_assert!(low <= likely + ROUNDING && likely <= high + ROUNDING, "{low} {likely} {high}");
        prop_assert!(low > Amount::ZERO);
    }

    #[test]
    fn more_people_days_or_hours_never_cost_less(
        file in 0_usize..FILES.len(), attendees in 1_u32..2000, days in 1_u32..40, hours in 0_u32..24,
        more in 1_u32..200,
    ) {
        let of = |attendees, days, hours: u32| total(FILES[file], People { attendees, days }, &[format!("hours={hours}")]);
        let one = of(attendees, days, hours);
        prop_assert!(at_least(of(attendees + more, days, hours), one), "people");
        prop_assert!(at_least(of(attendees, days + 1 + more % 20, hours), one), "days");
        prop_assert!(at_least(of(attendees, days, hours + 1), one), "hours");
    }
}
