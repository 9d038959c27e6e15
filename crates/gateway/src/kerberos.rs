//! Kerberos in HTTP: `Negotiate` of RFC 4559 as Dask Gateway's own client speaks it, a token of Kerberos 5 itself
//! (RFC 4121) in one round, with the answer's token as the gateway's proof.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE};
use reqwest::header::HeaderValue;
use url::Url;

use crate::error::{Error, Result};
use crate::login::sensitive;

/// What the gateway's keytab has a key of: `HTTP/HOST`.
const SERVICE: &str = "HTTP";
/// What begins the header.
const SCHEME: &str = "Negotiate";

/// A negotiation of one request, which its answer has to finish.
pub(crate) struct Negotiation {
    context: ClientCtx,
}

/// Begins a negotiation with the host of an address. The library may ask the KDC for a ticket, so that happens on a
/// thread of its own.
pub(crate) async fn begin(url: &Url) -> Result<(HeaderValue, Negotiation)> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let service = format!("{SERVICE}@{host}");
    let no_ticket = |why: String| Error::NoTicket { service: service.clone(), why };
    let begun = {
        let service = service.clone();
        tokio::task::spawn_blocking(move || first_token(&service)).await
    };
    let (context, token) =
        begun.map_err(|error| no_ticket(error.to_string()))?.map_err(|error| no_ticket(error.to_string()))?;
    let header = sensitive(SCHEME, &STANDARD.encode(&token));
    let header = header.ok_or_else(|| no_ticket("the library gave no token".to_owned()))?;
    Ok((header, Negotiation { context }))
}

fn first_token(
    service: &str,
) -> std::result::Result<(ClientCtx, zeroize::Zeroizing<Vec<u8>>), libgssapi::error::Error> {
    let name = Name::new(service.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))?;
    let flags = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_SEQUENCE_FLAG;
    let mut context = ClientCtx::new(None, name, flags, Some(GSS_MECH_KRB5));
    let token = context.step(None, None)?.map(|token| token.to_vec()).unwrap_or_default();
    Ok((context, token.into()))
}

impl Negotiation {
    /// Holds the answer's token against the request's: only who has the key of the service can make it.
    pub(crate) fn finish(mut self, challenges: &[&str]) -> std::result::Result<(), String> {
        let token = challenges.iter().find_map(|challenge| token(challenge));
        let token = token.ok_or("it sent no token with its answer")?;
        let bytes = STANDARD.decode(token).map_err(|_| "its token is no base64")?;
        self.context.step(Some(&bytes), None).map_err(|error| error.to_string())?;
        if self.context.is_complete() {
            return Ok(());
        }
        Err("its token does not finish the negotiation".to_owned())
    }
}

/// The token of a `WWW-Authenticate` header.
fn token(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case(SCHEME) && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn a_challenge_without_a_token_is_none() {
        assert_eq!(token("Negotiate YII="), Some("YII="));
        assert_eq!(token("negotiate  YII= "), Some("YII="));
        for none in ["Negotiate", "Negotiate ", "Basic YII=", ""] {
            assert_eq!(token(none), None, "{none}");
        }
    }
}
