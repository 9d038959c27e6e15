//! An object that is far away: what is kept of it, what is on its way, and who waits.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::{Bytes, BytesMut};
use tokio::sync::{OnceCell, Semaphore, watch};

use super::fetch::{Came, fetch};
use super::flight::{Awaited, Flight, Outcome};
use super::options::Options;
use super::stopped;
use crate::address::Address;
use crate::cache::{Disk, Folder, Intervals, Member, Memory, Plan, Policy, Pool, Reads, Speed};
use crate::counting::{Counters, Counts, Meter};
use crate::error::{Error, Result};
use crate::remote::{Pin, Remote};
use crate::surroundings::Surroundings;

/// Requests that are left for readers by what nobody waits for yet.
const RESERVED: usize = 2;
/// How often a reader asks again for what others asked for and did not get.
const ROUNDS: u32 = 20;

/// An object far away.
pub(super) struct Far {
    itself: Weak<Self>,
    remote: Remote,
    meter: Option<Arc<Meter>>,
    pin: Option<Pin>,
    memory: u64,
    pool: Pool,
    in_flight: usize,
    folder: Option<Folder>,
    opened: OnceCell<Opened>,
    /// The length that was asked for alone.
    told: OnceCell<u64>,
    state: Mutex<State>,
    slots: Arc<Semaphore>,
    counts: Arc<Counts>,
}

/// What is known once the first bytes came.
pub(super) struct Opened {
    pub(super) length: u64,
    pin: Pin,
    disk: Option<Disk>,
    /// Where requests run that are made by who is not async.
    runtime: tokio::runtime::Handle,
}

struct State {
    policy: Policy,
    /// What is in memory or on its way, and nothing else.
    there: Intervals,
    memory: Memory,
    /// By their first bytes.
    flights: BTreeMap<u64, Flight>,
}

/// What a read has at once, and what it waits for.
type Begun = (BTreeMap<u64, Bytes>, Vec<Awaited>);

impl Far {
    pub(super) fn new(
        remote: Remote,
        options: Options,
        pin: Option<Pin>,
        meter: Option<Arc<Meter>>,
        surroundings: &Surroundings,
    ) -> Arc<Self> {
        let counts = meter.as_ref().map_or_else(Counts::default, |meter| Counts::within(meter.reads()));
        let remote = match &meter {
            Some(meter) => remote.watched(Arc::<Meter>::clone(meter)),
            None => remote,
        };
        let in_flight = options.in_flight.max(1);
        let folder = options.folder(surroundings);
        let state = State {
            policy: Policy::for_memory(options.memory),
            there: Intervals::default(),
            memory: Memory::default(),
            flights: BTreeMap::new(),
        };
        let far = Arc::new_cyclic(|itself: &Weak<Self>| Self {
            itself: itself.clone(),
            remote,
            meter,
            pin,
            memory: options.memory,
            pool: options.pool,
            in_flight,
            folder,
            opened: OnceCell::new(),
            told: OnceCell::new(),
            state: Mutex::new(state),
            slots: Arc::new(Semaphore::new(in_flight)),
            counts: Arc::new(counts),
        });
        let member: Weak<dyn Member> = far.itself.clone();
        far.pool.join(member);
        far
    }

    pub(super) fn address(&self) -> Address {
        self.remote.address()
    }

    pub(super) fn remote(&self) -> &Remote {
        &self.remote
    }

    pub(super) fn meter(&self) -> Option<&Arc<Meter>> {
        self.meter.as_ref()
    }

    pub(super) fn pin(&self) -> Option<&Pin> {
        self.opened.get().map(|opened| &opened.pin).or(self.pin.as_ref())
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.opened.get().map(|opened| opened.length)
    }

    /// The length of an object that may stay closed: one byte tells it, and is not kept.
    pub(super) async fn length_alone(&self) -> Result<u64> {
        match self.length() {
            Some(length) => Ok(length),
            None => self.told.get_or_try_init(|| self.tell()).await.copied(),
        }
    }

    async fn tell(&self) -> Result<u64> {
        let came = self.alone(0..1).await?;
        came.total.ok_or_else(|| no_length(self.address()))
    }

    /// The bytes of a range of an object that may stay closed. They are not kept.
    pub(super) async fn read_alone(&self, range: &Range<u64>) -> Result<Bytes> {
        if let Some(bytes) = self.at_once(range) {
            return Ok(bytes);
        }
        let pieces = placed(&self.alone(range.clone()).await?).into_iter().collect();
        assembled(range, &pieces).ok_or_else(|| Error::Damaged {
            address: self.address(),
            what: format!("bytes {} to {} are beyond its end", range.start, range.end),
        })
    }

    async fn alone(&self, range: Range<u64>) -> Result<Came> {
        self.counts.planned(1, 0);
        fetch(&self.remote, range, self.pin(), &self.counts.fetched).await
    }

    pub(super) fn speed(&self) -> Speed {
        *self.state().policy.speed()
    }

    pub(super) fn counters(&self) -> Counters {
        let state = self.state();
        let flying: u64 = state.flights.values().map(|flight| flight.range.end - flight.range.start).sum();
        let held = state.memory.total() + flying;
        Counters { unused: state.memory.unread(), held, ..self.counts.counters() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the first bytes tell of the object; they are those that are wanted, where they can be.
    pub(super) async fn opened(&self, hint: &Range<u64>) -> Result<&Opened> {
        self.opened.get_or_try_init(|| self.open(hint)).await
    }

    async fn open(&self, hint: &Range<u64>) -> Result<Opened> {
        // What is on disk has only to be known as of this version: one byte tells.
        let is_on_disk = self.is_on_disk().await;
        let first = if is_on_disk { 0..1 } else { self.state().policy.first(hint) };
        self.counts.planned(1, 0);
        let bring = |range| fetch(&self.remote, range, self.pin.as_ref(), &self.counts.fetched);
        let came = match bring(first.clone()).await {
            // The object ends before.
            Err(Error::Refused { status: 416, .. }) if first.start > 0 => {
                let head = self.state().policy.first(&(0..0));
                bring(head).await?
            }
            came => came?,
        };
        let length = came.total.ok_or_else(|| no_length(self.address()))?;
        let disk =
            self.folder.as_ref().and_then(|folder| folder.of(&self.remote.identity(), &came.pin, length));
        let opened =
            Opened { length, pin: came.pin.clone(), disk, runtime: tokio::runtime::Handle::current() };
        self.state().policy.set_length(length);
        let pieces = if is_on_disk { Vec::new() } else { placed(&came) };
        self.keep(self.state(), &pieces, Some(&came), &Intervals::default());
        keep_on_disk(opened.disk.clone(), pieces);
        Ok(opened)
    }

    async fn is_on_disk(&self) -> bool {
        let Some(folder) = self.folder.clone() else { return false };
        let identity = self.remote.identity();
        tokio::task::spawn_blocking(move || folder.knows(&identity)).await.unwrap_or(false)
    }

    /// A range of an object that is open, if it is in memory.
    pub(super) fn at_once(&self, range: &Range<u64>) -> Option<Bytes> {
        let opened = self.opened.get()?;
        let mut state = self.state();
        if !state.there.holds(range) || state.flights.values().any(|flight| flight.overlaps(range)) {
            return None;
        }
        self.counts.asked(1, range.end - range.start);
        let (pieces, _) = self.begin(&mut state, Reads::Next(range), opened);
        drop(state);
        assembled(range, &pieces)
    }

    /// Ranges of an object that is open, which are within it. Whether the reader has waited for that already is
    /// told for those who count.
    pub(super) async fn read(&self, reads: Reads<'_>, has_waited: bool) -> Result<Vec<Bytes>> {
        let ranges = reads.ranges();
        let opened = self.opened(&(0..0)).await?;
        self.counts.asked(ranges.len() as u64, ranges.iter().map(|range| range.end - range.start).sum());
        for round in 0..ROUNDS {
            let (mut pieces, awaited) = self.begin(&mut self.state(), reads, opened);
            if round == 0 && (has_waited || !awaited.is_empty()) {
                let is_missed = |range: &&Range<u64>| has_waited || assembled(range, &pieces).is_none();
                self.counts.missed(ranges.iter().filter(is_missed).count() as u64);
            }
            for awaited in awaited {
                let from = awaited.from;
                match awaited.wait().await {
                    Some(outcome) => match outcome.take_error() {
                        Some(error) => return Err(error),
                        None => pieces.extend(outcome.pieces.iter().cloned()),
                    },
                    None => self.lose(from),
                }
            }
            let all: Option<Vec<_>> = ranges.iter().map(|range| assembled(range, &pieces)).collect();
            if let Some(all) = all {
                return Ok(all);
            }
        }
        let why = "its requests were stopped again and again".to_owned();
        Err(Error::Connection { address: self.address(), tries: ROUNDS, why })
    }

    /// Plans a read, sets off what is missing, and gives what is there.
    fn begin(&self, state: &mut State, reads: Reads<'_>, opened: &Opened) -> Begun {
        let free = self.in_flight.saturating_sub(RESERVED + state.flights.len());
        let State { policy, there, .. } = state;
        let Plan { wanted, ahead } = policy.plan(there, reads, free);
        self.counts.planned(wanted.len(), ahead.len());
        for range in wanted.into_iter().chain(ahead) {
            let flight = self.launch(range, opened);
            state.flights.insert(flight.range.start, flight);
        }
        let mut pieces = BTreeMap::new();
        let mut awaited = BTreeMap::new();
        for range in reads.ranges() {
            pieces.extend(state.memory.read(range, || self.pool.tick()));
            let first =
                state.flights.range(..=range.start).next_back().map_or(range.start, |(from, _)| *from);
            let flights = state.flights.range_mut(first..range.end.max(first));
            for (from, flight) in flights.filter(|(_, flight)| flight.overlaps(range)) {
                awaited.insert(*from, flight.awaited(range));
            }
        }
        (pieces, awaited.into_values().collect())
    }

    /// Sets off a request.
    fn launch(&self, range: Range<u64>, opened: &Opened) -> Flight {
        let (tell, outcome) = watch::channel(None);
        let errand = Errand {
            remote: self.remote.clone(),
            range: range.clone(),
            pin: opened.pin.clone(),
            disk: opened.disk.clone(),
            slots: Arc::clone(&self.slots),
            counts: Arc::clone(&self.counts),
        };
        let (ground, place) = (self.itself.clone(), range.clone());
        let task = async move {
            let disk = errand.disk.clone();
            let brought = errand.bring().await;
            let outcome = match brought {
                Ok(brought) => {
                    if let Some(far) = ground.upgrade() {
                        far.land(&place, &brought);
                    }
                    keep_on_disk(disk, brought.fresh);
                    Outcome::came(brought.pieces)
                }
                Err(error) => {
                    if let Some(far) = ground.upgrade() {
                        far.lose(place.start);
                    }
                    Outcome::failed(error)
                }
            };
            tell.send_replace(Some(Arc::new(outcome)));
        };
        let runtime = tokio::runtime::Handle::try_current().unwrap_or_else(|_| opened.runtime.clone());
        let task = runtime.spawn(task).abort_handle();
        Flight { range, outcome, task, wanted: Intervals::default() }
    }

    /// Keeps what a request brought. Nobody may look between the request's end and its bytes: they would be
    /// asked for again.
    fn land(&self, range: &Range<u64>, brought: &Brought) {
        let mut state = self.state();
        let flight = state.flights.remove(&range.start);
        state.there.remove(range);
        let wanted = flight.map(|flight| flight.wanted).unwrap_or_default();
        self.keep(state, &brought.pieces, brought.came.as_ref(), &wanted);
    }

    /// Keeps pieces, of which readers have asked for what is wanted.
    fn keep(
        &self,
        mut state: MutexGuard<'_, State>,
        pieces: &[(u64, Bytes)],
        came: Option<&Came>,
        wanted: &Intervals,
    ) {
        if let Some(came) = came {
            let bytes = came.pieces.iter().map(|piece| piece.len() as u64).sum();
            let beside = self.in_flight.saturating_sub(self.slots.available_permits()) + 1;
            state.policy.speed_mut().learn(came.head, bytes, came.body, beside);
        }
        for (from, bytes) in pieces {
            let range = *from..from + bytes.len() as u64;
            state.there.insert(&range);
            state.memory.insert(*from, bytes.clone(), self.pool.tick(), wanted);
            self.pool.add(bytes.len() as u64);
        }
        while state.memory.total() > self.memory {
            self.give_up_of(&mut state);
        }
        drop(state);
        self.pool.trim();
    }

    fn give_up_of(&self, state: &mut State) {
        if let Some(range) = state.memory.give_up() {
            state.there.remove(&range);
            self.pool.subtract(range.end - range.start);
        }
    }

    /// Forgets a request that brought nothing.
    fn lose(&self, from: u64) {
        let mut state = self.state();
        if let Some(flight) = state.flights.remove(&from) {
            state.there.remove(&flight.range);
        }
    }
}

impl Member for Far {
    fn oldest(&self) -> Option<u64> {
        self.state().memory.oldest()
    }

    fn give_up(&self) {
        self.give_up_of(&mut self.state());
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for flight in state.flights.values() {
            flight.task.abort();
        }
        self.pool.subtract(state.memory.total());
    }
}

/// Shows the name, and how much is kept.
impl fmt::Debug for Far {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Far")
            .field("remote", &self.remote)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

/// What a request needs, apart from the handle: that may be gone when it comes back.
struct Errand {
    remote: Remote,
    range: Range<u64>,
    pin: Pin,
    disk: Option<Disk>,
    slots: Arc<Semaphore>,
    counts: Arc<Counts>,
}

/// What it brought.
struct Brought {
    pieces: Vec<(u64, Bytes)>,
    /// Those that were not on disk.
    fresh: Vec<(u64, Bytes)>,
    /// The last answer from afar.
    came: Option<Came>,
}

impl Errand {
    async fn bring(self) -> Result<Brought> {
        let mut brought = Brought { pieces: self.on_disk().await, fresh: Vec::new(), came: None };
        let mut there = Intervals::default();
        for (from, bytes) in &brought.pieces {
            there.insert(&(*from..from + bytes.len() as u64));
        }
        for gap in there.gaps(&self.range) {
            let slot = self.slots.acquire().await.map_err(|_| stopped(&self.remote.address()))?;
            let came = fetch(&self.remote, gap.clone(), Some(&self.pin), &self.counts.fetched).await?;
            drop(slot);
            let pieces = placed(&came);
            if pieces.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>() < gap.end - gap.start {
                // It was long enough when it was opened.
                return Err(Error::Changed { address: self.remote.address() });
            }
            brought.fresh.extend(pieces.iter().cloned());
            brought.pieces.extend(pieces);
            brought.came = Some(came);
        }
        Ok(brought)
    }

    async fn on_disk(&self) -> Vec<(u64, Bytes)> {
        let Some(disk) = self.disk.clone() else { return Vec::new() };
        let range = self.range.clone();
        let found = tokio::task::spawn_blocking(move || disk.read(&range)).await.unwrap_or_default();
        let bytes = found.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        self.counts.came_from_disk(bytes);
        found
    }
}

fn no_length(address: Address) -> Error {
    Error::Answer { address, what: "no length of the object; download it".to_owned() }
}

/// Pieces with their first bytes.
fn placed(came: &Came) -> Vec<(u64, Bytes)> {
    let mut at = came.from;
    let place = |bytes: &Bytes| {
        let from = at;
        at += bytes.len() as u64;
        (from, bytes.clone())
    };
    came.pieces.iter().map(place).collect()
}

/// Leaves pieces for other processes, while nobody waits for that.
fn keep_on_disk(disk: Option<Disk>, pieces: Vec<(u64, Bytes)>) {
    let Some(disk) = disk.filter(|_| !pieces.is_empty()) else { return };
    tokio::task::spawn_blocking(move || {
        for (from, bytes) in pieces {
            // A full disk makes nothing wrong, only slower.
            disk.write(from, &bytes).ok();
        }
    });
}

/// A range out of pieces by their first bytes, which do not overlap; none where a byte is missing.
fn assembled(range: &Range<u64>, pieces: &BTreeMap<u64, Bytes>) -> Option<Bytes> {
    if range.is_empty() {
        return Some(Bytes::new());
    }
    let part = |at: u64| {
        let (from, bytes) = pieces.range(..=at).next_back()?;
        let until = range.end.min(from + bytes.len() as u64);
        let position = |byte: u64| usize::try_from(byte - from).ok();
        (at < until).then(|| Some(bytes.slice(position(at)?..position(until)?)))?
    };
    let first = part(range.start)?;
    let mut at = range.start + first.len() as u64;
    if at == range.end {
        return Some(first);
    }
    let mut all = BytesMut::with_capacity(usize::try_from(range.end - range.start).ok()?);
    all.extend_from_slice(&first);
    while at < range.end {
        let next = part(at)?;
        at += next.len() as u64;
        all.extend_from_slice(&next);
    }
    Some(all.freeze())
}
