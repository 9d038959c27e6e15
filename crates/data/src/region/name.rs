//! Names of regions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose region it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Google,
}

/// A region of a cloud; written `aws/us-west-2`, as in the byte ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Region {
    /// Whose.
    pub cloud: Cloud,
    /// Its name there.
    pub name: String,
}

impl Region {
    /// A region of AWS.
    pub fn aws(name: &str) -> Self {
        Self { cloud: Cloud::Aws, name: name.to_owned() }
    }

    /// Reads `aws/us-west-2`, `google/us-west1`, or the name alone: AWS puts a dash before the number,
    /// Google does not. None for what looks like neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (cloud, name) = match text.trim().split_once('/') {
            Some(("aws", name)) => (Cloud::Aws, name),
            Some(("google" | "gcp", name)) => (Cloud::Google, name),
            Some(_) => return None,
            None => (cloud_of(text.trim())?, text.trim()),
        };
        let usual = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (!name.is_empty() && name.chars().all(usual)).then(|| Self { cloud, name: name.to_owned() })
    }

    /// The region of a zone of Google's: `us-west1` of `projects/1/zones/us-west1-b`.
    pub(super) fn of_google_zone(zone: &str) -> Option<Self> {
        let (region, _) = zone.trim().rsplit('/').next()?.rsplit_once('-')?;
        Self::parse(&format!("google/{region}"))
    }
}

fn cloud_of(name: &str) -> Option<Cloud> {
    let before = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if before.len() == name.len() || !name.contains('-') {
        return None;
    }
    Some(if before.ends_with('-') { Cloud::Aws } else { Cloud::Google })
}

impl fmt::Display for Region {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cloud = match self.cloud {
            Cloud::Aws => "aws",
            Cloud::Google => "google",
        };
        write!(out, "{cloud}/{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn clouds_are_told_apart_by_their_names() {
        let read = |text: &str| Region::parse(text).map(|region| region.to_string());
        for (text, region) in [
            ("us-west-2", "aws/us-west-2"),
            (" us-gov-west-1", "aws/us-gov-west-1"),
            ("europe-west4", "google/europe-west4"),
            ("aws/us-west-2", "aws/us-west-2"),
            ("gcp/us-central1", "google/us-central1"),
        ] {
            assert_eq!(read(text).as_deref(), Some(region), "{text}");
        }
        for text in ["", "nowhere", "azure/westus2", "aws/", "aws/US EAST", "<html>-1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_is_in_its_region() {
        let region = Region::of_google_zone("projects/123456/zones/us-west1-b\n").unwrap();
        assert_eq!(region.to_string(), "google/us-west1");
        assert_eq!(Region::of_google_zone("?"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "\\PC{0,40}") {
            if let Some(region) = Region::parse(&text) {
                prop_assert_eq!(Region::parse(&region.to_string()), Some(region));
            }
            Region::of_google_zone(&text);
        }
    }
}
