//! Keys shared between the processes of a user: a file, and a lock so that one of them renews.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use url::Url;

use super::keys::Keys;

/// How long another process is given to renew, before it is done without sharing.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often the lock is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The file of an address and a user. Where it cannot be used (a home that cannot be written, a file
/// system without locks), each process has keys of its own.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    file: PathBuf,
}

/// Held while keys are renewed.
pub(super) struct Turn {
    _lock: File,
}

impl Shared {
    /// In a folder for caches. The name is a digest, for the address and the user are nobody's business.
    pub(super) fn new(cache: &Path, endpoint: &Url, user: &str) -> Self {
        let digest = digest(&SHA256, format!("{endpoint}\n{user}").as_bytes());
        let name: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { file: cache.join("s3-keys").join(format!("{name}.json")) }
    }

    /// Waits for this process's turn; none where there are no turns to be had.
    pub(super) async fn turn(&self) -> Option<Turn> {
        let lock = self.lock_file().ok()?;
        let begun = tokio::time::Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Some(Turn { _lock: lock }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
                Err(_) => return None,
            }
        }
    }

    fn lock_file(&self) -> std::io::Result<File> {
        if let Some(folder) = self.file.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let path = self.file.with_extension("lock");
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
    }

    /// What another process left, if only this user can have written and read it.
    pub(super) fn read(&self, now: Timestamp) -> Option<Keys> {
        let mut file = File::open(&self.file).ok()?;
        let meta = file.metadata().ok()?;
        // Whatever is made here is this user's.
        let own = tempfile::tempfile_in(self.file.parent()?).and_then(|own| own.metadata()).ok()?;
        if !is_private(&meta, own.uid()) {
            return None;
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).ok()?;
        Keys::parse(&serde_json::from_slice(&text).ok()?, now)
    }

    /// Leaves keys for other processes, whole or not at all. For who has the turn.
    pub(super) fn write(&self, keys: &Keys) -> std::io::Result<()> {
        // Whoever has the turn is alone here: one name will do, and a kill leaves no others.
        let new = self.file.with_extension("new");
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
        file.write_all(keys.written().to_string().as_bytes())?;
        std::fs::rename(new, &self.file)
    }
}

/// Whether a file is a user's, and nobody else can read or write it.
fn is_private(meta: &Metadata, user: u32) -> bool {
    let open = meta.mode() & 0o077 != 0;
    meta.uid() == user && !open
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    fn shared(cache: &Path) -> Shared {
        Shared::new(cache, &"https://data.nasa.gov/s3credentials".parse().unwrap(), "ada")
    }

    fn keys(id: &str) -> Keys {
        let value = json!({"accessKeyId": id, "secretAccessKey": "s", "sessionToken": "t", "expiration": "2030-01-01T00:00:00Z"});
        Keys::parse(&value, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[tokio::test]
    async fn one_has_the_turn_and_the_next_finds_what_it_left() {
        let cache = tempfile::tempdir().unwrap();
        let (first, second) = (shared(cache.path()), shared(cache.path()));
        let turn = first.turn().await.unwrap();
        let waiting = tokio::spawn(async move {
            let _turn = second.turn().await.unwrap();
            second.read(Timestamp::UNIX_EPOCH).unwrap().id
        });
        tokio::time::sleep(LOOK * 2).await;
        assert!(!waiting.is_finished());
        first.write(&keys("ASIA1")).unwrap();
        drop(turn);
        assert_eq!(waiting.await.unwrap(), "ASIA1");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&first.file), 0o600);
        assert_eq!(mode(first.file.parent().unwrap()), 0o700);
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_not_believed() {
        let cache = tempfile::tempdir().unwrap();
        let shared = shared(cache.path());
        let _turn = shared.turn().await.unwrap();
        shared.write(&keys("ASIA1")).unwrap();
        std::fs::set_permissions(&shared.file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(shared.read(Timestamp::UNIX_EPOCH).is_none());
        // What somebody laid there before is not written into.
        let new = shared.file.with_extension("new");
        std::fs::write(&new, "").unwrap();
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o644)).unwrap();
        shared.write(&keys("ASIA2")).unwrap();
        assert_eq!(shared.read(Timestamp::UNIX_EPOCH).unwrap().id, "ASIA2");
    }

    #[test]
    fn a_file_of_another_user_is_not_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let meta = path.metadata().unwrap();
        assert!(is_private(&meta, meta.uid()) && !is_private(&meta, meta.uid() + 1));
    }

    #[test]
    fn names_tell_nothing_and_differ_by_user_and_address() {
        let cache = Path::new("/cache");
        let of = |url: &str, user: &str| Shared::new(cache, &url.parse().unwrap(), user).file;
        let one = of("https://a.nasa.gov/s3credentials", "ada");
        assert_ne!(one, of("https://b.nasa.gov/s3credentials", "ada"));
        assert_ne!(one, of("https://a.nasa.gov/s3credentials", "grace"));
        assert!(!one.to_string_lossy().contains("ada"));
    }
}
