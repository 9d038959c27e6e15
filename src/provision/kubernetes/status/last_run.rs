//! The last call that changed a cluster, from the journal.

use jiff::Timestamp;
use serde::Serialize;

use crate::provision::journal::{Event, What};
use crate::provision::stage::Stage;

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Last {
    /// Its last stage that began has ended.
    Ended,
    /// A stage failed.
    Failed,
    /// A stage neither ended nor failed: it was stopped, or goes on now.
    Open,
}

/// A call that changed the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastRun {
    /// The verb.
    pub verb: String,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When the last thing happened.
    pub until: Option<Timestamp>,
    /// The stage that it reached.
    pub stage: Stage,
    /// How that stage came out.
    pub last: Last,
    /// Why it failed.
    pub error: Option<String>,
}

impl LastRun {
    /// The last call of a journal, if that was at this cluster.
    pub(super) fn of(events: &[Event], cluster: &str) -> Option<Self> {
        let of_cluster = |event: &&Event| event.cluster == cluster || event.cluster.is_empty();
        let last = events.last().filter(of_cluster)?;
        let of_run = || events.iter().filter(|event| event.run == last.run);
        let failed = of_run().rev().find(|event| event.what == What::Failed);
        let over =
            |began: &Event| of_run().any(|event| event.stage == began.stage && event.what != What::Began);
        let open = of_run().rev().find(|event| !over(event));
        let (reached, outcome) = match (failed, open) {
            (Some(failed), _) => (failed, Last::Failed),
            (None, Some(open)) => (open, Last::Open),
            (None, None) => (last, Last::Ended),
        };
        Some(Self {
            verb: last.verb.clone(),
            began: of_run().next().and_then(|event| event.time.parse().ok()),
            until: last.time.parse().ok(),
            stage: reached.stage,
            last: outcome,
            error: failed.and_then(|event| event.error.clone()),
        })
    }

    /// What came of it, in words.
    pub fn words(&self) -> String {
        let Self { verb, stage, .. } = self;
        let stage = stage.name();
        match (self.last, &self.error) {
            (Last::Ended, _) => format!("`{verb}` went through"),
            (Last::Failed, Some(error)) => format!("`{verb}` failed at `{stage}`: {error}"),
            (Last::Failed, None) => format!("`{verb}` failed at `{stage}`"),
            (Last::Open, _) => format!("`{verb}` was stopped at `{stage}`, or is still there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn event(run: &str, stage: Stage, what: What) -> Event {
        Event {
            time: "2026-11-21T09:00:00Z".to_owned(),
            run: run.to_owned(),
            verb: "up".to_owned(),
            stage,
            what,
            cluster: "uid".to_owned(),
            tools: Map::new(),
            outputs: Map::new(),
            error: (what == What::Failed).then(|| "no".to_owned()),
        }
    }

    #[test]
    fn the_stage_that_was_open_or_failed_is_the_one_that_is_told() {
        let mut events = vec![
            event("1", Stage::Crds, What::Failed),
            event("2", Stage::Access, What::Began),
            event("2", Stage::Access, What::Ended),
            event("2", Stage::Crds, What::Began),
        ];
        let run = LastRun::of(&events, "uid").unwrap();
        assert_eq!((run.stage, run.last), (Stage::Crds, Last::Open));
        events.push(event("2", Stage::Crds, What::Failed));
        assert_eq!(LastRun::of(&events, "uid").unwrap().words(), "`up` failed at `crds`: no");
        assert_eq!(LastRun::of(&events, "other"), None);
    }
}
