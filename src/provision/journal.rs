//! What was done to a cluster, one line of JSON an event: a stop at any point leaves all
//! lines before it, and the next call reads from them what it may rely on.

mod writer;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::stage::Stage;
pub use writer::Writer;

use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};

/// Where a hub's journal and the logs of its tools are.
///
/// # Errors
/// When the environment does not say where files may go.
pub fn folder(context: &Context, document: &HubDocument) -> Result<PathBuf> {
    Ok(context.directories()?.state.join("clusters").join(document.hub.name.as_str()))
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A stage began.
    Began,
    /// It ended well.
    Ended,
    /// It failed.
    Failed,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, in RFC 3339.
    pub time: String,
    /// Which call: all lines of one have the same.
    pub run: String,
    /// The verb: `up` or `down`.
    pub verb: String,
    /// The stage.
    pub stage: Stage,
    /// What happened to it.
    pub what: What,
    /// The UID of the cluster, so that no line is believed of another one.
    pub cluster: String,
    /// Versions of the tools that worked.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub tools: Map<String, Value>,
    /// What the stage found out or made.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub outputs: Map<String, Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The journal of one hub.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in a folder of the hub's own, which is made.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .map_err(|error| Error::failed(format!("{} cannot be made", folder.display())).because(error))?;
        Ok(Self::look(folder))
    }

    /// The journal in a folder that need not be there.
    pub fn look(folder: &Path) -> Self {
        Self { path: folder.join("journal.jsonl") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All events, oldest first. A line that a stop cut off is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn events(&self) -> Result<Vec<Event>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => {
                Err(Error::failed(format!("{} cannot be read", self.path.display())).because(error))
            }
        }
    }

    /// The cluster of the last event that has one: before a cloud has made it, there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cluster(&self) -> Result<Option<String>> {
        let events = self.events()?.into_iter().rev();
        Ok(events.map(|event| event.cluster).find(|cluster| !cluster.is_empty()))
    }

    /// What a stage made when it last went through.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn outputs(&self, stage: Stage) -> Result<Map<String, Value>> {
        let ended = |event: &Event| event.stage == stage && event.what == What::Ended;
        Ok(self.events()?.into_iter().rfind(ended).map(|event| event.outputs).unwrap_or_default())
    }

    /// Adds an event and waits until it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&self, event: &Event) -> Result<()> {
        self.append(event).map_err(|error| {
            let full = error.kind() == io::ErrorKind::StorageFull;
            let failed = Error::failed(format!("the journal {} cannot be written", self.path.display()))
                .because(error);
            if full { failed.hint("the disk is full: free some space and call it again") } else { failed }
        })
    }

    fn append(&self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_string(event)?;
        line.push('\n');
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        if !ends_with_newline(&self.path)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }

    /// Forgets a hub that is gone: the journal moves aside, so that the last one can still be read.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn close(&self) -> Result<()> {
        match fs::rename(&self.path, self.path.with_extension("last.jsonl")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::failed(format!("{} cannot be moved", self.path.display())).because(error))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a file is empty or its last line is whole.
fn ends_with_newline(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::Map;

    use super::{Event, Journal, Stage, What};

    fn event(stage: Stage) -> Event {
        Event {
            time: "2026-11-21T09:00:00Z".to_owned(),
            run: "1".to_owned(),
            verb: "up".to_owned(),
            stage,
            what: What::Began,
            cluster: "uid".to_owned(),
            tools: Map::new(),
            outputs: Map::new(),
            error: None,
        }
    }

    #[test]
    fn a_line_that_was_cut_off_costs_nothing_but_itself() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.add(&event(Stage::Access)).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(journal.path()).unwrap();
        file.write_all(b"{\"time\":\"2026").unwrap();
        journal.add(&event(Stage::Crds)).unwrap();
        let stages: Vec<_> = journal.events().unwrap().into_iter().map(|event| event.stage).collect();
        assert_eq!(stages, [Stage::Access, Stage::Crds]);
    }
}
