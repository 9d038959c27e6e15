//! What a hub on this machine knows of a Dask cluster that failed: the gateway's log and the scheduler's.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use frazil_gateway::{ClusterName, Evidence};

use super::folders::Folders;
use crate::observe::Part;

/// How much of a log's end is read.
const LAST_BYTES: u64 = 4 << 20;

/// What the logs tell of a cluster; what is not there or cannot be read tells nothing.
pub fn evidence(folders: &Folders, name: &ClusterName) -> Evidence {
    let scheduler = folders.data.join("logs/clusters").join(name.as_str()).join("scheduler.log");
    let gateway = folders.logs().join(format!("{}.log", Part::Gateway.name()));
    let log = last_words(&scheduler) + "\n" + &records_of(&last_words(&gateway), name.as_str());
    Evidence { log, ..Evidence::default() }
}

/// The end of a file, as text.
fn last_words(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(LAST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The records of a gateway's log that name a cluster, with the traceback that follows. A record begins with `[`.
fn records_of(log: &str, name: &str) -> String {
    let mut is_ours = false;
    let ours = log.lines().filter(|line| {
        if line.starts_with('[') {
            is_ours = line.contains(name);
        }
        is_ours
    });
    ours.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::records_of;

    #[test]
    fn a_traceback_is_of_the_record_before_it() {
        let log = "ImportError: of nobody\n[I 2026 DaskGateway] Created cluster a1 for user ada\n\
                   [W 2026 DaskGateway] Failed to submit cluster b2\nTraceback\nImportError: b2's own\n\
                   [W 2026 DaskGateway] Failed to submit cluster a1\nTraceback\nOSError: [Errno 28] No space\n\
                   [I 2026 DaskGateway] Removed expired clusters";
        let told = records_of(log, "a1");
        assert!(
            told.contains("Created cluster a1") && told.ends_with("OSError: [Errno 28] No space"),
            "{told}"
        );
        assert!(!told.contains("ImportError"), "{told}");
    }
}
