//! Nodes over time and what ran at night, from when nodes and pods were there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::page::{Night, NightLife, Nights, NodeDay, Nodes, PoolSum};
use super::people::Register;

/// The hours between which it is night.
pub const NIGHT: (i8, i8) = (22, 6);
/// Hours of a block in which nodes are counted.
const BLOCK: usize = 3;
/// The pool that runs day and night for the hub itself.
const CORE: &str = "core";

/// A time, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// When it began.
    pub from: i64,
    /// When it ended; not of it.
    pub to: i64,
}

impl Span {
    const fn seconds(self) -> i64 {
        if self.to > self.from { self.to - self.from } else { 0 }
    }

    fn within(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), to: self.to.min(other.to) }
    }

    const fn meets(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// When a node was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpan {
    /// Its name, by which pods know it.
    pub name: String,
    /// Its pool; empty for one that is of none.
    pub pool: String,
    /// Its machine type; empty where it is not known.
    pub machine: String,
    /// When.
    pub span: Span,
}

/// What a pod is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodKind {
    /// A person's server.
    Server,
    /// A Dask cluster, by its name.
    Dask(String),
}

/// When a pod of somebody was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSpan {
    /// The node; empty where it is not known.
    pub node: String,
    /// What it is of.
    pub kind: PodKind,
    /// Whose; empty where it is not known.
    pub who: String,
    /// When.
    pub span: Span,
}

/// What the recorder knows of a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Nodes.
    pub nodes: Vec<NodeSpan>,
    /// Pods of people.
    pub pods: Vec<PodSpan>,
    /// From when to when anything is known.
    pub known: Span,
    /// Whether nodes are known by the pods on them only.
    pub by_pods: bool,
}

/// Days where the event is.
#[derive(Clone, Debug)]
pub struct Clock(
    /// Its time zone.
    pub TimeZone,
);

impl Clock {
    /// An hour of a day, in seconds since 1970. One that the clock leaves out in spring is the one behind it.
    fn at(&self, date: Date, hour: i8) -> i64 {
        let (date, hour) =
            if hour < 24 { (date, hour) } else { (date.checked_add(1.day()).unwrap_or(date), hour - 24) };
        let time = date.at(hour, 0, 0, 0).to_zoned(self.0.clone());
        time.map_or(0, |time| time.timestamp().as_second())
    }

    fn block(&self, date: Date, block: usize) -> Span {
        let hour = |block: usize| i8::try_from(block * BLOCK).unwrap_or(24);
        Span { from: self.at(date, hour(block)), to: self.at(date, hour(block + 1)) }
    }

    fn day(&self, date: Date) -> Span {
        Span { from: self.at(date, 0), to: self.at(date, 24) }
    }

    fn night(&self, date: Date) -> Span {
        Span { from: self.at(date, NIGHT.0), to: self.at(date, NIGHT.1 + 24) }
    }
}

/// The days from one to another.
fn dates((from, to): (Date, Date)) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.checked_add(1.day()).ok()).take_while(move |day| *day <= to)
}

/// Spans joined where they touch, in order.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.seconds() > 0);
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut().filter(|last| span.from <= last.to) {
            Some(last) => last.to = last.to.max(span.to),
            None => joined.push(span),
        }
    }
    joined
}

/// How long joined spans are within another.
fn seconds_within(spans: &[Span], other: Span) -> i64 {
    spans.iter().map(|span| span.within(other).seconds()).sum()
}

/// The most of some spans that are there at once within another.
fn most_at_once<'a>(spans: impl Iterator<Item = &'a Span>, within: Span) -> u32 {
    let mut turns: Vec<(i64, i32)> = Vec::new();
    for span in spans.map(|span| span.within(within)).filter(|span| span.seconds() > 0) {
        turns.extend([(span.from, 1), (span.to, -1)]);
    }
    // What ends in the second in which another begins is not there with it.
    turns.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, turn) in turns {
        now += turn;
        most = most.max(now);
    }
    u32::try_from(most).unwrap_or(0)
}

/// Nodes on days, as far as a history tells of them; `None` where it tells of none.
pub fn nodes(history: &History, days: (Date, Date), clock: &Clock) -> Option<Nodes> {
    let told: Vec<_> = dates(days).filter(|date| clock.day(*date).meets(history.known)).collect();
    let (first, last) = (told.first()?, told.last()?);
    let whole = Span { from: clock.day(*first).from, to: clock.day(*last).to };
    let all: Vec<_> = history.nodes.iter().filter(|node| node.span.meets(whole)).collect();
    if all.is_empty() {
        return None;
    }
    let of_day = |date: Date| {
        let day = clock.day(date);
        let there: Vec<_> = all.iter().map(|node| node.span).filter(|span| span.meets(day)).collect();
        NodeDay {
            date,
            most: std::array::from_fn(|block| most_at_once(there.iter(), clock.block(date, block))),
            seconds: there.iter().map(|span| span.within(day).seconds()).sum(),
        }
    };
    let mut by_pool: BTreeMap<&str, Vec<&NodeSpan>> = BTreeMap::new();
    for node in &all {
        by_pool.entry(&node.pool).or_default().push(node);
    }
    let of_pool = |(pool, nodes): (&str, Vec<&NodeSpan>)| {
        let machines: BTreeSet<_> =
            nodes.iter().map(|node| node.machine.as_str()).filter(|name| !name.is_empty()).collect();
        PoolSum {
            pool: pool.to_owned(),
            machines: machines.into_iter().map(str::to_owned).collect(),
            nodes: nodes.len(),
            most: most_at_once(nodes.iter().map(|node| &node.span), whole),
            seconds: nodes.iter().map(|node| node.span.within(whole).seconds()).sum(),
        }
    };
    let mut pools: Vec<_> = by_pool.into_iter().map(of_pool).collect();
    pools.sort_by_key(|pool| std::cmp::Reverse(pool.seconds));
    Some(Nodes { days: told.into_iter().map(of_day).collect(), pools, by_pods: history.by_pods })
}

/// Nights that began on days and that a history tells of; `None` where it tells of none.
pub fn nights(history: &History, days: (Date, Date), clock: &Clock, people: &Register) -> Option<Nights> {
    let told: Vec<_> = dates(days).filter(|date| clock.night(*date).meets(history.known)).collect();
    if told.is_empty() {
        return None;
    }
    let mut on_nodes: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for pod in &history.pods {
        on_nodes.entry(&pod.node).or_default().push(pod.span);
    }
    let on_nodes: BTreeMap<_, _> = on_nodes.into_iter().map(|(node, spans)| (node, joined(spans))).collect();
    let nights = told.iter().map(|date| night(history, *date, clock.night(*date), &on_nodes)).collect();
    let spans: Vec<_> = told.iter().map(|date| clock.night(*date)).collect();
    Some(Nights { nights, lives: lives(&history.pods, &spans, people) })
}

fn night(history: &History, date: Date, night: Span, on_nodes: &BTreeMap<&str, Vec<Span>>) -> Night {
    let (mut busy_seconds, mut empty_seconds) = (0, 0);
    for node in history.nodes.iter().filter(|node| node.pool != CORE && node.span.meets(night)) {
        let there = node.span.within(night);
        let busy = on_nodes.get(node.name.as_str()).map_or(0, |spans| seconds_within(spans, there));
        busy_seconds += busy;
        empty_seconds += there.seconds() - busy;
    }
    let there = history.pods.iter().filter(|pod| pod.span.meets(night));
    let (servers, workers): (Vec<_>, Vec<_>) = there.partition(|pod| pod.kind == PodKind::Server);
    let clusters: BTreeSet<_> = workers.iter().map(|pod| &pod.kind).collect();
    Night { date, busy_seconds, empty_seconds, servers: servers.len(), clusters: clusters.len() }
}

/// What each person had running at night.
fn lives(pods: &[PodSpan], nights: &[Span], people: &Register) -> Vec<NightLife> {
    let mut by_person: BTreeMap<(&str, bool), Vec<Span>> = BTreeMap::new();
    for pod in pods {
        by_person.entry((&pod.who, pod.kind == PodKind::Server)).or_default().push(pod.span);
    }
    let mut found: BTreeMap<&str, [(usize, i64); 2]> = BTreeMap::new();
    for ((who, server), spans) in by_person {
        let spans = joined(spans);
        let each = nights.iter().map(|night| seconds_within(&spans, *night)).filter(|seconds| *seconds > 0);
        let (count, seconds) = each.fold((0, 0), |(count, sum), seconds| (count + 1, sum + seconds));
        if count > 0 {
            found.entry(who).or_default()[usize::from(!server)] = (count, seconds);
        }
    }
    let called = |who: &str| if who.is_empty() { String::new() } else { people.called(who).to_owned() };
    let life =
        |(who, [server, cluster]): (&str, [(usize, i64); 2])| NightLife { who: called(who), server, cluster };
    let mut lives: Vec<_> = found.into_iter().map(life).collect();
    lives.sort_by_key(|life| std::cmp::Reverse(life.server.1 + life.cluster.1));
    lives
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::people::Naming;
    use super::*;

    /// Seconds of a time in UTC.
    fn at(time: &str) -> i64 {
        time.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    fn span(from: &str, to: &str) -> Span {
        Span { from: at(from), to: at(to) }
    }

    fn node(name: &str, pool: &str, span: Span) -> NodeSpan {
        NodeSpan { name: name.into(), pool: pool.into(), machine: "r7i.2xlarge".into(), span }
    }

    fn pod(node: &str, kind: PodKind, who: &str, span: Span) -> PodSpan {
        PodSpan { node: node.into(), kind, who: who.into(), span }
    }

    fn history() -> History {
        let dask = || PodKind::Dask("c1".into());
        History {
            nodes: vec![
                node("core", "core", span("2026-03-20T00:00:00Z", "2026-03-24T00:00:00Z")),
                node("u1", "user", span("2026-03-21T08:00:00Z", "2026-03-22T07:00:00Z")),
                node("u2", "user", span("2026-03-21T09:00:00Z", "2026-03-21T23:30:00Z")),
                node("d1", "dask", span("2026-03-21T12:00:00Z", "2026-03-21T12:30:00Z")),
            ],
            pods: vec![
                pod("u1", PodKind::Server, "ada", span("2026-03-21T08:10:00Z", "2026-03-22T00:00:00Z")),
                pod("u1", PodKind::Server, "grace", span("2026-03-21T23:00:00Z", "2026-03-22T01:00:00Z")),
                pod("u2", PodKind::Server, "alan", span("2026-03-21T09:00:00Z", "2026-03-21T12:00:00Z")),
                pod("d1", dask(), "ada", span("2026-03-21T12:00:00Z", "2026-03-21T12:30:00Z")),
                pod("u1", dask(), "ada", span("2026-03-22T05:00:00Z", "2026-03-22T07:00:00Z")),
                pod("u1", dask(), "ada", span("2026-03-22T05:30:00Z", "2026-03-22T06:30:00Z")),
            ],
            known: span("2026-03-20T00:00:00Z", "2026-03-24T00:00:00Z"),
            by_pods: false,
        }
    }

    const DAYS: (Date, Date) = (Date::constant(2026, 3, 21), Date::constant(2026, 3, 22));

    #[test]
    fn nodes_are_counted_by_three_hours_and_by_pool() {
        let found = nodes(&history(), DAYS, &Clock(TimeZone::UTC)).unwrap();
        assert_eq!(found.days[0].most, [1, 1, 2, 3, 4, 3, 3, 3]);
        assert_eq!(found.days[1].most, [2, 2, 2, 1, 1, 1, 1, 1]);
        // The first day: 24 h of core, 16 h, 14.5 h and half an hour.
        assert_eq!(found.days[0].seconds, 55 * 3_600);
        let pools: Vec<_> = found
            .pools
            .iter()
            .map(|pool| (pool.pool.as_str(), pool.nodes, pool.most, pool.seconds))
            .collect();
        assert_eq!(
            pools,
            [("core", 1, 1, 48 * 3_600), ("user", 2, 2, 37 * 3_600 + 1_800), ("dask", 1, 1, 1_800)]
        );
        let sum: i64 = found.days.iter().map(|day| day.seconds).sum();
        assert_eq!(sum, found.pools.iter().map(|pool| pool.seconds).sum::<i64>());
    }

    #[test]
    fn a_night_has_nodes_with_and_without_people() {
        let people = Register::new(Naming::Names, ["ada", "grace"].into_iter());
        let found = nights(&history(), DAYS, &Clock(TimeZone::UTC), &people).unwrap();
        // From 22 to 6: u1 8 h, of which ada and grace have 3 and Dask the last; u2 1.5 h of nobody.
        assert_eq!(
            found.nights[0],
            Night {
                date: DAYS.0,
                busy_seconds: 4 * 3_600,
                empty_seconds: 5 * 3_600 + 1_800,
                servers: 2,
                clusters: 1,
            }
        );
        assert_eq!((found.nights[1].busy_seconds, found.nights[1].empty_seconds), (0, 0));
        assert_eq!(
            found.lives,
            [
                NightLife { who: "ada".into(), server: (1, 2 * 3_600), cluster: (1, 3_600) },
                NightLife { who: "grace".into(), server: (1, 2 * 3_600), cluster: (0, 0) },
            ]
        );
    }

    #[test]
    fn days_that_nobody_recorded_are_not_there() {
        let mut short = history();
        short.known = span("2026-03-22T07:00:00Z", "2026-03-23T00:00:00Z");
        let found = nodes(&short, (date(2026, 3, 1), date(2026, 3, 31)), &Clock(TimeZone::UTC)).unwrap();
        assert_eq!(found.days.iter().map(|day| day.date).collect::<Vec<_>>(), [DAYS.1]);
        assert_eq!(nodes(&short, (date(2026, 4, 1), date(2026, 4, 2)), &Clock(TimeZone::UTC)), None);
    }

    #[test]
    fn a_night_in_which_the_clock_is_changed_is_an_hour_shorter() {
        // In the European Union clocks go from 1:00 to 2:00 UTC+1 on 29 March 2026.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let night = Clock(zone.clone()).night(date(2026, 3, 28));
        assert_eq!((night.from, night.seconds()), (at("2026-03-28T21:00:00Z"), 7 * 3_600));
        let day = Clock(zone).day(date(2026, 10, 25));
        assert_eq!(day.seconds(), 25 * 3_600);
    }

    #[test]
    fn what_touches_is_one() {
        let spans =
            |pairs: &[(i64, i64)]| pairs.iter().map(|(from, to)| Span { from: *from, to: *to }).collect();
        assert_eq!(joined(spans(&[(5, 9), (0, 3), (3, 4), (6, 7), (8, 8)])), spans(&[(0, 4), (5, 9)]));
        let all: Vec<Span> = spans(&[(0, 5), (5, 9), (4, 6)]);
        assert_eq!(most_at_once(all.iter(), Span { from: 0, to: 9 }), 2);
        assert_eq!(most_at_once(all.iter(), Span { from: 0, to: 4 }), 1);
    }
}
