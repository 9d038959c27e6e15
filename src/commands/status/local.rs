//! What `frazil status` tells of a hub on this machine.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Run;
use super::{age, memory};
use crate::config::HubDocument;
use crate::error::{Error, Result};
use crate::observe::{Part, Process, marked};
use crate::outcome::Outcome;
use crate::provision::local::{Folders, Health, client, probe, read_identity};
use crate::view::{Align, Layout, Report, Table};

/// Over how long CPU use is measured.
const WINDOW: Duration = Duration::from_millis(250);

/// Shows what runs of a hub on this machine.
///
/// # Errors
/// When processes cannot be listed.
pub(super) async fn status(run: &Run<'_>, document: &HubDocument) -> Result<Outcome> {
    let now = run.context.now();
    let name = document.hub.name.to_string();
    let folders = Folders::new(run.context, &name)?;
    let Some(identity) = read_identity(&folders)? else {
        run.printer.report(&Status {
            now,
            name,
            wanted: false,
            address: String::new(),
            rows: Vec::new(),
            health: Health::default(),
            gateway: false,
            report: false,
        })?;
        return Ok(Outcome::Done);
    };
    let processes = marked(&identity.id, Some(WINDOW))
        .map_err(|error| Error::failed("the processes of this machine cannot be listed").because(error))?;
    let health = probe(&client()?, &identity).await;
    let status = Status {
        now,
        name,
        wanted: identity.wanted,
        address: format!("http://127.0.0.1:{}", identity.port),
        rows: rows(&processes),
        health,
        gateway: document.hub.gateway.enabled,
        report: document.hub.support.report,
    };
    let well = status.missing().is_empty();
    run.printer.report(&status)?;
    Ok(if well { Outcome::Done } else { Outcome::CheckFailed })
}

/// A part, server or Dask cluster that runs.
#[derive(Debug)]
struct Row {
    part: Part,
    user: String,
    detail: String,
    processes: usize,
    started: u64,
    cpu: f32,
    memory: u64,
}

/// Processes summed to parts, people's servers and Dask clusters.
fn rows(processes: &[Process]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for process in processes {
        let detail = if process.cluster.is_empty() { process.size.clone() } else { process.cluster.clone() };
        match rows
            .iter_mut()
            .find(|row| row.part == process.part && row.user == process.user && row.detail == detail)
        {
            Some(row) => {
                row.processes += 1;
                row.started = row.started.min(process.started);
                row.cpu += process.cpu;
                row.memory += process.memory;
            }
            None => rows.push(Row {
                part: process.part,
                user: process.user.clone(),
                detail,
                processes: 1,
                started: process.started,
                cpu: process.cpu,
                memory: process.memory,
            }),
        }
    }
    rows
}

struct Status {
    now: Timestamp,
    name: String,
    wanted: bool,
    address: String,
    rows: Vec<Row>,
    health: Health,
    gateway: bool,
    report: bool,
}

impl Status {
    /// Parts that should run and do not, or do not answer.
    fn missing(&self) -> Vec<String> {
        if !self.wanted {
            return Vec::new();
        }
        let parts = [
            (Part::Proxy, self.health.proxy, true),
            (Part::Hub, self.health.hub, true),
            (Part::Gateway, self.health.gateway, self.gateway),
            (Part::Report, self.health.report, self.report),
        ];
        parts
            .iter()
            .filter(|(_, answers, needed)| *needed && !answers)
            .map(|(part, _, _)| {
                let runs = self.rows.iter().any(|row| row.part == *part);
                format!("the {} {}", part.name(), if runs { "runs and does not answer" } else { "has died" })
            })
            .collect()
    }

    fn headline(&self) -> String {
        match (self.wanted, self.rows.is_empty()) {
            (_, true) if !self.wanted => {
                format!("the hub `{}` does not run; `frazil up` starts it\n", self.name)
            }
            (true, _) if self.missing().is_empty() => {
                format!("the hub `{}` runs at {}\n", self.name, self.address)
            }
            _ if self.missing().is_empty() => {
                format!("the hub `{}` was taken down and something still runs\n", self.name)
            }
            _ => format!(
                "the hub `{}` is not well: {}; `frazil up` mends it\n",
                self.name,
                self.missing().join(", ")
            ),
        }
    }
}

fn time(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

impl Report for Status {
    fn schema(&self) -> &'static str {
        "frazil.status/v1"
    }

    fn data(&self) -> Value {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "part": row.part,
                    "user": row.user,
                    "detail": row.detail,
                    "processes": row.processes,
                    "started": time(row.started).map(|time| time.to_string()),
                    "cpu_percent_of_a_core": row.cpu,
                    "memory_bytes": row.memory,
                })
            })
            .collect();
        json!({
            "hub": self.name,
            "wanted": self.wanted,
            "address": self.address,
            "answers": self.health,
            "missing": self.missing(),
            "running": rows,
        })
    }

    fn text(&self, layout: Layout) -> String {
        if self.rows.is_empty() {
            return self.headline();
        }
        format!("{}\n{}", self.headline(), self.rows_for_people().render(layout.width))
    }

    fn table(&self) -> Option<Table> {
        let mut table = Table::new([
            ("part", Align::Left),
            ("user", Align::Left),
            ("size_or_cluster", Align::Left),
            ("started", Align::Left),
            ("processes", Align::Right),
            ("cpu_percent_of_a_core", Align::Right),
            ("memory_bytes", Align::Right),
        ]);
        for row in &self.rows {
            let started = time(row.started).map(|time| time.to_string()).unwrap_or_default();
            let cells =
                [started, row.processes.to_string(), format!("{:.1}", row.cpu), row.memory.to_string()];
            table.row(row.names().into_iter().chain(cells));
        }
        Some(table)
    }
}

impl Row {
    fn names(&self) -> [String; 3] {
        [self.part.name().to_owned(), self.user.clone(), self.detail.clone()]
    }
}

impl Status {
    fn rows_for_people(&self) -> Table {
        let mut table = Table::new([
            ("part", Align::Left),
            ("user", Align::Left),
            ("size or cluster", Align::Left),
            ("age", Align::Right),
            ("processes", Align::Right),
            ("cpu %", Align::Right),
            ("memory", Align::Right),
        ]);
        for row in &self.rows {
            let cells = [
                time(row.started).map(|started| age(self.now, started)).unwrap_or_default(),
                row.processes.to_string(),
                format!("{:.0}", row.cpu),
                memory(row.memory),
            ];
            table.row(row.names().into_iter().chain(cells));
        }
        table
    }
}
