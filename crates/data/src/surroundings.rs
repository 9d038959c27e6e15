//! The one place of the crate that reads the environment, the home's files and the clock.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// What the crate knows of where it runs. Tests make their own.
#[derive(Clone)]
pub struct Surroundings {
    variables: Variables,
    clock: Clock,
}

#[derive(Clone)]
enum Variables {
    Process,
    Made(Arc<BTreeMap<String, String>>),
}

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    Machine,
    /// The machine's and so many seconds more, which may change while it runs.
    Shifted(Arc<AtomicI64>),
}

impl Surroundings {
    /// Those of this process. Variables are read when they are asked for, so that what a notebook
    /// sets later counts.
    pub fn of_process() -> Self {
        Self { variables: Variables::Process, clock: Clock::Machine }
    }

    /// Made ones: these variables and no others.
    pub fn made<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let all = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables: Variables::Made(Arc::new(all)), clock: Clock::Machine }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A variable of the environment; an empty one is as none.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.variables {
            Variables::Process => std::env::var(name).ok(),
            Variables::Made(all) => all.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// The first of some variables that is set.
    pub fn first_variable(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.variable(name))
    }

    /// The home directory, if the environment says where.
    pub fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }

    /// The folder for what can be fetched again, by the XDG Base Directory Specification.
    pub fn cache(&self) -> Option<PathBuf> {
        let named = self.variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| self.home().map(|home| home.join(".cache"))).map(|folder| folder.join("frazil"))
    }

    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        match &self.clock {
            Clock::Machine => now,
            Clock::Shifted(by) => {
                let by = SignedDuration::from_secs(by.load(Ordering::Relaxed));
                now.checked_add(by).unwrap_or(now)
            }
        }
    }
}

/// Shows no variable: some are secrets.
impl fmt::Debug for Surroundings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.variables {
            Variables::Process => "process",
            Variables::Made(_) => "made",
        };
        out.debug_struct("Surroundings").field("of", &of).field("clock", &self.clock).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ones_know_only_what_they_were_given_and_show_none_of_it() {
        let made =
            Surroundings::made([("EARTHDATA_TOKEN", "tell-no-one"), ("HOME", "/home/ada"), ("EMPTY", "")]);
        assert_eq!(made.variable("EARTHDATA_TOKEN").as_deref(), Some("tell-no-one"));
        assert_eq!(made.variable("PATH"), None);
        assert_eq!(made.variable("EMPTY"), None);
        assert_eq!(made.cache(), Some(PathBuf::from("/home/ada/.cache/frazil")));
        assert!(!format!("{made:?}").contains("tell-no-one"));
    }

    #[test]
    fn a_shifted_clock_moves_while_it_runs() {
        let by = Arc::new(AtomicI64::new(0));
        let made = Surroundings::made([("A", "b")]).with_clock(Clock::Shifted(Arc::clone(&by)));
        let before = made.now();
        by.store(3600, Ordering::Relaxed);
        assert!(made.now().duration_since(before) >= SignedDuration::from_secs(3600));
    }
}
