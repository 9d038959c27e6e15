//! Nodes as tables: a short one for a glance, a wide one with everything, and rows for programs.

use frazil_units::Amount;
use jiff::Timestamp;

use super::line::{Line, Measure, Sum, percent};
use crate::commands::status::age;
use crate::view::{Align, Table};

const GIB: f64 = 1_073_741_824.0;
/// Narrower terminals get fewer columns.
const ROOMY: usize = 110;
/// What stands where nothing is known.
const UNKNOWN: &str = "unknown";

/// A column: its header, its side, its cell.
type Column = (&'static str, Align, fn(&Line, Timestamp) -> String);

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// What a terminal of 80 columns shows.
const NARROW: [Column; 7] = [
    ("node", LEFT, |line, _| short_name(line)),
    ("cpu req", RIGHT, |line, _| of_allocatable(&Measure::cpu(line), requested)),
    ("used", RIGHT, |line, _| of_allocatable(&Measure::cpu(line), used)),
    ("mem req", RIGHT, |line, _| of_allocatable(&Measure::memory(line), requested)),
    ("used", RIGHT, |line, _| of_allocatable(&Measure::memory(line), used)),
    ("USD/h", RIGHT, |line, _| money(line.listing.usd)),
    ("on board", LEFT, |line, _| aboard(line)),
];

const ROOM: [Column; 14] = [
    ("node", LEFT, |line, _| short_name(line)),
    ("pool", LEFT, |line, _| line.node.labels.pool.clone()),
    ("machine", LEFT, |line, _| line.node.labels.machine.clone()),
    ("age", RIGHT, since),
    ("pods", RIGHT, |line, _| format!("{}/{}", line.load.pods, line.node.slots)),
    ("cores", RIGHT, |line, _| cores(Measure::cpu(line).allocatable)),
    ("req", RIGHT, |line, _| of_allocatable(&Measure::cpu(line), requested)),
    ("used", RIGHT, |line, _| of_allocatable(&Measure::cpu(line), used)),
    ("GiB", RIGHT, |line, _| gib(Measure::memory(line).allocatable)),
    ("req", RIGHT, |line, _| of_allocatable(&Measure::memory(line), requested)),
    ("used", RIGHT, |line, _| of_allocatable(&Measure::memory(line), used)),
    ("USD/h", RIGHT, |line, _| money(line.listing.usd)),
    ("idle", RIGHT, |line, _| money(line.idle())),
    ("on board", LEFT, |line, _| aboard(line)),
];

const WIDE: [Column; 41] = [
    ("hub", LEFT, |line, _| line.hub.clone()),
    ("node", LEFT, |line, _| line.node.name.clone()),
    ("state", LEFT, |line, _| line.state().to_owned()),
    ("pool", LEFT, |line, _| line.node.labels.pool.clone()),
    ("purpose", LEFT, |line, _| line.node.labels.purpose.clone()),
    ("dask purpose", LEFT, |line, _| line.node.labels.dask_purpose.clone()),
    ("machine", LEFT, |line, _| line.node.labels.machine.clone()),
    ("market", LEFT, |line, _| line.market().to_owned()),
    ("zone", LEFT, |line, _| line.node.labels.zone.clone()),
    ("age", RIGHT, since),
    ("pods", RIGHT, |line, _| line.load.pods.to_string()),
    ("slots", RIGHT, |line, _| line.node.slots.to_string()),
    ("nominal cores", RIGHT, |line, _| known(Measure::cpu(line).nominal, cores)),
    ("capacity", RIGHT, |line, _| cores(Measure::cpu(line).capacity)),
    ("allocatable", RIGHT, |line, _| cores(Measure::cpu(line).allocatable)),
    ("requested", RIGHT, |line, _| cores(Measure::cpu(line).requested)),
    ("of capacity", RIGHT, |line, _| of_capacity(&Measure::cpu(line), requested)),
    ("of allocatable", RIGHT, |line, _| of_allocatable(&Measure::cpu(line), requested)),
    ("free", RIGHT, |line, _| cores(Measure::cpu(line).free())),
    ("used", RIGHT, |line, _| known(Measure::cpu(line).used, cores)),
    ("of capacity", RIGHT, |line, _| of_capacity(&Measure::cpu(line), used)),
    ("of allocatable", RIGHT, |line, _| of_allocatable(&Measure::cpu(line), used)),
    ("nominal GiB", RIGHT, |line, _| known(Measure::memory(line).nominal, gib)),
    ("capacity", RIGHT, |line, _| gib(Measure::memory(line).capacity)),
    ("allocatable", RIGHT, |line, _| gib(Measure::memory(line).allocatable)),
    ("requested", RIGHT, |line, _| gib(Measure::memory(line).requested)),
    ("of capacity", RIGHT, |line, _| of_capacity(&Measure::memory(line), requested)),
    ("of allocatable", RIGHT, |line, _| of_allocatable(&Measure::memory(line), requested)),
    ("free", RIGHT, |line, _| gib(Measure::memory(line).free())),
    ("used", RIGHT, |line, _| known(Measure::memory(line).used, gib)),
    ("of capacity", RIGHT, |line, _| of_capacity(&Measure::memory(line), used)),
    ("of allocatable", RIGHT, |line, _| of_allocatable(&Measure::memory(line), used)),
    ("gpus", RIGHT, gpus),
    ("requested", RIGHT, |line, _| gpu_cell(line, &line.load.requested.gpus.to_string())),
    ("sample age", RIGHT, sample_age),
    ("window", RIGHT, sample_window),
    ("sample of", LEFT, sample_origin),
    ("USD/h", RIGHT, |line, _| money(line.listing.usd)),
    ("idle USD/h", RIGHT, |line, _| money(line.idle())),
    ("price of", LEFT, |line, _| line.listing.date.unwrap_or_default().to_owned()),
    ("on board", LEFT, |line, _| aboard(line)),
];

const CSV: [Column; 39] = [
    ("hub", LEFT, |line, _| line.hub.clone()),
    ("node", LEFT, |line, _| line.node.name.clone()),
    ("state", LEFT, |line, _| line.state().to_owned()),
    ("pool", LEFT, |line, _| line.node.labels.pool.clone()),
    ("purpose", LEFT, |line, _| line.node.labels.purpose.clone()),
    ("dask_purpose", LEFT, |line, _| line.node.labels.dask_purpose.clone()),
    ("machine_type", LEFT, |line, _| line.node.labels.machine.clone()),
    ("market", LEFT, |line, _| line.market().to_owned()),
    ("zone", LEFT, |line, _| line.node.labels.zone.clone()),
    ("created", LEFT, |line, _| line.created().map(|time| time.to_string()).unwrap_or_default()),
    ("pods", RIGHT, |line, _| line.load.pods.to_string()),
    ("pod_slots", RIGHT, |line, _| line.node.slots.to_string()),
    ("cpu_nominal_cores", RIGHT, |line, _| raw(Measure::cpu(line).nominal)),
    ("cpu_capacity_cores", RIGHT, |line, _| raw(Some(Measure::cpu(line).capacity))),
    ("cpu_allocatable_cores", RIGHT, |line, _| raw(Some(Measure::cpu(line).allocatable))),
    ("cpu_requested_cores", RIGHT, |line, _| raw(Some(Measure::cpu(line).requested))),
    ("cpu_free_cores", RIGHT, |line, _| raw(Some(Measure::cpu(line).free()))),
    ("cpu_used_cores", RIGHT, |line, _| raw(Measure::cpu(line).used)),
    ("cpu_requested_percent_of_capacity", RIGHT, |line, _| share(&Measure::cpu(line), requested, capacity)),
    ("cpu_requested_percent_of_allocatable", RIGHT, |line, _| {
        share(&Measure::cpu(line), requested, allocatable)
    }),
    ("cpu_used_percent_of_capacity", RIGHT, |line, _| share(&Measure::cpu(line), used, capacity)),
    ("cpu_used_percent_of_allocatable", RIGHT, |line, _| share(&Measure::cpu(line), used, allocatable)),
    ("memory_nominal_bytes", RIGHT, |line, _| raw(Measure::memory(line).nominal)),
    ("memory_capacity_bytes", RIGHT, |line, _| raw(Some(Measure::memory(line).capacity))),
    ("memory_allocatable_bytes", RIGHT, |line, _| raw(Some(Measure::memory(line).allocatable))),
    ("memory_requested_bytes", RIGHT, |line, _| raw(Some(Measure::memory(line).requested))),
    ("memory_free_bytes", RIGHT, |line, _| raw(Some(Measure::memory(line).free()))),
    ("memory_used_bytes", RIGHT, |line, _| raw(Measure::memory(line).used)),
    ("memory_requested_percent_of_capacity", RIGHT, |line, _| {
        share(&Measure::memory(line), requested, capacity)
    }),
    ("memory_requested_percent_of_allocatable", RIGHT, |line, _| {
        share(&Measure::memory(line), requested, allocatable)
    }),
    ("memory_used_percent_of_capacity", RIGHT, |line, _| share(&Measure::memory(line), used, capacity)),
    ("memory_used_percent_of_allocatable", RIGHT, |line, _| share(&Measure::memory(line), used, allocatable)),
    ("gpus_allocatable", RIGHT, |line, _| line.node.allocatable.gpus.to_string()),
    ("gpus_requested", RIGHT, |line, _| line.load.requested.gpus.to_string()),
    ("sample_at", LEFT, |line, _| {
        line.sample.as_ref().map(|sample| sample.at.to_string()).unwrap_or_default()
    }),
    ("sample_window_seconds", RIGHT, |line, _| {
        raw(line.sample.as_ref().and_then(|sample| sample.window_seconds))
    }),
    ("usd_per_hour", RIGHT, |line, _| exact(line.listing.usd)),
    ("idle_usd_per_hour", RIGHT, |line, _| exact(line.idle())),
    ("on_board", LEFT, |line, _| line.aboard()),
];

/// A table for people, of a width; the hub stands first where there are several.
pub(super) fn short(lines: &[Line], now: Timestamp, width: Option<usize>, several: bool) -> Table {
    let hub: Column = ("hub", LEFT, |line, _| line.hub.clone());
    let first = several.then_some(hub);
    if width.is_some_and(|width| width < ROOMY) {
        return table(&first.into_iter().chain(NARROW).collect::<Vec<_>>(), lines, now);
    }
    table(&first.into_iter().chain(ROOM).collect::<Vec<_>>(), lines, now)
}

/// Every column.
pub(super) fn wide(lines: &[Line], now: Timestamp) -> Table {
    table(&WIDE, lines, now)
}

/// One row a node, units in the headers; what is not known is empty.
pub(super) fn rows(lines: &[Line], now: Timestamp) -> Table {
    table(&CSV, lines, now)
}

fn table(columns: &[Column], lines: &[Line], now: Timestamp) -> Table {
    let mut table = Table::with_columns(columns.iter().map(|(name, align, _)| (*name, *align)));
    for line in lines {
        table.row(columns.iter().map(|(_, _, cell)| cell(line, now)));
    }
    table
}

/// Sums, one row each, for a terminal of a width.
pub(super) fn sums(sums: &[(String, Sum)], width: Option<usize>) -> Table {
    let roomy = width.is_none_or(|width| width >= ROOMY);
    let first = [("pool", LEFT), ("nodes", RIGHT), ("pods", RIGHT)];
    let rest = [
        ("cores", RIGHT),
        ("req", RIGHT),
        ("used", RIGHT),
        ("GiB", RIGHT),
        ("req", RIGHT),
        ("used", RIGHT),
        ("USD/h", RIGHT),
        ("idle", RIGHT),
    ];
    let columns = first.into_iter().filter(|(name, _)| roomy || *name != "pods").chain(rest);
    let mut table = Table::with_columns(columns);
    for (name, sum) in sums {
        let priced = |usd| {
            let some = if sum.without_price > 0 && sum.usd.is_some() { ">" } else { "" };
            format!("{some}{}", money(usd))
        };
        let pods = roomy.then(|| format!("{}/{}", sum.pods, sum.slots));
        let first = [Some(name.clone()), Some(sum.nodes.to_string()), pods];
        let rest = [
            cores(sum.cpu.allocatable),
            of_allocatable(&sum.cpu, requested),
            of_allocatable(&sum.cpu, used),
            gib(sum.memory.allocatable),
            of_allocatable(&sum.memory, requested),
            of_allocatable(&sum.memory, used),
            priced(sum.usd),
            priced(sum.idle),
        ];
        table.row(first.into_iter().flatten().chain(rest));
    }
    table
}

/// The name up to its first dot: what follows is the same for all nodes of a region.
fn short_name(line: &Line) -> String {
    line.node.name.split('.').next().unwrap_or_default().to_owned()
}

fn aboard(line: &Line) -> String {
    let people = line.aboard();
    match line.state() {
        "ready" => people,
        state if people.is_empty() => format!("({state})"),
        state => format!("({state}) {people}"),
    }
}

fn since(line: &Line, now: Timestamp) -> String {
    line.created().map(|since| age(now, since)).unwrap_or_default()
}

fn sample_age(line: &Line, now: Timestamp) -> String {
    line.sample.as_ref().map_or_else(|| UNKNOWN.to_owned(), |sample| age(now, sample.at))
}

fn sample_window(line: &Line, _: Timestamp) -> String {
    let window = line.sample.as_ref().and_then(|sample| sample.window_seconds);
    known(window, |seconds| format!("{seconds:.0} s"))
}

fn sample_origin(line: &Line, _: Timestamp) -> String {
    use crate::observe::nodes::Origin::{Kubelet, MetricsApi};
    match line.sample.as_ref().map(|sample| sample.origin) {
        Some(MetricsApi) => "metrics API",
        Some(Kubelet) => "kubelet",
        None => "",
    }
    .to_owned()
}

fn gpus(line: &Line, _: Timestamp) -> String {
    let model = line.listing.gpu.as_deref().unwrap_or_default();
    gpu_cell(line, format!("{} {model}", line.node.allocatable.gpus).trim_end())
}

fn gpu_cell(line: &Line, cell: &str) -> String {
    if line.node.capacity.gpus == 0 && line.load.requested.gpus == 0 {
        String::new()
    } else {
        cell.to_owned()
    }
}

fn known(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), show)
}

fn cores(cores: f64) -> String {
    if cores < 1000.0 { format!("{cores:.2}") } else { format!("{cores:.0}") }
}

fn gib(bytes: f64) -> String {
    let gib = bytes / GIB;
    if gib < 1000.0 { format!("{gib:.1}") } else { format!("{gib:.0}") }
}

fn money(usd: Option<Amount>) -> String {
    usd.map_or_else(
        || UNKNOWN.to_owned(),
        |usd| usd.rounded(if usd < Amount::from_units(100) { 3 } else { 1 }),
    )
}

fn exact(usd: Option<Amount>) -> String {
    usd.map(|usd| usd.to_string()).unwrap_or_default()
}

fn raw(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A part of a measure; `None` when it is not known.
type Of = fn(&Measure) -> Option<f64>;

#[expect(clippy::unnecessary_wraps, reason = "other parts may be unknown")]
fn requested(measure: &Measure) -> Option<f64> {
    Some(measure.requested)
}

fn used(measure: &Measure) -> Option<f64> {
    measure.used
}

#[expect(clippy::unnecessary_wraps, reason = "other parts may be unknown")]
fn capacity(measure: &Measure) -> Option<f64> {
    Some(measure.capacity)
}

#[expect(clippy::unnecessary_wraps, reason = "other parts may be unknown")]
fn allocatable(measure: &Measure) -> Option<f64> {
    Some(measure.allocatable)
}

fn share(measure: &Measure, part: Of, whole: Of) -> String {
    raw(part(measure).zip(whole(measure)).and_then(|(part, whole)| percent(part, whole)))
}

fn rounded(measure: &Measure, part: Of, whole: Of) -> String {
    let share = part(measure).zip(whole(measure)).and_then(|(part, whole)| percent(part, whole));
    known(share, |percent| format!("{percent:.0} %"))
}

fn of_allocatable(measure: &Measure, part: Of) -> String {
    rounded(measure, part, allocatable)
}

fn of_capacity(measure: &Measure, part: Of) -> String {
    rounded(measure, part, capacity)
}
