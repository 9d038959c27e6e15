//! An object in Google Cloud Storage, by its XML API
//! (<https://cloud.google.com/storage/docs/xml-api/get-object-download>).

mod refusal;
mod storage;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::RetryConfig;
use object_store::gcp::{GcpCredentialProvider, GoogleCloudStorageBuilder};
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

pub use storage::{GooglePlace, GoogleStorage};

use super::listing::{asking, with_key};
use super::{Pin, Span, request};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Answer, Client, Grant, Request, Watch};
use crate::secret::bearer;
use crate::surroundings::Surroundings;

/// Where the service answers.
const ENDPOINT: &str = "https://storage.googleapis.com/";
/// Names the project that pays (<https://cloud.google.com/storage/docs/requester-pays>).
const PAYER: HeaderName = HeaderName::from_static("x-goog-user-project");

/// Longest wait for a token, of all tries together.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bucket of Google Cloud Storage, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoogleBucket {
    /// Its name.
    pub name: String,
    /// The project that pays for reading, where the owner does not.
    pub payer: Option<String>,
    /// Where the service answers, instead of at Google.
    pub endpoint: Option<Url>,
}

/// Who asks for an object of Google Cloud Storage.
#[derive(Clone, Debug)]
pub enum GoogleReader {
    /// Anybody, of a bucket that is open to all.
    Anybody,
    /// Somebody with an account: see [`google_account`].
    Account(GcpCredentialProvider),
}

/// The account of this machine or user: of the file that `GOOGLE_APPLICATION_CREDENTIALS` names, of
/// `gcloud auth application-default login`, else of the machine itself. Tokens are renewed as they end.
///
/// # Errors
/// When what is there cannot be read.
pub fn google_account(surroundings: &Surroundings) -> Result<GcpCredentialProvider> {
    // A bucket's name has to be given, and nothing is asked of it.
    let retry = RetryConfig { max_retries: 2, retry_timeout: PATIENCE, ..RetryConfig::default() };
    let mut builder = GoogleCloudStorageBuilder::new().with_bucket_name("bucket").with_retry(retry);
    if let Some(path) = account_file(surroundings) {
        builder = builder.with_application_credentials(path.to_string_lossy());
    }
    let store = builder.build().map_err(|error| Error::Invalid {
        what: format!("the credentials for Google Cloud cannot be read: {error}"),
        advice: "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
            .to_owned(),
    })?;
    Ok(store.credentials().clone())
}

/// The file of an account: the one that `GOOGLE_APPLICATION_CREDENTIALS` names, or that of
/// `gcloud auth application-default login` where there is one.
fn account_file(surroundings: &Surroundings) -> Option<PathBuf> {
    if let Some(path) = surroundings.variable("GOOGLE_APPLICATION_CREDENTIALS") {
        return Some(PathBuf::from(path));
    }
    let folder = surroundings.variable("CLOUDSDK_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| surroundings.home().map(|home| home.join(".config/gcloud")))?;
    Some(folder.join("application_default_credentials.json")).filter(|path| path.exists())
}

/// An object of a bucket of Google Cloud Storage.
#[derive(Clone)]
pub struct GoogleObject {
    client: Client,
    reader: GoogleReader,
    bucket: GoogleBucket,
    key: String,
}

impl GoogleObject {
    /// An object, and who asks for it.
    pub fn new(client: &Client, reader: GoogleReader, bucket: GoogleBucket, key: &str) -> Self {
        Self { client: client.clone(), reader, bucket, key: key.trim_start_matches('/').to_owned() }
    }

    /// Its bucket.
    pub fn bucket(&self) -> &GoogleBucket {
        &self.bucket
    }

    /// Its name in the bucket.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is asked for with an account.
    pub fn has_account(&self) -> bool {
        matches!(self.reader, GoogleReader::Account(_))
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
        Address::of_object("gs", &self.bucket.name, &self.key)
    }

    pub(super) async fn open(&self, span: Span, pin: Option<&Pin>, tries: u32) -> Result<Answer> {
        self.asked(request(self.url()?, span, pin, tries)).await
    }

    /// A page of what lies directly below a prefix of its bucket.
    pub(super) async fn list(&self, prefix: &str, token: Option<&str>) -> Result<Answer> {
        let url = self.address_of(&["storage", "v1", "b", &self.bucket.name, "o"])?;
        let fields = Some("items(name),prefixes,nextPageToken");
        self.asked(Request::get(asking(url, prefix, &[("fields", fields), ("pageToken", token)]))).await
    }

    async fn asked(&self, asked: Request) -> Result<Answer> {
        let mut asked = asked.unfollowed();
        if let Some(payer) = &self.bucket.payer {
            let payer = HeaderValue::from_str(payer).map_err(|_| Error::Invalid {
                what: format!("`{payer}` is no name of a project"),
                advice: "name the project that pays for reading by its ID".to_owned(),
            })?;
            asked = asked.header(PAYER, payer);
        }
        if let GoogleReader::Account(provider) = &self.reader {
            asked = self.granted(asked, provider).await?;
        }
        refusal::checked(self.client.open(&asked).await?, self).await
    }

    async fn granted(&self, asked: Request, provider: &GcpCredentialProvider) -> Result<Request> {
        let credential = provider.get_credential().await.map_err(|error| Error::Invalid {
            what: format!("there is no token of Google Cloud for {}: {error}", self.address()),
            advice: "run `gcloud auth application-default login` again, or read it without an account"
                .to_owned(),
        })?;
        let grant = Grant::new(asked.url(), bearer(&credential.bearer.clone().into())?);
        Ok(asked.grant(grant))
    }

    /// Where it is. The name's parts are parts of the path, so that none leads out of its bucket.
    fn url(&self) -> Result<Url> {
        Ok(with_key(self.address_of(&[&self.bucket.name])?, &self.key))
    }

    fn address_of(&self, parts: &[&str]) -> Result<Url> {
        let wrong = || Error::Invalid {
            what: format!("{} is no object in Google Cloud Storage", self.address()),
            advice: "write it as gs://BUCKET/KEY".to_owned(),
        };
        let base = self.bucket.endpoint.as_ref().map_or(ENDPOINT, Url::as_str);
        let mut url = Url::parse(base).map_err(|_| wrong())?;
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(parts);
        Ok(url)
    }
}

/// Shows the name, and no token.
impl fmt::Debug for GoogleObject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("GoogleObject").field(&self.address()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Settings;

    fn url(bucket: &str, key: &str, endpoint: Option<&str>) -> String {
        let client = Client::new(Settings::default(), &Surroundings::made([("A", "b")])).unwrap();
        let endpoint = endpoint.map(|url| url.parse().unwrap());
        let bucket = GoogleBucket { name: bucket.to_owned(), payer: None, endpoint };
        GoogleObject::new(&client, GoogleReader::Anybody, bucket, key).url().unwrap().to_string()
    }

    #[test]
    fn objects_have_the_address_of_their_bucket() {
        assert_eq!(url("b", "/a/c d.nc", None), "https://storage.googleapis.com/b/a/c%20d.nc");
        assert_eq!(url("b", "k", Some("http://127.0.0.1:9")), "http://127.0.0.1:9/b/k");
        assert_eq!(url("b", "k?x=y#z", None), "https://storage.googleapis.com/b/k%3Fx%3Dy%23z");
    }

    #[test]
    fn an_account_is_made_of_the_file_that_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adc.json");
        let at = |path: &std::path::Path| {
            google_account(&Surroundings::made([("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap())]))
        };
        assert!(matches!(at(&path), Err(Error::Invalid { .. })));
        let user = r#"{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}"#;
        std::fs::write(&path, user).unwrap();
        assert!(at(&path).is_ok());
    }
}
