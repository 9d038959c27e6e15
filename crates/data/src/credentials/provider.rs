//! Keys that stay valid while work runs.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::keys::{Age, Keys};
use super::shared::Shared;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::Request;
use crate::login::{Earthdata, Session};

/// Most bytes of an answer with keys.
const LIMIT: usize = 64 << 10;
/// Names who asks in the session of the role that the keys are for.
const APP_NAME: HeaderName = HeaderName::from_static("app-name");

/// Keys of one `s3credentials` address for one login. A clone is the same: what one renews, all have.
/// An `object_store` takes it as its credentials, and so signs with valid keys however long it is used.
#[derive(Clone)]
pub struct S3Keys {
    inner: Arc<Inner>,
}

struct Inner {
    session: Session,
    endpoint: Url,
    held: RwLock<Held>,
    /// Held by the one who renews.
    renewing: tokio::sync::Mutex<()>,
}

/// The keys at hand, and those that S3 did not take.
#[derive(Default)]
struct Held {
    keys: Option<Arc<Keys>>,
    refused: Option<String>,
    /// Not before this moment is a renewal tried again that failed while the keys still held.
    not_before: Option<Timestamp>,
}

/// How long that is.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

impl S3Keys {
    /// Keys from an address. They are asked for when first needed.
    ///
    /// # Errors
    /// When the address may not see tokens of Earthdata Login.
    pub fn new(session: Session, endpoint: Url) -> Result<Self> {
        if !Earthdata::may_see_token(&endpoint) {
            return Err(Error::Invalid {
                what: format!(
                    "{} is not an archive of Earthdata: it will not see your token",
                    Address::from(&endpoint)
                ),
                advice: "take the s3credentials address from the granule's own links".to_owned(),
            });
        }
        let inner =
            Inner { session, endpoint, held: RwLock::default(), renewing: tokio::sync::Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where they come from.
    pub fn endpoint(&self) -> &Url {
        &self.inner.endpoint
    }

    /// Keys that are valid for a while yet.
    ///
    /// # Errors
    /// As [`Session::fetch`], when there are none that are still valid.
    pub async fn keys(&self) -> Result<Arc<Keys>> {
        let _turn = match self.current() {
            (Some(keys), Age::Young) => return Ok(keys),
            (Some(keys), Age::Old) if self.waits() => return Ok(keys),
            (Some(keys), Age::Old) => match self.inner.renewing.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(keys),
            },
            _ => self.inner.renewing.lock().await,
        };
        let (current, age) = self.current();
        match (current, age) {
            (Some(keys), Age::Young) => Ok(keys),
            (Some(keys), Age::Old) => Ok(self.renewed().await.unwrap_or_else(|_| {
                let not_before = self.now().checked_add(PATIENCE).ok();
                self.inner.held.write().unwrap_or_else(PoisonError::into_inner).not_before = not_before;
                keys
            })),
            _ => self.renewed().await,
        }
    }

    /// Leaves keys that S3 refused (`ExpiredToken`): the next who asks gets others.
    pub fn refuse(&self, keys: &Keys) {
        let mut held = self.inner.held.write().unwrap_or_else(PoisonError::into_inner);
        held.refused = Some(keys.id.clone());
        held.keys.take_if(|held| held.id == keys.id);
    }

    fn now(&self) -> Timestamp {
        self.inner.session.client().surroundings().now()
    }

    fn waits(&self) -> bool {
        let held = self.inner.held.read().unwrap_or_else(PoisonError::into_inner);
        held.not_before.is_some_and(|moment| self.now() < moment)
    }

    fn current(&self) -> (Option<Arc<Keys>>, Age) {
        let keys = self.inner.held.read().unwrap_or_else(PoisonError::into_inner).keys.clone();
        let now = self.now();
        let age = keys.as_ref().map_or(Age::Ending, |keys| keys.age(now));
        (keys, age)
    }

    async fn renewed(&self) -> Result<Arc<Keys>> {
        let surroundings = self.inner.session.client().surroundings();
        let user = self.inner.session.token().await?.user().map(str::to_owned);
        let shared = surroundings
            .cache()
            .zip(user)
            .map(|(cache, user)| Shared::new(&cache, &self.inner.endpoint, &user));
        let turn = match &shared {
            Some(shared) => shared.turn().await,
            None => None,
        };
        let left =
            shared.as_ref().filter(|_| turn.is_some()).and_then(|shared| shared.read(surroundings.now()));
        let refused = self.inner.held.read().unwrap_or_else(PoisonError::into_inner).refused.clone();
        let left = left
            .filter(|keys| keys.age(surroundings.now()) == Age::Young && refused.as_ref() != Some(&keys.id));
        let keys = if let Some(keys) = left {
            keys
        } else {
            let keys = self.asked().await?;
            if let Some(shared) = shared.filter(|_| turn.is_some()) {
                // Not shared, they are still good here.
                shared.write(&keys).ok();
            }
            keys
        };
        let keys = Arc::new(keys);
        self.inner.held.write().unwrap_or_else(PoisonError::into_inner).keys = Some(Arc::clone(&keys));
        Ok(keys)
    }

    async fn asked(&self) -> Result<Keys> {
        let request = Request::get(self.inner.endpoint.clone())
            .accept("application/json")
            .header(APP_NAME, HeaderValue::from_static("frazil"));
        let whole = self.inner.session.fetch(request, LIMIT).await?;
        let now = self.inner.session.client().surroundings().now();
        let value = whole.json().ok();
        value.and_then(|value| Keys::parse(&value, now)).ok_or_else(|| Error::Answer {
            address: Address::from(&self.inner.endpoint),
            what: "no keys: accessKeyId, secretAccessKey, sessionToken and expiration are due".to_owned(),
        })
    }
}

#[async_trait]
impl CredentialProvider for S3Keys {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let keys = self
            .keys()
            .await
            .map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        Ok(Arc::new(keys.credential()))
    }
}

/// Shows where they come from, and no key.
impl fmt::Debug for S3Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("S3Keys")
            .field("endpoint", &Address::from(&self.inner.endpoint))
            .finish_non_exhaustive()
    }
}
