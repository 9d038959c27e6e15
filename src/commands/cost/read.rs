//! `frazil cost read`: bills and histories into the ledger.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::ask::{Asked, ask};
use super::history;
use super::money::exact;
use super::prometheus::{ask as ask_prometheus, split};
use super::show::days;
use crate::cli::cost::ReadArgs;
use crate::cloud::objects::inputs;
use crate::commands::Run;
use crate::commands::egress::{client_files, read_flow_logs};
use crate::commands::ledger::{path, refuse};
use crate::error::{Error, Result};
use crate::ledger::ask::Expense;
use crate::ledger::flows::{Days, KnownFiles, Wanted};
use crate::ledger::read::{Progress, read as read_all};
use crate::ledger::told::{
    Metric, Text, Told, ToldError, are_counters, counters, groups, homes, samples, text,
};
use crate::ledger::{Counted, Gather, Gathered, Ledger, Taken};
use crate::observe::machine;
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table, wrapped};

/// Reads everything first, then takes it in at once.
///
/// # Errors
/// When anything cannot be read; the ledger is then as it was.
pub(super) async fn read(run: &Run<'_>, args: &ReadArgs) -> Result<Outcome> {
    run.printer.report(&take(run, args).await?)?;
    Ok(Outcome::Done)
}

/// The same without telling of it.
///
/// # Errors
/// When anything cannot be read; the ledger is then as it was.
pub(in crate::commands) async fn take(run: &Run<'_>, args: &ReadArgs) -> Result<Read> {
    let others = [
        args.history.len(),
        args.prometheus.len(),
        args.homes.len(),
        args.groups.len(),
        args.flow_logs.len(),
        args.bytes.len(),
    ];
    if args.bills.is_empty() && !args.ask.is_any() && others.iter().all(|count| *count == 0) {
        return Err(Error::usage("nothing to read")
            .hint("name bills, or `--history`, `--prometheus`, `--homes`, `--groups`, `--flow-logs`, `--bytes`, or a cloud to ask"));
    }
    // What is here comes first: nothing is fetched for a call that one bad line of it ends.
    let path = path(run, args.ledger.as_deref())?;
    let told = told(run, args, &path).await?;
    let bills = bills(run, &args.bills).await?;
    let (counted, faults) = counted(run, args, &path).await?;
    // What costs something comes last, when nothing else can fail.
    let Asked { mut gathered, expenses, mut notes } = ask(run, &args.ask).await?;
    gathered.push(bills);
    let mut ledger = Ledger::open(&path).map_err(refuse)?;
    let now = run.context.now().to_string();
    let taken = ledger.take_all_of(&gathered, &told, &counted, &now).map_err(refuse)?;
    notes.extend(faults.into_iter().map(|fault| format!("Left out: {fault}.")));
    Ok(Read { path, taken, told, counted, expenses, notes })
}

/// Bytes that take long enough to tell how far it is.
const WORTH_TELLING: u64 = 10_000_000;

/// The rows of bills, here and in object stores.
async fn bills(run: &Run<'_>, names: &[String]) -> Result<Gathered> {
    if names.is_empty() {
        return Ok(Gather::default().finish());
    }
    let inputs = inputs(run.context, names).await?;
    let progress = RefCell::new(run.printer.progress());
    progress.borrow_mut().step("read bills");
    let tell = |read: Progress| {
        if read.of < WORTH_TELLING {
            return;
        }
        progress.borrow_mut().detail(&format!("{} of {} MB", read.bytes / 1_000_000, read.of / 1_000_000));
    };
    let gathered =
        read_all(&inputs, machine().map_or(1, |machine| machine.cores), &tell).map_err(|error| {
            progress.borrow_mut().abandon();
            let hint = error.fault.hint();
            Error::failed(error.to_string()).hint(hint).hint("nothing was taken in: the ledger is as it was")
        })?;
    progress.borrow_mut().finish();
    Ok(gathered)
}

/// What flow logs and byte ledgers tell that is not in the ledger yet, and lines that were left.
async fn counted(run: &Run<'_>, args: &ReadArgs, path: &Path) -> Result<(Counted, Vec<String>)> {
    let (mut files, mut known) = (KnownFiles::new(), BTreeMap::new());
    if path.exists() && !(args.flow_logs.is_empty() && args.bytes.is_empty()) {
        let ledger = Ledger::open(path).map_err(refuse)?;
        files = ledger.flow_files().map_err(refuse)?;
        let clients = ledger.clients().map_err(refuse)?;
        known.extend(clients.into_iter().map(|file| (file.name.clone(), file)));
    }
    let mut counted = Counted { hub: args.hub.clone().unwrap_or_default(), ..Counted::default() };
    if !args.flow_logs.is_empty() {
        let (from, to) = days(args.from, args.to)?;
        let wanted = Wanted { days: Days { from, to }, known: Some(&files) };
        (counted.flows, counted.flow_files) = read_flow_logs(run, &args.flow_logs, &wanted).await?;
    }
    let mut left = Vec::new();
    if !args.bytes.is_empty() {
        for folder in &args.bytes {
            let (files, faults) = client_files(folder, &known)?;
            counted.clients.extend(files);
            left.extend(faults);
        }
    }
    Ok((counted, left))
}

/// What others than bills tell.
async fn told(run: &Run<'_>, args: &ReadArgs, ledger: &Path) -> Result<Told> {
    let hub = args.hub.as_deref();
    let mut told = history::read(run, &args.history, hub, ledger)?;
    let mut answers = Vec::new();
    for given in &args.prometheus {
        let (metric, place) = split(given)?;
        if place.starts_with("http://") || place.starts_with("https://") {
            answers.extend(ask_prometheus(run, place, (args.from, args.to)).await?);
        } else {
            answers.push((metric, text(Path::new(place)).map_err(wrong)?));
        }
    }
    told.pod_days.extend(counters(&answers, hub).map_err(wrong)?);
    told.extend(samples(&of_samples(answers), hub).map_err(wrong)?);
    for file in texts(args.homes.iter())? {
        told.extend(homes(&file, hub).map_err(wrong)?);
    }
    for file in texts(args.groups.iter())? {
        told.extend(groups(&file, hub).map_err(wrong)?);
    }
    Ok(told)
}

/// Answers without those of networks' counters, which have one sample where a pod is young.
fn of_samples(answers: Vec<(Option<Metric>, Text)>) -> Vec<(Option<Metric>, Text)> {
    let is_counter = |(metric, text): &(Option<Metric>, Text)| match metric {
        Some(metric) => matches!(metric, Metric::NetworkReceive | Metric::NetworkTransmit),
        None => are_counters(text),
    };
    answers.into_iter().filter(|answer| !is_counter(answer)).collect()
}

fn texts<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<Text>> {
    paths.map(|path| text(path).map_err(wrong)).collect()
}

/// A file that cannot be used.
pub(super) fn wrong(error: ToldError) -> Error {
    let message = error.to_string();
    let hint = "nothing was taken in: the ledger is as it was";
    match error {
        ToldError::Read { source, .. } => Error::failed(message).because(source).hint(hint),
        _ => Error::failed(message).hint(hint),
    }
}

/// What was taken in.
pub(in crate::commands) struct Read {
    path: PathBuf,
    taken: Vec<Taken>,
    told: Told,
    counted: Counted,
    expenses: Vec<Expense>,
    notes: Vec<String>,
}

impl Read {
    fn counts(&self) -> [(&'static str, usize); 7] {
        let Told { lives, sampled, homes, memberships, pod_days, files: _ } = &self.told;
        [
            ("lives of pods and nodes", lives.len()),
            ("days of pods by samples", sampled.len()),
            ("sizes of homes", homes.len()),
            ("memberships of groups", memberships.len()),
            ("days of pods by counters of bytes", pod_days.len()),
            ("new files of flow logs", self.counted.flow_files.len()),
            ("new or grown files of byte ledgers", self.counted.clients.len()),
        ]
    }
}

impl Report for Read {
    fn schema(&self) -> &'static str {
        "frazil.cost.read/v1"
    }

    fn data(&self) -> Value {
        let sums = |sums: &[(String, i128)]| {
            sums.iter()
                .map(|(currency, sum)| json!({ "currency": currency, "billed": exact(*sum) }))
                .collect::<Vec<_>>()
        };
        let taken = |taken: &Taken| {
            json!({
                "format": taken.source.kind.name(),
                "provider": taken.source.provider,
                "payer": taken.source.payer,
                "month": taken.month.to_string(),
                "rows": taken.rows,
                "sums": sums(&taken.billed),
                "before": taken.before.as_deref().map(sums),
            })
        };
        let asked = |expense: &Expense| {
            json!({
                "of": expense.of,
                "requests": expense.requests,
                "cached_requests": expense.cached,
                "bytes": expense.bytes,
                "usd": expense.usd.map(|usd| usd.to_string()),
            })
        };
        let [lives, sampled, homes, memberships, pod_days, flow_files, client_files] =
            self.counts().map(|(_, count)| count);
        json!({
            "ledger": self.path.display().to_string(),
            "bills": self.taken.iter().map(taken).collect::<Vec<_>>(),
            "lives": lives,
            "sampled_days": sampled,
            "homes": homes,
            "memberships": memberships,
            "pod_days": pod_days,
            "flow_files": flow_files,
            "client_files": client_files,
            "asked": self.expenses.iter().map(asked).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }

    fn text(&self, layout: Layout) -> String {
        let mut text = String::new();
        if !self.taken.is_empty() {
            let columns = [
                ("bill", Align::Left),
                ("month", Align::Left),
                ("sum", Align::Right),
                ("before", Align::Right),
            ];
            let mut table = Table::new(columns);
            for taken in &self.taken {
                let sums = |sums: &[(String, i128)]| {
                    sums.iter()
                        .map(|(currency, sum)| format!("{} {currency}", exact(*sum)))
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                let before = taken.before.as_deref().map_or_else(|| "-".to_owned(), sums);
                table.row([taken.source.to_string(), taken.month.to_string(), sums(&taken.billed), before]);
            }
            text = table.render(layout.width);
        }
        for (name, count) in self.counts().into_iter().filter(|(_, count)| *count > 0) {
            text += &format!("{count} {name}\n");
        }
        if text.is_empty() {
            "There was nothing in it.\n".clone_into(&mut text);
        }
        for expense in &self.expenses {
            text += &format!("asked {expense}\n");
        }
        for note in &self.notes {
            text += &format!("{}\n", wrapped(note, layout.width));
        }
        text
    }
}
