//! The calls.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::address::Address;
use crate::cluster::{Cluster, Credentials, Pair, Status};
use crate::error::{Error, Result};
use crate::exchange::{Call, Exchange};
use crate::login::Login;
use crate::name::ClusterName;
use crate::options::Options;
use crate::settings::Settings;

/// How long a gateway waits itself when it is asked to wait for a cluster.
const ITS_WAIT: Duration = Duration::from_secs(20);
/// How long is waited for a cluster where the time has no end.
const LONGEST_WAIT: Duration = Duration::from_hours(365 * 24);
/// How long a gateway may take to know a cluster that it started.
const KNOWN_WITHIN: Duration = Duration::from_secs(15);

/// One user at one gateway. A clone shares connections and cookies.
#[derive(Clone)]
pub struct Gateway {
    /// Made with the first call: the machine's certificates take long to read.
    http: Arc<OnceLock<reqwest::Client>>,
    address: Address,
    login: Login,
    settings: Arc<Settings>,
}

/// Whether a gateway is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It is.
    Pass,
    /// It is, with something to look at.
    Warn,
    /// It is not.
    Fail,
}

/// How many workers a cluster may have, by its load. Without a greatest number one idle user can fill a cloud:
/// so there is always one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adapt {
    bounds: Option<(u32, u32)>,
}

impl Adapt {
    /// At least and at most so many workers.
    ///
    /// # Errors
    /// When the least is more than the most.
    pub fn between(minimum: u32, maximum: u32) -> Result<Self> {
        if minimum <= maximum {
            return Ok(Self { bounds: Some((minimum, maximum)) });
        }
        Err(Error::Invalid {
            what: format!("at least {minimum} and at most {maximum} workers"),
            advice: "the least number comes first".to_owned(),
        })
    }

    /// As many workers as there are now, until they are scaled.
    pub fn off() -> Self {
        Self { bounds: None }
    }
}

/// What became of a request to scale or adapt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scaled {
    /// It is done as it was asked for.
    AsAsked,
    /// The gateway did less, by a limit of its own: what it said.
    Limited(String),
}

#[derive(Deserialize)]
struct Said {
    ok: bool,
    msg: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: ClusterName,
}

#[derive(Deserialize)]
struct Versioned {
    version: String,
}

#[derive(Deserialize)]
struct Healthy {
    status: Health,
}

#[derive(Deserialize)]
struct Offered {
    cluster_options: Options,
}

impl Gateway {
    /// A client for one user. Nothing is asked yet.
    ///
    /// # Errors
    /// When the proxy or the certificates of the settings are none. Those of the machine are read with the first
    /// call.
    pub fn new(address: Address, login: Login, settings: Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self { http: Arc::default(), address, login, settings: Arc::new(settings) })
    }

    /// Where the gateway is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the gateway is well. Asked without login.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn health(&self) -> Result<Health> {
        let mut call = Call::new(Method::GET, self.address.of(&["api", "health"]));
        (call.with_login, call.answering) = (false, Some(503));
        self.asked::<Healthy>(&call).await.map(|healthy| healthy.status)
    }

    /// The gateway's version. Asked without login.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn version(&self) -> Result<String> {
        let mut call = Call::new(Method::GET, self.address.of(&["api", "version"]));
        call.with_login = false;
        self.asked::<Versioned>(&call).await.map(|versioned| versioned.version)
    }

    /// What the user may choose for a cluster.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn options(&self) -> Result<Options> {
        let call = Call::new(Method::GET, self.address.of(&["api", "v1", "options"]));
        self.asked::<Offered>(&call).await.map(|offered| offered.cluster_options)
    }

    /// The user's clusters of some statuses, by name; of none, those that are pending or running.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn list(&self, statuses: &[Status]) -> Result<Vec<Cluster>> {
        let mut url = self.address.of(&["api", "v1", "clusters", ""]);
        if !statuses.is_empty() {
            let names: Vec<_> = statuses.iter().map(|status| status.as_str().to_ascii_lowercase()).collect();
            url.set_query(Some(&format!("status={}", names.join(","))));
        }
        let call = Call::new(Method::GET, url);
        let clusters: BTreeMap<ClusterName, Cluster> = self.asked(&call).await?;
        Ok(clusters.into_values().collect())
    }

    /// Asks for a cluster and gives its name as soon as the gateway knows it by that; [`Gateway::wait`] waits until
    /// it runs. The options are held against what the gateway offers before it is asked. A cluster may have been
    /// started although the call was dropped: [`Gateway::list`] has it.
    ///
    /// # Errors
    /// [`Error::Options`] with all that is wrong; [`Error::Refused`] by a limit of the gateway; [`Error::Unsure`]
    /// where a cluster may have been started although no answer came: it is not asked twice.
    pub async fn create(&self, options: &Map<String, Value>) -> Result<ClusterName> {
        if !options.is_empty() {
            let problems = self.options().await?.problems(options);
            if !problems.is_empty() {
                return Err(Error::Options { address: self.address.clone(), problems });
            }
        }
        let mut call = Call::new(Method::POST, self.address.of(&["api", "v1", "clusters", ""]));
        call.body = Some(json!({ "cluster_options": options }));
        let name = self.asked::<Named>(&call).await?.name;
        self.known(&name).await;
        Ok(name)
    }

    /// Waits until a gateway knows what it started itself. On Kubernetes it learns that from the API server a
    /// moment later; until then it answers 404, and a call to stop with 204 and nothing done.
    async fn known(&self, name: &ClusterName) {
        let end = Instant::now() + KNOWN_WITHIN;
        while Instant::now() < end && matches!(self.cluster(name).await, Err(Error::NoCluster { .. })) {
            tokio::time::sleep(self.settings.look / 5).await;
        }
    }

    /// A cluster as it is now.
    ///
    /// # Errors
    /// [`Error::NoCluster`], [`Error::NotYours`], and as every call.
    pub async fn cluster(&self, name: &ClusterName) -> Result<Cluster> {
        self.asked(&self.about(Method::GET, name, None)).await
    }

    /// Waits until a cluster runs, at most so long. Dropping the call ends the wait, and leaves the cluster.
    ///
    /// # Errors
    /// [`Error::Ended`] when it is stopped or failed, [`Error::Late`] when the time is over.
    pub async fn wait(&self, name: &ClusterName, at_most: Duration) -> Result<Cluster> {
        let cluster = self.followed(name, at_most, true, |status| status >= Status::Running).await?;
        match cluster.status {
            Status::Running => Ok(cluster),
            status => Err(Error::Ended { name: name.clone(), status }),
        }
    }

    /// Waits until a cluster has ended, stopped or failed, at most so long. It asks nobody to stop it.
    ///
    /// # Errors
    /// [`Error::Late`] when the time is over.
    pub async fn wait_until_ended(&self, name: &ClusterName, at_most: Duration) -> Result<Cluster> {
        self.followed(name, at_most, false, Status::is_final).await
    }

    /// Looks at a cluster until its status is right. A gateway that is asked to wait does so for 20 s, until the
    /// cluster has started or failed.
    async fn followed(
        &self,
        name: &ClusterName,
        at_most: Duration,
        it_waits: bool,
        is_right: impl Fn(Status) -> bool,
    ) -> Result<Cluster> {
        let begin = Instant::now();
        let end = begin.checked_add(at_most).unwrap_or_else(|| begin + LONGEST_WAIT);
        let mut call = self.about(Method::GET, name, None);
        if it_waits {
            call.url.set_query(Some("wait"));
            call.waits = ITS_WAIT;
        }
        let mut status = None;
        while let Ok(cluster) = tokio::time::timeout_at(end, self.asked::<Cluster>(&call)).await {
            let cluster = cluster?;
            if is_right(cluster.status) {
                return Ok(cluster);
            }
            status = Some(cluster.status);
            tokio::time::sleep_until(end.min(Instant::now() + self.settings.look)).await;
        }
        Err(Error::Late { name: name.clone(), status, after: at_most })
    }

    /// Certificate and key of a running cluster, for who speaks to its scheduler.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when there are none: only a running cluster has them.
    pub async fn credentials(&self, name: &ClusterName) -> Result<Credentials> {
        let pair: Pair = self.asked(&self.about(Method::GET, name, None)).await?;
        pair.credentials().ok_or_else(|| Error::NotRunning { said: format!("cluster {name} is not running") })
    }

    /// Makes it so many workers, and ends adapting.
    ///
    /// # Errors
    /// [`Error::NotRunning`], and as every call.
    pub async fn scale(&self, name: &ClusterName, count: u32) -> Result<Scaled> {
        self.scaled(name, "scale", json!({ "count": count })).await
    }

    /// Makes the number of workers follow the load, or ends that.
    ///
    /// # Errors
    /// [`Error::NotRunning`], and as every call.
    pub async fn adapt(&self, name: &ClusterName, adapt: Adapt) -> Result<Scaled> {
        let body = match adapt.bounds {
            Some((minimum, maximum)) => json!({ "minimum": minimum, "maximum": maximum, "active": true }),
            None => json!({ "active": false }),
        };
        self.scaled(name, "adapt", body).await
    }

    /// Stops a cluster; one that is stopped, or not known, stays as it is. The answer does not wait for the end:
    /// [`Gateway::wait_until_ended`] does.
    ///
    /// # Errors
    /// [`Error::NotYours`], and as every call.
    pub async fn stop(&self, name: &ClusterName) -> Result<()> {
        self.exchange()?.make(&self.about(Method::DELETE, name, None)).await.map(drop)
    }

    async fn scaled(&self, name: &ClusterName, what: &str, body: Value) -> Result<Scaled> {
        let mut call = self.about(Method::POST, name, Some(what));
        // It names the number that shall be, so the second time changes nothing.
        (call.body, call.repeatable) = (Some(body), true);
        let said: Said = self.asked(&call).await?;
        Ok(match said {
            Said { ok: true, msg: None } => Scaled::AsAsked,
            Said { msg, .. } => {
                Scaled::Limited(msg.unwrap_or_else(|| "the gateway does not say why".to_owned()))
            }
        })
    }

    /// A call about one cluster.
    fn about(&self, method: Method, name: &ClusterName, what: Option<&str>) -> Call {
        let segments = ["api", "v1", "clusters", name.as_str()].into_iter().chain(what);
        let mut call = Call::new(method, self.address.of(&segments.collect::<Vec<_>>()));
        call.name = Some(name.to_string());
        call
    }

    async fn asked<T: DeserializeOwned>(&self, call: &Call) -> Result<T> {
        let exchange = self.exchange()?;
        exchange.read(call, &exchange.make(call).await?)
    }

    fn exchange(&self) -> Result<Exchange<'_>> {
        let Self { address, login, settings, .. } = self;
        Ok(Exchange { http: self.http()?, address, login, settings })
    }

    fn http(&self) -> Result<&reqwest::Client> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = self.settings.build(self.login.keeps_cookies())?;
        Ok(self.http.get_or_init(|| http))
    }
}

/// Shows where and by which login, not what the connections hold.
impl fmt::Debug for Gateway {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Gateway")
            .field("address", &self.address)
            .field("login", &self.login)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
