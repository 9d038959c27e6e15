//! Sections of what ran: nodes over time, and nights.

use jiff::civil::Date;

use super::{Entry, Figure, Section, TOP, TableView, Writer};
use crate::report::charts::{ChartError, Columns, Steps, Told, columns, steps};
use crate::report::page::{NightLife, Nights, Nodes};
use crate::report::spans::NIGHT;
use crate::report::words::{counted, hours, long, plain};

impl Writer<'_> {
    /// How many nodes there were.
    pub(super) fn nodes(&self) -> Result<Option<Section>, ChartError> {
        let Some(nodes) = &self.chapter.nodes else { return Ok(None) };
        let mut section = self.section("nodes", "Nodes over time");
        let highest = nodes.days.iter().flat_map(|day| day.most.map(|most| (most, day.date)));
        let peak = highest.max_by_key(|(most, date)| (*most, std::cmp::Reverse(*date)));
        let seconds: i64 = nodes.days.iter().map(|day| day.seconds).sum();
        if let Some((most, date)) = peak {
            section.paragraphs.push(format!(
                "At most {} ran at once, first on {}; all together ran for {} hours.",
                counted(most as usize, "node", "nodes"),
                long(date),
                hours(seconds)
            ));
        }
        if nodes.by_pods {
            section.notes.push(
                "Nodes are known by the pods of people on them only: those without anybody are not counted."
                    .to_owned(),
            );
        }
        let title = format!("Most nodes at once in each three hours, {}", self.zone);
        let told = Told {
            id: &self.id("nodes-chart"),
            title: &title,
            description: "A line that steps every three hours. The table below has the same numbers.",
        };
        let spec = Steps {
            days: nodes.days.iter().map(|day| day.date.strftime("%-d %b").to_string()).collect(),
            most: nodes.days.iter().map(|day| day.most).collect(),
        };
        let chart = steps(told, &spec)?;
        section.figures.push(Figure { chart, legend: Vec::new(), caption: title.clone() });
        let heads = ["0 h", "3 h", "6 h", "9 h", "12 h", "15 h", "18 h", "21 h", "node-hours"];
        let mut table = TableView::new(format!("{title}, in numbers"), "Day", &heads);
        table.dense = true;
        for day in &nodes.days {
            let cells = day.most.iter().map(u32::to_string).chain([hours(day.seconds)]);
            table.row(day.date.strftime("%-d\u{a0}%b").to_string(), cells);
        }
        section.tables.push(table);
        section.tables.extend(pools(nodes));
        Ok(Some(section))
    }

    /// What ran while nobody should.
    pub(super) fn nights(&self) -> Result<Option<Section>, ChartError> {
        let Some(nights) = &self.chapter.nights else { return Ok(None) };
        let mut section = self.section("nights", "At night");
        if self.chapter.of.is_some() {
            section.paragraphs.push(self.night_hours());
            section.tables.extend(lives(&nights.lives));
            return Ok((!section.tables.is_empty()).then_some(section));
        }
        section.paragraphs.push(self.nights_lead(nights));
        let hour = |seconds: i64| f64::from(i32::try_from(seconds / 36).unwrap_or(i32::MAX)) / 100.0;
        let spec = Columns {
            labels: nights.nights.iter().map(|night| night.date.strftime("%-d %b").to_string()).collect(),
            values: nights
                .nights
                .iter()
                .map(|night| vec![hour(night.busy_seconds), hour(night.empty_seconds)])
                .collect(),
            unit: "hours",
        };
        let title = "Node-hours by night".to_owned();
        let told = Told {
            id: &self.id("nights-chart"),
            title: &title,
            description: "Stacked columns: nodes with somebody’s pod on them, and nodes without. The table below has \
                          the same numbers.",
        };
        let entry = |mark, text: &str| Entry { mark, text: text.to_owned() };
        let legend = vec![entry("s1", "with somebody’s pod"), entry("s2", "without anybody’s")];
        section.figures.push(Figure { chart: columns(told, &spec)?, legend, caption: title.clone() });
        let heads = ["with somebody", "without anybody", "servers", "Dask clusters"];
        let mut table = TableView::new(format!("{title}, in numbers"), "Night from", &heads);
        for night in &nights.nights {
            let cells = [
                hours(night.busy_seconds),
                hours(night.empty_seconds),
                night.servers.to_string(),
                night.clusters.to_string(),
            ];
            table.row(night.date.strftime("%a %-d\u{a0}%b").to_string(), cells);
        }
        let busy = nights.nights.iter().map(|night| night.busy_seconds).sum();
        let empty = nights.nights.iter().map(|night| night.empty_seconds).sum();
        table.row("Total", [hours(busy), hours(empty), String::new(), String::new()]).total = true;
        section.tables.push(table);
        section.tables.extend(lives(&nights.lives));
        Ok(Some(section))
    }

    fn night_hours(&self) -> String {
        format!("Night is from {}:00 to {}:00, {}.", NIGHT.0, NIGHT.1, self.zone)
    }

    fn nights_lead(&self, nights: &Nights) -> String {
        let empty: i64 = nights.nights.iter().map(|night| night.empty_seconds).sum();
        let busy: i64 = nights.nights.iter().map(|night| night.busy_seconds).sum();
        let night = self.night_hours();
        let (first, last): (Option<Date>, Option<Date>) =
            (nights.nights.first().map(|night| night.date), nights.nights.last().map(|night| night.date));
        let span = match (first, last) {
            (Some(first), Some(last)) => {
                format!("{}, {}", counted(nights.nights.len(), "night", "nights"), super::range(first, last))
            }
            _ => "no night".to_owned(),
        };
        format!(
            "{night} In {span}, nodes for people ran for {} hours, {} of them without anybody’s pod. The pool core \
             runs day and night for the hub itself and does not count here.",
            hours(busy + empty),
            hours(empty)
        )
    }
}

fn pools(nodes: &Nodes) -> Option<TableView> {
    if nodes.pools.len() < 2 && nodes.by_pods {
        return None;
    }
    let heads = ["nodes", "most at once", "node-hours"];
    let mut table = TableView::new("Nodes by pool", "Pool", &heads);
    for pool in &nodes.pools {
        let name = if pool.pool.is_empty() { "of no pool".to_owned() } else { plain(&pool.pool) };
        let machines: Vec<_> = pool.machines.iter().map(|machine| plain(machine)).collect();
        let head = if machines.is_empty() { name } else { format!("{name}: {}", machines.join(", ")) };
        table.row(head, [pool.nodes.to_string(), pool.most.to_string(), hours(pool.seconds)]);
    }
    let seconds = nodes.pools.iter().map(|pool| pool.seconds).sum();
    let count: usize = nodes.pools.iter().map(|pool| pool.nodes).sum();
    table.row("Total", [count.to_string(), String::new(), hours(seconds)]).total = true;
    Some(table)
}

/// Who had something running at night: the ten with most, and the others together.
fn lives(lives: &[NightLife]) -> Option<TableView> {
    if lives.is_empty() {
        return None;
    }
    let heads = ["nights with a server", "its hours", "nights with Dask", "its hours"];
    let mut table = TableView::new("Whose servers and Dask clusters ran at night", "Person", &heads);
    let shown = |(nights, seconds): (usize, i64)| {
        if nights == 0 { ["–".to_owned(), "–".to_owned()] } else { [nights.to_string(), hours(seconds)] }
    };
    for life in lives.iter().take(TOP) {
        let name = if life.who.is_empty() { "not known whose".to_owned() } else { plain(&life.who) };
        table.row(name, shown(life.server).into_iter().chain(shown(life.cluster)));
    }
    let rest = lives.get(TOP..).unwrap_or_default();
    if !rest.is_empty() {
        let sum = |of: fn(&NightLife) -> (usize, i64)| {
            rest.iter().map(of).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
        };
        let cells = shown(sum(|life| life.server)).into_iter().chain(shown(sum(|life| life.cluster)));
        table.row(counted(rest.len(), "other person", "other people"), cells).apart = true;
    }
    Some(table)
}
