//! `frazil egress`: bytes by the ways they took, as each meter tells.

mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use frazil_byte_ledger::{Entry, Lines, Route, files as files_of};

use self::report::EgressReport;
use super::Run;
use super::cost::show::{bills, days};
use super::ledger::{existing, path, refuse};
use crate::catalog::AddressRanges;
use crate::cli::egress::EgressArgs;
use crate::cloud::objects::inputs;
use crate::error::{Error, Result};
use crate::ledger::egress::{Egress, Question};
use crate::ledger::flows;
use crate::ledger::told::{HubLife, PodDay};
use crate::ledger::{ClientFile, Ledger};
use crate::observe::machine;
use crate::outcome::Outcome;

/// Shows what each meter tells.
///
/// # Errors
/// When there is no meter to ask, or one cannot be read.
pub(super) async fn egress(run: &Run<'_>, args: &EgressArgs) -> Result<Outcome> {
    let (from, to) = days(args.period.from, args.period.to)?;
    let mut by = args.by.clone();
    by.sort_unstable();
    by.dedup();
    let ledger = ledger(run, args)?;
    let mut told = Told::of(ledger.as_ref())?;
    for folder in &args.bytes {
        told.clients(folder)?;
    }
    let entries: Vec<&Entry> = told.entries().collect();
    let mut question = Question {
        by,
        from,
        to,
        hub: args.hub.clone(),
        requester_pays: requester_pays(&entries),
        near: near(&entries),
        known: false,
    };
    let mut egress = Egress::default();
    let mut asked = Vec::new();
    if let Some(ledger) = &ledger {
        asked = bills_of(ledger, args, &question, &mut egress)?;
    }
    question = question.within(egress.billed);
    for (hub, flows) in &told.flows {
        egress.add_flows_of(&question, hub, flows, &told.lives);
    }
    if !args.flow_logs.is_empty() {
        let flows = flow_logs(run, (&args.flow_logs, &question), ledger.as_ref()).await?;
        egress.add_flows(&question, &flows, &told.lives);
        asked.push(format!("flow logs in {}", args.flow_logs.join(", ")));
    }
    egress.add_pods(&question, &told.pod_days, &told.lives);
    for entry in &entries {
        egress.add_entry(&question, entry);
    }
    asked.extend(told.asked());
    if egress.rows.is_empty() {
        return Err(nothing(&asked));
    }
    let list = egress.price();
    let faults = told.faults;
    run.printer.report(&EgressReport { question, egress, list, asked, faults })?;
    Ok(Outcome::Done)
}

/// The ledger; none where it is not there and other meters are asked.
fn ledger(run: &Run<'_>, args: &EgressArgs) -> Result<Option<Ledger>> {
    let others = !args.flow_logs.is_empty() || !args.bytes.is_empty();
    if others && !path(run, args.period.ledger.as_deref())?.exists() {
        return Ok(None);
    }
    existing(run, args.period.ledger.as_deref()).map(Some)
}

/// What is told beside bills: of the ledger, and of folders that were named.
#[derive(Default)]
struct Told {
    lives: Vec<HubLife>,
    pod_days: Vec<PodDay>,
    flows: BTreeMap<String, flows::FlowSums>,
    /// Files of byte ledgers by name: one that was named takes the place of what the ledger has of it.
    clients: BTreeMap<String, ClientFile>,
    folders: Vec<String>,
    faults: Vec<String>,
}

impl Told {
    fn of(ledger: Option<&Ledger>) -> Result<Self> {
        let Some(ledger) = ledger else { return Ok(Self::default()) };
        let told = ledger.told().map_err(refuse)?;
        let clients = ledger.clients().map_err(refuse)?;
        Ok(Self {
            lives: told.lives,
            pod_days: told.pod_days,
            flows: ledger.flows().map_err(refuse)?,
            clients: clients.into_iter().map(|file| (file.name.clone(), file)).collect(),
            ..Self::default()
        })
    }

    /// Reads a byte ledger.
    fn clients(&mut self, folder: &Path) -> Result<()> {
        let (files, faults) = client_files(folder, &self.clients)?;
        self.faults.extend(faults);
        self.clients.extend(files.into_iter().map(|file| (file.name.clone(), file)));
        self.folders.push(format!("byte ledger in {}", folder.display()));
        Ok(())
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.clients.values().flat_map(|file| &file.entries)
    }

    /// What was asked, in words.
    fn asked(&self) -> impl Iterator<Item = String> {
        let counted = [
            (!self.flows.is_empty(), "flow logs in the ledger"),
            (!self.pod_days.is_empty(), "counters of pods in the ledger"),
            (!self.clients.is_empty() && self.folders.is_empty(), "byte ledgers in the ledger"),
        ];
        let counted = counted.into_iter().filter(|(told, _)| *told).map(|(_, what)| what.to_owned());
        counted.chain(self.folders.iter().cloned())
    }
}

/// The files of a byte ledger that are not known by name and size, and what was left of them. A broken line is told and
/// left: what stands behind it is whole. A file only grows, so one that says less than is known of it could not be read, or
/// is a part of itself: what is known stays.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn client_files(
    folder: &Path,
    known: &BTreeMap<String, ClientFile>,
) -> Result<(Vec<ClientFile>, Vec<String>)> {
    let cannot = |error: std::io::Error| {
        Error::failed(format!("{} cannot be read: {error}", folder.display()))
            .hint("name the folder that people's programs write their byte ledger to")
    };
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for file in files_of(folder).map_err(cannot)? {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Before it is read: what is written meanwhile makes it larger, and it is read again.
        let Some(size) = size(&file.path).map_err(cannot)? else { continue };
        let known = known.get(&name);
        if known.is_some_and(|known| known.size == size) {
            continue;
        }
        let read = match Lines::open(&file.path) {
            Ok(lines) => client_file((name, size), lines, &mut faults),
            Err(fault) => {
                faults.push(fault.to_string());
                continue;
            }
        };
        if known.is_some_and(|known| requests(&read) < requests(known)) {
            faults.push(format!(
                "{} is smaller than it was, or says less: what was counted of it stays",
                file.path.display()
            ));
        } else {
            files.push(read);
        }
    }
    Ok((files, faults))
}

/// The size of a file in bytes; none where somebody has deleted it since the folder was read.
fn size(path: &Path) -> std::io::Result<Option<u64>> {
    match path.metadata() {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file with all its lines that can be read.
fn client_file((name, size): (String, u64), lines: Lines, faults: &mut Vec<String>) -> ClientFile {
    let mut read = ClientFile { name, size, ..ClientFile::default() };
    for line in lines {
        match line {
            Ok(entry) => read.entries.push(entry),
            Err(fault) if fault.why.is_normal() => {}
            Err(fault) => {
                read.size = 0;
                faults.push(fault.to_string());
            }
        }
    }
    read
}

fn requests(file: &ClientFile) -> u128 {
    file.entries.iter().map(|entry| u128::from(entry.record.requests)).sum()
}

/// Buckets that clients met as such whose readers pay.
pub(super) fn requester_pays(entries: &[&Entry]) -> BTreeSet<String> {
    let paid = entries.iter().filter(|entry| entry.record.requester_pays && !entry.record.bucket.is_empty());
    paid.map(|entry| entry.record.bucket.clone()).collect()
}

/// Regions that programs of each hub read from without leaving them.
pub(super) fn near(entries: &[&Entry]) -> BTreeMap<String, BTreeSet<String>> {
    let mut near: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Entry { who, record } in entries.iter().filter(|entry| entry.record.route == Route::InRegion) {
        if !record.region.is_empty() {
            near.entry(who.hub.clone()).or_default().insert(record.region.clone());
        }
    }
    near
}

/// Adds what bills tell, and says which they are. Some have to be there where the ledger tells nothing else.
fn bills_of(
    ledger: &Ledger,
    args: &EgressArgs,
    question: &Question,
    egress: &mut Egress,
) -> Result<Vec<String>> {
    if ledger.bills().map_err(refuse)?.is_empty() && args.period.month.is_none() {
        return Ok(Vec::new());
    }
    let by_days = question.from.is_some() || question.to.is_some();
    let (chosen, _) = bills(ledger, args.period.month, by_days)?;
    let mut asked = Vec::new();
    for bill in chosen {
        egress.add_bill(question, &bill, &ledger.rows(&bill).map_err(refuse)?);
        asked.push(format!("{}, {}", bill.source, bill.month));
    }
    Ok(asked)
}

/// Reads flow logs, without those that the ledger has counted.
async fn flow_logs(
    run: &Run<'_>,
    (names, question): (&[String], &Question),
    ledger: Option<&Ledger>,
) -> Result<flows::FlowSums> {
    let counted = ledger.map(Ledger::flow_files).transpose().map_err(refuse)?.unwrap_or_default();
    let days = flows::Days { from: question.from, to: question.to };
    read_flow_logs(run, names, &flows::Wanted { days, known: Some(&counted) }).await.map(|(flows, _)| flows)
}

/// Reads flow logs here and in object stores, and says which files these were.
///
/// # Errors
/// When there is none, or one is not whole and right.
pub(super) async fn read_flow_logs(
    run: &Run<'_>,
    names: &[String],
    wanted: &flows::Wanted<'_>,
) -> Result<(flows::FlowSums, Vec<flows::FlowFile>)> {
    let inputs = inputs(run.context, names).await?;
    let ranges = AddressRanges::embedded().map_err(|error| Error::bug(error.to_string()))?;
    let mut progress = run.printer.progress();
    progress.step("read flow logs");
    let threads = machine().map_or(1, |machine| machine.cores);
    let read = flows::read_some(&inputs, wanted, &ranges, threads);
    match &read {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    read.map_err(|error| Error::failed(error.to_string()).hint(error.fault.hint()))
}

fn nothing(asked: &[String]) -> Error {
    let error = Error::failed("no meter tells of any transfer in these days");
    if asked.is_empty() {
        error.hint(
            "`frazil cost read` takes bills, flow logs and byte ledgers in; `--flow-logs` and `--bytes` read what others tell",
        )
    } else {
        error.hint(format!("asked: {}", asked.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_deleted_meanwhile_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bytes");
        std::fs::write(&path, "1234").unwrap();
        assert_eq!(size(&path).unwrap(), Some(4));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(size(&path).unwrap(), None);
        size(Path::new(&"a".repeat(300))).unwrap_err();
    }
}
