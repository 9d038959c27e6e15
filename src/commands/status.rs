//! `frazil status`: what runs, since when, with how much CPU and memory.

mod cloud;
mod cluster;
mod local;

use frazil_units::Bytes;
use jiff::Timestamp;

use super::{Run, load};
use crate::cli::HubFile;
use crate::config::Provider;
use crate::error::Result;
use crate::outcome::Outcome;

/// Shows what runs of a hub.
///
/// # Errors
/// When the file cannot be used, or machine or cluster cannot be looked at.
pub(super) async fn status(run: &Run<'_>, args: &HubFile) -> Result<Outcome> {
    let document = load::usable(run, &args.file)?;
    match &document.hub.provider {
        Provider::Local(_) => local::status(run, &document).await,
        Provider::Kubernetes(_) => cluster::status(run, &document).await,
        Provider::Aws(_) | Provider::Gcp(_) => cloud::status(run, &document).await,
    }
}

/// "3 min", "5 h", "2 days".
pub(super) fn age(now: Timestamp, since: Timestamp) -> String {
    match now.as_second().saturating_sub(since.as_second()).max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Memory in whole mebibytes.
fn memory(bytes: u64) -> String {
    Bytes::mib(bytes >> 20).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::age;

    #[test]
    fn ages_have_one_unit() {
        let since = Timestamp::UNIX_EPOCH;
        let after = |seconds| age(since + SignedDuration::from_secs(seconds), since);
        assert_eq!([-5, 119, 120, 7_200, 172_800].map(after), ["0 s", "119 s", "2 min", "2 h", "2 days"]);
    }
}
