//! A week of a hub whose truth is known: what its network's flow logs, its people's byte ledgers and its bill
//! tell of each way, and why they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use frazil::catalog::AddressRanges;
use frazil::ledger::decimal::Decimal;
use frazil::ledger::egress::{By, Egress, Question, Reason, Way};
use frazil::ledger::flows::{self, FlowSums};
use frazil::ledger::read::Input;
use frazil::ledger::told::{HubLife, history};
use frazil::ledger::{
    Bill, BillRows, Charge, Gather, Ledger, LineKey, Lineage, Month, Prices, Source, SourceKind, Symbol,
};
use frazil::observe::history::{Life, NodeLife, PodLife};
use frazil::observe::traffic::{Meters, Moved, Reading};
use frazil_byte_ledger::{Record, Route, Who, Writer};
use jiff::Timestamp;

/// The 12th of October 2026, a Monday, and its beginning in seconds.
const MONDAY: i32 = 20_738;
const MONDAY_SECONDS: u64 = 20_738 * 86_400;
const DAYS: u64 = 7;

/// A machine of the hub.
#[derive(Clone, Copy)]
struct Machine {
    instance: &'static str,
    interface: &'static str,
    address: &'static str,
    zone: &'static str,
}

const ADA: Machine =
    Machine { instance: "i-0ada", interface: "eni-ada", address: "10.40.0.10", zone: "usw2-az1" };
const BOB: Machine =
    Machine { instance: "i-0bob", interface: "eni-bob", address: "10.40.0.11", zone: "usw2-az1" };
const DASK: Machine =
    Machine { instance: "i-0dask", interface: "eni-dask", address: "10.40.64.10", zone: "usw2-az2" };
/// A machine in another region, in a network that is joined to the hub's.
const FAR: Machine =
    Machine { instance: "i-0far", interface: "eni-far", address: "10.50.0.10", zone: "use1-az4" };
/// The NAT gateway's interface: it has no instance.
const NAT: Machine = Machine { instance: "-", interface: "eni-nat", address: "10.40.0.5", zone: "usw2-az1" };

/// S3 in us-west-2 and in us-east-1, and somebody's computer.
const S3_NEAR: &str = "52.218.128.1";
const S3_FAR: &str = "52.216.0.1";
pub(crate) const HOME: &str = "198.51.100.7";
/// An address of `CloudFront`, one at the other end of a leased line, and one of a network in another region that has no
/// flow logs.
const CACHE: &str = "108.138.0.1";
const OFFICE: &str = "192.168.7.7";
const UNLOGGED: &str = "10.60.0.9";

impl Machine {
    /// Its network and region.
    fn place(self) -> (&'static str, &'static str) {
        if self.zone.starts_with("use1-") { ("vpc-2", "us-east-1") } else { ("vpc-1", "us-west-2") }
    }
}

/// Flow logs of version 5 that grow line by line, and what they should come to.
#[derive(Default)]
struct Logs {
    text: String,
    truth: BTreeMap<(&'static str, &'static str), u128>,
    free: u128,
}

impl Logs {
    /// A record of an interface, with the ends as the interface sees them and as the packets name them.
    fn line(
        &mut self,
        at: u64,
        machine: Machine,
        direction: &str,
        [ends, packet]: [(&str, &str); 2],
        bytes: u64,
        path: &str,
    ) {
        let service = |address: &str| if [S3_NEAR, S3_FAR].contains(&address) { "S3" } else { "-" };
        let Machine { instance, interface, zone, .. } = machine;
        let (vpc, region) = machine.place();
        writeln!(
            self.text,
            "5 123456789012 {interface} {} {} 443 40000 6 {} {bytes} {at} {} ACCEPT OK {vpc} subnet-1 {instance} 2 IPv4 \
             {} {} {region} {zone} - - {} {} {direction} {path}",
            ends.0,
            ends.1,
            bytes / 1400 + 1,
            at + 60,
            packet.0,
            packet.1,
            service(packet.0),
            service(packet.1),
        )
        .unwrap();
    }

    fn record(&mut self, at: u64, machine: Machine, direction: &str, peer: &str, bytes: u64, path: &str) {
        let own = machine.address;
        let ends = if direction == "egress" { (own, peer) } else { (peer, own) };
        self.line(at, machine, direction, [ends, ends], bytes, path);
    }

    fn sent(&mut self, at: u64, machine: Machine, peer: &str, bytes: u64, (way, path): (&'static str, &str)) {
        self.record(at, machine, "egress", peer, bytes, path);
        *self.truth.entry((way, "out")).or_default() += u128::from(bytes);
    }

    fn received(&mut self, at: u64, machine: Machine, peer: &str, bytes: u64, way: &'static str) {
        self.record(at, machine, "ingress", peer, bytes, "-");
        *self.truth.entry((way, "in")).or_default() += u128::from(bytes);
    }

    /// Between two machines of the network: both log it.
    fn between(&mut self, at: u64, (from, to): (Machine, Machine), bytes: u64) {
        let (way, path) =
            if from.place() == to.place() { ("inter-zone", "1") } else { ("inter-region", "5") };
        self.record(at, from, "egress", to.address, bytes, path);
        self.record(at, to, "ingress", from.address, bytes, "-");
        if from.zone == to.zone {
            self.free += 2 * u128::from(bytes);
            return;
        }
        for direction in ["out", "in"] {
            *self.truth.entry((way, direction)).or_default() += u128::from(bytes);
        }
    }

    /// To the internet through the NAT gateway, which logs both its sides (AWS, "Flow log record examples").
    fn through_nat(&mut self, at: u64, machine: Machine, peer: &str, bytes: u64) {
        let own = machine.address;
        self.record(at, machine, "egress", peer, bytes, "1");
        self.line(at, NAT, "ingress", [(own, NAT.address), (own, peer)], bytes, "-");
        self.record(at, NAT, "egress", peer, bytes, "8");
        for way in ["nat", "internet"] {
            *self.truth.entry((way, "out")).or_default() += u128::from(bytes);
        }
    }
}

impl Logs {
    /// From the internet through the NAT gateway.
    fn back_through_nat(&mut self, at: u64, machine: Machine, peer: &str, bytes: u64) {
        let own = machine.address;
        self.record(at, NAT, "ingress", peer, bytes, "-");
        self.line(at, NAT, "egress", [(NAT.address, own), (peer, own)], bytes, "1");
        self.record(at, machine, "ingress", peer, bytes, "-");
        for way in ["nat", "internet"] {
            *self.truth.entry((way, "in")).or_default() += u128::from(bytes);
        }
    }
}

/// The week: each amount is another, so that none can stand for another.
fn week() -> Logs {
    let mut logs = Logs {
        text: "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
               log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id \
               sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path\n"
            .to_owned(),
        ..Logs::default()
    };
    for day in 0..DAYS {
        let at = MONDAY_SECONDS + day * 86_400 + 36_000;
        let scale = day + 1;
        logs.received(at, ADA, S3_NEAR, 70_000_001 * scale, "store-in-region");
        logs.sent(at, ADA, S3_NEAR, 1_000_003 * scale, ("store-in-region", "7"));
        logs.received(at, DASK, S3_FAR, 9_000_007 * scale, "store-elsewhere");
        logs.sent(at, ADA, HOME, 5_000_011 * scale, ("internet", "8"));
        logs.received(at, ADA, HOME, 300_017 * scale, "internet");
        logs.between(at, (ADA, DASK), 2_000_029 * scale);
        logs.between(at, (ADA, BOB), 4_000_037 * scale);
        logs.through_nat(at, BOB, HOME, 800_011 * scale);
        logs.back_through_nat(at, BOB, HOME, 60_000_049 * scale);
        logs.between(at, (ADA, FAR), 10_000_019 * scale);
        logs.sent(at, DASK, UNLOGGED, 20_000_003 * scale, ("inter-region", "5"));
        logs.received(at, DASK, UNLOGGED, 600_011 * scale, "inter-region");
        logs.sent(at, ADA, OFFICE, 30_000_001 * scale, ("line", "3"));
        logs.received(at, ADA, OFFICE, 900_001 * scale, "line");
        logs.sent(at, ADA, CACHE, 400_009 * scale, ("edge", "8"));
        logs.received(at, ADA, CACHE, 50_000_017 * scale, "edge");
    }
    let end = MONDAY_SECONDS + 86_400;
    writeln!(logs.text, "5 123456789012 eni-bob - - - - - - - {end} {end} - NODATA{}", " -".repeat(15))
        .unwrap();
    logs
}

pub(crate) fn read(folder: &Path, ranges: &AddressRanges) -> FlowSums {
    flows::read(&[Input::Local(folder.to_path_buf())], ranges, 2).unwrap()
}

/// What flow logs tell of each way, as the truth is written.
pub(crate) fn network(egress: &Egress) -> BTreeMap<(&'static str, &'static str), u128> {
    let mut found = BTreeMap::new();
    for ((way, _), cell) in &egress.rows {
        let Some(part) = cell.cluster else { continue };
        for (direction, bytes) in [("out", part.out), ("in", part.into)] {
            *found.entry((way.name(), direction)).or_default() += bytes;
        }
    }
    found.retain(|_, bytes| *bytes > 0);
    found
}

/// A bill of AWS of the week: service, usage type, resource, bytes.
fn bill(folder: &Path, rows: &[(&str, &str, &str, u128)]) -> (Bill, BillRows) {
    bill_of(folder, (SourceKind::Cur2, "aws", "GB"), rows)
}

/// A bill of the week by its kind, provider and unit of 2³⁰ bytes.
pub(crate) fn bill_of(
    folder: &Path,
    (kind, provider, unit): (SourceKind, &str, &str),
    rows: &[(&str, &str, &str, u128)],
) -> (Bill, BillRows) {
    let mut gather = Gather::default();
    let source = Source { kind, provider: provider.into(), payer: "123456789012".into() };
    let source = gather.source(&source);
    for (row, (service, usage, resource, bytes)) in (1..).zip(rows) {
        let key = LineKey {
            source,
            month: Month::from_number(202_610).unwrap(),
            day: MONDAY,
            charge: Charge::Usage,
            account: Symbol::EMPTY,
            service: gather.symbols.add(service),
            usage_type: gather.symbols.add(usage),
            operation: Symbol::EMPTY,
            region: gather.symbols.add("us-west-2"),
            resource: gather.symbols.add(resource),
            unit: gather.symbols.add(unit),
            tags: gather.symbols.add(r#"{"frazil:hub":"lab"}"#),
            currency: gather.symbols.add("USD"),
        };
        // 10⁻¹² of a gigabyte of 2³⁰ bytes, rounded as AWS rounds it: to ten decimals.
        let gigabytes = (bytes * 10_000_000_000 + (1 << 29)) / (1 << 30) * 100;
        let gigabytes = i128::try_from(gigabytes).unwrap();
        let billed = Decimal { pico: gigabytes / 100 * 9, ..Decimal::default() };
        gather.line(
            key,
            gigabytes,
            Prices { billed, effective: billed, list: billed },
            Lineage { file: 0, row },
        );
    }
    let mut ledger = Ledger::open(&folder.join("ledger.sqlite")).unwrap();
    ledger.take(&gather.finish(), "2026-10-20T00:00:00Z").unwrap();
    let bill = ledger.bills().unwrap().remove(0);
    let rows = ledger.rows(&bill).unwrap();
    (bill, rows)
}

fn node(hub: &str, instance: &str) -> HubLife {
    let provider_id = format!("aws:///us-west-2a/{instance}");
    HubLife { hub: hub.into(), life: Life::Node(NodeLife { provider_id, ..NodeLife::default() }) }
}

#[test]
fn flow_logs_of_aws_tell_the_truth_of_each_way() {
    let folder = tempfile::tempdir().unwrap();
    let logs = week();
    std::fs::write(folder.path().join("flows.log"), &logs.text).unwrap();
    let flows = read(folder.path(), &AddressRanges::embedded().unwrap());
    let mut egress = Egress::default();
    egress.add_flows(&Question::default(), &flows, &[]);
    assert_eq!(network(&egress), logs.truth);
    assert_eq!(egress.free_bytes, logs.free);

    // Two hubs share the network: what is asked of one leaves the other's machines out.
    let lives = [node("lab", "i-0ada"), node("lab", "i-0dask"), node("other", "i-0bob")];
    let of_lab = Question { by: vec![By::Hub], hub: Some("lab".into()), ..Question::default() };
    let mut egress = Egress::default();
    egress.add_flows(&of_lab, &flows, &lives);
    let truth = network(&egress);
    assert_eq!(truth[&("internet", "out")], 28 * 5_000_011);
    assert!(!truth.contains_key(&("nat", "out")));
}

#[test]
fn meters_side_by_side_and_why_they_differ() {
    let folder = tempfile::tempdir().unwrap();
    let logs = week();
    std::fs::create_dir(folder.path().join("flows")).unwrap();
    std::fs::write(folder.path().join("flows/a.log"), &logs.text).unwrap();
    let flows = read(&folder.path().join("flows"), &AddressRanges::embedded().unwrap());
    let of = |way, direction| logs.truth[&(way, direction)];
    // A balancer sends 5 GB more than machines do; zones are billed at both ends; NAT as it went through; a
    // bucket whose readers pay.
    let rows = [
        ("AmazonEC2", "USW2-DataTransfer-Out-Bytes", "i-0ada", of("internet", "out")),
        ("AWSELB", "USW2-DataTransfer-Out-Bytes", "net/lab", 5_000_000_000),
        ("AmazonEC2", "USW2-DataTransfer-Regional-Bytes", "i-0ada", 2 * of("inter-zone", "out")),
        ("AmazonEC2", "USW2-NatGateway-Bytes", "nat-1", of("nat", "out") + of("nat", "in")),
        ("AmazonEC2", "USW2-USE1-AWS-Out-Bytes", "i-0ada", of("inter-region", "out")),
        ("AmazonEC2", "USW2-CloudFront-Out-Bytes", "i-0ada", of("edge", "out")),
        ("AWSDirectConnect", "USW2-DataXfer-Out:dc.1", "dxcon-1", of("line", "out")),
        ("AmazonS3", "USW2-USE1-AWS-Out-Bytes", "their-bucket", 77_000_000),
    ];
    let (bill, rows) = bill(folder.path(), &rows);
    let bytes = folder.path().join("bytes");
    let who = Who { user: "ada".into(), hub: "lab".into(), ..Who::default() };
    let writer = Writer::open(&bytes, &who).unwrap();
    let record = |bucket: &str, route, requester_pays, received: u128| Record {
        time: (MONDAY_SECONDS + 40_000) * 1000,
        since: (MONDAY_SECONDS + 39_000) * 1000,
        bucket: bucket.into(),
        route,
        requester_pays,
        requests: 3,
        requested: u64::try_from(received).unwrap(),
        received: u64::try_from(received).unwrap(),
        ..Record::default()
    };
    // Near: the bodies of all that came, 97 % of the packets. Far: half came to other programs.
    let near = of("store-in-region", "in") * 97 / 100;
    let far = of("store-elsewhere", "in") / 2;
    writer.append(&record("nsidc", Route::InRegion, false, near)).unwrap();
    writer.append(&record("gesdisc", Route::InterRegion, false, far)).unwrap();
    writer.append(&record("their-bucket", Route::InterRegion, true, 77_000_000)).unwrap();

    let entries: Vec<_> = frazil_byte_ledger::read(&bytes).unwrap().map(Result::unwrap).collect();
    let question =
        Question { requester_pays: BTreeSet::from(["their-bucket".to_owned()]), ..Question::default() };
    let mut egress = Egress::default();
    egress.add_bill(&question, &bill, &rows);
    egress.add_flows(&question, &flows, &[]);
    for entry in &entries {
        egress.add_entry(&question, entry);
    }
    let cell = |way| &egress.rows[&(way, Vec::new())];
    let near_of = |way| cell(way).client.unwrap().received;
    assert_eq!((near_of(Way::StoreInRegion), near_of(Way::StoreElsewhere)), (near, far));
    assert_eq!(near_of(Way::RequesterPays), 77_000_000);
    let billed = |way| {
        let bill = cell(way).bill.as_ref().unwrap();
        (bill.out + bill.through + 500_000_000_000) / 1_000_000_000_000
    };
    let expected = i128::try_from(of("internet", "out") + 5_000_000_000).unwrap();
    assert!(
        (billed(Way::Internet) - expected).abs() <= 1,
        "the last decimal of a gigabyte is a tenth of a byte"
    );
    assert!((billed(Way::RequesterPays) - 77_000_000).abs() <= 1);

    let told = egress.disagreements();
    let reasons = |way| told.get(&way).cloned().unwrap_or_default();
    assert_eq!(reasons(Way::Internet), BTreeSet::from([Reason::OtherSenders]));
    assert_eq!(reasons(Way::StoreInRegion), BTreeSet::from([Reason::FreeOnBill, Reason::Bodies]));
    assert_eq!(reasons(Way::StoreElsewhere), BTreeSet::from([Reason::OwnerPays, Reason::OtherPrograms]));
    let agreed = [Way::Nat, Way::InterZone, Way::InterRegion, Way::Edge, Way::Line, Way::RequesterPays];
    for agreed in agreed {
        assert_eq!(reasons(agreed), BTreeSet::new(), "{}", agreed.name());
    }
}

/// What kubelets say of the pods of ada's server and of the Dask workers, hour by hour, and what of it is true: all that
/// the pods moved, whichever way. The server's network is made anew on Wednesday.
fn counters() -> (String, BTreeMap<&'static str, Moved>) {
    let at =
        |hours: u64| Timestamp::from_second(i64::try_from(MONDAY_SECONDS + hours * 3_600).unwrap()).unwrap();
    let mut meters = Meters::default();
    let there = BTreeSet::from(["uid-ada".to_owned(), "uid-dask".to_owned()]);
    let (mut lines, mut truth) = (String::new(), BTreeMap::new());
    let mut standing: BTreeMap<&str, Moved> = BTreeMap::new();
    for hour in 1..=DAYS * 24 {
        if hour == 50 {
            standing.remove("uid-ada");
        }
        let scale = hour / 24 + 1;
        // Ada reads near, sends to herself and to the workers; the workers read far.
        let ada = Moved { received: 70_300_018 * scale, sent: 6_000_014 * scale + 6_000_066 };
        let dask = Moved { received: 11_000_036 * scale, sent: 77 };
        for (uid, moved) in [("uid-ada", ada), ("uid-dask", dask)] {
            let counters = standing.entry(uid).or_default();
            *counters = counters.plus(moved);
            let sum: &mut Moved = truth.entry(uid).or_default();
            *sum = sum.plus(moved);
            meters.read(Reading { uid: uid.into(), since: Some(at(0)), at: at(hour), counters: *counters });
        }
        for line in meters.due(&there) {
            writeln!(lines, "{}", serde_json::to_string(&line).unwrap()).unwrap();
        }
    }
    for line in meters.due(&BTreeSet::new()) {
        writeln!(lines, "{}", serde_json::to_string(&line).unwrap()).unwrap();
    }
    (lines, truth)
}

#[test]
fn counters_of_pods_tell_whose_bytes_and_not_which_way() {
    let (written, truth) = counters();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bytes.jsonl");
    std::fs::write(&path, written).unwrap();
    let told = history(&[path], Some("lab")).unwrap();
    assert_eq!(
        told.pod_days.iter().map(|day| day.day).collect::<BTreeSet<_>>(),
        (MONDAY..MONDAY + 7).collect()
    );
    let life = |uid: &str, key: &str, value: &str| {
        let labels = BTreeMap::from([(key.to_owned(), value.to_owned())]);
        HubLife {
            hub: "lab".into(),
            life: Life::Pod(PodLife { uid: uid.into(), labels, ..PodLife::default() }),
        }
    };
    let lives = [
        life("uid-ada", "hub.jupyter.org/username", "ada"),
        life("uid-dask", "gateway.dask.org/cluster", "c1"),
    ];
    let mut egress = Egress::default();
    let question = Question { by: vec![By::User, By::DaskCluster], ..Question::default() };
    egress.add_pods(&question, &told.pod_days, &lives);
    let of = |user: Option<&str>, cluster: Option<&str>| {
        let part =
            egress.rows[&(Way::All, vec![user.map(str::to_owned), cluster.map(str::to_owned)])].pods.unwrap();
        (part.into, part.out)
    };
    let true_of = |uid: &str| (u128::from(truth[uid].received), u128::from(truth[uid].sent));
    assert_eq!(of(Some("ada"), None), true_of("uid-ada"));
    assert_eq!(of(None, Some("c1")), true_of("uid-dask"));
    assert_eq!(egress.rows.len(), 2, "no way is told, so none is said");

    // Beside flow logs, which have bob's machine and the gateway too.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flows.log"), &week().text).unwrap();
    let flows = read(folder.path(), &AddressRanges::embedded().unwrap());
    let mut egress = Egress::default();
    egress.add_flows(&Question::default(), &flows, &lives);
    egress.add_pods(&Question::default(), &told.pod_days, &lives);
    assert_eq!(egress.disagreements()[&Way::All], BTreeSet::from([Reason::OtherEnds]));
}

/// What the week's flows cost at list, by hand: prices of 2³⁰ bytes.
#[test]
fn a_week_at_list_prices() {
    let folder = tempfile::tempdir().unwrap();
    let logs = week();
    std::fs::write(folder.path().join("flows.log"), &logs.text).unwrap();
    let flows = read(folder.path(), &AddressRanges::embedded().unwrap());
    let mut egress = Egress::default();
    egress.add_flows(&Question { by: vec![By::Day], ..Question::default() }, &flows, &[]);
    let list = egress.price();
    let of = |way| {
        let cells = egress.rows.iter().filter(|((own, _), _)| *own == way);
        cells
            .filter_map(|(_, cell)| cell.cluster_list)
            .fold((0, 0), |(usd, owners), listed| (usd + listed.usd, owners + listed.of_owners))
    };
    let usd = |thousandths: i128, bytes: u128| {
        let exact = thousandths * 1_000_000_000 * i128::try_from(bytes).unwrap();
        (exact + (1 << 29)) >> 30
    };
    let truth = |way, direction| logs.truth[&(way, direction)];
    assert_eq!(of(Way::Internet), (0, 0), "less than the 100 GB that are free");
    assert_eq!(list.free["network"], truth("internet", "out"));
    assert_eq!(of(Way::Nat), (usd(45, truth("nat", "out") + truth("nat", "in")), 0));
    let known = 28 * 10_000_019;
    let unknown = truth("inter-region", "out") - known;
    assert_eq!(of(Way::InterRegion), (usd(20, known) + usd(20, unknown), 0), "and nothing for what came in");
    assert_eq!(of(Way::InterZone), (usd(10, 2 * truth("inter-zone", "out")), 0));
    let far = usd(20, truth("store-elsewhere", "in"));
    assert_eq!(of(Way::StoreElsewhere), (far, far), "whose bucket it is pays");
    assert_eq!(of(Way::StoreInRegion), (0, 0));
}

/// A bill that has a machine and none of its bytes.
#[test]
fn what_is_not_on_the_bill_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("flows")).unwrap();
    std::fs::write(folder.path().join("flows/a.log"), &week().text).unwrap();
    let flows = read(&folder.path().join("flows"), &AddressRanges::embedded().unwrap());
    let (bill, rows) = bill(folder.path(), &[("AmazonEC2", "USW2-BoxUsage:m5.large", "i-0ada", 1)]);
    let mut egress = Egress::default();
    egress.add_bill(&Question::default(), &bill, &rows);
    egress.add_flows(&Question::default(), &flows, &[]);
    let told = egress.disagreements();
    assert_eq!(told[&Way::InterZone], BTreeSet::from([Reason::NotBilled]));
    assert_eq!(told[&Way::StoreInRegion], BTreeSet::from([Reason::FreeOnBill]));
}

/// Zones as AWS's bills have them: both ends by one type, each end by its own, and by peering.
#[test]
fn both_ends_of_zones_are_on_bills_of_aws() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("flows")).unwrap();
    let logs = week();
    std::fs::write(folder.path().join("flows/a.log"), &logs.text).unwrap();
    let flows = read(&folder.path().join("flows"), &AddressRanges::embedded().unwrap());
    let (out, into) = (logs.truth[&("inter-zone", "out")], logs.truth[&("inter-zone", "in")]);
    let reasons = |usages: &[(&str, u128)]| {
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<_> =
            usages.iter().map(|(usage, bytes)| ("AmazonEC2", *usage, "i-0ada", *bytes)).collect();
        let (bill, rows) = bill(folder.path(), &rows);
        let mut egress = Egress::default();
        egress.add_bill(&Question::default(), &bill, &rows);
        egress.add_flows(&Question::default(), &flows, &[]);
        egress.disagreements().remove(&Way::InterZone).unwrap_or_default()
    };
    for kind in ["DataTransfer-xAZ", "VpcPeering"] {
        let types = ["Out", "In"].map(|end| format!("USW2-{kind}-{end}-Bytes"));
        assert_eq!(reasons(&[(&types[0], out), (&types[1], into)]), BTreeSet::new(), "{kind}");
        let more = BTreeSet::from([Reason::OtherSenders, Reason::BothEnds]);
        assert_eq!(reasons(&[(&types[0], 2 * out), (&types[1], 2 * into)]), more, "{kind}");
        assert_eq!(reasons(&[(&types[0], out)]), BTreeSet::from([Reason::NotBilled]), "{kind}");
    }
}
