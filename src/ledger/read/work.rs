//! Threads that read files, and what they have found put together.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::Progress;
use super::amazon::Amazon;
use super::batch::{Batch, Desk};
use super::chunk::{Chunk, Chunks, CsvScan, Cut, JsonScan, Scan, lines};
use super::error::{At, Fault, Place as ErrorPlace, ReadError, RowFault};
use super::focus::Focus;
use super::google::Google;
use super::open::{Body, Opened, Text, Unpacked, broken, skip_header};
use super::place::Counted;
use super::plan::Packing;
use super::queue::{Item, Queue};
use super::table::Groups;
use super::text::{Rows, csv_line, json_line};
use crate::ledger::line::{Lineage, SourceKind};
use crate::ledger::{FileRead, Gather, Gathered};

/// Files whose columns a thread keeps at hand.
const AT_HAND: usize = 8;
/// Time between two reports of progress.
const BEAT: Duration = Duration::from_millis(100);
/// While threads read, a row is its place in a chunk or a row group, and this many bits above it the number
/// of that. Earlier rows have smaller numbers, as they have later.
const ROW_BITS: u32 = 32;

/// What went wrong where, in the order of files and rows.
#[derive(Debug)]
struct Failure {
    file: usize,
    number: u32,
    at: At,
    fault: Fault,
}

/// What all threads share.
struct Shared<'a> {
    files: &'a [Opened],
    queue: Queue,
    next_text: AtomicUsize,
    texts: Vec<usize>,
    count: Arc<AtomicU64>,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    failures: Vec<Failure>,
    digests: FxHashMap<usize, String>,
}

/// What one thread has found.
#[derive(Default)]
struct Part {
    gather: Gather,
    /// Rows of chunks and row groups, by file and number.
    rows: Vec<(usize, u32, usize)>,
}

impl Shared<'_> {
    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, failure: Failure) {
        self.found().failures.push(failure);
        self.queue.stop();
    }

    /// Whether something before this one is wrong, so that it need not be read.
    fn is_late(&self, file: usize, number: u32) -> bool {
        self.found().failures.iter().any(|failure| (failure.file, failure.number) < (file, number))
    }
}

/// Reads files.
///
/// # Errors
/// What is wrong in the first of them that is.
pub(super) fn run(
    files: &[Opened],
    threads: usize,
    progress: &dyn Fn(Progress),
) -> Result<Gathered, ReadError> {
    let shared = shared(files, threads);
    let of = files.iter().map(|file| file.place.size()).sum();
    let tell = || progress(Progress { bytes: shared.count.load(Ordering::Relaxed).min(of), of });
    let adders = shared.texts.len().min(threads);
    let (done, ended) = mpsc::channel();
    let mut parts = Vec::new();
    thread::scope(|scope| {
        for _ in 0..adders {
            scope.spawn(|| {
                let _added = Added(&shared.queue);
                while let Some(file) = next_text(&shared) {
                    add_text(&shared, file);
                }
            });
        }
        for thread in 0..threads {
            let done = done.clone();
            let shared = &shared;
            scope.spawn(move || {
                let part = Worker::new(shared).work(thread % 2 == 1);
                let _nobody_waits = done.send(part);
            });
        }
        drop(done);
        loop {
            match ended.recv_timeout(BEAT) {
                Ok(part) => parts.push(part),
                Err(mpsc::RecvTimeoutError::Timeout) => tell(),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    tell();
    let found = shared.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    put_together(files, parts, found)
}

fn shared(files: &[Opened], threads: usize) -> Shared<'_> {
    let mut others = VecDeque::new();
    let mut texts = Vec::new();
    for (file, opened) in files.iter().enumerate() {
        match &opened.body {
            Body::Text(_) => texts.push(file),
            Body::Table(table) => {
                if opened.place.tag().is_none() {
                    others.push_front(Item::Digest { file });
                }
                let groups = (0..).zip(table.groups());
                others.extend(groups.map(|(number, _)| Item::Group { file, number }));
            }
        }
    }
    let adders = texts.len().min(threads);
    Shared {
        files,
        queue: Queue::new(others, adders, threads + 2),
        next_text: AtomicUsize::new(0),
        texts,
        count: Arc::default(),
        found: Mutex::default(),
    }
}

/// Tells at its end that a thread adds no more chunks, even when it panics: others wait for it.
struct Added<'a>(&'a Queue);

impl Drop for Added<'_> {
    fn drop(&mut self) {
        self.0.added();
    }
}

fn next_text(shared: &Shared<'_>) -> Option<usize> {
    shared.texts.get(shared.next_text.fetch_add(1, Ordering::Relaxed)).copied()
}

/// Cuts a text into chunks for the other threads, and sums its bytes up.
fn add_text(shared: &Shared<'_>, file: usize) {
    let opened = &shared.files[file];
    let Body::Text(text) = &opened.body else { return };
    let added = if text.is_csv {
        add_chunks(shared, file, text, CsvScan::default())
    } else {
        add_chunks(shared, file, text, JsonScan::default())
    };
    match added {
        Ok(Some(digest)) => drop(shared.found().digests.insert(file, digest)),
        Ok(None) => {}
        Err((number, at, fault)) => shared.fail(Failure { file, number, at, fault }),
    }
}

/// The digest of what was added, unless others stopped it.
type Digested = Result<Option<String>, (u32, At, Fault)>;

fn add_chunks(shared: &Shared<'_>, file: usize, text: &Text, scan: impl Scan) -> Digested {
    let place = &shared.files[file].place;
    let read = |error: &std::io::Error| match text.packing {
        Packing::Gzip => broken(error),
        Packing::Plain => Fault::Unreadable(error.to_string()),
    };
    let start = |fault| (0, At::File, fault);
    let mut reader = Unpacked::open(place, text.packing, shared.count.clone()).map_err(start)?;
    skip_header(&mut reader, &text.header).map_err(|error| start(read(&error)))?;
    let mut chunks = Chunks::new(reader, scan).after(lines(&text.header));
    let mut number = 0;
    loop {
        match chunks.next() {
            Ok(Some(chunk)) => {
                if !shared.queue.add(Item::Chunk { file, number, chunk }) {
                    return Ok(None);
                }
                number += 1;
            }
            Ok(None) => break,
            Err(Cut::Read(error)) => return Err((number, At::File, read(&error))),
            Err(Cut::Fault(line, fault)) => return Err((number, At::Line(line), fault)),
        }
    }
    let digest = chunks.into_reader().digest();
    digest.map(Some).map_err(|error| (number, At::File, Fault::Unreadable(error.to_string())))
}

/// A thread that reads.
struct Worker<'a> {
    shared: &'a Shared<'a>,
    desk: Desk,
    formats: Formats,
    texts: FxHashMap<usize, Rows>,
    tables: FxHashMap<usize, Groups>,
    part: Part,
}

#[derive(Default)]
struct Formats {
    amazon: Amazon,
    focus: Focus,
    google: Google,
}

impl Formats {
    fn take(&mut self, batch: &Batch, desk: &mut Desk) -> Result<(), RowFault> {
        match batch.kind {
            SourceKind::Cur2 | SourceKind::CurLegacy => self.amazon.take(batch, desk),
            SourceKind::Focus | SourceKind::CostExplorer => self.focus.take(batch, desk),
            SourceKind::GcpStandard | SourceKind::GcpDetailed => self.google.take(batch, desk),
        }
    }
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared<'a>) -> Self {
        Self {
            shared,
            desk: Desk::default(),
            formats: Formats::default(),
            texts: FxHashMap::default(),
            tables: FxHashMap::default(),
            part: Part::default(),
        }
    }

    fn work(mut self, from_the_end: bool) -> Part {
        while let Some(item) = self.shared.queue.next(from_the_end) {
            let (file, number) = match &item {
                Item::Chunk { file, number, .. } | Item::Group { file, number } => (*file, *number),
                Item::Digest { file } => (*file, 0),
            };
            if self.shared.is_late(file, number) {
                continue;
            }
            // Readers of tables panic on some bytes that no writer writes.
            let done = catch_unwind(AssertUnwindSafe(|| self.item(item)));
            let (at, fault) = match done {
                Ok(Ok(())) => continue,
                Ok(Err(failed)) => failed,
                Err(_) => (At::File, Fault::Damaged("it makes its reader fail".to_owned())),
            };
            self.shared.fail(Failure { file, number, at, fault });
        }
        self.part.gather = self.desk.gather;
        self.part
    }

    fn item(&mut self, item: Item) -> Result<(), (At, Fault)> {
        match item {
            Item::Chunk { file, number, chunk } => self.chunk(file, number, &chunk),
            Item::Group { file, number } => self.group(file, number),
            Item::Digest { file } => self.digest(file).map_err(|fault| (At::File, fault)),
        }
    }

    fn chunk(&mut self, file: usize, number: u32, chunk: &Chunk) -> Result<(), (At, Fault)> {
        let Body::Text(text) = &self.shared.files[file].body else { return Ok(()) };
        let desk = &mut self.desk;
        if self.texts.len() >= AT_HAND && !self.texts.contains_key(&file) {
            self.texts.clear();
        }
        let rows = self.texts.entry(file).or_insert_with(|| Rows::new(&text.layout, name(file), desk));
        let formats = &mut self.formats;
        let mut take = |batch: &Batch, desk: &mut Desk| formats.take(batch, desk);
        let first = u64::from(number) << ROW_BITS;
        let read = if text.is_csv {
            rows.csv(&chunk.bytes, first, desk, &mut take)
        } else {
            rows.json(&chunk.bytes, first, desk, &mut take)
        };
        let line = if text.is_csv { csv_line } else { json_line };
        let found =
            read.map_err(|RowFault { row, fault }| (At::Line(chunk.line + line(&chunk.bytes, row)), fault))?;
        self.part.rows.push((file, number, found));
        Ok(())
    }

    fn group(&mut self, file: usize, number: u32) -> Result<(), (At, Fault)> {
        let opened = &self.shared.files[file];
        let Body::Table(table) = &opened.body else { return Ok(()) };
        let whole = |fault| (At::File, fault);
        let group = number as usize;
        let mut pieces = opened.place.pieces().map_err(whole)?;
        pieces.fetch(&table.ranges(group)).map_err(whole)?;
        if self.tables.len() >= AT_HAND && !self.tables.contains_key(&file) {
            self.tables.clear();
        }
        let groups = self.tables.entry(file).or_insert_with(|| Groups::new(table, name(file)));
        let formats = &mut self.formats;
        let mut take = |batch: &Batch, desk: &mut Desk| formats.take(batch, desk);
        let sizes = table.groups();
        let first = u64::from(number) << ROW_BITS;
        let rows = groups.read(pieces, group, first, &mut self.desk, &mut take);
        let rows = rows.map_err(|RowFault { row, fault }| match fault {
            Fault::Damaged(_) | Fault::Type { .. } => (At::File, fault),
            _ => (At::Row(sizes[..group].iter().sum::<u64>() + row as u64 + 1), fault),
        })?;
        if rows as u64 != sizes[group] {
            return Err(whole(Fault::Damaged(format!("row group {number} has not the rows it names"))));
        }
        self.part.rows.push((file, number, rows));
        let all: u64 = sizes.iter().sum();
        let share = u128::from(opened.place.size()) * rows as u128 / u128::from(all.max(1));
        self.shared.count.fetch_add(u64::try_from(share).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }

    fn digest(&self, file: usize) -> Result<(), Fault> {
        let stream = self.shared.files[file].place.stream()?;
        let digest = Counted::new(stream, Arc::default()).digest();
        let digest = digest.map_err(|error| Fault::Unreadable(error.to_string()))?;
        self.shared.found().digests.insert(file, digest);
        Ok(())
    }
}

fn name(file: usize) -> u32 {
    u32::try_from(file).unwrap_or(u32::MAX)
}

/// One result of what all threads have found.
fn put_together(files: &[Opened], parts: Vec<Part>, mut found: Found) -> Result<Gathered, ReadError> {
    let error = |file: usize, at, fault| {
        let name = files.get(file).map_or("", |file| file.place.name()).to_owned();
        ReadError { place: ErrorPlace { name, at }, fault }
    };
    found.failures.sort_by_key(|failure| (failure.file, failure.number));
    if let Some(failure) = found.failures.into_iter().next() {
        return Err(error(failure.file, failure.at, failure.fault));
    }
    let mut rows = vec![Vec::new(); files.len()];
    for (file, number, count) in parts.iter().flat_map(|part| &part.rows) {
        let of: &mut Vec<u64> = &mut rows[*file];
        let number = *number as usize;
        of.resize(of.len().max(number + 1), 0);
        of[number] = *count as u64;
    }
    let totals: Vec<u64> = rows.iter().map(|of| of.iter().sum()).collect();
    if totals.iter().all(|total| *total == 0) {
        return Err(error(0, At::File, Fault::Empty));
    }
    let starts: Vec<Vec<u64>> = rows.iter().map(|of| starts(of)).collect();
    // The first grows, so that no more is in memory at once than has to be.
    let mut gathers = parts.into_iter().map(|part| part.gather);
    let mut gather = gathers.next().unwrap_or_default();
    gathers.for_each(|other| gather.merge(other));
    gather.place(|Lineage { file, row }| {
        let number = usize::try_from(row >> ROW_BITS).unwrap_or(usize::MAX);
        let before = starts.get(file as usize).and_then(|of| of.get(number)).copied().unwrap_or(0);
        Lineage { file, row: before + (row & ((1 << ROW_BITS) - 1)) + 1 }
    });
    for (file, opened) in files.iter().enumerate() {
        let digest = found.digests.remove(&file).or_else(|| opened.place.tag()).unwrap_or_default();
        gather.file(FileRead { name: opened.place.name().to_owned(), digest, rows: totals[file] });
    }
    Ok(gather.finish())
}

/// How many rows come before each chunk.
fn starts(rows: &[u64]) -> Vec<u64> {
    let sums = rows.iter().scan(0, |before, rows| {
        let start = *before;
        *before += rows;
        Some(start)
    });
    sums.collect()
}
