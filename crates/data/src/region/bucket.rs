//! Where a bucket is.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderName;
use url::Url;

use super::here::Whereabouts;
use super::name::Region;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::Request;

/// The header by which S3 tells the region, also to those it lets nowhere.
const REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

/// Longest wait for it, of who cannot do without.
const PATIENCE: Duration = Duration::from_secs(30);

impl Whereabouts {
    /// The region of a bucket of S3: asked of S3 once, without any login.
    ///
    /// # Errors
    /// When it is no name of a bucket, or S3 does not tell.
    pub async fn bucket(&self, bucket: &str) -> Result<Region> {
        let url = address(bucket)?;
        let cell = {
            let mut all = self.inner.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(bucket.to_owned()).or_default())
        };
        let found = cell.get_or_try_init(|| async {
            let asked = Request::head(url.clone()).unfollowed().tries(2).within(PATIENCE);
            let answer = self.inner.client.open(&asked).await?;
            let told = answer.header(&REGION).and_then(|name| Region::parse(&format!("aws/{name}")));
            told.ok_or_else(|| Error::NotFound {
                address: Address::from(&url),
                status: answer.status().as_u16(),
            })
        });
        found.await.cloned()
    }
}

/// Where S3 tells of a bucket. With a dot in its name it is in the path, for the certificate is good for
/// one label only.
fn address(bucket: &str) -> Result<Url> {
    let usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let fits = (3..=63).contains(&bucket.len()) && bucket.chars().all(usual);
    let text = if bucket.contains('.') {
        format!("https://s3.amazonaws.com/{bucket}")
    } else {
        format!("https://{bucket}.s3.amazonaws.com/")
    };
    Url::parse(&text).ok().filter(|_| fits).ok_or_else(|| Error::Invalid {
        what: format!("`{bucket}` is no name of a bucket"),
        advice: "a bucket's name has 3 to 63 small letters, digits, dots and dashes".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_lead_elsewhere() {
        assert_eq!(address("noaa-goes16").unwrap().as_str(), "https://noaa-goes16.s3.amazonaws.com/");
        assert_eq!(address("my.data").unwrap().as_str(), "https://s3.amazonaws.com/my.data");
        for name in ["", "a", "evil.org/x", "evil.org#", "a@b", "UPPER"] {
            assert!(address(name).is_err(), "{name}");
        }
    }
}
