//! Files brought to a folder: many at once, resumed after any stop, checked, never half there.
//!
//! A file comes under a hidden name beside its place (`.NAME.part`), with a note of which version of the
//! object it is (`.NAME.part.json`). What came is written as it comes; so a call that is stopped, by whatever,
//! leaves all but the last fraction of a megabyte of each transfer, and the next call asks for the
//! rest of the same version. Only when size and checksum are right does the file get its name, at once.
//! What is complete is noted in `.frazil-downloads.jsonl`: the same call again asks nobody for it.

mod checksum;
mod downloader;
mod item;
mod limits;
mod part;
mod progress;
mod record;
mod report;
mod route;
mod stored;
mod there;
mod transfer;
mod writer;

pub use checksum::{Algorithm, Checksum};
pub use downloader::{Downloader, Facts, Options};
pub use item::{InGoogle, InS3, Item};
pub(crate) use item::{percent_decoded, unsigned};
pub use progress::{Event, Look, Meter, Progress, Silent};
pub use report::{Done, FileReport, Outcome, Report, Verified};
pub(crate) use route::Routes;
