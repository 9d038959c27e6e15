//! Steps that take time: a moving line on a terminal, one line a step elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::stderr::stderr_line;

/// How often the moving line is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Between two lines about one step where no line can move.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// The steps of a verb, each with its time.
#[derive(Debug)]
pub struct Progress {
    moving: bool,
    quiet: bool,
    started: Instant,
    bar: Option<ProgressBar>,
    step: Option<(String, Instant)>,
    told: Option<Instant>,
    /// The steps that are done and how long each took.
    pub done: Vec<(String, Duration)>,
}

impl Progress {
    /// No steps yet.
    pub fn new(moving: bool, quiet: bool) -> Self {
        Self { moving, quiet, started: Instant::now(), bar: None, step: None, told: None, done: Vec::new() }
    }

    /// Begins a step, and ends the one before.
    pub fn step(&mut self, what: &str) {
        self.finish();
        self.step = Some((what.to_owned(), Instant::now()));
        if self.moving {
            let bar = ProgressBar::new_spinner();
            bar.set_style(
                ProgressStyle::with_template("  {spinner} {msg} {elapsed}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(TICK);
            self.bar = Some(bar);
        }
    }

    /// Tells more about the step that runs: in the moving line on a terminal, elsewhere as lines of
    /// their own, not more often than somebody reads them.
    pub fn detail(&mut self, text: &str) {
        let Some((what, _)) = &self.step else { return };
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{what}: {text}"));
        } else if !self.quiet && self.told.is_none_or(|told| told.elapsed() > BETWEEN_LINES) {
            stderr_line(&format!("           {text}"));
            self.told = Some(Instant::now());
        }
    }

    /// Tells something about the step that runs that has to be seen: a line of its own everywhere.
    pub fn line(&self, text: &str) {
        let tell = || stderr_line(&format!("           {text}"));
        match &self.bar {
            Some(bar) => bar.suspend(tell),
            None if !self.quiet => tell(),
            None => {}
        }
    }

    /// Ends the step that runs and tells how long it took.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if let Some((what, since)) = self.step.take() {
            let took = since.elapsed();
            if !self.quiet {
                stderr_line(&format!("  {:>6.1} s  {what}", took.as_secs_f64()));
            }
            self.done.push((what, took));
        }
    }

    /// Forgets the step that runs, because it failed; its error tells the rest.
    pub fn abandon(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.step = None;
    }

    /// The time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
