//! All that a process has counted.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use frazil_byte_ledger::Who;
use serde::Serialize;

use super::Label;
use super::counters::Counts;
use super::ledger::{FOLDER, Pending};
use super::meter::{Broken, Meter, Reads, Sums};
use super::who::who;
use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// Broken exchanges that are kept one by one; of more there is only their number.
const BROKEN: usize = 1000;

/// Counts of a process, by label. A clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Books {
    ledger: Option<Arc<Pending>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    sums: BTreeMap<Label, Sums>,
    reads: BTreeMap<Label, Arc<Counts>>,
    broken: VecDeque<Broken>,
}

/// What was read for a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was counted together.
    #[serde(flatten)]
    pub label: Label,
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
    /// What handles were asked for.
    #[serde(flatten)]
    pub reads: Reads,
}

impl Books {
    /// Counts that are in memory only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts that go into the byte ledger too, where the environment names one ([`FOLDER`]).
    ///
    /// # Errors
    /// [`Error::Invalid`] when the folder cannot be used.
    pub fn of(surroundings: &Surroundings) -> Result<Self> {
        match surroundings.variable(FOLDER) {
            None => Ok(Self::new()),
            Some(folder) => Self::writing(Path::new(&folder), &who(surroundings), surroundings),
        }
    }

    /// Counts that go into a byte ledger too.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the folder cannot be used.
    pub fn writing(folder: &Path, who: &Who, surroundings: &Surroundings) -> Result<Self> {
        let ledger = Some(Arc::new(Pending::open(folder, who, surroundings)?));
        Ok(Self { ledger, state: Arc::default() })
    }

    /// A meter for a handle, a download or a search.
    pub fn meter(&self, label: Label) -> Arc<Meter> {
        Arc::new(Meter::new(label, self.clone()))
    }

    /// What was read so far, by label.
    pub fn lines(&self) -> Vec<Line> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(label, counts): (&Label, &Arc<Counts>)| Line {
            label: label.clone(),
            sums: state.sums.get(label).copied().unwrap_or_default(),
            reads: Reads::of(counts),
        };
        state.reads.iter().map(line).collect()
    }

    /// The sums of everything.
    pub fn total(&self) -> Sums {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sums.values().fold(Sums::default(), |mut total, sums| {
            total += *sums;
            total
        })
    }

    /// Exchanges whose bodies did not come to their end, the last thousand of them: by so much as they lack,
    /// a server may have sent more than came.
    pub fn broken(&self) -> Vec<Broken> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).broken.iter().cloned().collect()
    }

    /// Writes into the byte ledger what is not there yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it cannot be written; what was counted is kept.
    pub fn flush(&self) -> Result<()> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        ledger.flush().map_err(|why| Error::Invalid {
            what: format!("the byte ledger does not take what was counted: {why}"),
            advice: format!("check the folder that {FOLDER} names, and that its disk is not full"),
        })
    }

    /// Where the reads of a label are counted.
    pub(super) fn reads_of(&self, label: &Label) -> Arc<Counts> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(state.reads.entry(label.clone()).or_default())
    }

    pub(super) fn add(&self, label: &Label, sums: Sums, broken: Option<Broken>) {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            *state.sums.entry(label.clone()).or_default() += sums;
            state.reads.entry(label.clone()).or_default();
            if let Some(broken) = broken {
                if state.broken.len() == BROKEN {
                    state.broken.pop_front();
                }
                state.broken.push_back(broken);
            }
        }
        if let Some(ledger) = &self.ledger {
            Pending::add(ledger, label, sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use frazil_byte_ledger::read;

    use super::*;

    #[test]
    fn meters_of_one_label_are_summed_and_outlive_their_handles() {
        let books = Books::new();
        let label = Label { bucket: "data".to_owned(), ..Label::default() };
        let sums = Sums { requests: 1, received: 5, ..Sums::default() };
        books.add(&label, sums, None);
        drop(books.meter(label.clone()));
        books.add(&label, sums, None);
        books.add(&Label::default(), sums, None);
        assert_eq!(books.lines().len(), 2);
        assert_eq!(books.lines()[1].sums.received, 10);
        assert_eq!(books.total().requests, 3);
    }

    #[test]
    fn the_list_of_broken_ones_is_bounded() {
        let books = Books::new();
        let url: url::Url = "https://data.nasa.gov/a".parse().unwrap();
        let address = crate::address::Address::from(&url);
        for received in 0..BROKEN as u64 + 5 {
            let broken = Broken { address: address.clone(), status: Some(206), announced: None, received };
            books.add(&Label::default(), Sums::default(), Some(broken));
        }
        assert_eq!(books.broken().len(), BROKEN);
        assert_eq!(books.broken()[0].received, 5);
    }

    #[test]
    fn the_environment_names_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let books = Books::of(&Surroundings::made([(FOLDER, path), ("JUPYTERHUB_USER", "ada")])).unwrap();
        books.add(&Label::default(), Sums { requests: 1, received: 5, ..Sums::default() }, None);
        books.flush().unwrap();
        let entry = read(folder.path()).unwrap().next().unwrap().unwrap();
        assert_eq!((entry.who.user.as_str(), entry.record.received), ("ada", 5));
        let without = Books::of(&Surroundings::made([("JUPYTERHUB_USER", "ada")])).unwrap();
        without.add(&Label::default(), Sums::default(), None);
        without.flush().unwrap();
    }
}
