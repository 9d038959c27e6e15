//! `frazil cost read`: bills and histories into the ledger.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::money::exact;
use super::prometheus::{ask, split};
use super::{path, refuse};
use crate::cli::cost::ReadArgs;
use crate::commands::Run;
use crate::error::{Error, Result};
use crate::ledger::told::{Text, Told, ToldError, groups, history, homes, samples, text};
use crate::ledger::{Gather, Gathered, Ledger, Taken};
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table};

/// Reads everything first, then takes it in at once.
///
/// # Errors
/// When anything cannot be read; the ledger is then as it was.
pub(super) async fn read(run: &Run<'_>, args: &ReadArgs) -> Result<Outcome> {
    let others = [args.history.len(), args.prometheus.len(), args.homes.len(), args.groups.len()];
    if args.bills.is_empty() && others.iter().all(|count| *count == 0) {
        return Err(Error::usage("nothing to read")
            .hint("name bills, or `--history`, `--prometheus`, `--homes`, `--groups`"));
    }
    let gathered = if args.bills.is_empty() { Gather::default().finish() } else { read_bills(&args.bills)? };
    let told = told(run, args).await?;
    let path = path(run, args.ledger.as_deref())?;
    let mut ledger = Ledger::open(&path).map_err(refuse)?;
    let taken = ledger.take_with(&gathered, &told, &run.context.now().to_string()).map_err(refuse)?;
    run.printer.report(&Read { path, taken, told })?;
    Ok(Outcome::Done)
}

/// The rows of bills: each format has a reader of its own.
fn read_bills(inputs: &[String]) -> Result<Gathered> {
    let first = inputs.first().map_or("", String::as_str);
    Err(Error::failed(format!("{first}: bills cannot be read yet: the readers are not merged")))
}

/// What others than bills tell.
async fn told(run: &Run<'_>, args: &ReadArgs) -> Result<Told> {
    let hub = args.hub.as_deref();
    let mut told = Told::default();
    let files = args.history.iter().map(|path| history_files(path)).collect::<Result<Vec<_>>>()?;
    told.extend(history(&texts(files.iter().flatten())?, hub).map_err(wrong)?);
    let mut answers = Vec::new();
    for given in &args.prometheus {
        let (metric, place) = split(given)?;
        if place.starts_with("http://") || place.starts_with("https://") {
            answers.extend(ask(run, place, (args.from, args.to)).await?);
        } else {
            answers.push((metric, text(Path::new(place)).map_err(wrong)?));
        }
    }
    told.extend(samples(&answers, hub).map_err(wrong)?);
    for file in texts(args.homes.iter())? {
        told.extend(homes(&file, hub).map_err(wrong)?);
    }
    for file in texts(args.groups.iter())? {
        told.extend(groups(&file, hub).map_err(wrong)?);
    }
    Ok(told)
}

fn texts<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<Text>> {
    paths.map(|path| text(path).map_err(wrong)).collect()
}

fn wrong(error: ToldError) -> Error {
    let message = error.to_string();
    let hint = "nothing was taken in: the ledger is as it was";
    match error {
        ToldError::Read { source, .. } => Error::failed(message).because(source).hint(hint),
        _ => Error::failed(message).hint(hint),
    }
}

/// Files of a history, the oldest first: their names are days.
fn history_files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let cannot = |error| Error::failed(format!("{} cannot be read", path.display())).because(error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path();
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".jsonl") || name.ends_with(".jsonl.gz") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::failed(format!("{} has no history: no *.jsonl", path.display())));
    }
    Ok(files)
}

/// What was taken in.
struct Read {
    path: PathBuf,
    taken: Vec<Taken>,
    told: Told,
}

impl Read {
    fn counts(&self) -> [(&'static str, usize); 4] {
        let Told { lives, sampled, homes, memberships } = &self.told;
        [
            ("lives of pods and nodes", lives.len()),
            ("days of pods by samples", sampled.len()),
            ("sizes of homes", homes.len()),
            ("memberships of groups", memberships.len()),
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
        let [lives, sampled, homes, memberships] = self.counts().map(|(_, count)| count);
        json!({
            "ledger": self.path.display().to_string(),
            "bills": self.taken.iter().map(taken).collect::<Vec<_>>(),
            "lives": lives,
            "sampled_days": sampled,
            "homes": homes,
            "memberships": memberships,
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
        text
    }
}
