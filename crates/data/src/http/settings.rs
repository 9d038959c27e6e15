//! How requests are made: names, limits, proxies and trust, all given.

use std::time::Duration;

use reqwest::{Certificate, NoProxy, Proxy};

use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// How a client makes its requests.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `User-Agent`. One that begins with `Mozilla` makes Earthdata answer with pages for people.
    pub user_agent: String,
    /// `Client-Id`, by which CMR tells its callers apart.
    pub client_id: String,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the head of an answer. CMR cuts its own queries at 180 s.
    pub answer: Duration,
    /// Longest wait for the next piece of a body.
    pub read: Duration,
    /// How often a request is made at most.
    pub tries: u32,
    /// Pause before the second try; each further one is twice as long, by chance up to a half shorter.
    pub pause: Duration,
    /// Longest pause of our own choice.
    pub longest_pause: Duration,
    /// Longest pause where a server asks for one (`Retry-After`).
    pub longest_asked: Duration,
    /// Most redirects that are followed.
    pub redirects: u32,
    /// Proxies.
    pub proxies: Proxies,
    /// Certificates (PEM) that are trusted beside the machine's own.
    pub authorities: Vec<u8>,
}

/// Proxies, and the hosts that are reached without.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For `https` addresses.
    pub https: Option<String>,
    /// For `http` addresses.
    pub http: Option<String>,
    /// Hosts without a proxy, as `NO_PROXY` lists them.
    pub without: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: concat!("frazil/", env!("CARGO_PKG_VERSION")).to_owned(),
            client_id: concat!("frazil/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect: Duration::from_secs(20),
            answer: Duration::from_secs(190),
            read: Duration::from_mins(1),
            tries: 6,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
            longest_asked: Duration::from_mins(5),
            redirects: 10,
            proxies: Proxies::default(),
            authorities: Vec::new(),
        }
    }
}

impl Settings {
    /// Proxies and trust as the environment has them: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
    /// `NO_PROXY` (or in lower case; `HTTP_PROXY` in lower case only, for in CGI a caller sets it), and
    /// the file of `FRAZIL_CA_BUNDLE`. `SSL_CERT_FILE` is read by the TLS library itself, instead of
    /// the machine's own certificates.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of(surroundings: &Surroundings) -> Result<Self> {
        let all = surroundings.first_variable(&["all_proxy", "ALL_PROXY"]);
        let proxies = Proxies {
            https: surroundings.first_variable(&["https_proxy", "HTTPS_PROXY"]).or_else(|| all.clone()),
            http: surroundings.variable("http_proxy").or(all),
            without: surroundings.first_variable(&["no_proxy", "NO_PROXY"]),
        };
        let authorities = match surroundings.variable("FRAZIL_CA_BUNDLE") {
            None => Vec::new(),
            Some(path) => {
                let path = std::path::PathBuf::from(path);
                std::fs::read(&path).map_err(Error::file(&path, "read the certificates in"))?
            }
        };
        Ok(Self { proxies, authorities, ..Self::default() })
    }

    /// Whether a client can be made of it, as far as it does not depend on the machine.
    pub(super) fn check(&self) -> Result<()> {
        self.certificates()?;
        self.proxies.list()?;
        Ok(())
    }

    /// The client below ours: it follows no redirect and retries nothing.
    pub(super) fn build(&self) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .cookie_store(true)
            .connect_timeout(self.connect)
            .pool_idle_timeout(Duration::from_secs(50))
            .tls_certs_merge(self.certificates()?)
            .no_proxy();
        for proxy in self.proxies.list()? {
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| Error::Invalid {
            what: format!("no HTTP client can be made: {}", super::failure::told(&error)),
            advice: "check the machine's certificates (SSL_CERT_FILE)".to_owned(),
        })
    }

    fn certificates(&self) -> Result<Vec<Certificate>> {
        Certificate::from_pem_bundle(&self.authorities).map_err(|error| Error::Invalid {
            what: format!("the further certificates are no PEM: {}", super::failure::told(&error)),
            advice: "write them one after the other, each between BEGIN and END CERTIFICATE".to_owned(),
        })
    }
}

impl Proxies {
    fn list(&self) -> Result<Vec<Proxy>> {
        let without = self.without.as_deref().and_then(NoProxy::from_string);
        let make = |name: &str, address: &Option<String>, of: fn(&str) -> reqwest::Result<Proxy>| {
            let Some(address) = address else { return Ok(None) };
            let proxy = of(address).map_err(|_| Error::Invalid {
                what: format!("the proxy for {name} is no address"),
                advice: "write it as http://HOST:PORT".to_owned(),
            })?;
            Ok(Some(proxy.no_proxy(without.clone())))
        };
        let https = make("https", &self.https, |address| Proxy::https(address))?;
        let http = make("http", &self.http, |address| Proxy::http(address))?;
        Ok(https.into_iter().chain(http).collect())
    }
}

/// Shows whether there are proxies, not which: their addresses may hold passwords.
impl std::fmt::Debug for Proxies {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Proxies")
            .field("https", &self.https.is_some())
            .field("http", &self.http.is_some())
            .field("without", &self.without)
            .finish()
    }
}
