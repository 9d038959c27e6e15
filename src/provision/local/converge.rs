//! From what runs to what should run.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::health::{Health, client, probe, resync_routes};
use super::identity::{Identity, taken_port};
use super::parts::{Program, Sources};
use crate::error::{Error, Result};
use crate::observe::{Part, Process, marked, signal_all};
use crate::tool::{Started, ToolError, last_lines};
use crate::view::Progress;

/// How long the parts may take to answer.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// How long a part may take to stop by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long a killed part may take to end.
const KILL_PATIENCE: Duration = Duration::from_secs(40);
/// How often parts are looked at while one waits.
const LOOK: Duration = Duration::from_millis(50);

/// The processes of a hub.
pub(super) fn list(id: &str) -> Result<Vec<Process>> {
    marked(id, None)
        .map_err(|error| Error::failed("the processes of this machine cannot be listed").because(error))
}

/// Starts what does not run or runs from something else; returns what was started and what was kept.
///
/// # Errors
/// When a part cannot be stopped or started.
pub(super) async fn converge(
    sources: &Sources<'_>,
    running: &[Process],
    progress: &mut Progress,
) -> Result<(Vec<Part>, Vec<Part>)> {
    let programs = sources.programs()?;
    let http = client()?;
    let kept = keep_if_well(&http, sources.identity, &programs, running).await;
    let (stay, to_start): (Vec<_>, Vec<_>) =
        programs.iter().partition(|program| kept.contains(&program.part));
    let superseded =
        running.iter().filter(|process| is_superseded(process.part, &kept, sources.gateway.is_some()));
    stop(&superseded.cloned().collect::<Vec<_>>(), &sources.identity.id)?;
    if !to_start.is_empty() {
        progress.step(&format!("start {}", names(&to_start)));
        let started = start(&http, sources, &to_start).await;
        started.inspect_err(|_| progress.abandon())?;
        progress.finish();
    }
    let parts = |programs: &[&Program]| programs.iter().map(|program| program.part).collect();
    Ok((parts(&to_start), parts(&stay)))
}

/// Whether a process has to go: a part that is not kept, or a Dask cluster without a gateway.
fn is_superseded(part: Part, kept: &[Part], gateway: bool) -> bool {
    match part {
        Part::Proxy | Part::Hub | Part::Gateway | Part::Report => !kept.contains(&part),
        Part::DaskScheduler | Part::DaskWorker => !gateway,
        Part::Server | Part::Build => false,
    }
}

async fn start(http: &reqwest::Client, sources: &Sources<'_>, programs: &[&Program]) -> Result<()> {
    let mut started = Vec::new();
    for program in programs {
        started.push((program.part, program.call.detach()?));
    }
    wait_ready(http, sources, &mut started).await
}

fn names(programs: &[&Program]) -> String {
    programs.iter().map(|program| program.part.name()).collect::<Vec<_>>().join(", ")
}

/// Of the parts that run once and from the right things, those that answer.
async fn keep_if_well(
    http: &reqwest::Client,
    identity: &Identity,
    programs: &[Program],
    running: &[Process],
) -> Vec<Part> {
    let right: Vec<_> = programs.iter().filter(|program| runs_right(program, running)).collect();
    if right.is_empty() {
        return Vec::new();
    }
    let health = probe(http, identity).await;
    right.iter().map(|program| program.part).filter(|part| answers(*part, health)).collect()
}

fn runs_right(program: &Program, running: &[Process]) -> bool {
    let roots: Vec<_> =
        running.iter().filter(|process| process.part == program.part && process.is_root(running)).collect();
    roots.len() == 1 && roots[0].digest == program.digest
}

fn answers(part: Part, health: Health) -> bool {
    match part {
        Part::Proxy => health.proxy,
        Part::Hub => health.hub,
        Part::Gateway => health.gateway,
        Part::Report => health.report,
        _ => false,
    }
}

/// Stops processes: asks, waits, then insists.
pub(super) fn stop(processes: &[Process], id: &str) -> Result<()> {
    if processes.is_empty() {
        return Ok(());
    }
    let pids: Vec<_> = processes.iter().map(|process| process.pid).collect();
    let left = || -> Result<Vec<Process>> {
        Ok(list(id)?.into_iter().filter(|process| pids.contains(&process.pid)).collect())
    };
    signal_all(processes, Signal::TERM);
    let asked = Instant::now();
    loop {
        let left = left()?;
        if left.is_empty() {
            return Ok(());
        }
        if asked.elapsed() > KILL_PATIENCE {
            return Err(unstoppable(&left));
        }
        if asked.elapsed() > STOP_PATIENCE {
            signal_all(&left, Signal::KILL);
        }
        thread::sleep(LOOK);
    }
}

/// Waits until all parts answer, and tells the proxy about servers that still run.
async fn wait_ready(
    http: &reqwest::Client,
    sources: &Sources<'_>,
    started: &mut [(Part, Started)],
) -> Result<()> {
    let begin = Instant::now();
    let gateway_wanted = sources.gateway.is_some();
    let mut synced = false;
    loop {
        for (part, program) in started.iter_mut() {
            if let Some(outcome) = program.ended() {
                return Err(ended_early(*part, outcome, program, sources));
            }
        }
        let health = probe(http, sources.identity).await;
        if health.proxy && health.hub && !synced {
            resync_routes(http, sources.identity, sources.secrets).await?;
            synced = true;
        }
        let gateway_ready = !gateway_wanted || (health.gateway && health.gateway_address);
        let report_ready = !sources.report || (health.report && health.report_address);
        if synced && health.address && gateway_ready && report_ready {
            return Ok(());
        }
        if begin.elapsed() > START_PATIENCE {
            return Err(too_slow(health, sources));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn ended_early(
    part: Part,
    outcome: std::result::Result<(), ToolError>,
    program: &Started,
    sources: &Sources<'_>,
) -> Error {
    let log = sources.folders.logs().join(format!("{}.log", part.name()));
    let text = program.written();
    if text.contains("EADDRINUSE") || text.contains("Address already in use") {
        return taken_port(sources.identity.port).hint(format!("the log is {}", log.display()));
    }
    let error = match outcome {
        Err(error) => Error::from(error),
        Ok(()) => Error::failed("it ended without an error"),
    };
    let lines = last_lines(&text);
    let full = text.contains("No space left on device") || text.contains("database or disk is full");
    let hint = if full {
        "the disk is full: free some space and call `frazil up` again"
    } else {
        "call `frazil up` again once the cause is mended"
    };
    Error::failed(format!("the {} ended while it was started", part.name()))
        .because(error)
        .output(lines)
        .hint(hint)
        .hint(format!("the whole log is {}", log.display()))
}

fn too_slow(health: Health, sources: &Sources<'_>) -> Error {
    let gateway_wanted = sources.gateway.is_some();
    let silent = [
        ("proxy", !health.proxy),
        ("hub", !health.hub),
        ("gateway", gateway_wanted && !health.gateway),
        ("hub through the proxy", !health.address),
        ("gateway through the proxy", gateway_wanted && !health.gateway_address),
        ("report", sources.report && !health.report),
        ("report through the proxy", sources.report && !health.report_address),
    ];
    let silent: Vec<_> = silent.iter().filter(|(_, silent)| *silent).map(|(name, _)| *name).collect();
    Error::failed(format!("no answer after {} s from: {}", START_PATIENCE.as_secs(), silent.join(", "))).hint(
        format!("look at the logs in {}, then call `frazil up` again", sources.folders.logs().display()),
    )
}

/// The error of processes that do not end.
pub(super) fn unstoppable(processes: &[Process]) -> Error {
    let names: Vec<_> =
        processes.iter().map(|process| format!("{} ({})", process.pid, process.part.name())).collect();
    Error::failed(format!("processes that do not end: {}", names.join(", ")))
        .hint("they belong to another account, or wait for a disk that does not answer: as root, look at them with `ps`")
}
