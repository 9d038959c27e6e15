//! Keys for what the Planetary Computer keeps: a shared access signature for each container, which ends
//! after some minutes (<https://planetarycomputer.microsoft.com/docs/concepts/sas/>).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Client, Request};

/// Where signatures are given.
const SERVICE: &str = "https://planetarycomputer.microsoft.com/api/sas/v1/token/";
/// What is in these accounts is open.
const OPEN: [&str; 1] = ["ai4edatasetspublicassets"];
/// A signature that ends sooner is not used.
const LEAST: SignedDuration = SignedDuration::from_mins(1);
const LONGEST: usize = 1 << 20;
/// Longest wait for a signature.
const WAIT: Duration = Duration::from_mins(1);

/// Signs addresses in Azure's blob storage; keeps each container's signature until it ends. A clone shares
/// them.
#[derive(Clone)]
pub struct Signer {
    client: Client,
    containers: Arc<Mutex<HashMap<Container, Arc<tokio::sync::Mutex<Held>>>>>,
}

/// An account and a container of it.
type Container = (String, String);

/// What is known of a container.
#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Signature(Signature),
    /// The service gives no signatures for it: it is somebody else's, and may be open.
    Unsigned,
}

struct Signature {
    query: SecretString,
    ends: Timestamp,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "msft:expiry")]
    ends: String,
    token: String,
}

impl Signer {
    /// A signer that asks through a client.
    pub fn new(client: Client) -> Self {
        Self { client, containers: Arc::default() }
    }

    /// The address with a signature, which lets its reader in. None where it is read as it is: it is not in
    /// blob storage, open, signed already, or in a container that the service does not know.
    ///
    /// # Errors
    /// When the service does not answer, or not as it should.
    pub async fn sign(&self, url: &Url) -> Result<Option<Url>> {
        let Some(container) = container(url) else { return Ok(None) };
        let held = self.held(&container);
        let mut held = held.lock().await;
        let now = self.client.surroundings().now();
        let lasts = match &*held {
            Held::Nothing => false,
            Held::Signature(signature) => signature.ends.duration_since(now) > LEAST,
            Held::Unsigned => true,
        };
        if !lasts {
            *held = match self.ask(&container).await {
                Ok(signature) => Held::Signature(signature),
                Err(Error::NotFound { .. } | Error::Refused { .. }) => Held::Unsigned,
                Err(error) => return Err(error),
            };
        }
        let Held::Signature(signature) = &*held else { return Ok(None) };
        let mut signed = url.clone();
        let query = match url.query() {
            Some(own) if !own.is_empty() => format!("{own}&{}", signature.query.expose_secret()),
            _ => signature.query.expose_secret().to_owned(),
        };
        signed.set_query(Some(&query));
        Ok(Some(signed))
    }

    /// Gives up the signature of an address that its store has refused, so that the next is a new one.
    pub async fn refuse(&self, signed: &Url) {
        let Some(container) = parts(signed) else { return };
        let held = self.held(&container);
        let mut held = held.lock().await;
        let refused = |signature: &Signature| {
            signed.query().is_some_and(|query| query.ends_with(signature.query.expose_secret()))
        };
        if matches!(&*held, Held::Signature(signature) if refused(signature)) {
            *held = Held::Nothing;
        }
    }

    fn held(&self, container: &Container) -> Arc<tokio::sync::Mutex<Held>> {
        let mut all = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(container.clone()).or_default())
    }

    async fn ask(&self, (account, container): &Container) -> Result<Signature> {
        let url: Url = format!("{SERVICE}{account}/{container}").parse().map_err(|_| Error::Invalid {
            what: format!("`{account}/{container}` is no container of blob storage"),
            advice: "check the address of the asset".to_owned(),
        })?;
        let asked = Request::get(url.clone()).within(WAIT);
        let whole = self.client.fetch(&asked, LONGEST).await?;
        // Not told with what came: that is the signature.
        let answer: Option<Answer> = whole.json().ok();
        let signature = answer.and_then(|answer| {
            Some(Signature { query: answer.token.into(), ends: answer.ends.parse().ok()? })
        });
        signature.ok_or_else(|| Error::Answer {
            address: Address::from(&url),
            what: "no signature with its end".to_owned(),
        })
    }
}

/// The container of an address that may need a signature, and has none.
fn container(url: &Url) -> Option<Container> {
    let signed = url.query_pairs().any(|(name, _)| name == "sig");
    parts(url).filter(|(account, _)| !signed && !OPEN.contains(&account.as_str()))
}

/// The account and the container of an address in blob storage.
fn parts(url: &Url) -> Option<Container> {
    let account = url.host_str()?.strip_suffix(".blob.core.windows.net")?.to_owned();
    let container = url.path_segments()?.next().filter(|container| !container.is_empty())?.to_owned();
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'$');
    (url.scheme() == "https" && plain(&account) && plain(&container)).then_some((account, container))
}

/// Shows nothing of what lets in.
impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Signer").finish_non_exhaustive()
    }
}
