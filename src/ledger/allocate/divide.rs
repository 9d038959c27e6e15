//! Divides the rows of a bill into parts.

use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Allocator;
use super::classify::{Component, Gke, Pool, last_segment};
use super::explain::{Explained, Steps, Why, words};
use super::lives::Room;
use super::presence::{PodDay, Presence, Sources, Who, weight};
use super::question::{IdleRule, Money, Question, SharedRule};
use super::rows::{Disk, RowFacts, Rows, disk_of, is_of_hours, room_of};
use super::share::Weights;
use super::sums::Kind;
use crate::ledger::BillRows;
use crate::ledger::line::{Charge, Day, LineKey, Sums};
use crate::ledger::symbols::Symbol;
use crate::ledger::uses::Uses;

/// To whom a part of a division goes.
#[derive(Clone, Copy, Debug)]
enum To {
    Pod(PodDay),
    Home(Symbol, u64),
    Idle,
}

/// How rows of one node and day, or of one disk and day, are divided.
#[derive(Debug)]
struct Division {
    weights: Weights,
    to: Vec<To>,
    room: Option<Room>,
    gpus: bool,
}

/// People and their weights.
type People = Option<Rc<(Vec<Symbol>, Weights)>>;

/// Divides the rows of one bill.
pub(super) struct Divider<'a, 'b> {
    allocator: &'b mut Allocator<'a>,
    bill: &'b BillRows,
    facts: Vec<Option<RowFacts>>,
    rows: Rows<'b>,
    presence: Presence<'b>,
    rooms: FxHashMap<(Day, Symbol), (Room, bool)>,
    disks: FxHashMap<(Day, Symbol), Disk>,
    nodes: FxHashMap<(Day, Symbol, i128), Option<Rc<Division>>>,
    hubs: FxHashMap<(Day, Symbol), Option<Rc<Division>>>,
    people: FxHashMap<(Day, Symbol), People>,
    /// What people have of the row at hand.
    grouped: Vec<(Who, i128, String)>,
    scratch: (Vec<(u128, usize)>, Vec<Vec<i128>>),
}

impl<'a, 'b> Divider<'a, 'b> {
    /// Of a bill, and what it tells of pods.
    pub(super) fn new(allocator: &'b mut Allocator<'a>, bill: &'b BillRows, uses: Uses) -> Self
    where
        'a: 'b,
    {
        let pools = allocator.lives.pools();
        let nodes: FxHashSet<Symbol> = uses.keys().map(|key| key.node).collect();
        let nodes = nodes.into_iter().map(|node| last_segment(bill.symbols.text(node)));
        let mut rows = Rows::new(bill, pools.keys().copied().chain(nodes));
        let wanted = |day: Day| {
            let question = allocator.question;
            question.from.is_none_or(|from| from <= day) && question.to.is_none_or(|to| day <= to)
        };
        let mut facts = Vec::with_capacity(bill.lines.len());
        for (key, _) in &bill.lines {
            facts.push(wanted(key.day).then(|| rows.facts(key, &pools, &mut allocator.symbols)));
        }
        let mut hubs = FxHashMap::default();
        for facts in facts.iter().flatten().filter(|facts| facts.node != Symbol::EMPTY) {
            let hub = hubs.entry(facts.node).or_insert(facts.words.hub);
            if *hub == Symbol::EMPTY {
                *hub = facts.words.hub;
            }
        }
        let days = facts.iter().flatten().map(|facts| facts.words.day);
        let days = days.fold(None, |found: Option<(Day, Day)>, day| {
            Some(found.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
        });
        let presence = days.map(|days| {
            let from = Sources {
                rows: bill,
                lives: &allocator.lives,
                sampled: &allocator.told.sampled,
                names: &allocator.names,
                hubs: &hubs,
                days,
                question: allocator.question,
            };
            Presence::new(&from, uses, &mut allocator.symbols)
        });
        let mut new = Self {
            allocator,
            bill,
            facts,
            rows,
            presence: presence.unwrap_or_default(),
            rooms: FxHashMap::default(),
            disks: FxHashMap::default(),
            nodes: FxHashMap::default(),
            hubs: FxHashMap::default(),
            people: FxHashMap::default(),
            grouped: Vec::new(),
            scratch: (Vec::new(), Vec::new()),
        };
        if let Some(days) = days {
            new.measure(days);
        }
        new
    }

    /// What nodes and disks have.
    fn measure(&mut self, days: (Day, Day)) {
        let machine = self.allocator.machine;
        let mut seen: FxHashMap<(Day, Symbol), Room> = FxHashMap::default();
        for (row, facts) in self.bill.lines.iter().zip(&self.facts) {
            let Some(facts) = facts else { continue };
            if row.0.charge != Charge::Usage {
                continue;
            }
            if facts.node != Symbol::EMPTY
                && let Some(more) = room_of(self.bill, row, machine)
            {
                let room = seen.entry((row.0.day, facts.node)).or_default();
                room.cpu += more.cpu;
                room.memory += more.memory;
                room.gpus += more.gpus;
            }
            if facts.component == Component::Homes
                && let Some(disk) = disk_of(self.bill, row)
            {
                let known = self.disks.entry((row.0.day, row.0.resource)).or_insert(Disk { size: 0, ..disk });
                known.size += if known.factor == disk.factor { disk.size } else { 0 };
            }
        }
        self.rooms = seen.into_iter().map(|(key, room)| (key, (room, false))).collect();
        let gpus = |name: &str| machine(name).map_or(0, |machine| machine.gpus);
        for ((day, node), room) in self.allocator.lives.rooms(days, &gpus) {
            // The recorder knows what pods may use, the bill only what the machine has.
            let node = self.allocator.symbols.add(node);
            // GPUs that are added to a machine are no part of its type; the bill tells them.
            let billed = self.rooms.get(&(day, node)).map_or(0, |(room, _)| room.gpus);
            let gpus = if room.gpus > 0 { room.gpus } else { billed };
            self.rooms.insert((day, node), (Room { gpus, ..room }, true));
        }
    }

    pub(super) fn divide(mut self) {
        let mut day = None;
        for (index, (key, sums)) in self.bill.lines.iter().enumerate() {
            let Some(facts) = self.facts[index] else { continue };
            if day.replace(key.day) != Some(key.day) {
                // Lines come by day: what divides those of another day is not needed any more.
                self.nodes.clear();
                self.hubs.clear();
                self.people.clear();
            }
            let hub = self.allocator.symbols.text(facts.words.hub);
            if self.allocator.question.hub.as_deref().is_some_and(|wanted| wanted != hub) {
                continue;
            }
            let amount = match self.allocator.question.money {
                Money::Billed => sums.billed,
                Money::Effective => sums.effective,
                Money::List => sums.list,
            };
            let currency = self.bill.symbols.text(key.currency);
            match self.allocator.billed.get_mut(currency) {
                Some(sum) => *sum += amount,
                None => drop(self.allocator.billed.insert(currency.to_owned(), amount)),
            }
            let days = self.allocator.days.get_or_insert((key.day, key.day));
            *days = (days.0.min(key.day), days.1.max(key.day));
            let row = Row { index, key, sums, facts, amount };
            self.row(&row);
            self.give_to_groups(&row);
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        let facts = &row.facts;
        if let Some(kind) = Kind::of_charge(row.key.charge) {
            return self.whole(row, kind, Who::default(), "a charge that stands apart");
        }
        if facts.words.hub == Symbol::EMPTY {
            return self.whole(row, Kind::Foreign, Who::default(), "a row that names no hub");
        }
        let of_people = !matches!(facts.pool, Some(Pool::Core));
        let on_nodes = matches!(facts.component, Component::Servers | Component::Dask);
        if facts.node != Symbol::EMPTY && of_people && on_nodes {
            let division = self.node(row);
            // Our own division knows the rule that was asked for; Google's goes by requests alone.
            if facts.divided && division.is_none() && self.divided_by_google(row) {
                return;
            }
            return self.divided(row, division.as_deref());
        }
        if !facts.has_resource && on_nodes && row.key.charge == Charge::Usage {
            let division = self.whole_hub(row.key.day, facts.words.hub);
            return self.divided(row, division.as_deref());
        }
        if facts.component == Component::Homes {
            let division = self.homes(row);
            if division.is_none() {
                return self.whole(row, Kind::Unattributed, Who::default(), "no sizes of homes are known");
            }
            return self.divided(row, division.as_ref());
        }
        self.whole(row, Kind::Shared, Who::default(), "what a hub shares");
    }

    /// Rows that Google divided are taken as they are; `false` where a rule of ours says more.
    fn divided_by_google(&mut self, row: &Row<'_>) -> bool {
        let hub = row.facts.words.hub;
        match self.rows.gke(row.key).cloned() {
            None => return false,
            Some(Gke::Idle) => {
                self.whole(row, Kind::Idle, Who::default(), "unallocated, by Google's division");
            }
            Some(Gke::System) => {
                self.whole(row, Kind::Shared, Who::default(), "of the system, by Google's division");
            }
            Some(Gke::Workload { name, person, dask, .. }) => {
                let known = self.presence.named(hub, &name).map(|pod| pod.who).unwrap_or_default();
                let mut of = |text: Option<String>, known: Symbol| match text {
                    Some(text) if known == Symbol::EMPTY => {
                        self.allocator.symbols.add(self.allocator.names.person(&text))
                    }
                    _ => known,
                };
                let who = Who { person: of(person, known.person), dask: of(dask, known.dask), ..known };
                let kind = if who.person == Symbol::EMPTY { Kind::Shared } else { Kind::Usage };
                self.whole(row, kind, who, "of the pod, by Google's division");
            }
        }
        true
    }

    /// How rows of a node and day are divided; `None` where nothing is known of its pods.
    fn node(&mut self, row: &Row<'_>) -> Option<Rc<Division>> {
        let known = self.rooms.get(&(row.key.day, row.facts.node)).copied();
        let recorded = known.is_some_and(|(_, recorded)| recorded);
        let by_hours = !recorded && is_of_hours(self.bill, row.key);
        let key = (row.key.day, row.facts.node, if by_hours { row.sums.quantity } else { 0 });
        if let Some(known) = self.nodes.get(&key) {
            return known.clone();
        }
        let pods = self.presence.on(key.0, key.1);
        let own =
            if by_hours { room_of(self.bill, &(*row.key, *row.sums), self.allocator.machine) } else { None };
        let room = own.or(known.map(|(room, _)| room));
        let division = if !pods.is_empty() {
            Some(Rc::new(self.of_pods(pods, room, row.facts.pool)))
        } else if recorded {
            Some(Rc::new(Division {
                weights: Weights::equal(1),
                to: vec![To::Idle],
                room: None,
                gpus: false,
            }))
        } else if self.presence.has_loose(key.0, row.facts.words.hub) {
            self.whole_hub(key.0, row.facts.words.hub)
        } else {
            None
        };
        self.nodes.insert(key, division.clone());
        division
    }

    /// All pods of a hub on a day, where it is not known which were on a row's node.
    fn whole_hub(&mut self, day: Day, hub: Symbol) -> Option<Rc<Division>> {
        if let Some(known) = self.hubs.get(&(day, hub)) {
            return known.clone();
        }
        let question = self.allocator.question;
        let pods = self.presence.of(day, hub);
        let weights = Weights::new(pods.iter().map(|pod| pod.weight(question)).collect());
        let to = pods.into_iter().map(To::Pod).collect();
        let division =
            (!weights.are_nothing()).then(|| Rc::new(Division { weights, to, room: None, gpus: false }));
        self.hubs.insert((day, hub), division.clone());
        division
    }

    fn of_pods(&self, pods: &[PodDay], room: Option<Room>, pool: Option<Pool>) -> Division {
        let question = self.allocator.question;
        let gpus = pool == Some(Pool::Gpu)
            || room.is_some_and(|room| room.gpus > 0)
            || pods.iter().any(|pod| pod.gpus > 0);
        let mut weights: Vec<_> =
            pods.iter().map(|pod| if gpus { pod.gpus } else { pod.weight(question) }).collect();
        let mut to: Vec<_> = pods.iter().copied().map(To::Pod).collect();
        let taken = weights.iter().fold(0_u128, |sum, weight| sum.saturating_add(*weight));
        let whole = room.map_or(0, |room| {
            let of = |amount: i128| amount.max(0).unsigned_abs();
            if gpus { of(room.gpus) } else { weight(of(room.cpu), of(room.memory), question) }
        });
        let mut idle = whole.saturating_sub(taken);
        if taken == 0 {
            // Whoever is on it takes nothing that counts.
            idle = 1;
        } else if question.idle == IdleRule::Shared {
            idle = 0;
        }
        if idle > 0 {
            weights.push(idle);
            to.push(To::Idle);
        }
        Division { weights: Weights::new(weights), to, room, gpus }
    }

    fn homes(&self, row: &Row<'_>) -> Option<Division> {
        let homes = self.allocator.homes.on(row.facts.words.hub, row.key.day);
        // A discount may tell no size: it is divided as the usage that it names.
        let named = self.disks.get(&(row.key.day, row.key.resource)).copied();
        let own = disk_of(self.bill, &(*row.key, *row.sums));
        let disk = own.or(named.filter(|_| row.key.charge == Charge::Discount));
        let factor = disk.map_or(1, |disk| disk.factor) * 10_u128.pow(12);
        let mut weights: Vec<_> =
            homes.iter().map(|(_, bytes)| u128::from(*bytes).saturating_mul(factor)).collect();
        let mut to: Vec<_> = homes.iter().map(|(person, bytes)| To::Home(*person, *bytes)).collect();
        if homes.is_empty() {
            return None;
        }
        let taken = weights.iter().fold(0_u128, |sum, weight| sum.saturating_add(*weight));
        let size = disk.map_or(0, |disk| disk.size.max(0).unsigned_abs());
        let idle = size.saturating_sub(taken);
        if idle > 0 && (self.allocator.question.idle == IdleRule::Apart || taken == 0) {
            weights.push(idle);
            to.push(To::Idle);
        }
        let weights = Weights::new(weights);
        (!weights.are_nothing()).then_some(Division { weights, to, room: None, gpus: false })
    }

    /// Gives a row to one part.
    fn whole(&mut self, row: &Row<'_>, kind: Kind, who: Who, reason: &'static str) {
        self.part(row, kind, who, row.amount, Why::Whole(reason));
    }

    /// Gives a row to the parts of a division.
    fn divided(&mut self, row: &Row<'_>, division: Option<&Division>) {
        let Some(division) = division else {
            self.allocator.without_history.insert(row.key.day);
            return self.whole(row, Kind::Unattributed, Who::default(), "it is not known who was on it");
        };
        let mut parts = self.scratch.1.pop().unwrap_or_default();
        division.weights.divide(row.amount, &mut parts, &mut self.scratch.0);
        for (index, (to, amount)) in division.to.iter().zip(&parts).enumerate() {
            if *amount == 0 {
                continue;
            }
            let weight = division.weights.of(index);
            let room = division.room.map(|room| (room.cpu, room.memory, room.gpus));
            match *to {
                To::Pod(day) => {
                    let pod = &self.presence.pods[day.pod as usize];
                    let (who, name) = (pod.who, pod.name);
                    let kind = if who.person == Symbol::EMPTY { Kind::Shared } else { Kind::Usage };
                    let own = (day.cpu, day.memory, day.gpus);
                    let why = Why::Pods { name, own, weight, room, gpus: division.gpus };
                    self.part(row, kind, who, *amount, why);
                }
                To::Home(person, bytes) => {
                    let who = Who { person, ..Who::default() };
                    self.part(row, Kind::Usage, who, *amount, Why::Homes { weight, bytes });
                }
                To::Idle => {
                    let reason = "what nobody took of it";
                    self.part(row, Kind::Idle, Who::default(), *amount, Why::Idle { reason, weight });
                }
            }
        }
        self.scratch.1.push(parts);
    }

    /// Takes a part in; what is shared may go on to people.
    fn part(&mut self, row: &Row<'_>, kind: Kind, who: Who, amount: i128, why: Why<'_>) {
        let people = if kind == Kind::Shared { self.people(row.key.day, row.facts.words.hub) } else { None };
        let Some(people) = people else {
            return self.of_groups(row, kind, who, amount, (why, Steps::default()));
        };
        let mut parts = self.scratch.1.pop().unwrap_or_default();
        people.1.divide(amount, &mut parts, &mut self.scratch.0);
        for (index, (person, part)) in people.0.iter().zip(&parts).enumerate() {
            let who = Who { person: *person, ..Who::default() };
            let steps = Steps { shared: Some(people.1.of(index)) };
            self.of_groups(row, Kind::Usage, who, *part, (why, steps));
        }
        self.scratch.1.push(parts);
    }

    /// Whether a pod is on a node with GPUs.
    fn has_gpus(&self, each: &PodDay) -> bool {
        let room = self.rooms.get(&(each.day, each.node));
        room.is_some_and(|(room, _)| room.gpus > 0)
            || (each.gpus > 0 || self.presence.on(each.day, each.node).iter().any(|pod| pod.gpus > 0))
    }

    /// Who shares what a hub shares on a day, in the order of names; `None` where it stays shared.
    fn people(&mut self, day: Day, hub: Symbol) -> People {
        let rule = self.allocator.question.shared;
        if rule == SharedRule::None {
            return None;
        }
        if let Some(known) = self.people.get(&(day, hub)) {
            return known.clone();
        }
        let question = self.allocator.question;
        let mut by_person: BTreeMap<&str, (Symbol, u128)> = BTreeMap::new();
        let symbols = &self.allocator.symbols;
        for each in self.presence.of(day, hub) {
            let person = self.presence.pod(&each).who.person;
            if person != Symbol::EMPTY {
                let weight = if self.has_gpus(&each) { each.gpus << 30 } else { each.weight(question) };
                let sum = by_person.entry(symbols.text(person)).or_insert((person, 0));
                sum.1 = sum.1.saturating_add(weight);
            }
        }
        if rule == SharedRule::Even {
            for (person, _) in self.allocator.homes.on(hub, day) {
                by_person.entry(symbols.text(person)).or_insert((person, 0));
            }
        }
        let people: Vec<_> = by_person.values().map(|(person, _)| *person).collect();
        let weights = match rule {
            SharedRule::Even => Weights::equal(people.len()),
            _ => Weights::new(by_person.values().map(|(_, weight)| *weight).collect()),
        };
        let found = (!weights.are_nothing()).then(|| Rc::new((people, weights)));
        self.people.insert((day, hub), found.clone());
        found
    }

    /// A person's parts of a row are put together before they are divided among groups.
    fn of_groups(&mut self, row: &Row<'_>, kind: Kind, who: Who, amount: i128, why: (Why<'_>, Steps)) {
        if kind != Kind::Usage || !self.allocator.totals.wants_groups() {
            return self
                .take(row, kind, (who, Symbol::EMPTY), amount, &|question| words(why.0, why.1, question));
        }
        let explains = self.allocator.question.explain.is_some();
        let text = if explains { words(why.0, why.1, self.allocator.question) } else { String::new() };
        let who = self.allocator.totals.only_asked(who);
        match self.grouped.iter_mut().find(|(other, ..)| *other == who) {
            Some((_, sum, texts)) => {
                *sum += amount;
                texts.push_str("; ");
                texts.push_str(&text);
            }
            None => self.grouped.push((who, amount, text)),
        }
    }

    /// Divides what people have of a row among their groups.
    fn give_to_groups(&mut self, row: &Row<'_>) {
        let words = row.facts.words;
        let mut parts = self.scratch.1.pop().unwrap_or_default();
        for (who, amount, text) in std::mem::take(&mut self.grouped) {
            let mut groups = self.allocator.groups.of(words.hub, words.day, who.person).to_vec();
            if groups.is_empty() {
                groups.push(Symbol::EMPTY);
            }
            Weights::equal(groups.len()).divide(amount, &mut parts, &mut self.scratch.0);
            let person =
                if groups.len() > 1 { format!("; among {} groups", groups.len()) } else { String::new() };
            for (group, part) in groups.into_iter().zip(&parts) {
                self.take(row, Kind::Usage, (who, group), *part, &|_| format!("{text}{person}"));
            }
        }
        self.scratch.1.push(parts);
    }

    fn take(
        &mut self,
        row: &Row<'_>,
        kind: Kind,
        whose: (Who, Symbol),
        amount: i128,
        why: &dyn Fn(&Question) -> String,
    ) {
        let words = &row.facts.words;
        self.allocator.totals.add(words, kind, whose.0, whose.1, amount);
        if self.allocator.question.explain.is_some() && amount != 0 {
            self.explain(row, kind, whose, amount, why);
        }
    }

    fn explain(
        &mut self,
        row: &Row<'_>,
        kind: Kind,
        (who, group): (Who, Symbol),
        amount: i128,
        why: &dyn Fn(&Question) -> String,
    ) {
        let allocator = &mut *self.allocator;
        let Some(wanted) = allocator.question.explain.as_deref() else { return };
        let first = allocator.symbols.text(allocator.totals.first(&row.facts.words, kind, who, group));
        let kind_name = kind.name();
        let of_kind = kind != Kind::Usage
            && (wanted == kind_name
                || wanted.strip_prefix('(').and_then(|it| it.strip_suffix(')')) == Some(kind_name));
        if first != wanted && !of_kind {
            return;
        }
        let text = |symbol: Symbol| self.bill.symbols.text(symbol);
        allocator.explained.push(Explained {
            bill: allocator.bills,
            row: row.index,
            day: row.key.day,
            currency: text(row.key.currency).to_owned(),
            what: format!("{} {}", text(row.key.service), text(row.key.usage_type)).trim_end().to_owned(),
            resource: text(row.key.resource).to_owned(),
            lines: (row.sums.lines, row.sums.first.file, row.sums.first.row),
            whole: row.amount,
            amount,
            why: why(allocator.question),
        });
    }
}

/// A row on its way.
struct Row<'a> {
    index: usize,
    key: &'a LineKey,
    sums: &'a Sums,
    facts: RowFacts,
    amount: i128,
}
