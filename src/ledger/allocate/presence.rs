//! Who was where: pods by day and node, from the bill, the recorder and samples.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::hash::BuildHasher as _;
use std::ops::Range;

use hashbrown::HashTable;
use jiff::Timestamp;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::classify::last_segment;
use super::lives::Lives;
use super::people::Names;
use super::question::{By, Question, Rule};
use super::tags::Tags;
use crate::ledger::BillRows;
use crate::ledger::line::{Day, UseSums};
use crate::ledger::symbols::{Symbol, Symbols};
use crate::ledger::told::Sampled;
use crate::ledger::uses::Uses;
use crate::observe::history::PodLife;

/// GiB in bytes: a core-second stands against a GiB-second.
const GIB: u128 = 1 << 30;

/// A pod, whoever told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pod<'a> {
    /// The name.
    pub(super) name: &'a str,
    /// The namespace, where it is told.
    namespace: Cow<'a, str>,
    /// What tells pods of one name apart.
    uid: &'a str,
    /// The hub.
    pub(super) hub: Symbol,
    /// Whose it is.
    pub(super) who: Who,
}

impl Pod<'_> {
    /// Pods stand in this order.
    fn order(&self) -> (&str, &str, &str) {
        (&self.namespace, self.name, self.uid)
    }
}

/// Whose a part is: empty where it is nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    /// The person.
    pub(super) person: Symbol,
    /// The Dask cluster.
    pub(super) dask: Symbol,
    /// The size.
    pub(super) size: Symbol,
    /// The server.
    pub(super) server: Symbol,
}

/// A pod on a node on a day, with what it counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PodDay {
    /// The day.
    pub(super) day: Day,
    /// The machine; empty when it is not known.
    pub(super) node: Symbol,
    /// The pod.
    pub(super) pod: u32,
    /// CPU, in 10⁻¹² core-seconds.
    pub(super) cpu: u128,
    /// Memory, in 10⁻¹² byte-seconds.
    pub(super) memory: u128,
    /// GPUs, in 10⁻¹² GPU-seconds.
    pub(super) gpus: u128,
}

impl PodDay {
    /// CPU and memory as one number.
    pub(super) fn weight(&self, question: &Question) -> u128 {
        weight(self.cpu, self.memory, question)
    }
}

/// CPU and memory as one number, in 10⁻¹²·2⁻³⁰ GiB-seconds times the ratio.
pub(super) fn weight(cpu: u128, memory: u128, question: &Question) -> u128 {
    let cpu = cpu.saturating_mul(GIB).saturating_mul(u128::from(question.ratio.cpu));
    cpu.saturating_add(memory.saturating_mul(u128::from(question.ratio.memory)))
}

/// Pods by day and node.
#[derive(Debug, Default)]
pub(super) struct Presence<'a> {
    pub(super) pods: Vec<Pod<'a>>,
    /// Sorted by day, node and the pods' names.
    days: Vec<PodDay>,
    on: FxHashMap<(Day, Symbol), Range<usize>>,
    /// Hubs and days of which there are pods without a machine.
    loose: FxHashSet<(Day, Symbol)>,
    named: OnceCell<FxHashMap<(Symbol, &'a str), u32>>,
}

/// What pods are made from; their names stay where they are.
pub(super) struct Sources<'s, 'a> {
    pub(super) rows: &'a BillRows,
    pub(super) lives: &'s Lives<'a>,
    pub(super) sampled: &'a [Sampled],
    pub(super) names: &'s Names,
    /// Hubs of machines, as their rows say.
    pub(super) hubs: &'s FxHashMap<Symbol, Symbol>,
    pub(super) days: (Day, Day),
    pub(super) question: &'s Question,
}

impl<'a> Presence<'a> {
    /// Everybody who was there in the days of a bill; `uses` are what the bill itself tells of pods.
    pub(super) fn new(from: &Sources<'_, 'a>, uses: Uses, symbols: &mut Symbols) -> Self {
        let mut maker = Maker { from, symbols, presence: Self::default(), known: HashTable::new() };
        maker.uses(uses);
        let told = maker.nodes_told();
        maker.lives(&told);
        maker.samples();
        let mut presence = maker.presence;
        presence.sort();
        presence
    }

    fn sort(&mut self) {
        let pods = &self.pods;
        let order = |a: &PodDay, b: &PodDay| {
            let names = |each: &PodDay| pods[each.pod as usize].order();
            names(a).cmp(&names(b)).then(a.pod.cmp(&b.pod))
        };
        self.days.sort_unstable_by_key(|each| (each.day, each.node));
        for there in self.days.chunk_by_mut(|a, b| (a.day, a.node) == (b.day, b.node)) {
            there.sort_unstable_by(order);
        }
        self.days.dedup_by(|next, kept| {
            let same = (next.day, next.node, next.pod) == (kept.day, kept.node, kept.pod);
            if same {
                kept.cpu = kept.cpu.saturating_add(next.cpu);
                kept.memory = kept.memory.saturating_add(next.memory);
                kept.gpus = kept.gpus.saturating_add(next.gpus);
            }
            same
        });
        let mut start = 0;
        for there in self.days.chunk_by(|a, b| (a.day, a.node) == (b.day, b.node)) {
            let (end, PodDay { day, node, .. }) = (start + there.len(), there[0]);
            if node == Symbol::EMPTY {
                self.loose.extend(there.iter().map(|each| (day, pods[each.pod as usize].hub)));
            } else {
                self.on.insert((day, node), start..end);
            }
            start = end;
        }
    }

    /// The pods on a machine on a day, in the order of their names.
    pub(super) fn on(&self, day: Day, node: Symbol) -> &[PodDay] {
        self.on.get(&(day, node)).map_or(&[], |range| &self.days[range.clone()])
    }

    /// All pods of a hub on a day, in the order of their names.
    pub(super) fn of(&self, day: Day, hub: Symbol) -> Vec<PodDay> {
        let start = self.days.partition_point(|each| each.day < day);
        let that_day = self.days[start..].iter().take_while(|each| each.day == day);
        let mut found: Vec<_> = that_day.filter(|each| self.pod(each).hub == hub).copied().collect();
        found.sort_by(|a, b| self.pod(a).order().cmp(&self.pod(b).order()));
        found
    }

    /// Whether pods of a hub are known without their machine.
    pub(super) fn has_loose(&self, day: Day, hub: Symbol) -> bool {
        self.loose.contains(&(day, hub))
    }

    /// The pod of an entry.
    pub(super) fn pod(&self, each: &PodDay) -> &Pod<'a> {
        &self.pods[each.pod as usize]
    }

    /// A pod by its hub and name.
    pub(super) fn named(&self, hub: Symbol, name: &str) -> Option<&Pod<'a>> {
        let named = self.named.get_or_init(|| {
            (0_u32..).zip(&self.pods).map(|(index, pod)| ((pod.hub, pod.name), index)).collect()
        });
        named.get(&(hub, name)).map(|index| &self.pods[*index as usize])
    }
}

struct Maker<'s, 'a, 'b> {
    from: &'s Sources<'s, 'a>,
    symbols: &'b mut Symbols,
    presence: Presence<'a>,
    /// Pods by namespace, name, UID and hub.
    known: HashTable<u32>,
}

/// What labels that many pods have in common say.
#[derive(Clone, Copy, Debug, Default)]
struct Labels {
    hub: Symbol,
    who: Who,
}

fn hash(name: (&str, &str, &str), hub: Symbol) -> u64 {
    FxBuildHasher.hash_one((name, hub))
}

impl<'a> Maker<'_, 'a, '_> {
    fn pod(
        &mut self,
        (namespace, name, uid): (Cow<'a, str>, &'a str, &'a str),
        hub: Symbol,
        who: impl FnOnce(&mut Self) -> Who,
    ) -> u32 {
        let own = hash((&namespace, name, uid), hub);
        let pods = &self.presence.pods;
        let same = |index: &u32| {
            let pod = &pods[*index as usize];
            pod.order() == (&namespace, name, uid) && pod.hub == hub
        };
        if let Some(index) = self.known.find(own, same).copied() {
            // Tags are written from when somebody turned them on: the first rows of a pod may have none.
            if self.presence.pods[index as usize].who.person == Symbol::EMPTY {
                self.presence.pods[index as usize].who = who(self);
            }
            return index;
        }
        let who = who(self);
        let index = u32::try_from(self.presence.pods.len()).unwrap_or(u32::MAX);
        self.presence.pods.push(Pod { name, namespace, uid, hub, who });
        let pods = &self.presence.pods;
        let of = |index: &u32| {
            let pod = &pods[*index as usize];
            hash(pod.order(), pod.hub)
        };
        self.known.insert_unique(own, index, of);
        index
    }

    fn add(&mut self, day: Day, node: Symbol, pod: u32, sums: &UseSums) {
        let (cpu, memory) = counted(self.from.question.rule, sums);
        let gpus = sums.gpus.max(0).unsigned_abs();
        self.presence.days.push(PodDay { day, node, pod, cpu, memory, gpus });
    }

    /// Pods as the bill itself tells them: rows of split cost allocation.
    fn uses(&mut self, uses: Uses) {
        let texts = &self.from.rows.symbols;
        let lives = self.from.lives;
        let by_uid: FxHashMap<_, _> = lives.pods().map(|(index, _, pod)| (pod.uid.as_str(), index)).collect();
        let name_of = |pod: &'a PodLife| (pod.namespace.as_str(), pod.name.as_str());
        let by_name: FxHashMap<_, _> = lives.pods().map(|(index, _, pod)| (name_of(pod), index)).collect();
        let mut nodes: FxHashMap<Symbol, Symbol> = FxHashMap::default();
        let mut labels: FxHashMap<Symbol, Labels> = FxHashMap::default();
        self.presence.days.reserve_exact(uses.len());
        for (key, sums) in uses {
            let named = || self.symbols.add(last_segment(texts.text(key.node)));
            let node = *nodes.entry(key.node).or_insert_with(named);
            let known = labels.get(&key.labels).copied().unwrap_or_else(|| self.labels(key.labels));
            labels.insert(key.labels, known);
            let (name, uid) = split_name(texts.text(key.pod));
            let namespace = texts.text(key.namespace);
            let life = by_uid.get(uid).or_else(|| by_name.get(&(namespace, name))).copied();
            let hub = match (known.hub, self.from.hubs.get(&node)) {
                (Symbol::EMPTY, Some(hub)) => *hub,
                (Symbol::EMPTY, None) => self.symbols.add(namespace),
                (hub, _) => hub,
            };
            let index = self.pod((namespace.into(), name, uid), hub, |maker| {
                match life.and_then(|index| maker.from.lives.pod(index)) {
                    Some((_, life)) => maker.lived(key.labels, life, name),
                    None => maker.with_server(known.who, name, &|| day_text(key.day)),
                }
            });
            self.add(key.day, node, index, &sums);
        }
    }

    /// What labels say of a pod, whatever its name.
    fn labels(&mut self, labels: Symbol) -> Labels {
        let tags = Tags::read(self.from.rows.symbols.text(labels));
        let hub = self.symbols.add(tags.get("frazil:hub").unwrap_or_default());
        Labels { hub, who: self.who(&|key| tags.get(key).map(str::to_owned)) }
    }

    /// Whose a pod is that the recorder knows, too.
    fn lived(&mut self, labels: Symbol, life: &PodLife, name: &str) -> Who {
        let (own, tags) = (tags_of(life), Tags::read(self.from.rows.symbols.text(labels)));
        let who = self.who(&|wanted| own.get(wanted).or_else(|| tags.get(wanted)).map(str::to_owned));
        self.with_server(who, name, &|| start_of(life))
    }

    /// Nodes and days of which the bill tells the pods.
    fn nodes_told(&self) -> FxHashSet<(Day, Symbol)> {
        self.presence.days.iter().map(|each| (each.day, each.node)).collect()
    }

    /// Pods as the recorder tells them, where the bill does not.
    fn lives(&mut self, told: &FxHashSet<(Day, Symbol)>) {
        let from = self.from;
        let used = Used::new(from);
        for each in from.lives.pod_days(from.days) {
            let Some((hub, life)) = from.lives.pod(each.life) else { continue };
            let node = self.machine(hub, &life.node, each.day);
            if node != Symbol::EMPTY && told.contains(&(each.day, node)) {
                continue;
            }
            let hub = self.symbols.add(hub);
            let pod = self.pod((life.namespace.as_str().into(), &life.name, &life.uid), hub, |maker| {
                let tags = tags_of(life);
                let who = maker.who(&|key| tags.get(key).map(str::to_owned));
                maker.with_server(who, &life.name, &|| start_of(life))
            });
            let sums = used.add_to(each.sums, life, (each.day, self.symbols.text(hub)));
            self.add(each.day, node, pod, &sums);
        }
    }

    /// Pods as samples tell them, where neither bill nor recorder tells of the hub's pods that day.
    fn samples(&mut self) {
        let from = self.from;
        let told: FxHashSet<_> = self
            .presence
            .days
            .iter()
            .map(|each| (each.day, self.presence.pods[each.pod as usize].hub))
            .collect();
        let nodes = self.nodes_told();
        for each in from.sampled.iter().filter(|each| (from.days.0..=from.days.1).contains(&each.day)) {
            let hub = self.symbols.add(&each.hub);
            if told.contains(&(each.day, hub)) {
                continue;
            }
            let node = self.machine(&each.hub, &each.node, each.day);
            if node != Symbol::EMPTY && nodes.contains(&(each.day, node)) {
                continue;
            }
            let tags = Tags::read(&each.labels);
            let (name, _) = each.session();
            let namespace = tags.get("namespace").unwrap_or_default().to_owned().into();
            let pod = self.pod((namespace, name, ""), hub, |maker| {
                let person = |key: &str| match key {
                    "hub.jupyter.org/username" => tags.get(key).or_else(|| tags.get("username")),
                    _ => tags.get(key),
                };
                let who = maker.who(&|key| person(key).map(str::to_owned));
                maker.with_server(who, name, &|| day_text(each.day))
            });
            self.add(each.day, node, pod, &each.sums);
        }
    }

    /// The machine of a node, as the bill names it; empty where the bill has no such machine.
    fn machine(&mut self, hub: &str, node: &str, day: Day) -> Symbol {
        let machine = self.from.lives.machine(hub, node, day);
        let named = self.symbols.add(machine.unwrap_or(node));
        if machine.is_some() || self.from.hubs.contains_key(&named) { named } else { Symbol::EMPTY }
    }

    /// Whose a pod is; its server is told apart from the person's others by [`Self::with_server`].
    fn who(&mut self, tag: &dyn Fn(&str) -> Option<String>) -> Who {
        let person = tag("hub.jupyter.org/username").unwrap_or_default();
        Who {
            person: self.symbols.add(self.from.names.person(&person)),
            dask: self.symbols.add(&tag("gateway.dask.org/cluster").unwrap_or_default()),
            size: self.symbols.add(&tag("frazil/size").unwrap_or_default()),
            server: Symbol::EMPTY,
        }
    }

    /// The same with the server, where servers are asked for: a month has many.
    fn with_server(&mut self, who: Who, name: &str, start: &dyn Fn() -> String) -> Who {
        let is_server = who.person != Symbol::EMPTY && who.dask == Symbol::EMPTY;
        if !is_server || !self.from.question.by.contains(&By::Server) {
            return who;
        }
        Who { server: self.symbols.add(format!("{name} {}", start()).trim_end()), ..who }
    }
}

/// What was used, for pods whose requests the recorder tells.
struct Used<'a>(FxHashMap<(&'a str, Day, &'a str), Vec<Session<'a>>>);

/// The time of the first sample, and what was used.
type Session<'a> = (&'a str, UseSums);

impl<'a> Used<'a> {
    fn new(from: &Sources<'_, 'a>) -> Self {
        let mut used = Self(FxHashMap::default());
        for each in from.sampled {
            let (name, first) = each.session();
            used.0.entry((each.hub.as_str(), each.day, name)).or_default().push((first, each.sums));
        }
        used
    }

    /// A life's sums of a day with what is known from samples that began while it was there.
    fn add_to(&self, sums: UseSums, life: &PodLife, (day, hub): (Day, &str)) -> UseSums {
        let Some(known) = self.0.get(&(hub, day, life.name.as_str())) else { return sums };
        let time = |text: &str| text.parse::<Timestamp>().ok();
        let begun = life.scheduled.as_deref().and_then(time);
        let ended = life.ended.as_deref().and_then(time);
        let during = |first: &str| {
            time(first).is_none_or(|first| {
                begun.is_none_or(|begun| begun <= first) && ended.is_none_or(|ended| first < ended)
            })
        };
        let mut found: Option<UseSums> = None;
        for (_, more) in known.iter().filter(|(first, _)| during(first)) {
            match &mut found {
                Some(sum) => *sum += *more,
                None => found = Some(*more),
            }
        }
        let Some(known) = found else { return sums };
        // Without requests the samples do not know which was larger.
        let largest = |largest: Option<i128>, requested: i128| largest.filter(|_| requested > 0);
        UseSums {
            cpu_used: known.cpu_used,
            cpu_largest: largest(known.cpu_largest, known.cpu_requested),
            memory_used: known.memory_used,
            memory_largest: largest(known.memory_largest, known.memory_requested),
            ..sums
        }
    }
}

/// CPU and memory that a pod counts by.
fn counted(rule: Rule, sums: &UseSums) -> (u128, u128) {
    let of = |requested: i128, used: Option<i128>, largest: Option<i128>| {
        let counted = match rule {
            Rule::Request => requested,
            Rule::Usage => used.unwrap_or(requested),
            Rule::Max => largest.unwrap_or_else(|| used.map_or(requested, |used| used.max(requested))),
        };
        counted.max(0).unsigned_abs()
    };
    (
        of(sums.cpu_requested, sums.cpu_used, sums.cpu_largest),
        of(sums.memory_requested, sums.memory_used, sums.memory_largest),
    )
}

fn tags_of(pod: &PodLife) -> Tags {
    // Labels and annotations are in one map, in which the annotation has replaced the label.
    Tags::of(pod.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// When a pod began, to the minute.
fn start_of(pod: &PodLife) -> String {
    let begun = pod.scheduled.as_deref().unwrap_or(&pod.created);
    begun.get(..16).unwrap_or(begun).replace('T', " ")
}

/// A day as people write it.
pub fn day_text(day: Day) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().days(i64::from(day).clamp(-700_000, 2_900_000)));
    date.map_or_else(|_| day.to_string(), |date| date.to_string())
}

/// Name and UID of a pod as bills name it: `arn:aws:eks:us-west-2:123456789012:pod/lab/lab/jupyter-ada/UID`.
fn split_name(pod: &str) -> (&str, &str) {
    let mut parts = pod.rsplit('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(uid), Some(name), Some(_)) => (name, uid),
        (Some(name), Some(_), None) => (name, ""),
        _ => (pod, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, day_text, split_name};
    use crate::ledger::UseSums;
    use crate::ledger::allocate::Rule;

    #[test]
    fn pods_of_bills_have_names() {
        let arn = "arn:aws:eks:us-west-2:123456789012:pod/lab/lab/jupyter-ada/0b1c";
        assert_eq!(split_name(arn), ("jupyter-ada", "0b1c"));
        assert_eq!(split_name("jupyter-ada"), ("jupyter-ada", ""));
        assert_eq!(split_name("lab/jupyter-ada"), ("jupyter-ada", ""));
        assert_eq!(day_text(20_727), "2026-10-01");
    }

    #[test]
    fn a_pod_counts_by_the_rule_and_by_its_request_where_its_use_is_not_known() {
        let sums = UseSums { cpu_requested: 5, cpu_used: Some(3), memory_requested: 7, ..UseSums::default() };
        assert_eq!(counted(Rule::Request, &sums), (5, 7));
        assert_eq!(counted(Rule::Usage, &sums), (3, 7));
        assert_eq!(counted(Rule::Max, &sums), (5, 7));
        let sampled = UseSums { cpu_largest: Some(6), memory_used: Some(9), ..sums };
        assert_eq!(counted(Rule::Max, &sampled), (6, 9));
    }
}
