//! One range of an object, brought from afar in spite of faults.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::Answer;
use crate::remote::{Part, Pin, Remote, Span};

/// Largest piece in which bytes are kept, and given up.
const PIECE: usize = 1 << 20;
/// How often one request is made by the client below before it is an error here.
const TRIES: u32 = 4;
/// How often in a row a range may break without bringing anything.
const MOST_IN_VAIN: u32 = 5;
/// Pause after the first failure; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
/// Most bytes that are read and left, where a host gives the whole instead of a part.
const LONGEST_SKIP: u64 = 64 << 20;

/// What came.
pub(super) struct Came {
    /// The first byte.
    pub(super) from: u64,
    /// The bytes.
    pub(super) pieces: Vec<Bytes>,
    /// How long the object is.
    pub(super) total: Option<u64>,
    /// Which version it is of.
    pub(super) pin: Pin,
    /// How long it was waited for the head of the first answer.
    pub(super) head: Duration,
    /// How long the bodies took.
    pub(super) body: Duration,
}

/// A fetch on its way.
struct Fetch<'a> {
    remote: &'a Remote,
    range: Range<u64>,
    pin: Option<Pin>,
    total: Option<u64>,
    came: Vec<Bytes>,
    piece: BytesMut,
    /// The next byte that is missing.
    at: u64,
    head: Option<Duration>,
    body: Duration,
    /// Answers that held the whole instead of a part.
    wholes: u32,
    fetched: &'a AtomicU64,
}

/// The bytes of a range; fewer where the object ends before. What a broken answer brought is kept, and the rest
/// asked for again.
///
/// # Errors
/// As [`Remote::open`]; [`Error::Changed`] where the object is not of the pin's version.
pub(super) async fn fetch(
    remote: &Remote,
    range: Range<u64>,
    pin: Option<&Pin>,
    fetched: &AtomicU64,
) -> Result<Came> {
    let mut fetch = Fetch {
        remote,
        at: range.start,
        range,
        pin: pin.cloned(),
        total: None,
        came: Vec::new(),
        piece: BytesMut::new(),
        head: None,
        body: Duration::ZERO,
        wholes: 0,
        fetched,
    };
    let mut in_vain = 0;
    loop {
        let before = fetch.at;
        match fetch.stretch().await {
            Ok(()) if fetch.is_done() => return Ok(fetch.came()),
            Ok(()) if fetch.at > before => in_vain = 0,
            Ok(()) => in_vain += 1,
            Err(error) if !(error.is_passing() || matches!(error, Error::Answer { .. })) => {
                return Err(error);
            }
            Err(error @ Error::Changed { .. }) => return Err(error),
            Err(error) => {
                in_vain = if fetch.at > before { 0 } else { in_vain + 1 };
                if in_vain >= MOST_IN_VAIN {
                    return Err(error);
                }
            }
        }
        if in_vain >= MOST_IN_VAIN {
            let why = format!("the body ends at byte {} of {}", fetch.at, fetch.range.end);
            return Err(Error::Connection { address: remote.address(), tries: in_vain, why });
        }
        let doubled = PAUSE.saturating_mul(1 << in_vain.min(8));
        tokio::time::sleep(doubled.mul_f64(1.0 - fastrand::f64() / 2.0)).await;
    }
}

impl Fetch<'_> {
    fn is_done(&self) -> bool {
        self.at >= self.total.map_or(self.range.end, |total| self.range.end.min(total))
    }

    fn came(mut self) -> Came {
        if !self.piece.is_empty() {
            self.came.push(self.piece.freeze());
        }
        Came {
            from: self.range.start,
            pieces: self.came,
            total: self.total,
            pin: self.pin.unwrap_or_default(),
            head: self.head.unwrap_or_default(),
            body: self.body,
        }
    }

    /// One answer, from the first missing byte on.
    async fn stretch(&mut self) -> Result<()> {
        let span = Span::from(self.at..self.range.end);
        let begun = Instant::now();
        let mut answer = match self.remote.open(span, self.pin.as_ref(), TRIES).await {
            // An object without bytes has no first one to ask for.
            Err(Error::Refused { status: 416, .. }) if self.at == 0 => {
                self.total = Some(0);
                return Ok(());
            }
            answer => answer?,
        };
        self.head.get_or_insert(begun.elapsed());
        let part = Part::of(&answer, span, self.pin.as_ref(), false)?;
        if self.total.is_some() && part.total.is_some() && part.total != self.total {
            return Err(Error::Changed { address: self.remote.address() });
        }
        self.total = self.total.or(part.total);
        self.pin.get_or_insert(part.pin);
        let mut skip = self.at - part.from.min(self.at);
        if skip > 0 {
            self.wholes += 1;
            if self.wholes == 1 || skip > LONGEST_SKIP {
                let what = "the whole, where a part was asked for; download it".to_owned();
                return Err(Error::Answer { address: Address::from(answer.url()), what });
            }
        }
        let begun = Instant::now();
        let poured = self.pour(&mut answer, &mut skip).await;
        self.body += begun.elapsed();
        poured
    }

    async fn pour(&mut self, answer: &mut Answer, skip: &mut u64) -> Result<()> {
        while self.at < self.range.end {
            let Some(mut bytes) = answer.chunk().await? else { return Ok(()) };
            self.fetched.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(bytes.len());
            *skip -= skipped as u64;
            bytes = bytes.slice(skipped..);
            // More than was asked for is not the object's.
            bytes.truncate(usize::try_from(self.range.end - self.at).unwrap_or(usize::MAX));
            self.at += bytes.len() as u64;
            while !bytes.is_empty() {
                if self.piece.is_empty() {
                    let left = self.range.end - self.at + bytes.len() as u64;
                    self.piece.reserve(usize::try_from(left).unwrap_or(PIECE).min(PIECE));
                }
                let room = (PIECE - self.piece.len()).min(bytes.len());
                self.piece.extend_from_slice(&bytes.split_to(room));
                if self.piece.len() == PIECE {
                    self.came.push(self.piece.split().freeze());
                }
            }
        }
        if answer.status() == 206 {
            // The body's end lets the connection be used again; all that is wanted is there.
            answer.chunk().await.ok();
        }
        Ok(())
    }
}
