//! The events of one call, as they are added to a journal.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::{Event, Journal, What};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::local::random_hex;
use crate::provision::stage::Stage;

/// What all events of a call have in common.
pub struct Writer<'a> {
    context: &'a Context,
    /// The journal.
    pub journal: Journal,
    /// Which call it is.
    pub run: String,
    verb: &'static str,
    /// The UID of the cluster; empty while there is none.
    pub cluster: String,
    tools: Map<String, Value>,
}

impl<'a> Writer<'a> {
    /// The events of a call of a verb.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(context: &'a Context, journal: Journal, verb: &'static str) -> Result<Self> {
        let mut tools = Map::new();
        tools.insert("frazil".to_owned(), env!("CARGO_PKG_VERSION").into());
        Ok(Self { context, journal, run: random_hex(4)?, verb, cluster: String::new(), tools })
    }

    /// A tool that works in this call.
    #[must_use]
    pub fn tool(mut self, name: &str, version: &str) -> Self {
        self.tools.insert(name.to_owned(), version.into());
        self
    }

    /// Begins a stage.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn begin(&self, stage: Stage) -> Result<Instant> {
        self.journal.add(&self.event(stage, What::Began))?;
        Ok(Instant::now())
    }

    /// Ends a stage, well or not.
    ///
    /// # Errors
    /// The stage's own, without secrets; or when the journal cannot be written.
    pub fn end<T>(
        &self,
        stage: Stage,
        begun: Instant,
        result: Result<T>,
        redact: &dyn Fn(&str) -> String,
    ) -> Result<T> {
        self.end_with(stage, begun, result, redact, |_| Map::new())
    }

    /// The same with what the stage made.
    ///
    /// # Errors
    /// The stage's own, without secrets; or when the journal cannot be written.
    pub fn end_with<T>(
        &self,
        stage: Stage,
        begun: Instant,
        result: Result<T>,
        redact: &dyn Fn(&str) -> String,
        outputs: impl FnOnce(&T) -> Map<String, Value>,
    ) -> Result<T> {
        let what = if result.is_ok() { What::Ended } else { What::Failed };
        let mut event = self.event(stage, what);
        let result = result.map_err(|error| error.redacted(redact));
        match &result {
            Ok(made) => event.outputs = outputs(made),
            Err(error) => event.error = Some(told(error)),
        }
        let seconds = (begun.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        event.outputs.insert("seconds".to_owned(), json!(seconds));
        self.journal.add(&event)?;
        result
    }

    fn event(&self, stage: Stage, what: What) -> Event {
        Event {
            time: self.context.now().to_string(),
            run: self.run.clone(),
            verb: self.verb.to_owned(),
            stage,
            what,
            cluster: self.cluster.clone(),
            tools: self.tools.clone(),
            outputs: Map::new(),
            error: None,
        }
    }
}

fn told(error: &Error) -> String {
    std::iter::once(error.to_string()).chain(error.causes()).collect::<Vec<_>>().join(": ")
}
