//! Who reads a bucket of Google Cloud Storage: anybody first, an account where that is refused.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use object_store::gcp::GcpCredentialProvider;
use serde::Deserialize;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use url::Url;

use super::{ENDPOINT, GoogleBucket, GoogleObject, GoogleReader, account_file, google_account};
use crate::error::{Error, Result};
use crate::http::{Client, Request};
use crate::region::{Cloud, LONGEST, Region, Whereabouts};

/// Names the address of what answers instead of Google, as for Google's own clients.
const EMULATOR: &str = "STORAGE_EMULATOR_HOST";
/// Most bytes of an answer about a bucket.
const LIMIT: usize = 64 << 10;

/// Google Cloud Storage, and who reads it. A clone is the same.
#[derive(Clone)]
pub struct GoogleStorage {
    client: Client,
    whereabouts: Whereabouts,
    payer: Option<String>,
    endpoint: Option<Url>,
    given: Option<GcpCredentialProvider>,
    found: Arc<OnceCell<Option<GcpCredentialProvider>>>,
    /// Buckets that are not open to all.
    closed: Arc<Mutex<HashSet<String>>>,
    /// Where buckets are, of those that were asked about.
    regions: Arc<Mutex<HashMap<String, Option<Region>>>>,
}

/// Where a bucket is, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GooglePlace {
    /// Its region, or the several it is in: `google/us-central1`, `google/us`.
    pub region: Option<Region>,
    /// For people: how it is read, and why the region is not known.
    pub because: String,
}

/// What Google tells of a bucket (<https://cloud.google.com/storage/docs/json_api/v1/buckets>).
#[derive(Deserialize)]
struct Told {
    location: String,
}

impl GoogleStorage {
    /// Read with the account of this machine or user, where a bucket is not open to all. The payer is the
    /// project that pays for reading, of buckets whose owners do not.
    pub fn new(client: &Client, whereabouts: &Whereabouts, payer: Option<String>) -> Self {
        Self {
            client: client.clone(),
            whereabouts: whereabouts.clone(),
            payer,
            endpoint: None,
            given: None,
            found: Arc::default(),
            closed: Arc::default(),
            regions: Arc::default(),
        }
    }

    /// Read with this account, not with the one that is found.
    #[must_use]
    pub fn with_account(mut self, account: GcpCredentialProvider) -> Self {
        self.given = Some(account);
        self
    }

    /// The same, paid by this project, and answering there instead of at Google.
    #[must_use]
    pub(crate) fn seen_by(&self, payer: Option<&str>, endpoint: Option<&Url>) -> Self {
        Self { payer: payer.map(str::to_owned), endpoint: endpoint.cloned(), ..self.clone() }
    }

    /// An object. Where a project pays, an account asks for it at once: nobody else can say who pays.
    ///
    /// # Errors
    /// When the account cannot be read.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<GoogleObject> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner).contains(bucket);
        let account = if closed || self.payer.is_some() { self.account().await? } else { None };
        self.object_by(account, bucket, key)
    }

    /// Whether an account can try what anybody was refused: then it asks for all of the bucket.
    ///
    /// # Errors
    /// When the account cannot be read.
    pub async fn falls_back(&self, object: &GoogleObject, error: &Error) -> Result<bool> {
        if object.has_account() || !matches!(error.status(), Some(401 | 403)) {
            return Ok(false);
        }
        let has_account = self.account().await?.is_some();
        if has_account {
            let bucket = object.bucket().name.clone();
            self.closed.lock().unwrap_or_else(PoisonError::into_inner).insert(bucket);
        }
        Ok(has_account)
    }

    /// Where a bucket is. Waits for at most [`LONGEST`].
    pub async fn place(&self, bucket: &str) -> GooglePlace {
        let (region, because) = match timeout(LONGEST, self.region(bucket)).await {
            Ok(Ok(region)) => (Some(region), "it is read from Google Cloud Storage".to_owned()),
            Ok(Err(Error::NotFound { .. })) => (None, format!("there is no bucket {bucket}")),
            Ok(Err(Error::Refused { .. })) => {
                (None, "its region is told to who has the right storage.buckets.get".to_owned())
            }
            Ok(Err(error)) => (None, format!("its region is not told: {error}")),
            Err(_) => (None, "Google did not tell in time where it is".to_owned()),
        };
        GooglePlace { region, because }
    }

    /// The region of a bucket, where it is told. A bucket is asked about once.
    pub(crate) async fn region_of(&self, bucket: &str) -> Option<Region> {
        if let Some(region) = self.regions.lock().unwrap_or_else(PoisonError::into_inner).get(bucket) {
            return region.clone();
        }
        let region = self.place(bucket).await.region;
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.insert(bucket.to_owned(), region.clone());
        region
    }

    async fn region(&self, bucket: &str) -> Result<Region> {
        let told = match self.told(None, bucket).await {
            Err(error) if matches!(error.status(), Some(401 | 403)) => match self.account().await? {
                Some(account) => self.told(Some(account), bucket).await?,
                None => return Err(error),
            },
            told => told?,
        };
        Region::parse(&format!("google/{}", told.location.to_ascii_lowercase())).ok_or_else(|| {
            Error::Invalid {
                what: format!("`{}` is no region of Google's", told.location),
                advice: "look at the bucket in Google's console".to_owned(),
            }
        })
    }

    async fn told(&self, account: Option<GcpCredentialProvider>, bucket: &str) -> Result<Told> {
        let by_account = account.clone();
        let object = self.object_by(account, bucket, "")?;
        let base = object.bucket().endpoint.as_ref().map_or(ENDPOINT, Url::as_str);
        let wrong = || Error::Invalid {
            what: format!("`{bucket}` is no name of a bucket"),
            advice: "write it as gs://BUCKET/KEY".to_owned(),
        };
        let mut url = Url::parse(base).map_err(|_| wrong())?;
        let parts = ["storage", "v1", "b", bucket];
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(parts);
        url.query_pairs_mut().append_pair("fields", "location");
        if let Some(payer) = &self.payer {
            url.query_pairs_mut().append_pair("userProject", payer);
        }
        let mut asked = Request::get(url).unfollowed().tries(1);
        if let Some(account) = &by_account {
            asked = object.granted(asked, account).await?;
        }
        self.client.fetch(&asked, LIMIT).await?.json()
    }

    fn object_by(
        &self,
        account: Option<GcpCredentialProvider>,
        bucket: &str,
        key: &str,
    ) -> Result<GoogleObject> {
        let reader = account.map_or(GoogleReader::Anybody, GoogleReader::Account);
        let bucket =
            GoogleBucket { name: bucket.to_owned(), payer: self.payer.clone(), endpoint: self.endpoint()? };
        Ok(GoogleObject::new(&self.client, reader, bucket, key))
    }

    fn endpoint(&self) -> Result<Option<Url>> {
        if self.endpoint.is_some() {
            return Ok(self.endpoint.clone());
        }
        let Some(named) = self.client.surroundings().variable(EMULATOR) else { return Ok(None) };
        let text = if named.contains("://") { named.clone() } else { format!("http://{named}") };
        let url = text.parse::<Url>().ok().filter(|url| !url.cannot_be_a_base());
        url.map(Some).ok_or_else(|| Error::Invalid {
            what: format!("{EMULATOR} is `{named}`, which is no address"),
            advice: "write it as http://HOST:PORT, or leave it out".to_owned(),
        })
    }

    /// The account, if there is one. What stands in for Google is shown none but one that was given.
    async fn account(&self) -> Result<Option<GcpCredentialProvider>> {
        let surroundings = self.client.surroundings();
        if self.given.is_some() || self.endpoint.is_some() || surroundings.variable(EMULATOR).is_some() {
            return Ok(self.given.clone());
        }
        let found = self.found.get_or_try_init(|| async {
            let here = self.whereabouts.here().await;
            let at_google = here.region.as_ref().is_some_and(|region| region.cloud == Cloud::Google);
            if at_google || account_file(surroundings).is_some() {
                return google_account(surroundings).map(Some);
            }
            Ok(None)
        });
        found.await.cloned()
    }
}

/// Shows no account.
impl fmt::Debug for GoogleStorage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GoogleStorage").field("payer", &self.payer).finish_non_exhaustive()
    }
}
