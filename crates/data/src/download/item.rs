//! What is to be downloaded, and what it will be called.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use super::checksum::Checksum;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::login::Earthdata;

/// Query parameters that hold a signature.
const SIGNATURES: [&str; 4] = ["X-Amz-Signature", "X-Goog-Signature", "Signature", "sig"];

/// Holds who asks, in addresses that archives of Earthdata sign.
const USER: &str = "A-userid";

/// An object in S3 as metadata tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InS3 {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The bucket's region, where the collection's metadata tells.
    pub region: Option<String>,
    /// Where its keys come from; none for buckets that are open to all.
    pub credentials: Option<Url>,
}

/// An object in Google Cloud Storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InGoogle {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

/// A file to be downloaded: where it is, what is known of it, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its address over HTTPS.
    pub https: Option<Url>,
    /// Where it is in S3.
    pub s3: Option<InS3>,
    /// Where it is in Google Cloud Storage: asked where it is in none of the others.
    #[serde(default)]
    pub google: Option<InGoogle>,
    /// Its exact size in bytes, if metadata tells.
    pub size: Option<u64>,
    /// Its checksum, if metadata tells.
    pub checksum: Option<Checksum>,
    /// The dataset that it is of, such as `ATL03.006`, for who counts; empty where nobody says.
    #[serde(default)]
    pub dataset: String,
    /// Its path below the folder of the download.
    pub to: PathBuf,
}

impl Item {
    /// A file over HTTPS that keeps the last part of its address as its name.
    ///
    /// # Errors
    /// When the address ends with no name.
    pub fn https(url: Url) -> Result<Self> {
        let to = PathBuf::from(name_of(&url)?);
        let (dataset, https) = (String::new(), Some(url));
        Ok(Self { https, s3: None, google: None, size: None, checksum: None, dataset, to })
    }

    /// With its place in S3.
    #[must_use]
    pub fn in_s3(mut self, s3: InS3) -> Self {
        self.s3 = Some(s3);
        self
    }

    /// With its exact size in bytes.
    #[must_use]
    pub fn sized(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// With its checksum.
    #[must_use]
    pub fn summed(mut self, checksum: Option<Checksum>) -> Self {
        self.checksum = checksum;
        self
    }

    /// What it is, whichever way it comes: its address, without a query that only signs it.
    pub fn identity(&self) -> String {
        if let Some(url) = &self.https {
            return Address::from(&unsigned(url)).to_string();
        }
        match (&self.s3, &self.google) {
            (Some(s3), _) => format!("s3://{}/{}", s3.bucket, s3.key),
            (None, Some(google)) => format!("gs://{}/{}", google.bucket, google.key),
            (None, None) => String::new(),
        }
    }

    /// Whether it is of an archive of Earthdata, which asks who wants it.
    pub fn wants_login(&self) -> bool {
        let keys = self.s3.as_ref().and_then(|s3| s3.credentials.as_ref());
        self.https.iter().chain(keys).any(Earthdata::may_see_token)
    }

    /// Whether a page for people (HTML) is what is wanted.
    pub(super) fn is_page(&self) -> bool {
        let end = self.to.extension().and_then(|end| end.to_str());
        end.is_some_and(|end| end.eq_ignore_ascii_case("html") || end.eq_ignore_ascii_case("htm"))
    }
}

/// An address without what only signs it. Where it is signed as S3's, Google's and Azure's stores do, that is
/// the whole query; archives of Earthdata add who asks.
pub(crate) fn unsigned(url: &Url) -> Url {
    let named = |part: &str, names: &[&str]| {
        let name = part.split('=').next().unwrap_or(part);
        names.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    let query = url.query().unwrap_or_default();
    let signed = query.split('&').any(|part| named(part, &SIGNATURES));
    let own = |part: &&str| !signed && !part.is_empty() && !named(part, &[USER]);
    let own: Vec<&str> = query.split('&').filter(own).collect();
    let mut plain = url.clone();
    plain.set_query(Some(own.join("&")).as_deref().filter(|query| !query.is_empty()));
    plain
}

/// The last part of an address as the name of a file: decoded, and nothing that leads elsewhere.
fn name_of(url: &Url) -> Result<String> {
    let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = percent_decoded(last);
    let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
    plain.then_some(name).ok_or_else(|| Error::Invalid {
        what: format!("{} does not end with the name of a file", Address::from(url)),
        advice: "say what the file is to be called".to_owned(),
    })
}

/// Text with `%20` and the like decoded; left as it is where that would be no text.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        let decoded = digits.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| bytes[at] == b'%');
        out.push(decoded.unwrap_or(bytes[at]));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Whether all items can be downloaded into one folder: each is somewhere, stays below the folder, and has
/// its path to itself.
///
/// # Errors
/// [`Error::Invalid`] with everything that is wrong.
pub(super) fn check(items: &[Item]) -> Result<()> {
    let mut wrong = Vec::new();
    let mut taken: BTreeMap<&Path, &Item> = BTreeMap::new();
    for item in items {
        let path = item.to.as_path();
        let below =
            path.file_name().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)));
        if !below {
            wrong.push(format!("`{}` is no path below the folder", path.display()));
        }
        if item.https.is_none() && item.s3.is_none() && item.google.is_none() {
            wrong.push(format!("`{}` has no address", path.display()));
        }
        if let Some(other) = taken.insert(path, item).filter(|other| other.identity() != item.identity()) {
            wrong.push(format!("`{}` would be {} and {}", path.display(), other.identity(), item.identity()));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let advice = "give each file a path of its own, such as its collection and its name".to_owned();
    Err(Error::Invalid { what: wrong.join("; "), advice })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(url: &str) -> Item {
        Item::https(url.parse().unwrap()).unwrap()
    }

    #[test]
    fn files_keep_their_names() {
        assert_eq!(item("https://a.nasa.gov/b/ATL03_x.h5?A-userid=me").to, Path::new("ATL03_x.h5"));
        assert_eq!(item("https://a.nasa.gov/b/two%20words.nc").to, Path::new("two words.nc"));
        assert_eq!(item("https://a.nasa.gov/100%").to, Path::new("100%"));
        for url in [
            "https://a.nasa.gov/",
            "https://a.nasa.gov/b/",
            "https://a.nasa.gov/%2E%2E%2Fpasswd",
            "https://a.nasa.gov/%00",
        ] {
            assert!(Item::https(url.parse().unwrap()).is_err(), "{url}");
        }
    }

    #[test]
    fn only_archives_of_earthdata_want_a_login() {
        assert!(item("https://data.nsidc.earthdatacloud.nasa.gov/x.h5").wants_login());
        let s3 = |credentials: Option<&str>| Item {
            https: None,
            s3: Some(InS3 {
                bucket: "b".to_owned(),
                key: "x".to_owned(),
                region: None,
                credentials: credentials.map(|url| url.parse().unwrap()),
            }),
            ..item("https://a.example.org/x")
        };
        assert!(s3(Some("https://data.nsidc.earthdatacloud.nasa.gov/s3credentials")).wants_login());
        assert!(!s3(None).wants_login() && !item("https://a.example.org/x").wants_login());
    }

    #[test]
    fn a_query_is_part_of_what_a_file_is_but_for_signatures() {
        let served = |query: &str| item(&format!("https://a.nasa.gov/serve.cgi?{query}")).identity();
        assert_ne!(served("FILENAME=a.nc"), served("FILENAME=b.nc"));
        for signature in ["sv=1&sig=", "X-Amz-Expires=60&X-Amz-Signature=", "Signature="] {
            assert_eq!(served(&format!("{signature}abc")), "https://a.nasa.gov/serve.cgi");
        }
        assert!(!served("FILENAME=a.nc&token=abc").contains("abc"));
    }

    #[test]
    fn paths_stay_below_and_are_had_once() {
        let mut away = item("https://a.nasa.gov/x");
        away.to = "../x".into();
        let mut root = item("https://a.nasa.gov/y");
        root.to = "/etc/passwd".into();
        let items = [
            away,
            root,
            item("https://a.nasa.gov/1/z"),
            item("https://a.nasa.gov/2/z"),
            item("https://a.nasa.gov/2/z"),
        ];
        let told = check(&items).unwrap_err().to_string();
        for word in ["../x", "/etc/passwd", "`z` would be https://a.nasa.gov/1/z and https://a.nasa.gov/2/z"]
        {
            assert!(told.contains(word), "{told}");
        }
        assert_eq!(told.matches(';').count(), 2);
        assert!(check(&items[2..3]).is_ok());
    }

    proptest! {
        #[test]
        fn no_address_leads_out_of_the_folder(path in "\\PC{0,30}|(%2[eEfF]|[./\\\\]|a){0,10}") {
            if let Ok(url) = format!("https://a.nasa.gov/{path}").parse::<Url>()
                && let Ok(item) = Item::https(url)
            {
                prop_assert!(check(std::slice::from_ref(&item)).is_ok(), "{:?}", item.to);
            }
        }
    }
}
