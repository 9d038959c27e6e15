//! Threads that read files, and what they have summed put together.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::files::{Body, Opened, unpacked};
use super::google;
use super::tally::Tally;
use super::text::LineScan;
use crate::catalog::AddressRanges;
use crate::ledger::read::chunk::{Chunk, Chunks, Cut, JsonScan, Scan};
use crate::ledger::read::error::{At, Fault, Place as ErrorPlace, ReadError, RowFault};
use crate::ledger::read::open::broken;
use crate::ledger::read::plan::Packing;
use crate::ledger::read::queue::{Item, Queue};
use crate::ledger::read::text::json_line;

/// What went wrong where, in the order of files and chunks.
#[derive(Debug)]
struct Failure {
    file: usize,
    number: u32,
    at: At,
    fault: Fault,
}

struct Shared<'a> {
    files: &'a [Opened],
    queue: Queue,
    next_text: AtomicUsize,
    texts: Vec<usize>,
    failures: Mutex<Vec<Failure>>,
}

impl Shared<'_> {
    fn fail(&self, failure: Failure) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
    }

    /// Whether something before this one is wrong, so that it need not be read. What comes before it is read to
    /// its end, so that the first fault is told whatever thread finds one first.
    fn is_late(&self, file: usize, number: u32) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.iter().any(|failure| (failure.file, failure.number) < (file, number))
    }
}

/// Reads files.
///
/// # Errors
/// What is wrong in the first of them that is.
pub(super) fn run<'a>(
    files: &[Opened],
    ranges: &'a AddressRanges,
    threads: usize,
) -> Result<Tally<'a>, ReadError> {
    let shared = shared(files, threads);
    let adders = shared.texts.len().min(threads);
    let mut parts = thread::scope(|scope| {
        for _ in 0..adders {
            scope.spawn(|| {
                let _added = Added(&shared.queue);
                while let Some(file) = shared.texts.get(shared.next_text.fetch_add(1, Ordering::Relaxed)) {
                    add_text(&shared, *file);
                }
            });
        }
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&shared, ranges))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect::<Vec<_>>()
    });
    let mut failures = shared.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_by_key(|failure| (failure.file, failure.number));
    if let Some(Failure { file, at, fault, .. }) = failures.into_iter().next() {
        let name = files.get(file).map_or("", |file| file.place.name()).to_owned();
        return Err(ReadError { place: ErrorPlace { name, at }, fault });
    }
    // The largest grows, so that no more is in memory at once than has to be.
    parts.sort_by_key(|part| part.sums.len());
    let mut tally = parts.pop().unwrap_or_else(|| Tally::new(ranges));
    for part in parts {
        tally.merge(part);
    }
    for layout in files.iter().filter_map(|file| file.body.layout()) {
        tally.lacks.extend(layout.lacks());
    }
    Ok(tally)
}

fn shared(files: &[Opened], threads: usize) -> Shared<'_> {
    let mut groups = VecDeque::new();
    let mut texts = Vec::new();
    for (file, opened) in files.iter().enumerate() {
        match &opened.body {
            Body::Lines(..) | Body::Google(_) => texts.push(file),
            Body::Table(table) => {
                groups.extend((0..).zip(table.groups()).map(|(number, _)| Item::Group { file, number }));
            }
        }
    }
    let queue = Queue::new(groups, texts.len().min(threads), threads + 2);
    Shared { files, queue, next_text: AtomicUsize::new(0), texts, failures: Mutex::default() }
}

/// Tells at its end that a thread adds no more chunks, even when it panics: others wait for it.
struct Added<'a>(&'a Queue);

impl Drop for Added<'_> {
    fn drop(&mut self) {
        self.0.added();
    }
}

/// Cuts a text into chunks for the other threads.
fn add_text(shared: &Shared<'_>, file: usize) {
    let added = match &shared.files[file].body {
        Body::Lines(packing, _) => add_chunks(shared, file, *packing, LineScan),
        Body::Google(packing) => add_chunks(shared, file, *packing, JsonScan::default()),
        Body::Table(_) => Ok(()),
    };
    if let Err((number, at, fault)) = added {
        shared.fail(Failure { file, number, at, fault });
    }
}

fn add_chunks(
    shared: &Shared<'_>,
    file: usize,
    packing: Packing,
    scan: impl Scan,
) -> Result<(), (u32, At, Fault)> {
    let reader = unpacked(&shared.files[file].place, packing).map_err(|fault| (0, At::File, fault))?;
    let mut chunks = Chunks::new(reader, scan);
    let mut number = 0;
    loop {
        match chunks.next() {
            Ok(Some(chunk)) => {
                if shared.is_late(file, number) || !shared.queue.add(Item::Chunk { file, number, chunk }) {
                    return Ok(());
                }
                number += 1;
            }
            Ok(None) => return Ok(()),
            Err(Cut::Read(error)) => {
                let fault = match packing {
                    Packing::Gzip => broken(&error),
                    Packing::Plain => Fault::Unreadable(error.to_string()),
                };
                return Err((number, At::File, fault));
            }
            Err(Cut::Fault(line, fault)) => return Err((number, At::Line(line), fault)),
        }
    }
}

fn work<'a>(shared: &Shared<'_>, ranges: &'a AddressRanges) -> Tally<'a> {
    let mut tally = Tally::new(ranges);
    while let Some(item) = shared.queue.next(false) {
        let (file, number) = match &item {
            Item::Chunk { file, number, .. } | Item::Group { file, number } => (*file, *number),
            Item::Digest { .. } => continue,
        };
        if shared.is_late(file, number) {
            continue;
        }
        // Readers of tables panic on some bytes that no writer writes.
        let done = catch_unwind(AssertUnwindSafe(|| match item {
            Item::Chunk { chunk, .. } => read_chunk(&shared.files[file], &chunk, &mut tally),
            _ => read_group(&shared.files[file], number, &mut tally),
        }));
        let (at, fault) = match done {
            Ok(Ok(())) => continue,
            Ok(Err(failed)) => failed,
            Err(_) => (At::File, Fault::Damaged("it makes its reader fail".to_owned())),
        };
        shared.fail(Failure { file, number, at, fault });
    }
    tally
}

fn read_chunk(file: &Opened, chunk: &Chunk, tally: &mut Tally<'_>) -> Result<(), (At, Fault)> {
    match &file.body {
        Body::Lines(_, lines) => lines
            .read(&chunk.bytes, tally)
            .map(drop)
            .map_err(|RowFault { row, fault }| (At::Line(chunk.line + row as u64), fault)),
        Body::Google(_) => google::read(&chunk.bytes, tally)
            .map(drop)
            .map_err(|RowFault { row, fault }| (At::Line(chunk.line + json_line(&chunk.bytes, row)), fault)),
        Body::Table(_) => Ok(()),
    }
}

fn read_group(file: &Opened, number: u32, tally: &mut Tally<'_>) -> Result<(), (At, Fault)> {
    let Body::Table(table) = &file.body else { return Ok(()) };
    let whole = |fault| (At::File, fault);
    let group = number as usize;
    let sizes = table.groups();
    let pieces = file.place.pieces().map_err(whole)?;
    let rows = table.read(pieces, group, tally).map_err(|RowFault { row, fault }| match fault {
        Fault::Damaged(_) | Fault::Type { .. } => whole(fault),
        _ => (At::Row(sizes[..group].iter().sum::<u64>() + row as u64 + 1), fault),
    })?;
    if rows != sizes[group] {
        return Err(whole(Fault::Damaged(format!("row group {number} has not the rows it names"))));
    }
    Ok(())
}
