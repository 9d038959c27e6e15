//! Rows of a bill, made ready: whose they are, what they are for, and which machine each is.

use rustc_hash::{FxHashMap, FxHashSet};

use super::classify::{Component, Gke, Marks, Pool, component, last_segment, machine_of_usage};
use super::lives::Room;
use super::sums::RowWords;
use crate::ledger::BillRows;
use crate::ledger::line::{Day, LineKey, Sums};
use crate::ledger::symbols::{Symbol, Symbols};

/// What a machine has, as its type says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineRoom {
    /// CPU in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// GPUs.
    pub gpus: u32,
}

/// What a row is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowFacts {
    pub(super) words: RowWords,
    pub(super) component: Component,
    pub(super) pool: Option<Pool>,
    /// The machine; empty when it is none.
    pub(super) node: Symbol,
    /// Whether it names anything.
    pub(super) has_resource: bool,
    /// Whether Google divided it.
    pub(super) divided: bool,
}

/// Rows of a bill with what they are.
pub(super) struct Rows<'a> {
    bill: &'a BillRows,
    marks: FxHashMap<Symbol, Marks>,
    /// What machines are called for certain: by the bill's own pods or the recorder.
    machines: FxHashSet<&'a str>,
    components: FxHashMap<(Symbol, Symbol, Symbol, Symbol), Component>,
    words: FxHashMap<Symbol, Symbol>,
    day_texts: FxHashMap<Day, Symbol>,
}

impl<'a> Rows<'a> {
    /// Rows and the machines that are known for certain.
    pub(super) fn new(bill: &'a BillRows, known: impl Iterator<Item = &'a str>) -> Self {
        let mut machines: FxHashSet<_> = known.collect();
        machines.remove("");
        Self {
            bill,
            marks: FxHashMap::default(),
            machines,
            components: FxHashMap::default(),
            words: FxHashMap::default(),
            day_texts: FxHashMap::default(),
        }
    }

    /// What a row's tags say.
    pub(super) fn marks(&mut self, tags: Symbol) -> &Marks {
        let bill = self.bill;
        self.marks.entry(tags).or_insert_with(|| Marks::read(bill.symbols.text(tags)))
    }

    /// Google's own division of a row.
    pub(super) fn gke(&self, key: &LineKey) -> Option<&Gke> {
        self.marks.get(&key.tags).and_then(|marks| marks.gke.as_ref())
    }

    /// What a row is.
    pub(super) fn facts(
        &mut self,
        key: &LineKey,
        pools: &FxHashMap<&str, Pool>,
        symbols: &mut Symbols,
    ) -> RowFacts {
        let bill = self.bill;
        let text = |symbol: Symbol| bill.symbols.text(symbol);
        self.marks(key.tags);
        let name = last_segment(text(key.resource));
        let is_node = self.is_node(name, text(key.usage_type));
        let empty = Marks::default();
        let marks = self.marks.get(&key.tags).unwrap_or(&empty);
        let pool = marks.pool.or_else(|| pools.get(name).copied().filter(|_| is_node));
        let cell = (key.service, key.usage_type, key.resource, key.tags);
        let found = *self.components.entry(cell).or_insert_with(|| {
            let with_pool = marks.clone().in_pool(pool);
            component(text(key.service), text(key.usage_type), text(key.resource), &with_pool)
        });
        let hub = symbols.add(&marks.hub);
        let divided = marks.gke.is_some();
        let node = if is_node { symbols.add(name) } else { Symbol::EMPTY };
        let words = RowWords {
            currency: self.word(key.currency, symbols),
            day: key.day,
            day_text: *self
                .day_texts
                .entry(key.day)
                .or_insert_with(|| symbols.add(&super::presence::day_text(key.day))),
            hub,
            component: symbols.add(found.name()),
            service: self.word(key.service, symbols),
            region: self.word(key.region, symbols),
        };
        RowFacts { words, component: found, pool, node, has_resource: !name.is_empty(), divided }
    }

    fn word(&mut self, own: Symbol, symbols: &mut Symbols) -> Symbol {
        let bill = self.bill;
        *self.words.entry(own).or_insert_with(|| symbols.add(bill.symbols.text(own)))
    }

    /// Whether a resource is a machine: of EC2 by its ID, of GKE by its name, or because it is one elsewhere.
    fn is_node(&self, name: &str, usage: &str) -> bool {
        let ec2 =
            name.strip_prefix("i-").is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let sold = || usage.contains("Instance Core") || usage.contains("Instance Ram");
        ec2 || name.starts_with("gke-") || self.machines.contains(name) || (!name.is_empty() && sold())
    }
}

/// Whether a row is of hours of a machine, which tell by themselves what it had.
pub(super) fn is_of_hours(bill: &BillRows, key: &LineKey) -> bool {
    machine_of_usage(bill.symbols.text(key.usage_type)).is_some()
}

/// What a machine had by a row of the bill, if the row tells: hours of a machine type on AWS, core-seconds and
/// byte-seconds on Google Cloud.
pub(super) fn room_of(
    bill: &BillRows,
    (key, sums): &(LineKey, Sums),
    machine: &dyn Fn(&str) -> Option<MachineRoom>,
) -> Option<Room> {
    if sums.quantity <= 0 {
        return None;
    }
    let (usage, unit) = (bill.symbols.text(key.usage_type), bill.symbols.text(key.unit).to_ascii_lowercase());
    let quantity = sums.quantity;
    if let Some(name) = machine_of_usage(usage) {
        let machine = machine(name).filter(|_| unit.starts_with("hr") || unit.starts_with("hour"))?;
        let seconds = quantity.saturating_mul(3_600);
        return Some(Room {
            cpu: seconds.saturating_mul(i128::from(machine.cpu_millis)) / 1_000,
            memory: seconds.saturating_mul(i128::from(machine.memory_bytes)),
            gpus: seconds.saturating_mul(i128::from(machine.gpus)),
        });
    }
    match unit.as_str() {
        "seconds" if usage.contains("Instance Core") => Some(Room { cpu: quantity, ..Room::default() }),
        "seconds" if usage.contains("GPU") => Some(Room { gpus: quantity, ..Room::default() }),
        "byte-seconds" if usage.contains("Instance Ram") => {
            Some(Room { memory: quantity, ..Room::default() })
        }
        _ => None,
    }
}

/// How large the homes' disk of a row was, as bytes times a factor, where the row tells: of disks that are paid
/// for whether they are full or not.
pub(super) fn disk_of(bill: &BillRows, (key, sums): &(LineKey, Sums)) -> Option<Disk> {
    let service = bill.symbols.text(key.service).to_ascii_lowercase();
    let holds = service.contains("efs") || service.contains("elastic file system");
    if sums.quantity <= 0 || holds {
        return None;
    }
    match bill.symbols.text(key.unit).to_ascii_lowercase().as_str() {
        "gb-mo" | "gb-month" | "gib-month" | "gibibyte month" => {
            let days = days_of_month(key.day);
            Some(Disk { size: sums.quantity.saturating_mul(days) << 30, factor: 1 })
        }
        "byte-seconds" => Some(Disk { size: sums.quantity, factor: 86_400 }),
        _ => None,
    }
}

/// The size of a disk: in 10⁻¹² bytes times a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disk {
    pub(super) size: i128,
    pub(super) factor: u128,
}

fn days_of_month(day: Day) -> i128 {
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().days(i64::from(day).clamp(-700_000, 2_900_000)));
    date.map_or(30, |date| i128::from(date.days_in_month()))
}
