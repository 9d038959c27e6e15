//! An object in S3, asked for with keys (Signature Version 4), or without in open buckets.

use std::fmt;
use std::sync::{Arc, OnceLock};

use object_store::aws::{AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::client::HttpRequestBody;
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde::{Deserialize, Serialize};
use url::Url;

use super::listing::{asking, with_key};
use super::{Pin, Span, request};
use crate::address::Address;
use crate::credentials::S3Keys;
use crate::error::{Error, Result};
use crate::http::{Answer, Client, Grant, Request, Watch};

/// The header by which S3 tells where a bucket is.
const REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

/// A bucket, where it is, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Whether the one who reads pays, and says so.
    pub requester_pays: bool,
    /// Where S3 answers, instead of at Amazon: buckets are then the path's first part.
    pub endpoint: Option<Url>,
}

/// Who asks for an object.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Anybody, of a bucket that is open to all.
    Anybody,
    /// Somebody with keys of an archive, for its own buckets.
    Archive(S3Keys),
    /// Somebody with an account of their own at Amazon.
    Account(AwsCredentialProvider),
}

/// Makes a request, for where the bucket is known to be by then.
type Make<'a> = dyn Fn() -> Result<Request> + Send + Sync + 'a;

/// An object of a bucket.
#[derive(Clone)]
pub struct S3Object {
    client: Client,
    reader: Reader,
    bucket: Bucket,
    key: String,
    /// Where the bucket is, once S3 has said that it is not where metadata told.
    moved: Arc<OnceLock<String>>,
}

impl S3Object {
    /// An object, and who asks for it.
    pub fn new(client: &Client, reader: Reader, bucket: Bucket, key: &str) -> Self {
        let key = key.trim_start_matches('/').to_owned();
        Self { client: client.clone(), reader, bucket, key, moved: Arc::default() }
    }

    /// Its bucket.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Its name in the bucket.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Who asks for it.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The same, whose exchanges are told to one more.
    pub(super) fn watched(self, by: Arc<dyn Watch>) -> Self {
        Self { client: self.client.watched(by), ..self }
    }

    /// The object below this one, if this one is taken for a folder.
    pub(super) fn below(&self, key: &str) -> Self {
        Self { key: super::below(&self.key, key), ..self.clone() }
    }

    pub(super) fn address(&self) -> Address {
        Address::of_object("s3", &self.bucket.name, &self.key)
    }

    pub(super) async fn open(&self, span: Span, pin: Option<&Pin>, tries: u32) -> Result<Answer> {
        self.asked(&|| Ok(request(self.url()?, span, pin, tries))).await
    }

    /// A page of what lies directly below a prefix of its bucket.
    pub(super) async fn list(&self, prefix: &str, token: Option<&str>) -> Result<Answer> {
        let pairs = [("list-type", Some("2")), ("continuation-token", token)];
        self.asked(&|| Ok(Request::get(asking(self.bucket_url()?, prefix, &pairs)))).await
    }

    /// The answer to a request, which is made anew for each try.
    async fn asked(&self, make: &Make<'_>) -> Result<Answer> {
        let keys = match &self.reader {
            Reader::Anybody => return self.answered(None, make).await,
            Reader::Account(provider) => {
                let credential = provider.get_credential().await.map_err(|error| self.unsigned(&error))?;
                return self.answered(Some(&credential), make).await;
            }
            Reader::Archive(keys) => keys,
        };
        let held = keys.keys().await?;
        match self.answered(Some(&held.credential()), make).await {
            Err(Error::Refused { status: 400, said, .. }) if is_ended(&said) => {
                keys.refuse(&held);
                let other = keys.keys().await?;
                self.answered(Some(&other.credential()), make).await
            }
            other => other,
        }
    }

    /// The answer to a request, signed where there are keys; from where the bucket is, if S3 says that it is
    /// elsewhere.
    async fn answered(&self, credential: Option<&AwsCredential>, make: &Make<'_>) -> Result<Answer> {
        let asked = || {
            let asked = make()?;
            credential.map_or(Ok(asked.clone()), |credential| self.signed(asked, credential))
        };
        let answer = self.client.open(&asked()?).await?;
        let elsewhere = answer.header(&REGION).filter(|region| *region != self.region());
        match elsewhere {
            Some(region) if matches!(answer.status().as_u16(), 301 | 307 | 400) && is_name(region) => {
                self.moved.set(region.to_owned()).ok();
                self.client.open(&asked()?).await?.checked().await
            }
            _ => answer.checked().await,
        }
    }

    fn region(&self) -> &str {
        self.moved.get().unwrap_or(&self.bucket.region)
    }

    /// Where it is. The authorizer signs the path as it is here, and S3 the path as it would write it.
    fn url(&self) -> Result<Url> {
        Ok(with_key(self.bucket_url()?, &self.key))
    }

    /// Where its bucket is: at its own host, or, for names with a dot and other endpoints, at a path.
    fn bucket_url(&self) -> Result<Url> {
        let (Bucket { name, endpoint, .. }, region) = (&self.bucket, self.region());
        let base = match endpoint {
            Some(endpoint) => format!("{}/{name}/", endpoint.as_str().trim_end_matches('/')),
            None if name.contains('.') => format!("https://s3.{region}.amazonaws.com/{name}/"),
            None => format!("https://{name}.s3.{region}.amazonaws.com/"),
        };
        Url::parse(&base).map_err(|_| self.no_object())
    }

    fn no_object(&self) -> Error {
        Error::Invalid {
            what: format!("{} is no object in S3", self.address()),
            advice: "write it as s3://BUCKET/KEY".to_owned(),
        }
    }

    fn signed(&self, asked: Request, credential: &AwsCredential) -> Result<Request> {
        let mut signing = http::Request::new(HttpRequestBody::empty());
        *signing.uri_mut() = asked.url().as_str().parse().map_err(|error| self.unsigned(&error))?;
        AwsAuthorizer::new(credential, "s3", self.region())
            .with_request_payer(self.bucket.requester_pays)
            .try_authorize(&mut signing, None)
            .map_err(|error| self.unsigned(&error))?;
        let mut asked = asked;
        for (name, value) in signing.headers() {
            let mut value = value.clone();
            value.set_sensitive(true);
            asked = if name == AUTHORIZATION {
                let grant = Grant::new(asked.url(), value);
                asked.grant(grant)
            } else {
                asked.header(name.clone(), value)
            };
        }
        Ok(asked.unfollowed())
    }

    fn unsigned(&self, error: &dyn std::error::Error) -> Error {
        Error::Invalid {
            what: format!("the request for {} cannot be signed: {error}", self.address()),
            advice: "check the name of the object, and that its keys can be had".to_owned(),
        }
    }
}

/// Whether a text can be the name of a region, and so a part of a host's name.
fn is_name(region: &str) -> bool {
    !region.is_empty()
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether S3 says that keys have ended.
fn is_ended(said: &str) -> bool {
    said.contains("ExpiredToken") || said.contains("InvalidToken")
}

/// Shows the name, and no key.
impl fmt::Debug for S3Object {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("S3Object").field(&self.address()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Settings;
    use crate::surroundings::Surroundings;

    fn url(bucket: &str, key: &str, endpoint: Option<&str>) -> String {
        let client = Client::new(Settings::default(), &Surroundings::made([("A", "b")])).unwrap();
        let bucket = Bucket {
            name: bucket.to_owned(),
            region: "us-west-2".to_owned(),
            requester_pays: false,
            endpoint: endpoint.map(|url| url.parse().unwrap()),
        };
        S3Object::new(&client, Reader::Anybody, bucket, key).url().unwrap().to_string()
    }

    #[test]
    fn objects_have_the_address_of_their_bucket() {
        assert_eq!(url("b", "/a/c d.nc", None), "https://b.s3.us-west-2.amazonaws.com/a/c%20d.nc");
        assert_eq!(url("b.c", "k", None), "https://s3.us-west-2.amazonaws.com/b.c/k");
        assert_eq!(url("b", "k", Some("http://127.0.0.1:9")), "http://127.0.0.1:9/b/k");
    }

    #[test]
    fn no_key_leads_out_of_its_bucket() {
        assert_eq!(url("b.c", "../other/k", None), "https://s3.us-west-2.amazonaws.com/b.c/other/k");
        assert_eq!(url("b", "k?x=y#z", None), "https://b.s3.us-west-2.amazonaws.com/k%3Fx%3Dy%23z");
    }
}
