//! Answers of Cost Explorer, each of which was paid for: kept for ever once their numbers are final, and a
//! while until then.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::questions::Span;
use crate::cloud::aws::{CostAnswer, CostQuestion};
use crate::error::{Error, Result};
use crate::ledger::ask::digest::of_texts;

/// How long numbers are kept that may change: Cost Explorer renews them three times a day at most.
const WHILE: SignedDuration = SignedDuration::from_hours(8);
/// The shape of a file.
const VERSION: &str = "1";

/// Answers in a folder, each in a file that its question names.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    now: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    asked_at: Timestamp,
    answer: CostAnswer,
}

impl Cache {
    pub(super) fn new(folder: PathBuf, now: Timestamp) -> Self {
        Self { folder, now }
    }

    /// Whether the answer to a question is known.
    pub(super) fn has(&self, question: &CostQuestion, account: &str) -> bool {
        self.read(question, account).is_some()
    }

    /// The answer to a question, if it is known and still holds. A damaged file is no answer.
    pub(super) fn read(&self, question: &CostQuestion, account: &str) -> Option<CostAnswer> {
        let bytes = fs::read(self.path(question, account)).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        let is_fresh = self.now.duration_since(kept.asked_at) < WHILE && kept.asked_at <= self.now;
        (is_final(&kept.answer) || is_fresh).then_some(kept.answer)
    }

    /// Keeps an answer, readable by its owner alone.
    pub(super) fn write(&self, question: &CostQuestion, account: &str, answer: &CostAnswer) -> Result<()> {
        let path = self.path(question, account);
        let cannot = || {
            Error::failed(format!("the answer of Cost Explorer cannot be kept in {}", self.folder.display()))
                .hint("without that it would be paid for again: make the folder writable")
        };
        fs::create_dir_all(&self.folder).map_err(|error| cannot().because(error))?;
        let kept = Kept { asked_at: self.now, answer: answer.clone() };
        let text = serde_json::to_vec(&kept).map_err(|error| cannot().because(error))?;
        // A temporary file is its owner's alone, and takes the place in one step.
        let write = || -> std::io::Result<()> {
            let unfinished = path.with_extension(format!("{}.part", std::process::id()));
            let mut options = fs::OpenOptions::new();
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.create(true).write(true).truncate(true).open(&unfinished)?.write_all(&text)?;
            fs::rename(unfinished, &path)
        };
        write().map_err(|error| cannot().because(error))
    }

    /// Forgets what is known of a month.
    pub(super) fn forget(&self, span: &Span) {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let own = format!("{}-", month_of(&span.start));
        for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(&own)) {
            // What stays is asked for again when it is too old.
            drop(fs::remove_file(file.path()));
        }
    }

    fn path(&self, question: &CostQuestion, account: &str) -> PathBuf {
        let text = serde_json::to_string(question).unwrap_or_default();
        let digest = of_texts([VERSION, account, text.as_str()]);
        self.folder.join(format!("{}-{}.json", month_of(&question.start), &digest[..32]))
    }
}

fn month_of(day: &str) -> &str {
    day.get(..7).unwrap_or_default()
}

/// Whether numbers will not change: no period of it is an estimate, and there is one.
fn is_final(answer: &CostAnswer) -> bool {
    !answer.periods.is_empty() && answer.periods.iter().all(|period| !period.estimated)
}
