//! `frazil egress`: bytes by the ways they took, as each meter tells.

mod report;

use std::collections::BTreeSet;
use std::path::Path;

use frazil_byte_ledger::{Entry, read as read_bytes};

use self::report::EgressReport;
use super::Run;
use super::cost::show::{bills, days, existing};
use super::cost::{path, refuse};
use crate::catalog::AddressRanges;
use crate::cli::egress::EgressArgs;
use crate::cloud::objects::inputs;
use crate::error::{Error, Result};
use crate::ledger::egress::{Egress, Question};
use crate::ledger::flows;
use crate::ledger::told::HubLife;
use crate::observe::machine;
use crate::outcome::Outcome;

/// Shows what each meter tells.
///
/// # Errors
/// When there is no meter to ask, or one cannot be read.
pub(super) async fn egress(run: &Run<'_>, args: &EgressArgs) -> Result<Outcome> {
    let (from, to) = days(args.from, args.to)?;
    let mut by = args.by.clone();
    by.sort_unstable();
    by.dedup();
    let mut told = Told::default();
    for folder in &args.bytes {
        told.clients(folder)?;
    }
    let question =
        Question { by, from, to, hub: args.hub.clone(), requester_pays: requester_pays(&told.entries) };
    let mut egress = Egress::default();
    bills_of(run, args, &question, (&mut egress, &mut told))?;
    let question = question.within(egress.billed);
    if !args.flow_logs.is_empty() {
        let flows = flow_logs(run, &args.flow_logs).await?;
        egress.add_flows(&question, &flows, &told.lives);
        told.asked.push(format!("flow logs in {}", args.flow_logs.join(", ")));
    }
    for entry in &told.entries {
        egress.add_entry(&question, entry);
    }
    if egress.rows.is_empty() {
        return Err(nothing(&told.asked));
    }
    let Told { asked, faults, .. } = told;
    run.printer.report(&EgressReport { question, egress, asked, faults })?;
    Ok(Outcome::Done)
}

/// What was read beside bills and flow logs, and from where.
#[derive(Default)]
struct Told {
    asked: Vec<String>,
    entries: Vec<Entry>,
    faults: Vec<String>,
    lives: Vec<HubLife>,
}

impl Told {
    /// Reads a byte ledger. A broken line is told and left: what stands behind it is whole.
    fn clients(&mut self, folder: &Path) -> Result<()> {
        let lines = read_bytes(folder).map_err(|error| {
            Error::failed(format!("{} cannot be read: {error}", folder.display()))
                .hint("name the folder that people's programs write their byte ledger to")
        })?;
        for line in lines {
            match line {
                Ok(entry) => self.entries.push(entry),
                Err(fault) if fault.why.is_normal() => (),
                Err(fault) => self.faults.push(fault.to_string()),
            }
        }
        self.asked.push(format!("byte ledger in {}", folder.display()));
        Ok(())
    }
}

/// Buckets that clients met as such whose readers pay.
fn requester_pays(entries: &[Entry]) -> BTreeSet<String> {
    let paid = entries.iter().filter(|entry| entry.record.requester_pays);
    paid.map(|entry| entry.record.bucket.clone()).collect()
}

/// Adds what the ledger tells. It has to be there where no other meter is asked.
fn bills_of(
    run: &Run<'_>,
    args: &EgressArgs,
    question: &Question,
    (egress, told): (&mut Egress, &mut Told),
) -> Result<()> {
    let others = !args.flow_logs.is_empty() || !args.bytes.is_empty();
    if others && !path(run, args.ledger.as_deref())?.exists() {
        return Ok(());
    }
    let ledger = existing(run, args.ledger.as_deref())?;
    told.lives = ledger.told().map_err(refuse)?.lives;
    if others && ledger.bills().map_err(refuse)?.is_empty() {
        return Ok(());
    }
    let by_days = question.from.is_some() || question.to.is_some();
    let (chosen, _) = bills(&ledger, args.month, by_days)?;
    for bill in chosen {
        egress.add_bill(question, &bill, &ledger.rows(&bill).map_err(refuse)?);
        told.asked.push(format!("{}, {}", bill.source, bill.month));
    }
    Ok(())
}

async fn flow_logs(run: &Run<'_>, names: &[String]) -> Result<flows::FlowSums> {
    let inputs = inputs(run.context, names).await?;
    let ranges = AddressRanges::embedded().map_err(|error| Error::bug(error.to_string()))?;
    let mut progress = run.printer.progress();
    progress.step("read flow logs");
    let threads = machine().map_or(1, |machine| machine.cores);
    let flows = flows::read(&inputs, &ranges, threads);
    match &flows {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    flows.map_err(|error| Error::failed(error.to_string()).hint(error.fault.hint()))
}

fn nothing(asked: &[String]) -> Error {
    let error = Error::failed("no meter tells of any transfer in these days");
    if asked.is_empty() {
        error.hint(
            "`frazil cost read BILL…` takes bills in; `--flow-logs` and `--bytes` read what others tell",
        )
    } else {
        error.hint(format!("asked: {}", asked.join("; ")))
    }
}
