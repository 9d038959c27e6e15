//! Rules one by one, by hand, and the sum of all of them over ledgers drawn by chance.

use proptest::prelude::*;

use super::*;
use crate::ledger::line::{Charge, LineKey, Lineage, Month, Sums, Use, UseKey, UseSums};
use crate::ledger::symbols::Symbol;
use crate::ledger::told::{HomeSize, HubLife, Membership, Origin, PodDay};
use crate::observe::history::{Life, NodeLife, PodLife};
use crate::observe::traffic::Moved;

/// The first of October 2026.
const DAY: Day = 20_727;
const PICO: i128 = 1_000_000_000_000;
const USER: &str = r#"{"frazil:hub":"lab","frazil:pool":"user"}"#;
const GPU: &str = r#"{"frazil:hub":"lab","frazil:pool":"gpu"}"#;
const LAB: &str = r#"{"frazil:hub":"lab"}"#;
const HOMES: &str = r#"{"frazil:hub":"lab","frazil:homes":"lab"}"#;

/// A row of a bill in short.
#[derive(Clone, Debug)]
struct Short {
    day: Day,
    charge: Charge,
    service: &'static str,
    usage: &'static str,
    resource: &'static str,
    unit: &'static str,
    tags: &'static str,
    quantity: i128,
    amount: i128,
}

fn node(resource: &'static str, amount: i128) -> Short {
    Short {
        day: DAY,
        charge: Charge::Usage,
        service: "AmazonEC2",
        usage: "USW2-BoxUsage:r7i.2xlarge",
        resource,
        unit: "Hrs",
        tags: USER,
        quantity: 24 * PICO,
        amount,
    }
}

fn bill(shorts: &[Short], uses: &[(&str, &str, UseSums)]) -> BillRows {
    let mut rows = BillRows::default();
    for (index, short) in (1_u64..).zip(shorts) {
        let mut add = |text: &str| rows.symbols.add(text);
        let key = LineKey {
            source: 0,
            month: Month::from_number(202_610).unwrap(),
            day: short.day,
            charge: short.charge,
            account: Symbol::EMPTY,
            service: add(short.service),
            usage_type: add(short.usage),
            operation: Symbol::EMPTY,
            region: add("us-west-2"),
            resource: add(short.resource),
            unit: add(short.unit),
            tags: add(short.tags),
            currency: add("USD"),
        };
        let first = Lineage { file: 0, row: index };
        let sums = Sums {
            quantity: short.quantity,
            billed: short.amount,
            effective: short.amount / 2,
            list: 0,
            lines: 1,
            first,
        };
        rows.lines.push((key, sums));
    }
    for (node, user, sums) in uses {
        let labels = if user.is_empty() {
            String::new()
        } else {
            format!(r#"{{"hub.jupyter.org/username":"{user}"}}"#)
        };
        let key = UseKey {
            source: 0,
            month: Month::from_number(202_610).unwrap(),
            day: DAY,
            node: rows.symbols.add(node),
            pod: rows.symbols.add(&format!("jupyter-{user}")),
            namespace: rows.symbols.add("lab"),
            labels: rows.symbols.add(&labels),
        };
        rows.uses.add(Use { key, sums: *sums });
    }
    rows
}

/// r7i.2xlarge: 8 cores, 64 GiB; g4dn.xlarge: 4 cores, 16 GiB, a GPU.
fn machine(name: &str) -> Option<MachineRoom> {
    match name {
        "r7i.2xlarge" => Some(MachineRoom { cpu_millis: 8_000, memory_bytes: 64 << 30, gpus: 0 }),
        "g4dn.xlarge" => Some(MachineRoom { cpu_millis: 4_000, memory_bytes: 16 << 30, gpus: 1 }),
        _ => None,
    }
}

/// Cores and GiB for a whole day.
fn asks(cores: i128, gib: i128) -> UseSums {
    UseSums {
        cpu_requested: cores * 86_400 * PICO,
        memory_requested: (gib << 30) * 86_400 * PICO,
        ..UseSums::default()
    }
}

fn ask(rows: &BillRows, told: &Told, question: &Question) -> Vec<(String, i128)> {
    let mut allocator = Allocator::new(question, told, &machine);
    allocator.add(rows.clone());
    let allocation = allocator.finish();
    let Some(currency) = allocation.currencies.first() else { return Vec::new() };
    assert_eq!(currency.sum(), currency.billed);
    let name = |part: &Part| match part.kind {
        Kind::Usage => part.values.join(" "),
        kind => format!("({})", kind.name()),
    };
    let mut found: BTreeMap<String, i128> = BTreeMap::new();
    for part in &currency.parts {
        *found.entry(name(part)).or_default() += part.amount;
    }
    found.into_iter().collect()
}

fn by(by: By) -> Question {
    Question { by: vec![by], ..Question::default() }
}

fn parts(expected: &[(&str, i128)]) -> Vec<(String, i128)> {
    expected.iter().map(|(name, amount)| ((*name).to_owned(), *amount)).collect()
}

#[test]
fn a_node_is_divided_among_its_pods_and_the_rest_is_idle() {
    // The node weighs 9·8 + 64 = 136, ada 9·2 + 16 = 34, bob 9·4 + 32 = 68, the system 9·0 + 17 = 17: idle are 17.
    let uses = [("i-1", "ada", asks(2, 16)), ("i-1", "bob", asks(4, 32)), ("i-1", "", asks(0, 17))];
    let rows = bill(&[node("i-1", 1_360)], &uses);
    let told = Told::default();
    let question = by(By::User);
    let apart = [("(idle)", 170), ("(shared)", 170), ("ada", 340), ("bob", 680)];
    assert_eq!(ask(&rows, &told, &question), parts(&apart));
    // Without idle the weights are 34, 68 and 17 of 119: 388.57, 777.14 and 194.29; the one left is ada's.
    let shared = Question { idle: IdleRule::Shared, ..by(By::User) };
    assert_eq!(ask(&rows, &told, &shared), parts(&[("(shared)", 194), ("ada", 389), ("bob", 777)]));
    // What the system's pods have goes on by use, 34 to 68, or evenly.
    let by_use = Question { shared: SharedRule::ByUse, ..by(By::User) };
    assert_eq!(ask(&rows, &told, &by_use), parts(&[("(idle)", 170), ("ada", 340 + 57), ("bob", 680 + 113)]));
    let even = Question { shared: SharedRule::Even, ..by(By::User) };
    assert_eq!(ask(&rows, &told, &even), parts(&[("(idle)", 170), ("ada", 340 + 85), ("bob", 680 + 85)]));
    // By memory alone: 16, 32 and 17 of 64 are more than the node has, so that nothing is idle.
    let memory = Question { ratio: Ratio { cpu: 0, memory: 1 }, ..by(By::User) };
    assert_eq!(ask(&rows, &told, &memory), parts(&[("(shared)", 356), ("ada", 335), ("bob", 669)]));
}

#[test]
fn money_and_days_are_those_that_were_asked_for() {
    let later = Short { day: DAY + 1, ..node("i-1", 100) };
    let rows = bill(&[node("i-1", 1_360), later], &[("i-1", "ada", asks(8, 64))]);
    let told = Told::default();
    let effective = Question { money: Money::Effective, to: Some(DAY), ..by(By::User) };
    assert_eq!(ask(&rows, &told, &effective), parts(&[("ada", 680)]));
    // Nothing is known of the second day.
    assert_eq!(ask(&rows, &told, &by(By::User)), parts(&[("(unattributed)", 100), ("ada", 1_360)]));
    assert_eq!(ask(&rows, &told, &Question { hub: Some("other".into()), ..by(By::User) }), []);
}

#[test]
fn use_counts_where_it_is_asked_for_and_known() {
    let used = UseSums {
        cpu_used: Some(86_400 * PICO),
        memory_used: Some(0),
        cpu_largest: Some(3 * 86_400 * PICO),
        ..asks(2, 0)
    };
    let rows = bill(&[node("i-1", 1_000)], &[("i-1", "ada", used), ("i-1", "bob", asks(1, 0))]);
    let shares = |rule| {
        let question = Question { rule, idle: IdleRule::Shared, ..by(By::User) };
        ask(&rows, &Told::default(), &question).into_iter().map(|(_, amount)| amount).collect::<Vec<_>>()
    };
    assert_eq!(shares(Rule::Request), [667, 333]);
    assert_eq!(shares(Rule::Usage), [500, 500]);
    assert_eq!(shares(Rule::Max), [750, 250]);
}

#[test]
fn gpus_alone_count_on_nodes_that_have_them() {
    let gpu = Short { usage: "USW2-BoxUsage:g4dn.xlarge", tags: GPU, ..node("i-9", 100) };
    let half = UseSums { gpus: 43_200 * PICO, ..asks(1, 1) };
    let rows = bill(&[gpu], &[("i-9", "ada", half), ("i-9", "bob", asks(3, 15))]);
    assert_eq!(ask(&rows, &Told::default(), &by(By::User)), parts(&[("(idle)", 50), ("ada", 50)]));
}

#[test]
fn charges_stand_apart_and_discounts_go_with_what_they_name() {
    let discount = Short { charge: Charge::Discount, ..node("i-1", -136) };
    let plain =
        |charge, amount| Short { charge, resource: "", tags: "", quantity: 0, usage: "", ..node("", amount) };
    let rows = bill(
        &[
            node("i-1", 1_360),
            discount,
            plain(Charge::Tax, 7),
            plain(Charge::Credit, -50),
            plain(Charge::Refund, -3),
            plain(Charge::Fee, 2),
            plain(Charge::Rounding, 1),
            plain(Charge::Usage, 11),
            Short { charge: Charge::Refund, ..node("i-1", -136) },
            node("i-1", 0),
        ],
        &[("i-1", "ada", asks(4, 32))],
    );
    let expected = [
        ("(credit)", -50),
        ("(fee)", 2),
        ("(foreign)", 11),
        ("(idle)", 680 - 68),
        ("(refund)", -139),
        ("(rounding)", 1),
        ("(tax)", 7),
        ("ada", 680 - 68),
    ];
    assert_eq!(ask(&rows, &Told::default(), &by(By::User)), parts(&expected));
}

fn life(uid: &str, user: &str, node: &str, cores: u64) -> HubLife {
    let labels = [("hub.jupyter.org/username", user), ("frazil/size", "small")];
    let pod = PodLife {
        uid: uid.into(),
        namespace: "lab".into(),
        name: format!("jupyter-{user}"),
        node: node.into(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        cpu_millis: cores * 1_000,
        memory_bytes: cores << 33,
        created: "2026-10-01T00:00:00Z".into(),
        scheduled: Some("2026-10-01T00:00:00Z".into()),
        ended: Some("2026-10-02T00:00:00Z".into()),
        ..PodLife::default()
    };
    HubLife { hub: "lab".into(), life: Life::Pod(pod) }
}

fn node_life(name: &str, machine: &str) -> HubLife {
    let node = NodeLife {
        uid: name.into(),
        name: name.into(),
        provider_id: format!("aws:///us-west-2a/{machine}"),
        machine: "r7i.2xlarge".into(),
        pool: "user".into(),
        cpu_millis: 8_000,
        memory_bytes: 64 << 30,
        created: "2026-10-01T00:00:00Z".into(),
        ended: Some("2026-10-02T00:00:00Z".into()),
        ..NodeLife::default()
    };
    HubLife { hub: "lab".into(), life: Life::Node(node) }
}

#[test]
fn the_recorder_knows_who_was_on_a_node_and_that_nobody_was() {
    let told = Told {
        lives: vec![life("1", "ada", "n1", 4), node_life("n1", "i-1"), node_life("n2", "i-2")],
        ..Told::default()
    };
    let rows = bill(&[node("i-1", 100), node("i-2", 10), node("i-3", 1)], &[]);
    let expected = [("(idle)", 60), ("(unattributed)", 1), ("ada", 50)];
    assert_eq!(ask(&rows, &told, &by(By::User)), parts(&expected));
    let shared = Question { idle: IdleRule::Shared, ..by(By::User) };
    assert_eq!(ask(&rows, &told, &shared), parts(&[("(idle)", 10), ("(unattributed)", 1), ("ada", 100)]));
    assert_eq!(ask(&rows, &told, &by(By::Size))[2], ("small".to_owned(), 50));
    assert_eq!(ask(&rows, &told, &by(By::Server))[2], ("jupyter-ada 2026-10-01 00:00".to_owned(), 50));
}

#[test]
fn where_nodes_are_not_known_a_hubs_pods_share_its_rows() {
    let told = Told { lives: vec![life("1", "ada", "n1", 1), life("2", "bob", "n2", 3)], ..Told::default() };
    let of_sums = Short { resource: "", ..node("", 100) };
    let rows = bill(&[of_sums, node("i-7", 100)], &[]);
    assert_eq!(ask(&rows, &told, &by(By::User)), parts(&[("ada", 50), ("bob", 150)]));
}

#[test]
fn homes_are_divided_by_size_and_the_rest_of_a_disk_is_idle() {
    let home = |user: &str, gib: u64| HomeSize {
        hub: "lab".into(),
        day: DAY - 1,
        user: user.into(),
        bytes: gib << 30,
    };
    let told = Told { homes: vec![home("ada", 20), home("bob", 5)], ..Told::default() };
    // A disk of 100 GiB for a day of October.
    let disk = Short {
        usage: "USW2-EBS:VolumeUsage.gp3",
        resource: "vol-1",
        unit: "GB-Mo",
        tags: HOMES,
        quantity: 100 * PICO / 31 + 1,
        ..node("", 1_000)
    };
    let rows = bill(std::slice::from_ref(&disk), &[]);
    assert_eq!(ask(&rows, &told, &by(By::User)), parts(&[("(idle)", 750), ("ada", 200), ("bob", 50)]));
    let shared = Question { idle: IdleRule::Shared, ..by(By::User) };
    assert_eq!(ask(&rows, &told, &shared), parts(&[("ada", 800), ("bob", 200)]));
    let google = Short { unit: "byte-seconds", quantity: (50 << 30) * 86_400 * PICO, ..disk.clone() };
    assert_eq!(
        ask(&bill(&[google], &[]), &told, &by(By::User)),
        parts(&[("(idle)", 500), ("ada", 400), ("bob", 100)])
    );
    let efs = Short { service: "AmazonEFS", usage: "USW2-TimedStorage-ByteHrs", tags: LAB, ..disk };
    assert_eq!(ask(&bill(&[efs], &[]), &told, &by(By::User)), parts(&[("ada", 800), ("bob", 200)]));
    assert_eq!(ask(&rows, &Told::default(), &by(By::User)), parts(&[("(unattributed)", 1_000)]));
}

#[test]
fn somebody_in_two_groups_costs_each_half() {
    let membership = |user: &str, group: &str| Membership {
        hub: "lab".into(),
        day: DAY,
        user: user.into(),
        group: group.into(),
    };
    let memberships = vec![membership("ada", "ocean"), membership("ada", "ice"), membership("bob", "ice")];
    let told = Told { memberships, ..Told::default() };
    let uses = [("i-1", "ada", asks(4, 32)), ("i-1", "bob", asks(2, 16)), ("i-1", "eve", asks(2, 16))];
    let rows = bill(&[node("i-1", 101), node("i-1", 101)], &uses);
    // Of each row ada has 51, of which 26 are of ice, the first by name; bob and eve 25.
    assert_eq!(ask(&rows, &told, &by(By::Group)), parts(&[("", 50), ("ice", 102), ("ocean", 50)]));
}

#[test]
fn people_may_be_called_as_kinds_are() {
    let rows = bill(&[node("i-1", 100)], &[("i-1", "idle", asks(4, 32))]);
    assert_eq!(ask(&rows, &Told::default(), &by(By::User)), parts(&[("(idle)", 50), ("idle", 50)]));
}

#[test]
fn what_google_divided_is_taken_as_it_is_where_nothing_more_is_known() {
    const POD: &str = r#"{"frazil-hub":"lab","goog-k8s-node-pool-name":"user","k8s-namespace":"lab","k8s-workload-name":"jupyter-ada","k8s-label/hub.jupyter.org/username":"ada"}"#;
    const REST: &str =
        r#"{"frazil-hub":"lab","goog-k8s-node-pool-name":"user","k8s-namespace":"kube:unallocated"}"#;
    const SYSTEM: &str = r#"{"frazil-hub":"lab","goog-k8s-node-pool-name":"user","k8s-namespace":"kube-system","k8s-workload-name":"fluentbit"}"#;
    let row = |tags, amount| Short {
        usage: "N2 Instance Core running in Americas",
        tags,
        ..node("gke-lab-user-1", amount)
    };
    let rows = bill(&[row(POD, 60), row(REST, 30), row(SYSTEM, 10)], &[]);
    assert_eq!(
        ask(&rows, &Told::default(), &by(By::User)),
        parts(&[("(idle)", 30), ("(shared)", 10), ("ada", 60)])
    );
}

#[test]
fn one_bill_of_each_money_counts() {
    let gathered = |kind| {
        let mut gather = crate::ledger::Gather::default();
        let payer = "123456789012".to_owned();
        let provider = if kind == SourceKind::Focus { "AWS" } else { "aws" }.to_owned();
        let source = gather.source(&crate::ledger::Source { kind, provider, payer });
        let (key, sums) = bill(&[node("i-1", 5)], &[]).lines[0];
        gather.add(crate::ledger::Line { key: LineKey { source, ..key }, sums });
        gather.finish()
    };
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = crate::ledger::Ledger::open(&folder.path().join("l.sqlite")).unwrap();
    for kind in [SourceKind::Focus, SourceKind::CurLegacy, SourceKind::CostExplorer] {
        ledger.take(&gathered(kind), "2026-11-01T00:00:00Z").unwrap();
    }
    let (used, ignored) = choose(ledger.bills().unwrap());
    assert_eq!(used.iter().map(|bill| bill.source.kind).collect::<Vec<_>>(), [SourceKind::CurLegacy]);
    assert_eq!(ignored.len(), 2);
}

#[test]
fn what_is_told_comes_back_and_a_life_that_is_over_stays_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = crate::ledger::Ledger::open(&folder.path().join("l.sqlite")).unwrap();
    let told = Told {
        lives: vec![life("1", "ada", "n1", 1)],
        homes: vec![HomeSize { hub: "lab".into(), day: DAY, user: "ada".into(), bytes: 5 }],
        pod_days: vec![PodDay {
            hub: "lab".into(),
            day: DAY,
            origin: Origin::Samples,
            pod: "jupyter-ada eth0".into(),
            labels: "{}".into(),
            moved: Moved { received: 7, sent: 1 },
        }],
        memberships: vec![Membership {
            hub: "lab".into(),
            day: DAY,
            user: "ada".into(),
            group: "ice".into(),
        }],
        sampled: vec![crate::ledger::told::Sampled {
            hub: "lab".into(),
            day: DAY,
            node: String::new(),
            pod: "jupyter-ada".into(),
            labels: "{}".into(),
            sums: UseSums { cpu_used: Some(i128::from(i64::MAX) * 3), ..asks(9, 9) },
        }],
        ..Told::default()
    };
    let nothing = crate::ledger::Gather::default().finish();
    for _ in 0..2 {
        ledger.take_with(std::slice::from_ref(&nothing), &told, "2026-11-01T00:00:00Z").unwrap();
        assert_eq!(ledger.told().unwrap(), told);
    }
    let mut older = told.clone();
    let Life::Pod(pod) = &mut older.lives[0].life else { panic!() };
    pod.ended = None;
    ledger.take_with(std::slice::from_ref(&nothing), &older, "2026-11-01T00:00:00Z").unwrap();
    assert_eq!(ledger.told().unwrap(), told);
}

#[test]
fn an_explanation_sums_to_its_line() {
    let uses = [("i-1", "ada", asks(2, 16)), ("i-1", "bob", asks(4, 32))];
    let rows = bill(&[node("i-1", 1_360), node("i-1", 7)], &uses);
    let question = Question { explain: Some("ada".into()), ..by(By::User) };
    let told = Told::default();
    let mut allocator = Allocator::new(&question, &told, &machine);
    allocator.add(rows.clone());
    let found = allocator.finish().explained;
    assert_eq!(found.iter().map(|part| part.amount).sum::<i128>(), 340 + 2);
    assert_eq!(found[0].lines, (1, 0, 1));
    let why = "25.0000 % by jupyter-ada: 48.00 core-hours, 384.00 GiB-hours, node 192.00 core-hours, 1536.00 GiB-hours (weights 9:1)";
    assert_eq!(found[0].why, why);
}

const RESOURCES: [&str; 5] = ["i-1", "i-2", "i-3", "vol-1", ""];
const TAGS: [&str; 5] = [USER, GPU, LAB, HOMES, ""];
const USAGES: [(&str, &str); 4] = [
    ("USW2-BoxUsage:r7i.2xlarge", "Hrs"),
    ("USW2-BoxUsage:g4dn.xlarge", "Hrs"),
    ("USW2-EBS:VolumeUsage.gp3", "GB-Mo"),
    ("USW2-DataTransfer-Out-Bytes", "GB"),
];

fn shorts() -> impl Strategy<Value = Vec<Short>> {
    let amount =
        prop_oneof![-1_000_i128..1_000, any::<i64>().prop_map(i128::from), Just(i128::MAX / 64), Just(0)];
    let row = (0..3_i32, 0..7_usize, 0..5_usize, 0..5_usize, 0..4_usize, amount, 0..100_i128);
    let short = row.prop_map(|(day, charge, resource, tags, usage, amount, quantity)| Short {
        day: DAY + day,
        charge: if charge > 4 { Charge::Usage } else { Charge::ALL[charge] },
        resource: RESOURCES[resource],
        tags: TAGS[tags],
        usage: USAGES[usage].0,
        unit: USAGES[usage].1,
        quantity: quantity * PICO / 7,
        ..node("", amount)
    });
    proptest::collection::vec(short, 0..12)
}

fn uses() -> impl Strategy<Value = Vec<(usize, usize, UseSums)>> {
    let sums = (0..5_i128, 0..50_i128, 0..2_i128, any::<bool>()).prop_map(|(cores, gib, gpus, huge)| {
        let mut sums =
            UseSums { gpus: gpus * 86_399 * PICO, cpu_used: Some(cores * PICO / 3), ..asks(cores, gib) };
        if huge {
            sums.memory_requested = i128::MAX / 5;
        }
        sums
    });
    proptest::collection::vec((0..5_usize, 0..4_usize, sums), 0..10)
}

fn facts() -> impl Strategy<Value = Told> {
    let home = (0..3_usize, 0..3_i32, any::<u32>()).prop_map(|(user, day, bytes)| HomeSize {
        hub: "lab".into(),
        day: DAY + day,
        user: ["ada", "bob", "idle"][user].into(),
        bytes: u64::from(bytes) << 10,
    });
    let group = (0..3_usize, 0..3_usize).prop_map(|(user, group)| Membership {
        hub: "lab".into(),
        day: DAY,
        user: ["ada", "bob", "idle"][user].into(),
        group: ["ice", "ocean", "shared"][group].into(),
    });
    let parts =
        (proptest::collection::vec(home, 0..4), proptest::collection::vec(group, 0..5), any::<bool>());
    parts.prop_map(|(homes, memberships, recorder)| {
        let lives = vec![life("1", "ada", "n2", 3), life("2", "idle", "n9", 1), node_life("n2", "i-2")];
        Told { lives: if recorder { lives } else { Vec::new() }, homes, memberships, ..Told::default() }
    })
}

const PEOPLE: [&str; 4] = ["ada", "bob", "idle", ""];

fn questions() -> impl Iterator<Item = Question> {
    let each = By::value_variants()
        .iter()
        .flat_map(|by| Rule::value_variants().iter().map(move |rule| (*by, *rule)));
    let each = each.flat_map(|it| IdleRule::value_variants().iter().map(move |idle| (it, *idle)));
    each.flat_map(|it| SharedRule::value_variants().iter().map(move |shared| (it, *shared))).map(
        |(((by, rule), idle), shared)| Question { by: vec![by], rule, idle, shared, ..Question::default() },
    )
}

use clap::ValueEnum;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Each way to ask, over ledgers drawn by chance: `ask` compares parts with the bill. The order of rows and of
    /// what is told changes nothing.
    #[test]
    fn parts_are_the_bill_whatever_is_asked(shorts in shorts(), uses in uses(), told in facts()) {
        let uses: Vec<_> = uses.iter().map(|(node, user, sums)| (RESOURCES[*node], PEOPLE[*user], *sums)).collect();
        let rows = bill(&shorts, &uses);
        let mut turned = bill(&shorts, &uses);
        turned.lines.reverse();
        let mut told_back = told.clone();
        told_back.lives.reverse();
        told_back.homes.reverse();
        told_back.memberships.reverse();
        let whole: i128 = shorts.iter().map(|short| short.amount).sum();
        for question in questions() {
            let found = ask(&rows, &told, &question);
            prop_assert_eq!(found.iter().map(|(_, amount)| amount).sum::<i128>(), whole);
            prop_assert_eq!(found, ask(&turned, &told_back, &question));
        }
    }
}
