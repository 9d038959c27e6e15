//! The address of a gateway.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::error::Error;

/// Where a gateway is: `http` or `https`, host, port and the prefix under which its proxy answers. It holds no
/// user, password, query or fragment, so that it may be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// The address of a call: segments below the prefix. Each is escaped; an empty last one makes a slash.
    pub(crate) fn of(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Whether it is this machine's own, which no proxy reaches.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// The page of a cluster's dashboard, by the route in its record, which leaves the proxy's prefix out.
    pub fn dashboard(&self, route: &str) -> String {
        format!("{}/{}", self.to_string().trim_end_matches('/'), route.trim_start_matches('/'))
    }
}

impl FromStr for Address {
    type Err = Error;

    /// # Errors
    /// [`Error::Invalid`], which repeats nothing of the text: it may hold a password.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |what: &str| Error::Invalid {
            what: format!("the gateway's address {what}"),
            advice: "write it as https://HOST/PREFIX".to_owned(),
        };
        let url = Url::parse(text.trim()).map_err(|_| wrong("is none"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("begins neither with https:// nor with http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a user or a password, which belong into the login"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has a query or a fragment"));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_like_this_machine_are_others() {
        for (address, is_here) in [
            ("http://127.0.0.1:8000/x", true),
            ("http://[::1]", true),
            ("https://localhost", true),
            ("https://localhost.example.org", false),
            ("http://127.0.0.1.example.org", false),
        ] {
            assert_eq!(address.parse::<Address>().unwrap().is_loopback(), is_here, "{address}");
        }
    }

    #[test]
    fn calls_lie_below_the_prefix_and_no_segment_leads_out() {
        for (base, wanted) in [
            ("https://a.org", "https://a.org/api/v1/clusters/"),
            ("https://a.org/", "https://a.org/api/v1/clusters/"),
            ("http://[::1]:8000/x/y/", "http://[::1]:8000/x/y/api/v1/clusters/"),
        ] {
            let address: Address = base.parse().unwrap();
            assert_eq!(address.of(&["api", "v1", "clusters", ""]).as_str(), wanted);
        }
        let address: Address = "https://a.org/p".parse().unwrap();
        assert_eq!(address.of(&["a/b?c#d"]).as_str(), "https://a.org/p/a%2Fb%3Fc%23d");
        assert_eq!(address.dashboard("/clusters/x/status"), "https://a.org/p/clusters/x/status");
    }

    #[test]
    fn an_address_with_a_password_is_refused_and_not_repeated() {
        for text in
            ["https://ada:tell-no-one@a.org", "ftp://a.org", "a.org", "https://a.org/?token=tell-no-one"]
        {
            let told = text.parse::<Address>().unwrap_err();
            assert!(!format!("{told} {told:?}").contains("tell-no-one"), "{told:?}");
        }
    }
}
