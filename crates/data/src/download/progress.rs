//! What happens while files are downloaded, and how far that is.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Something that happened. Paths are those of the items.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A download begins: of so many files, whose sizes are this sum where they are known.
    Begun {
        /// Files.
        files: u64,
        /// Bytes of those files whose size is known.
        bytes: u64,
    },
    /// The way to a bucket was chosen.
    Chosen {
        /// The bucket.
        bucket: String,
        /// Which way, and why, for people.
        because: String,
    },
    /// A file was there already, as it should be.
    There {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Its size, if it was not known before.
        learnt: Option<u64>,
    },
    /// Another process downloads the file, and is waited for.
    Waiting {
        /// The file.
        path: PathBuf,
    },
    /// A transfer begins.
    Started {
        /// The file.
        path: PathBuf,
        /// Bytes that an earlier call left.
        kept: u64,
        /// Its size, if it was not known before.
        learnt: Option<u64>,
    },
    /// Bytes came and were written.
    Came {
        /// The file.
        path: PathBuf,
        /// How many.
        bytes: u64,
    },
    /// Something went wrong, and is tried again.
    Again {
        /// The file.
        path: PathBuf,
        /// What went wrong, and for people.
        why: String,
        /// Bytes that were thrown away for it.
        lost: u64,
    },
    /// A file is complete and checked.
    Done {
        /// The file.
        path: PathBuf,
    },
    /// A file was given up.
    Failed {
        /// The file.
        path: PathBuf,
        /// Why, for people.
        why: String,
        /// Its size as it was known at first.
        size: Option<u64>,
    },
}

/// Hears what happens. Calls are short, and may come from any thread.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn heard(&self, event: &Event);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn heard(&self, _: &Event) {}
}

/// How far a download is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Look {
    /// Files in all.
    pub files: u64,
    /// Files that are complete, there before or not.
    pub complete: u64,
    /// Files that were given up.
    pub failed: u64,
    /// Bytes of all files as far as their sizes are known.
    pub total: u64,
    /// Bytes that are there.
    pub there: u64,
    /// Bytes that came in this call.
    pub came: u64,
    /// Bytes a second, over the last seconds.
    pub rate: f64,
    /// How long the rest takes at this rate; none before anything came.
    pub left: Option<Duration>,
}

/// Over this time the rate is taken.
const WINDOW: Duration = Duration::from_secs(10);
/// Samples are no nearer to each other, so that few are kept.
const STEP: Duration = Duration::from_millis(100);

/// Adds up events, and says how far a download is whenever it is asked.
#[derive(Debug, Default)]
pub struct Meter {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    look: Look,
    /// Transfers under way: bytes that are there, and the size that was learnt.
    under_way: HashMap<PathBuf, (u64, Option<u64>)>,
    /// When so many bytes had come.
    samples: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// How far it is.
    pub fn look(&self) -> Look {
        self.look_at(Instant::now())
    }

    fn look_at(&self, now: Instant) -> Look {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut look = state.look;
        if let Some((since, before)) = state.samples.front() {
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let came = (look.came - before) as f64;
            look.rate = came / now.duration_since(*since).as_secs_f64().max(0.001);
            #[expect(clippy::cast_precision_loss, reason = "a time for people")]
            let rest = look.total.saturating_sub(look.there) as f64;
            look.left = Duration::try_from_secs_f64(rest / look.rate).ok();
        }
        look
    }

    fn hear_at(&self, event: &Event, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { look, under_way, .. } = &mut *state;
        match event {
            Event::Begun { files, bytes } => {
                look.files += files;
                look.total = look.total.saturating_add(*bytes);
            }
            Event::There { bytes, learnt, .. } => {
                look.complete += 1;
                look.there = look.there.saturating_add(*bytes);
                look.total = look.total.saturating_add(learnt.unwrap_or(0));
            }
            Event::Started { path, kept, learnt } => {
                let (there, size) = under_way.entry(path.clone()).or_default();
                *there += kept;
                *size = size.or(*learnt);
                look.there = look.there.saturating_add(*kept);
                look.total = look.total.saturating_add(learnt.unwrap_or(0));
            }
            Event::Came { path, bytes } => {
                under_way.entry(path.clone()).or_default().0 += bytes;
                look.there = look.there.saturating_add(*bytes);
                look.came += bytes;
                let came = look.came;
                state.sample(now, came - bytes, came);
            }
            Event::Again { path, lost, .. } => {
                let (there, _) = under_way.entry(path.clone()).or_default();
                *there = there.saturating_sub(*lost);
                look.there = look.there.saturating_sub(*lost);
            }
            Event::Done { path } => {
                under_way.remove(path);
                look.complete += 1;
            }
            Event::Failed { path, size, .. } => {
                // What is missing of it does not come any more.
                let (there, learnt) = under_way.remove(path).unwrap_or_default();
                let missing = learnt.or(*size).unwrap_or(0).saturating_sub(there);
                look.total = look.total.saturating_sub(missing);
                look.failed += 1;
            }
            Event::Chosen { .. } | Event::Waiting { .. } => {}
        }
    }
}

impl State {
    fn sample(&mut self, now: Instant, before: u64, came: u64) {
        match self.samples.back() {
            None => self.samples.push_back((now, before)),
            Some((last, _)) if now.duration_since(*last) >= STEP => self.samples.push_back((now, came)),
            Some(_) => {}
        }
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.samples.pop_front();
        }
    }
}

impl Progress for Meter {
    fn heard(&self, event: &Event) {
        self.hear_at(event, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(bytes: u64) -> Event {
        Event::Came { path: "a".into(), bytes }
    }

    #[test]
    fn the_rest_takes_as_long_as_the_rate_says() {
        let meter = Meter::default();
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        meter.hear_at(&Event::Begun { files: 2, bytes: 10_000 }, begun);
        assert_eq!(meter.look_at(begun).left, None);
        meter.hear_at(&Event::There { path: "b".into(), bytes: 4000, learnt: None }, begun);
        for second in 0..4 {
            meter.hear_at(&came(500), at(second));
        }
        let look = meter.look_at(at(4));
        assert_eq!((look.there, look.came, look.complete), (6000, 2000, 1));
        assert!((look.rate - 500.0).abs() < 1.0, "{look:?}");
        assert_eq!(look.left.unwrap().as_secs(), 8);
    }

    #[test]
    fn what_is_there_is_never_more_than_all_and_what_failed_is_not_waited_for() {
        let meter = Meter::default();
        let sums = || (meter.look().there, meter.look().total);
        meter.heard(&Event::Begun { files: 4, bytes: 1000 });
        meter.heard(&Event::There { path: "unsized".into(), bytes: 300, learnt: Some(300) });
        assert_eq!(sums(), (300, 1300));
        meter.heard(&Event::Failed { path: "not begun".into(), why: "404".into(), size: Some(600) });
        assert_eq!(sums(), (300, 700));
        meter.heard(&Event::Started { path: "a".into(), kept: 50, learnt: None });
        meter.heard(&came(100));
        meter.heard(&Event::Failed { path: "a".into(), why: "cut".into(), size: Some(400) });
        assert_eq!(sums(), (450, 450));
        meter.heard(&Event::Started { path: "b".into(), kept: 0, learnt: Some(70) });
        meter.heard(&Event::Failed { path: "b".into(), why: "cut".into(), size: None });
        assert_eq!(sums(), (450, 450));
        assert_eq!(meter.look().failed, 3);
    }

    #[test]
    fn sizes_that_no_disk_holds_stop_nothing() {
        let meter = Meter::default();
        for _ in 0..2 {
            meter.heard(&Event::Begun { files: 1, bytes: u64::MAX });
        }
        assert_eq!(meter.look().total, u64::MAX);
    }

    #[test]
    fn an_old_rate_is_forgotten() {
        let meter = Meter::default();
        let begun = Instant::now();
        meter.hear_at(&came(1_000_000), begun);
        for second in 60..80 {
            meter.hear_at(&came(10), begun + Duration::from_secs(second));
        }
        assert!(meter.look_at(begun + Duration::from_secs(80)).rate < 20.0);
    }

    #[test]
    fn what_is_thrown_away_is_not_there() {
        let meter = Meter::default();
        meter.heard(&came(100));
        meter.heard(&Event::Again { path: "a".into(), why: "damaged".into(), lost: 100 });
        assert_eq!((meter.look().there, meter.look().came), (0, 100));
    }
}
