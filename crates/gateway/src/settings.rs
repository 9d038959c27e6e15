//! How requests are made: limits, proxy and trust, all given.

use std::fmt;
use std::time::Duration;

use reqwest::{Certificate, NoProxy, Proxy};

use crate::error::{Error, Result};

/// How a client makes its requests.
#[derive(Clone)]
pub struct Settings {
    /// `User-Agent`.
    pub user_agent: String,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for a whole answer, beyond what the gateway itself waits for a cluster (20 s).
    pub answer: Duration,
    /// How often a request is made at most, if it may be made again.
    pub tries: u32,
    /// Pause before the second try; each further one is twice as long, by chance up to a half shorter.
    pub pause: Duration,
    /// Longest pause, whoever asks for it.
    pub longest_pause: Duration,
    /// Pause between two looks at a cluster that is waited for. Dask's own client has the same.
    pub look: Duration,
    /// A proxy (`http://HOST:PORT`) for all requests.
    pub proxy: Option<String>,
    /// Hosts without the proxy, as `NO_PROXY` lists them.
    pub without_proxy: Option<String>,
    /// Certificates (PEM) that are trusted beside the machine's own.
    pub authorities: Vec<u8>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: concat!("frazil/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect: Duration::from_secs(20),
            answer: Duration::from_mins(1),
            tries: 5,
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
            look: Duration::from_millis(500),
            proxy: None,
            without_proxy: None,
            authorities: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether a client can be made of it, as far as it does not depend on the machine.
    pub(crate) fn check(&self) -> Result<()> {
        self.certificates()?;
        self.proxy.as_deref().map_or(Ok(()), |address| self.through(address).map(drop))
    }

    /// The client below ours: it follows no redirect and retries nothing.
    pub(crate) fn build(&self, keeps_cookies: bool) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .cookie_store(keeps_cookies)
            .connect_timeout(self.connect)
            .pool_idle_timeout(Duration::from_secs(50))
            .tls_certs_merge(self.certificates()?)
            .no_proxy();
        if let Some(address) = &self.proxy {
            builder = builder.proxy(self.through(address)?);
        }
        builder.build().map_err(|error| Error::Invalid {
            what: format!("no HTTP client can be made: {}", crate::exchange::told(&error)),
            advice: "check the machine's certificates (SSL_CERT_FILE)".to_owned(),
        })
    }

    fn through(&self, address: &str) -> Result<Proxy> {
        let proxy = Proxy::all(address).map_err(|_| Error::Invalid {
            what: "the proxy is no address".to_owned(),
            advice: "write it as http://HOST:PORT".to_owned(),
        })?;
        Ok(proxy.no_proxy(self.without_proxy.as_deref().and_then(NoProxy::from_string)))
    }

    fn certificates(&self) -> Result<Vec<Certificate>> {
        Certificate::from_pem_bundle(&self.authorities).map_err(|error| Error::Invalid {
            what: format!("the further certificates are no PEM: {}", crate::exchange::told(&error)),
            advice: "write them one after the other, each between BEGIN and END CERTIFICATE".to_owned(),
        })
    }
}

/// Shows whether there is a proxy, not which: its address may hold a password.
impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("user_agent", &self.user_agent)
            .field("connect", &self.connect)
            .field("answer", &self.answer)
            .field("tries", &self.tries)
            .field("proxy", &self.proxy.is_some())
            .field("authorities", &self.authorities.len())
            .finish_non_exhaustive()
    }
}
