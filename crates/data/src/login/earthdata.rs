//! Which Earthdata: production, the one for user acceptance tests, or another; and which hosts are its own.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Result};

/// Host of the production system.
const PRODUCTION: &str = "urs.earthdata.nasa.gov";
/// Host of the system for user acceptance tests.
const UAT: &str = "uat.urs.earthdata.nasa.gov";
/// Domains whose hosts take tokens of Earthdata Login: NASA's, and those of the archives that other
/// institutions run (ASF, NSIDC, LP DAAC at USGS, ORNL DAAC).
const DOMAINS: [&str; 5] = ["nasa.gov", "asf.alaska.edu", "nsidc.org", "cr.usgs.gov", "daac.ornl.gov"];

/// A system of Earthdata: its login service and its catalog.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Earthdata {
    host: String,
    cmr: String,
}

impl Default for Earthdata {
    fn default() -> Self {
        Self::production()
    }
}

impl Earthdata {
    /// `urs.earthdata.nasa.gov`, with `cmr.earthdata.nasa.gov`.
    pub fn production() -> Self {
        Self { host: PRODUCTION.to_owned(), cmr: "cmr.earthdata.nasa.gov".to_owned() }
    }

    /// `uat.urs.earthdata.nasa.gov`, with `cmr.uat.earthdata.nasa.gov`: for user acceptance tests.
    pub fn uat() -> Self {
        Self { host: UAT.to_owned(), cmr: "cmr.uat.earthdata.nasa.gov".to_owned() }
    }

    /// By name: `production` (or `prod`, `ops`), `uat`.
    ///
    /// # Errors
    /// For any other name.
    pub fn named(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "production" | "prod" | "ops" => Ok(Self::production()),
            "uat" => Ok(Self::uat()),
            _ => Err(Error::Invalid {
                what: format!("there is no Earthdata called `{name}`"),
                advice: "name `production` or `uat`".to_owned(),
            }),
        }
    }

    /// The host of the login service; the machine in `.netrc`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host of the catalog (CMR).
    pub fn cmr(&self) -> &str {
        &self.cmr
    }

    /// An address of the login service. The path begins with a slash.
    pub(crate) fn url(&self, path: &str) -> Result<Url> {
        let text = format!("https://{}{path}", self.host);
        Url::parse(&text).map_err(|_| Error::Invalid {
            what: format!("`{}` is no host", self.host),
            advice: "name `production` or `uat`".to_owned(),
        })
    }

    /// Whether an address is of this login service.
    pub(crate) fn is_login(&self, url: &Url) -> bool {
        url.scheme() == "https" && url.host_str() == Some(&self.host)
    }

    /// Whether an address is of the login service of any of them.
    pub(crate) fn is_any_login(url: &Url) -> bool {
        [Self::production(), Self::uat()].iter().any(|one| one.is_login(url))
    }

    /// Whether a token of Earthdata Login may be shown at an address: over TLS, to hosts of
    /// Earthdata's archives.
    pub fn may_see_token(url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "https"
            && DOMAINS.iter().any(|domain| {
                host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_for_archives_only() {
        let may = |text: &str| Earthdata::may_see_token(&text.parse().unwrap());
        assert!(may("https://data.nsidc.earthdatacloud.nasa.gov/x"));
        assert!(may("https://sentinel1.asf.alaska.edu/x"));
        assert!(may("https://n5eil01u.ecs.nsidc.org/x"));
        for other in [
            "http://data.nsidc.earthdatacloud.nasa.gov/x",
            "https://nasa.gov.example.org/x",
            "https://evilnasa.gov/x",
            "https://b.s3.us-west-2.amazonaws.com/x",
            "https://10.0.0.1/x",
        ] {
            assert!(!may(other), "{other}");
        }
    }

    #[test]
    fn systems_have_names() {
        assert_eq!(Earthdata::named("UAT").unwrap(), Earthdata::uat());
        assert_eq!(Earthdata::named("prod").unwrap(), Earthdata::default());
        assert!(Earthdata::named("sit").unwrap_err().advice().contains("uat"));
    }
}
