//! Watches pods and nodes and writes their history, one file of lines a day.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt, pin_mut, select};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::history::{Life, learn, news, node, pod};
use super::kubelets::{BYTES, DAYS};
use crate::context::Context;
use crate::error::{Error, Result};

/// How long the API server keeps one watch open; then everything is listed again.
const WATCH: u32 = 290;
/// Between two attempts when the API server is away.
const PAUSE: Duration = Duration::from_secs(5);

/// The history in a folder.
pub struct Recorder<'a> {
    context: &'a Context,
    folder: PathBuf,
    known: BTreeMap<String, Life>,
}

impl<'a> Recorder<'a> {
    /// Reads what was recorded before.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(context: &'a Context, folder: &Path) -> Result<Self> {
        let cannot = |error: io::Error| {
            Error::failed(format!("the history in {} cannot be read", folder.display())).because(error)
        };
        fs::create_dir_all(folder).map_err(cannot)?;
        let known = known(&files(folder).map_err(cannot)?).map_err(cannot)?;
        Ok(Self { context, folder: folder.to_owned(), known })
    }

    /// Watches until it is stopped. The API server may go away and come back.
    ///
    /// # Errors
    /// When the history cannot be written.
    pub async fn run(mut self, client: Client, namespace: &str) -> Result<()> {
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let nodes: Api<Node> = Api::all(client);
        loop {
            if self.watch(&pods, &nodes).await?.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Lists everything once, then follows changes until the API server ends it.
    async fn watch(
        &mut self,
        pods: &Api<Pod>,
        nodes: &Api<Node>,
    ) -> Result<std::result::Result<(), kube::Error>> {
        let listed = async { Ok((list(pods).await?, list(nodes).await?)) }.await;
        let ((seen_pods, pods_at), (seen_nodes, nodes_at)) = match listed {
            Ok(listed) => listed,
            Err(error) => return Ok(Err(error)),
        };
        let there: Vec<_> = seen_pods.iter().map(pod).chain(seen_nodes.iter().map(node)).collect();
        let now = self.context.now().to_string();
        self.write(news(&self.known, &there, &now))?;
        // What is over and gone needs no watching; a year of it would only fill the memory.
        self.known.retain(|uid, life| !life.is_over() || there.iter().any(|other| other.uid() == uid));
        let how = WatchParams::default().timeout(WATCH);
        let (pods, nodes) = match (pods.watch(&how, &pods_at).await, nodes.watch(&how, &nodes_at).await) {
            (Ok(pods), Ok(nodes)) => (pods.fuse(), nodes.fuse()),
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
        };
        pin_mut!(pods, nodes);
        loop {
            let life = select! {
                event = pods.next() => event.map(|event| event.map(|event| self.life(event, pod))),
                event = nodes.next() => event.map(|event| event.map(|event| self.life(event, node))),
            };
            match life {
                None => return Ok(Ok(())),
                Some(Err(error)) => return Ok(Err(error)),
                Some(Ok(Some(life))) if self.known.get(life.uid()) != Some(&life) => {
                    self.write(vec![life])?;
                }
                Some(Ok(_)) => {}
            }
        }
    }

    /// What an event says of a life.
    fn life<K: Serialize>(&self, event: WatchEvent<K>, read: fn(&Value) -> Life) -> Option<Life> {
        let life = |object: &K| read(&serde_json::to_value(object).unwrap_or_default());
        match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => Some(life(&object)),
            WatchEvent::Deleted(object) => Some(life(&object).over(&self.context.now().to_string(), false)),
            WatchEvent::Bookmark(_) | WatchEvent::Error(_) => None,
        }
    }

    fn write(&mut self, changed: Vec<Life>) -> Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let path = self.folder.join(format!("{}.jsonl", day(self.context.now())));
        let lines: String =
            changed.iter().filter_map(|life| Some(serde_json::to_string(life).ok()? + "\n")).collect();
        append(&path, &lines)
            .map_err(|error| Error::failed(format!("{} cannot be written", path.display())).because(error))?;
        self.known.extend(changed.into_iter().map(|life| (life.uid().to_owned(), life)));
        Ok(())
    }
}

async fn list<K>(api: &Api<K>) -> std::result::Result<(Vec<Value>, String), kube::Error>
where
    K: Resource + Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    let list = api.list(&ListParams::default()).await?;
    let at = list.metadata.resource_version.unwrap_or_default();
    Ok((list.items.iter().map(|object| serde_json::to_value(object).unwrap_or_default()).collect(), at))
}

/// The day of a moment, in UTC as bills have it.
fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|end| end == "jsonl") && !name.starts_with(BYTES) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The lives that files tell of, the oldest file first. What was over long ago needs no watching, and is not kept.
fn known(files: &[PathBuf]) -> io::Result<BTreeMap<String, Life>> {
    let mut known = BTreeMap::new();
    for (place, path) in files.iter().enumerate() {
        for line in BufReader::new(fs::File::open(path)?).split(b'\n') {
            learn(&mut known, &line?);
        }
        if place + DAYS < files.len() {
            known.retain(|_, life| !life.is_over());
        }
    }
    Ok(known)
}

/// Adds whole lines, in place of what a stop has cut off.
pub(super) fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let whole = whole(&mut file)?;
    if whole < file.metadata()?.len() {
        file.set_len(whole)?;
    }
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

/// The length of a file up to its last whole line.
fn whole(file: &mut fs::File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(4096);
        let count = usize::try_from(end - start).unwrap_or(4096);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block[..count])?;
        if let Some(newline) = block[..count].iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::history::PodLife;

    #[test]
    fn what_a_stop_has_cut_off_gives_way_to_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let long = "x".repeat(9_000);
        for (before, after) in
            [("", "new\n"), ("one\n", "one\nnew\n"), ("one\n{\"ha", "one\nnew\n"), (long.as_str(), "new\n")]
        {
            fs::write(&path, before).unwrap();
            append(&path, "new\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
        let text = format!("one\n{long}");
        fs::write(&path, text).unwrap();
        append(&path, "new\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\nnew\n");
        fs::write(folder.path().join("bytes-2026-10-12.jsonl"), "").unwrap();
        assert_eq!(files(folder.path()).unwrap(), [path]);
    }

    #[test]
    fn what_was_over_long_ago_is_not_kept_and_half_a_line_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let life = |uid: &str, ended: Option<&str>| {
            let life = PodLife { uid: uid.into(), ended: ended.map(Into::into), ..PodLife::default() };
            serde_json::to_string(&Life::Pod(life)).unwrap() + "\n"
        };
        let end = Some("2026-10-01T12:00:00Z");
        for day in 0..=DAYS {
            let path = folder.path().join(format!("{day:02}.jsonl"));
            let text = match day {
                0 => life("runs", None) + &life("over", None) + &life("over", end) + &life("ends", None),
                1 => life("ends", end) + &life("runs", None)[..20],
                _ => String::new(),
            };
            fs::write(path, text).unwrap();
        }
        let known = known(&files(folder.path()).unwrap()).unwrap();
        assert_eq!(known.keys().collect::<Vec<_>>(), ["ends", "runs"]);
        assert!(known["ends"].is_over() && !known["runs"].is_over());
    }
}
