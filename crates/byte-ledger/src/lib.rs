//! The byte ledger: which bytes clients read, from where and by which route. The data-access crate
//! appends to it, `frazil egress` reads it; `docs/byte-ledger.md` has the format for other programs.
//!
//! ```
//! use frazil_byte_ledger::{Record, Route, Who, Writer, read};
//!
//! let folder = std::env::temp_dir().join(format!("frazil-byte-ledger-{}", std::process::id()));
//! let writer = Writer::open(&folder, &Who { user: "ada".into(), ..Who::default() })?;
//! let record = Record { dataset: "ATL03.006".into(), route: Route::InRegion, ..Record::default() };
//! writer.append(&Record { time: 1_795_336_102_123, requests: 12, received: 52_428_800, ..record })?;
//! let entries: Result<Vec<_>, _> = read(&folder)?.collect();
//! assert_eq!(entries?[0].record.requests, 12);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is written so
//!
//! Writers are notebooks and Dask workers on many nodes with one home, often NFS or EFS.
//!
//! * **No two processes share a file.** `O_APPEND` is not atomic between clients of NFS, and locks
//!   there may be lost with a lease. A name is taken with `O_EXCL`, which NFS keeps atomic since its
//!   third version. A forked child begins a file of its own; it never waits for a lock that a
//!   thread of its parent held at the fork.
//! * **A record is one line, written by one call.** What the call took is in the kernel's page
//!   cache and outlives a kill of the process. [`Writer::sync`] is for those who fear the machine's
//!   end too. On NFS other machines see records when the client's kernel has sent them, some
//!   30 seconds later, or at a sync.
//! * **A failed or short write is taken back** by cutting the file to what was acknowledged; where
//!   that fails, the next record begins a new file. A caller may so append again what was refused
//!   without its being counted twice.
//! * **A reader believes a line only with its newline and its checksum**, and tells of each one that it
//!   leaves. Killed in the middle of a write, a process leaves a last line that is cut: never one
//!   that was acknowledged.
//! * **A header says version and writer**, and comes again every 64 KiB: what a power cut takes from
//!   the beginning of a file does not make the rest unreadable.
//!
//! A file holds what ended on the day in its name, or before; so files of old days can be passed over, and
//! be deleted whole. Files are never merged: that a writer on another machine has ended cannot be
//! known safely over NFS, and a record appended to a merged file would be lost.

mod day;
mod line;
mod reader;
mod record;
mod sums;
mod writer;

pub use reader::{Entry, Fault, LedgerFile, Lines, Why, files, read};
pub use record::{FORMAT, Record, Route, Who};
pub use sums::{Field, Sums, Totals};
pub use writer::{Error, Writer};
