//! Where this runs.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{Either, select};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use url::Url;

use super::name::Region;
use crate::http::{Client, Proxies, Request, Settings};
use crate::surroundings::Surroundings;

/// Longest time for which anybody waits to be told where something is.
pub const LONGEST: Duration = Duration::from_millis(300);
/// Variables that tell the region: the deployer's, then those of Lambda, ECS and pods with a role.
const VARIABLES: [&str; 3] = ["FRAZIL_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"];
/// Where EC2's metadata service answers, unless a variable says otherwise.
const EC2: &str = "http://169.254.169.254";
/// Where Google's does.
const GOOGLE: &str = "metadata.google.internal";
/// Most bytes of an answer of theirs.
const LIMIT: usize = 4096;

/// Where this runs, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// The region; none where nobody tells.
    pub region: Option<Region>,
    /// Who told, or who was asked in vain.
    pub because: String,
}

/// Knows where this runs and where buckets are, once somebody has wanted to know. A clone is the same.
#[derive(Clone)]
pub struct Whereabouts {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) client: Client,
    here: OnceCell<Here>,
    pub(super) buckets: Mutex<BTreeMap<String, Arc<OnceCell<Region>>>>,
    /// Until when a bucket is not asked for again, of which S3 did not tell in time.
    pub(super) untold: Mutex<BTreeMap<String, Timestamp>>,
}

impl Whereabouts {
    /// Knows nothing yet. The client asks for buckets; metadata services are asked past any proxy.
    pub fn new(client: Client) -> Self {
        let inner =
            Inner { client, here: OnceCell::new(), buckets: Mutex::default(), untold: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Where this runs.
    pub async fn here(&self) -> &Here {
        self.inner.here.get_or_init(|| find(&self.inner.client)).await
    }
}

async fn find(client: &Client) -> Here {
    let surroundings = client.surroundings();
    for name in VARIABLES {
        if let Some(region) = surroundings.variable(name).and_then(|text| Region::parse(&text)) {
            return Here { region: Some(region), because: format!("{name} says so") };
        }
    }
    let settings = Settings {
        proxies: Proxies::default(),
        connect: LONGEST,
        answer: LONGEST,
        ..client.settings().clone()
    };
    let Ok(direct) = Client::new(settings, surroundings) else {
        return Here { region: None, because: "no metadata service could be asked".to_owned() };
    };
    let asked = first(ec2(&direct, surroundings), google(&direct, surroundings));
    let told = timeout(LONGEST, asked).await.ok().flatten();
    match told {
        Some((region, who)) => {
            Here { region: Some(region), because: format!("{who}'s metadata service says so") }
        }
        None => Here {
            region: None,
            because: format!(
                "{} are not set, and no metadata service answered in {} ms",
                VARIABLES.join(", "),
                LONGEST.as_millis()
            ),
        },
    }
}

/// What the quicker one of two knows, or else the other.
async fn first<T>(one: impl Future<Output = Option<T>>, other: impl Future<Output = Option<T>>) -> Option<T> {
    match select(Box::pin(one), Box::pin(other)).await {
        Either::Left((None, other)) => other.await,
        Either::Right((None, one)) => one.await,
        Either::Left((told, _)) | Either::Right((told, _)) => told,
    }
}

/// EC2's metadata service, second version: a token first, which keeps out requests that were tricked
/// out of some server.
async fn ec2(direct: &Client, surroundings: &Surroundings) -> Option<(Region, &'static str)> {
    let off = surroundings.variable("AWS_EC2_METADATA_DISABLED");
    if off.is_some_and(|off| off.eq_ignore_ascii_case("true")) {
        return None;
    }
    let base = surroundings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| EC2.to_owned());
    let url = |path: &str| Url::parse(&format!("{}{path}", base.trim_end_matches('/'))).ok();
    let life = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
    let asking =
        Request::new(Method::PUT, url("/latest/api/token")?).header(life, HeaderValue::from_static("60"));
    let token = text(direct, asking).await?;
    let name = HeaderName::from_static("x-aws-ec2-metadata-token");
    let mut value = HeaderValue::from_str(&token).ok()?;
    value.set_sensitive(true);
    let region =
        text(direct, Request::get(url("/latest/meta-data/placement/region")?).header(name, value)).await?;
    Some((Region::parse(&format!("aws/{}", region.trim()))?, "EC2"))
}

/// Google's metadata service.
async fn google(direct: &Client, surroundings: &Surroundings) -> Option<(Region, &'static str)> {
    let host = surroundings.variable("GCE_METADATA_HOST").unwrap_or_else(|| GOOGLE.to_owned());
    let url = Url::parse(&format!("http://{host}/computeMetadata/v1/instance/zone")).ok()?;
    let flavor = HeaderName::from_static("metadata-flavor");
    let zone = text(direct, Request::get(url).header(flavor, HeaderValue::from_static("Google"))).await?;
    Some((Region::of_google_zone(&zone)?, "Google"))
}

async fn text(direct: &Client, request: Request) -> Option<String> {
    let whole = direct.fetch(&request.tries(1).unfollowed(), LIMIT).await.ok()?;
    String::from_utf8(whole.bytes.to_vec()).ok()
}

impl std::fmt::Debug for Whereabouts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Whereabouts").field("here", &self.inner.here.get()).finish_non_exhaustive()
    }
}
