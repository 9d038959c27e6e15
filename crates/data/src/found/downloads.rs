//! Finds as files to be downloaded.

use std::path::Path;

use url::Url;

use super::{Asset, Item, Role, Source};
use crate::credentials;
use crate::download;
use crate::error::{Error, Result};

impl Item {
    /// Where keys for its data in S3 are given: by its own link, else by the archive that provides it.
    pub fn s3_keys(&self) -> Option<Url> {
        let own = self.assets.iter().find(|asset| asset.role == Role::Credentials);
        let own = own.and_then(|asset| asset.href.parse().ok());
        let provider = self.provider.as_deref().filter(|_| self.source == Source::Cmr);
        own.or_else(|| credentials::of_archive(provider?).ok())
    }

    /// The address or path of its only data that fits a pattern (`*` and `?`), where that is opened as it lies and is no file
    /// to be downloaded: a store of many objects, or what is on this machine.
    pub fn opened_in_place(&self, pattern: Option<&str>) -> Option<String> {
        let mut fitting = self.data_matching(pattern);
        let (Some(asset), None) = (fitting.next(), fitting.next()) else { return None };
        let url = asset.href.parse::<Url>().ok();
        match url.filter(|url| url.scheme() == "file") {
            Some(url) => Some(url.to_file_path().ok()?.to_str()?.to_owned()),
            None => asset.is_store().then(|| asset.href.clone()),
        }
    }
}

impl Asset {
    /// The asset as what the downloader takes, with where keys for S3 are given.
    ///
    /// # Errors
    /// When its address is none, or ends with no name.
    pub fn download(&self, keys: Option<&Url>) -> Result<download::Item> {
        let https = ["https://", "http://"].iter().any(|scheme| self.href.starts_with(scheme));
        let https = https.then(|| self.href.parse::<Url>().ok()).flatten();
        let s3 = self.s3.as_deref().or(Some(self.href.as_str())).and_then(|href| self.in_s3(href, keys));
        let checksum = self.checksum.as_ref();
        let checksum = checksum.and_then(|sum| download::Checksum::new(&sum.algorithm, &sum.value));
        let size = self.size.filter(|size| size.is_exact()).map(super::Size::bytes);
        if let Some(url) = https {
            let item = download::Item { s3, size, ..download::Item::https(url)?.summed(checksum) };
            return Ok(item);
        }
        let name = self.file_name();
        let plain = !matches!(name, "" | "." | "..") && !name.contains(['\\', '\0']);
        let google = if s3.is_none() && !self.is_store() { in_google(&self.href) } else { None };
        if (s3.is_some() || google.is_some()) && plain {
            let to = Path::new(name).to_owned();
            let dataset = String::new();
            return Ok(download::Item { https: None, s3, google, size, checksum, dataset, to });
        }
        Err(Error::Invalid {
            what: format!("{} is no file that can be downloaded", self.href),
            advice: "read it where it is; stores of many objects, such as Zarr, are no files".to_owned(),
        })
    }

    /// Whether it is a store of many objects, which Google would know nothing of by its own name.
    fn is_store(&self) -> bool {
        let zarr = |text: &str| text.to_ascii_lowercase().contains("zarr");
        self.file_name().to_ascii_lowercase().ends_with(".zarr")
            || self.media_type.as_deref().is_some_and(zarr)
    }

    fn in_s3(&self, href: &str, keys: Option<&Url>) -> Option<download::InS3> {
        let (bucket, key) = object(href.strip_prefix("s3://")?)?;
        Some(download::InS3 { bucket, key, region: self.region.clone(), credentials: keys.cloned() })
    }
}

fn in_google(href: &str) -> Option<download::InGoogle> {
    let (bucket, key) = object(href.strip_prefix("gs://").or_else(|| href.strip_prefix("gcs://"))?)?;
    Some(download::InGoogle { bucket, key })
}

/// Bucket and key; none where it ends with no name of an object.
fn object(path: &str) -> Option<(String, String)> {
    let (bucket, key) = path.split_once('/')?;
    let there = !bucket.is_empty() && !key.is_empty() && !key.ends_with('/');
    there.then(|| (bucket.to_owned(), key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_and_files_of_this_machine_are_opened_in_place() {
        for (href, wanted) in [
            ("s3://b/rain.zarr", Some("s3://b/rain.zarr")),
            ("gs://b/ar/rain.zarr/", Some("gs://b/ar/rain.zarr/")),
            ("https://a.org/rain.zarr", Some("https://a.org/rain.zarr")),
            ("file:///data/rain%20here.nc", Some("/data/rain here.nc")),
            ("s3://b/rain.nc", None),
        ] {
            let mut item = Item::new(Source::Stac, "rain");
            item.assets.push(Asset::new("data", href, Role::Data));
            assert_eq!(item.opened_in_place(None).as_deref(), wanted, "{href}");
            item.assets.push(Asset::new("more", "file:///data/more.nc", Role::Data));
            assert_eq!(item.opened_in_place(None), None, "which one is not known");
            assert_eq!(item.opened_in_place(Some("more*")).as_deref(), Some("/data/more.nc"));
        }
    }
}
