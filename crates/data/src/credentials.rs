//! Keys for NASA's buckets: they come from an archive's `s3credentials` address for a login, are good
//! for an hour at most, and within the bucket's region only.
//!
//! [`S3Keys`] keeps them valid while work runs: after half of their life the next who asks gets new
//! ones while the others go on, and before their end all wait for them. Processes of one user on
//! one machine share them through a file that only the user can read.

mod archives;
mod endpoint;
mod keys;
mod provider;
mod shared;

pub use archives::ArchiveKeys;
pub use endpoint::of_archive;
pub use keys::Keys;
pub use provider::S3Keys;
