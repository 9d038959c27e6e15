//! S3 or HTTPS.

use std::sync::PoisonError;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::here::{Here, LONGEST, Whereabouts};
use super::name::{Cloud, Region};

/// After this time S3 is asked again for a bucket of which it did not tell in time.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// What the caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// S3 within the bucket's region, HTTPS from elsewhere.
    #[default]
    Auto,
    /// S3, wherever this runs.
    S3,
    /// HTTPS, wherever this runs.
    Https,
}

/// By which way a bucket is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// From S3 itself, with keys.
    S3,
    /// Over HTTPS, from the archive's own host.
    Https,
    /// From Google Cloud Storage itself.
    #[serde(rename = "gs")]
    Google,
}

impl Route {
    /// In a word: `s3`, `https` or `gs`.
    pub fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Https => "https",
            Self::Google => "gs",
        }
    }
}

/// The way that was chosen, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The way.
    pub route: Route,
    /// Why, for people.
    pub because: String,
}

impl Whereabouts {
    /// The way to a bucket. `told` is its region where the collection's metadata names it, which saves
    /// asking S3. Waits for at most twice [`LONGEST`] the first time, and not at all later; a bucket of which
    /// S3 did not tell in time is asked for again after some minutes.
    pub async fn choose(&self, bucket: &str, told: Option<&str>, wanted: Access) -> Choice {
        let route = match wanted {
            Access::Auto => return self.nearest(bucket, told).await,
            Access::S3 => Route::S3,
            Access::Https => Route::Https,
        };
        Choice { route, because: "you chose it".to_owned() }
    }

    async fn nearest(&self, bucket: &str, told: Option<&str>) -> Choice {
        let here = self.here().await;
        if here.region.as_ref().is_none_or(|region| region.cloud != Cloud::Aws) {
            return decide(here, bucket, None);
        }
        let told = told.and_then(|name| Region::parse(&format!("aws/{name}")));
        let there = match told {
            Some(region) => Some(region),
            None => self.told_in_time(bucket).await,
        };
        decide(here, bucket, there.as_ref())
    }

    async fn told_in_time(&self, bucket: &str) -> Option<Region> {
        let untold = || self.inner.untold.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.inner.client.surroundings().now();
        if untold().get(bucket).is_some_and(|until| now < *until) {
            return None;
        }
        let told = timeout(LONGEST, self.bucket(bucket)).await.ok().and_then(Result::ok);
        if told.is_none() {
            untold().insert(bucket.to_owned(), now.checked_add(PATIENCE).unwrap_or(now));
        }
        told
    }
}

fn decide(here: &Here, bucket: &str, there: Option<&Region>) -> Choice {
    let (route, because) = match (&here.region, there) {
        (None, _) => (Route::Https, format!("nobody knows where this runs: {}", here.because)),
        (Some(own), _) if own.cloud != Cloud::Aws => {
            (Route::Https, format!("this runs in {own} and {bucket} is in S3"))
        }
        (Some(own), None) => {
            (Route::Https, format!("this runs in {own}, and S3 did not tell in time where {bucket} is"))
        }
        (Some(own), Some(there)) if own == there => {
            (Route::S3, format!("this runs in {own}, where {bucket} is: {}", here.because))
        }
        (Some(own), Some(there)) => (Route::Https, format!("this runs in {own}, and {bucket} is in {there}")),
    };
    Choice { route, because }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_is_for_its_own_region() {
        let here =
            |name: &str| Here { region: Region::parse(name), because: "AWS_REGION says so".to_owned() };
        let oregon = Region::aws("us-west-2");
        let route = |own: &str, there: Option<&Region>| decide(&here(own), "data", there).route;
        assert_eq!(route("us-west-2", Some(&oregon)), Route::S3);
        assert_eq!(route("us-east-1", Some(&oregon)), Route::Https);
        assert_eq!(route("google/us-west-2", Some(&oregon)), Route::Https);
        assert_eq!(route("us-west-2", None), Route::Https);
        let nowhere = Here { region: None, because: "nobody answered".to_owned() };
        assert!(decide(&nowhere, "data", Some(&oregon)).because.contains("nobody answered"));
    }
}
