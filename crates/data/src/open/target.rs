//! Where an address leads, and who asks there.

use std::path::PathBuf;

use url::Url;

use super::{Opener, Opening, no_address};
use crate::address::{Address, bucket_and_key, location};
use crate::error::{Error, Result};
use crate::handle::ReaderOf;
use crate::login::Earthdata;
use crate::region::Region;
use crate::remote::{Bucket, HttpsObject, Remote, S3Object};

/// A region to sign for where S3 answers elsewhere than at Amazon and none is told.
const USUAL: &str = "us-east-1";

/// What an address means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    File(PathBuf),
    Remote(Url),
}

impl Target {
    /// A URL where there is a scheme, else a path.
    pub(super) fn of(address: &str) -> Result<Self> {
        if !address.contains("://") {
            return if address.is_empty() {
                Err(no_address(address))
            } else {
                Ok(Self::File(address.into()))
            };
        }
        let url = location(address).map_err(|_| no_address(address))?;
        match url.scheme() {
            "file" => url.to_file_path().map(Self::File).map_err(|()| no_address(address)),
            "https" | "http" | "s3" | "gs" => Ok(Self::Remote(url)),
            scheme => Err(Error::Invalid {
                what: format!("`{scheme}` is no way to data"),
                advice: "write https://…, s3://BUCKET/KEY, gs://BUCKET/KEY or a path".to_owned(),
            }),
        }
    }
}

impl Opener {
    /// The object at an address, and who asks for it: archives of Earthdata want a login.
    pub(super) async fn remote(&self, url: &Url, opening: &Opening) -> Result<Remote> {
        let remote = match url.scheme() {
            "s3" => self.in_s3(url, opening).await,
            "gs" => self.in_google(url, opening).await,
            _ if !Earthdata::may_see_token(url) => {
                Ok(Remote::Https(HttpsObject::open_to_all(&self.logins.client, url.clone())))
            }
            _ => match &self.logins.session {
                Some(session) => Ok(Remote::Https(HttpsObject::new(session, url.clone()))),
                None => Err(Error::NoLogin {
                    host: Earthdata::default().host().to_owned(),
                    looked: vec!["the environment".to_owned(), ".netrc".to_owned()],
                }),
            },
        };
        remote.map(|remote| self.signed(remote))
    }

    /// The same, its address signed where its store wants that.
    pub(super) fn signed(&self, remote: Remote) -> Remote {
        match remote {
            Remote::Https(object) => Remote::Https(object.signed_by(&self.signer)),
            remote => remote,
        }
    }

    async fn in_s3(&self, url: &Url, opening: &Opening) -> Result<Remote> {
        let (name, key) = object(url)?;
        let region = match &opening.region {
            Some(region) => region.clone(),
            None if opening.endpoint.is_some() => USUAL.to_owned(),
            None => self.whereabouts.bucket(&name).await?.name,
        };
        let reader = match &opening.reader {
            Some(reader) => reader.clone(),
            None if self.logins.amazon.is_some() => ReaderOf::Account,
            None => ReaderOf::Anybody,
        };
        let (requester_pays, endpoint) = (opening.requester_pays, opening.endpoint.clone());
        let bucket = Bucket { name, region, requester_pays, endpoint };
        Ok(Remote::S3(S3Object::new(&self.logins.client, reader.with(&self.logins)?, bucket, &key)))
    }

    async fn in_google(&self, url: &Url, opening: &Opening) -> Result<Remote> {
        let (name, key) = object(url)?;
        let google = self.google.seen_by(opening.payer.as_deref(), opening.endpoint.as_ref());
        Ok(Remote::Google(google.object(&name, &key).await?))
    }

    /// Whether an account at Google can try what anybody was refused there.
    pub(super) async fn falls_back(&self, url: &Url, opening: &Opening, error: &Error) -> Result<bool> {
        if url.scheme() != "gs" {
            return Ok(false);
        }
        match self.remote(url, opening).await? {
            Remote::Google(object) => self.google.falls_back(&object, error).await,
            Remote::Https(_) | Remote::S3(_) => Ok(false),
        }
    }

    /// The region of the bucket that something is in, where it is told.
    pub(super) async fn region(&self, remote: &Remote, known: Option<&str>) -> Option<Region> {
        let Remote::Google(object) = remote else { return remote.region() };
        if let Some(region) = known {
            return Region::parse(&format!("google/{region}"));
        }
        let bucket = object.bucket();
        let google = self.google.seen_by(bucket.payer.as_deref(), bucket.endpoint.as_ref());
        google.region_of(&bucket.name).await
    }
}

/// The bucket of an address, and the key in it.
fn object(url: &Url) -> Result<(String, String)> {
    let (bucket, key) = bucket_and_key(url).ok_or_else(|| no_address(Address::from(url).as_str()))?;
    Ok((bucket.to_owned(), key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_told_apart() {
        let remote = |text: &str| Target::Remote(text.parse().unwrap());
        assert_eq!(Target::of("a/b.h5").unwrap(), Target::File("a/b.h5".into()));
        assert_eq!(Target::of("file:///a%20b.h5").unwrap(), Target::File("/a b.h5".into()));
        assert_eq!(Target::of("s3://b/k.zarr").unwrap(), remote("s3://b/k.zarr"));
        assert_eq!(Target::of("gcs://b/k.zarr").unwrap(), remote("gs://b/k.zarr"));
        let key = |text: &str| match Target::of(text).unwrap() {
            Target::Remote(url) => object(&url).unwrap().1,
            Target::File(path) => panic!("{}", path.display()),
        };
        assert_eq!(key("s3://b/a/c d%20e.nc"), "a/c d%20e.nc");
        assert_eq!(key("gcs://b/a?b#c"), "a?b#c");
        for address in ["", "ftp://a/b", "https://", "simplecache::s3://a/b"] {
            assert!(Target::of(address).is_err(), "{address}");
        }
    }
}
