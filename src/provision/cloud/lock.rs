//! One call of Terraform at a time for a hub. On this machine a lock on a file says so, which Terraform
//! itself and its providers hold open too: it lasts as long as any of them, also when frazil was
//! killed. In the cloud it is Terraform's own lock of the state, which a call that was killed leaves
//! behind; it is taken away only when it is known to be this machine's and of such a call.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, getpgid, getuid};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::{is_alive, kill_all};

/// How long another call of frazil on this machine is waited for.
const OTHER_CALL: Duration = Duration::from_secs(30);
/// How long a Terraform is waited for whose frazil was killed: a cluster with its pools takes no longer.
const LEFT_BEHIND: Duration = Duration::from_mins(40);
/// How often it is looked whether the lock is free.
const PAUSE: Duration = Duration::from_millis(100);
/// How much a lock may be older than the call that took it: it is written with another clock's digits.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// The right to call Terraform for a hub on this machine, given back when the last copy is dropped.
#[derive(Clone, Debug)]
pub(super) struct LocalLock {
    file: Arc<File>,
    path: PathBuf,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The process of frazil that holds it.
    holder: i32,
    /// Since when a lock of the state may have been left behind.
    #[serde(default)]
    doubtful_since: Option<Timestamp>,
}

/// Who holds it beside this process.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    /// Another call of frazil.
    Frazil(i32),
    /// A Terraform whose frazil is gone, and which goes on.
    LeftBehind(i32),
    /// Providers whose Terraform was killed: nobody tells them anything any more.
    Strays(Vec<u32>),
    /// Nobody who can be seen.
    Unknown,
}

impl LocalLock {
    /// Takes the lock in a folder of the hub's own; `tell` hears what it waits for.
    ///
    /// # Errors
    /// When somebody else holds it for too long, or the file cannot be written.
    pub(super) async fn take(folder: &Path, tell: &mut dyn FnMut(&str)) -> Result<Self> {
        let path = folder.join("terraform.lock");
        let cannot = |error| Error::failed(format!("{} cannot be written", path.display())).because(error);
        fs::create_dir_all(folder).map_err(cannot)?;
        let open =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(&path);
        let lock = Self { file: Arc::new(open.map_err(cannot)?), path: path.clone() };
        let begun = Instant::now();
        loop {
            match lock.file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(cannot(error)),
                Err(TryLockError::WouldBlock) => lock.wait(begun.elapsed(), tell)?,
            }
            sleep(PAUSE).await;
        }
        let holder = i32::try_from(std::process::id()).unwrap_or_default();
        lock.write(&Record { holder, ..lock.read() })?;
        Ok(lock)
    }

    /// Whether to go on waiting; what nobody controls any more is ended.
    fn wait(&self, waited: Duration, tell: &mut dyn FnMut(&str)) -> Result<()> {
        match self.holder() {
            Holder::Strays(strays) => kill_all(&strays),
            Holder::LeftBehind(process) if waited > LEFT_BEHIND => {
                return Err(Error::failed(format!(
                    "an earlier call was killed, and its Terraform (process {process}) still runs"
                ))
                .hint(format!("end it in order with `kill -INT {process}`, then call it again")));
            }
            Holder::LeftBehind(process) => {
                tell(&format!("waiting for Terraform of a call that was killed (process {process})"));
            }
            other if waited > OTHER_CALL => {
                let who = match other {
                    Holder::Frazil(process) => format!(" (process {process})"),
                    _ => String::new(),
                };
                return Err(Error::failed(format!("another call{who} is at work on this hub"))
                    .hint("wait until it ends, then call it again"));
            }
            _ => tell("waiting for another call on this machine"),
        }
        Ok(())
    }

    fn holder(&self) -> Holder {
        let recorded = self.read().holder;
        let all = holders(&self.path);
        if all.is_empty() {
            return if is_alive(recorded) { Holder::Frazil(recorded) } else { Holder::Unknown };
        }
        classify(recorded, &all, |pid| {
            let group = Pid::from_raw(pid).and_then(|pid| getpgid(Some(pid)).ok());
            group.is_some_and(|group| group.as_raw_nonzero().get() == pid)
        })
    }

    /// The file, for the standard input of what is to hold it too.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Whether an earlier call may have left a lock of the state behind.
    pub(super) fn is_doubtful(&self) -> bool {
        self.read().doubtful_since.is_some()
    }

    /// A call begins that locks the state: from now on a lock may be left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn begin(&self, now: Timestamp) -> Result<()> {
        let record = self.read();
        let since = record.doubtful_since.unwrap_or(now);
        self.write(&Record { doubtful_since: Some(since), ..record })
    }

    /// The call ended in order, or its lock was taken away: none is left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn end(&self) -> Result<()> {
        self.write(&Record { doubtful_since: None, ..self.read() })
    }

    /// Whether a lock of the state is one that a call on this machine left.
    pub(super) fn left(&self, context: &Context, lock: &StateLock) -> bool {
        self.read().doubtful_since.is_some_and(|since| lock.is_of(&own_name(context), since))
    }

    fn read(&self) -> Record {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        // A record that a full disk or a kill cut off says nothing.
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn write(&self, record: &Record) -> Result<()> {
        let text = serde_json::to_vec(record).unwrap_or_default();
        let write = || {
            self.file.write_all_at(&text, 0)?;
            self.file.set_len(text.len() as u64)
        };
        write().map_err(|error: std::io::Error| {
            let full = error.kind() == std::io::ErrorKind::StorageFull;
            let failed = Error::failed(format!("{} cannot be written", self.path.display())).because(error);
            if full { failed.hint("the disk is full: free some space and call it again") } else { failed }
        })
    }
}

/// Which of the holders counts.
fn classify(recorded: i32, all: &[i32], leads: impl Fn(i32) -> bool) -> Holder {
    if all.contains(&recorded) {
        return Holder::Frazil(recorded);
    }
    match all.iter().find(|pid| leads(**pid)) {
        Some(pid) => Holder::LeftBehind(*pid),
        None => Holder::Strays(all.iter().filter_map(|pid| u32::try_from(*pid).ok()).collect()),
    }
}

/// The processes that have a file open, but for this one; none where the system does not tell
/// (`proc_pid_fd(5)`).
fn holders(path: &Path) -> Vec<i32> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let holds = |pid: i32| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|link| link == path)
    };
    pids.filter(|pid| *pid != own && holds(*pid)).collect()
}

/// What Terraform tells of a lock that it could not get ("State Locking", Terraform's documentation).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StateLock {
    /// By what it can be taken away.
    pub id: String,
    /// Who took it: `user@machine`.
    pub who: String,
    /// When, as Go writes moments.
    pub created: String,
}

impl StateLock {
    /// The lock that a complaint of Terraform's tells of.
    pub(super) fn of(summary: &str, detail: &str) -> Option<Self> {
        if !summary.contains("state lock") {
            return None;
        }
        let field = |name: &str| {
            let line = detail.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.trim().to_owned()).unwrap_or_default()
        };
        let lock = Self { id: field("ID"), who: field("Who"), created: field("Created") };
        (!lock.id.is_empty()).then_some(lock)
    }

    /// Whether it was taken by this name, not before that moment.
    fn is_of(&self, own: &str, since: Timestamp) -> bool {
        let text = self.created.trim_end_matches(" UTC");
        let created = Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", text);
        self.who == own && created.is_ok_and(|created| created >= since - SLACK)
    }

    /// What a person is told of a lock that is not known to be this machine's.
    pub(super) fn refusal(&self, folder: &Path, terraform: &Path) -> Error {
        let Self { id, who, created } = self;
        let tool = terraform.file_name().unwrap_or_default().to_string_lossy();
        Error::failed(format!("Terraform's state is locked by {who} since {created} (ID {id})"))
            .hint("a call is at work there: wait until it ends, then call it again")
            .hint(format!(
                "only if it was killed and runs nowhere any more: `{tool} -chdir={} force-unlock {id}`",
                folder.display()
            ))
    }
}

/// The name under which Terraform locks a state here: the person of this process by the system's
/// list, at this machine.
fn own_name(context: &Context) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let person = name_in(&users, getuid().as_raw()).unwrap_or_else(|| context.person());
    format!("{person}@{}", context.machine_name())
}

/// The name of a user (passwd(5)).
fn name_in(users: &str, id: u32) -> Option<String> {
    let id = id.to_string();
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    fields
        .filter(|fields| fields.get(2) == Some(&id.as_str()))
        .find_map(|fields| fields.first().map(|name| (*name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DETAIL: &str = "operation error S3: PutObject, https response error StatusCode: 412

Lock Info:
  ID:        3d3c9a52-11
  Path:      lab-state/lab/terraform.tfstate
  Operation: OperationTypeApply
  Who:       ada@laptop
  Version:   1.12.6
  Created:   2026-11-21 19:20:01.123456789 +0000 UTC
  Info:      

OpenTofu acquires a state lock to protect the state from being written by";

    fn lock() -> StateLock {
        StateLock::of("Error acquiring the state lock", DETAIL).unwrap()
    }

    #[test]
    fn a_lock_is_read_from_what_terraform_says() {
        let lock = lock();
        assert_eq!((lock.id.as_str(), lock.who.as_str()), ("3d3c9a52-11", "ada@laptop"));
        assert_eq!(StateLock::of("creating EKS Node Group", DETAIL), None);
        assert_eq!(StateLock::of("Error acquiring the state lock", "timeout"), None);
    }

    #[test]
    fn only_a_lock_of_a_call_that_did_not_end_here_is_ones_own() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(lock().is_of("ada@laptop", at("2026-11-21T19:20:00Z")));
        assert!(lock().is_of("ada@laptop", at("2026-11-21T19:20:02Z")), "clocks differ by their digits");
        assert!(!lock().is_of("ada@laptop", at("2026-11-21T19:25:00Z")), "it is older than the call");
        assert!(!lock().is_of("ada@desk", at("2026-11-21T19:20:00Z")), "another machine's");
        assert!(!lock().is_of("eve@laptop", at("2026-11-21T19:20:00Z")), "another person's");
        let odd = StateLock { created: "yesterday".to_owned(), ..lock() };
        assert!(!odd.is_of("ada@laptop", at("2026-11-21T19:20:00Z")));
    }

    #[test]
    fn a_refusal_names_the_lock_and_what_to_do() {
        let refused = lock().refusal(Path::new("/state/lab/terraform"), Path::new("/usr/bin/tofu"));
        assert!(refused.to_string().contains("3d3c9a52-11") && refused.to_string().contains("ada@laptop"));
        assert!(refused.hints()[1].contains("`tofu -chdir=/state/lab/terraform force-unlock 3d3c9a52-11`"));
    }

    #[test]
    fn a_call_then_its_terraform_then_its_providers_hold_the_lock() {
        assert_eq!(classify(7, &[7, 8, 9], |pid| pid == 8), Holder::Frazil(7));
        assert_eq!(classify(7, &[8, 9], |pid| pid == 8), Holder::LeftBehind(8));
        assert_eq!(classify(7, &[9], |_| false), Holder::Strays(vec![9]));
    }

    #[test]
    fn names_are_the_systems() {
        let users = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_in(users, 1000).as_deref(), Some("ada"));
        assert_eq!(name_in(users, 5), None);
    }

    #[tokio::test]
    async fn what_may_be_left_behind_is_remembered_until_a_call_ends_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let first = "2026-11-21T19:20:00Z".parse::<Timestamp>().unwrap();
        let lock = LocalLock::take(folder.path(), &mut |_| ()).await.unwrap();
        assert!(!lock.is_doubtful());
        lock.begin(first).unwrap();
        drop(lock);
        let lock = LocalLock::take(folder.path(), &mut |_| ()).await.unwrap();
        lock.begin(first + SignedDuration::from_hours(1)).unwrap();
        assert_eq!(lock.read().doubtful_since, Some(first));
        lock.end().unwrap();
        assert!(!lock.is_doubtful());
    }
}
