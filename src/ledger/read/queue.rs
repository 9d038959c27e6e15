//! What is to be read, handed to threads as they come for it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::chunk::Chunk;

/// A piece of work.
#[derive(Debug)]
pub(in crate::ledger) enum Item {
    /// Records of a text.
    Chunk { file: usize, number: u32, chunk: Chunk },
    /// A row group of a table.
    Group { file: usize, number: u32 },
    /// A table's bytes, to be summed up.
    Digest { file: usize },
}

/// Work for all threads. Chunks wait only a few at a time, so that memory does not grow with files.
#[derive(Debug)]
pub(in crate::ledger) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Item>,
    others: VecDeque<Item>,
    /// Threads that still add chunks.
    adding: usize,
    stopped: bool,
}

impl Queue {
    pub(in crate::ledger) fn new(others: VecDeque<Item>, adding: usize, most: usize) -> Self {
        let state = State { others, adding, ..State::default() };
        Self { state: Mutex::new(state), changed: Condvar::new(), most }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a chunk once there is room; false when nobody wants more.
    pub(in crate::ledger) fn add(&self, item: Item) -> bool {
        let mut state = self.lock();
        while state.chunks.len() >= self.most && !state.stopped {
            state = self.wait(state);
        }
        if state.stopped {
            return false;
        }
        state.chunks.push_back(item);
        self.changed.notify_all();
        true
    }

    /// Tells that a thread adds no more chunks.
    pub(in crate::ledger) fn added(&self) {
        self.lock().adding -= 1;
        self.changed.notify_all();
    }

    /// Tells that no more chunks are wanted; those that wait are still handed out.
    pub(in crate::ledger) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The next piece. Row groups are taken from both ends: those beside each other are often of one day, and
    /// a thread that reads them one after the other needs fewer sums.
    pub(in crate::ledger) fn next(&self, from_the_end: bool) -> Option<Item> {
        let mut state = self.lock();
        loop {
            let found = state
                .chunks
                .pop_front()
                .or_else(|| if from_the_end { state.others.pop_back() } else { state.others.pop_front() });
            if found.is_some() {
                self.changed.notify_all();
                return found;
            }
            if state.adding == 0 {
                return None;
            }
            state = self.wait(state);
        }
    }
}
