//! Where this runs, where a bucket is, and so how the bucket is read: S3 within its region, HTTPS from
//! elsewhere.
//!
//! Nothing is asked before somebody wants to know, everything once, and nobody waits for longer
//! than [`LONGEST`]: who is not told in time is outside.

mod bucket;
mod choice;
mod here;
mod name;

pub use choice::{Access, Choice, Route};
pub use here::{Here, LONGEST, Whereabouts};
pub use name::{Cloud, Region};
