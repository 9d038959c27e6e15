//! Keys for what the Planetary Computer keeps: a shared access signature for each container, which ends
//! after some minutes (<https://planetarycomputer.microsoft.com/docs/concepts/sas/>).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::found::Item;
use crate::http::{Client, Request};

/// Where signatures are given.
const SERVICE: &str = "https://planetarycomputer.microsoft.com/api/sas/v1/token/";
/// What is in these accounts is open.
const OPEN: [&str; 1] = ["ai4edatasetspublicassets"];
/// A signature that ends sooner is not used.
const LEAST: SignedDuration = SignedDuration::from_mins(1);
const LONGEST: usize = 1 << 20;

/// Signs addresses in Azure's blob storage; keeps each container's signature until it ends.
pub struct Signer {
    client: Client,
    signatures: Mutex<HashMap<(String, String), Signature>>,
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
        Self { client, signatures: Mutex::new(HashMap::new()) }
    }

    /// The address with a signature, or as it is where it needs none: it is not in blob storage, open, or
    /// signed already. The result lets its reader in.
    ///
    /// # Errors
    /// When the service gives no signature.
    pub async fn sign(&self, href: &str) -> Result<String> {
        let Some((mut url, account, container)) = parts(href) else { return Ok(href.to_owned()) };
        let key = (account, container);
        let mut signatures = self.signatures.lock().await;
        let now = self.client.surroundings().now();
        let lasts = |signature: &&Signature| signature.ends.duration_since(now) > LEAST;
        let known = signatures.get(&key).filter(lasts).map(|signature| signature.query.clone());
        let signature = if let Some(known) = known {
            known
        } else {
            let signature = self.ask(&key).await?;
            let query = signature.query.clone();
            signatures.insert(key, signature);
            query
        };
        let query = match url.query() {
            Some(own) if !own.is_empty() => format!("{own}&{}", signature.expose_secret()),
            _ => signature.expose_secret().to_owned(),
        };
        url.set_query(Some(&query));
        Ok(url.into())
    }

    /// Signs the addresses of an item's assets.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub async fn sign_item(&self, item: &mut Item) -> Result<()> {
        for asset in &mut item.assets {
            asset.href = self.sign(&asset.href).await?;
        }
        Ok(())
    }

    async fn ask(&self, (account, container): &(String, String)) -> Result<Signature> {
        let url: Url = format!("{SERVICE}{account}/{container}").parse().map_err(|_| Error::Invalid {
            what: format!("`{account}/{container}` is no container of blob storage"),
            advice: "check the address of the asset".to_owned(),
        })?;
        let whole = self.client.fetch(&Request::get(url.clone()), LONGEST).await?;
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

/// The address with its account and container, if it needs a signature.
fn parts(href: &str) -> Option<(Url, String, String)> {
    let url: Url = href.parse().ok()?;
    let account = url.host_str()?.strip_suffix(".blob.core.windows.net")?.to_owned();
    let container = url.path_segments()?.next().filter(|container| !container.is_empty())?.to_owned();
    let signed = url.query_pairs().any(|(name, _)| name == "sig");
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'$');
    let right = url.scheme() == "https" && plain(&account) && plain(&container);
    (right && !signed && !OPEN.contains(&account.as_str())).then_some((url, account, container))
}
