//! Where the public name system leads for a hub's domain: to which zone, and to which servers.

use std::net::SocketAddr;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver, TokioResolver};

use crate::cloud::Zone;
use crate::context::Context;
use crate::error::{Error, Result};

/// The variable that names another server to ask than the machine's: an address with a port.
const NAME_SERVER: &str = "FRAZIL_NAME_SERVER";

/// The zone that holds a domain as everybody sees it; none when nobody delegates one on the way to it.
/// Zones of one label, such as `org`, are registries' and count for none.
///
/// # Errors
/// When no name server answers, or the machine names none.
pub(super) async fn public_zone(context: &Context, domain: &str) -> Result<Option<Zone>> {
    let resolver = resolver(context)?;
    for name in upwards(domain) {
        let asked = resolver.ns_lookup(format!("{name}.")).await;
        let servers: Vec<_> = match asked {
            Ok(found) => found.answers().iter().filter_map(|record| server(&record.data)).collect(),
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => continue,
            Err(error) => return Err(unanswered(name, error)),
        };
        if !servers.is_empty() {
            return Ok(Some(Zone::new(name, servers)));
        }
    }
    Ok(None)
}

fn server(data: &RData) -> Option<String> {
    match data {
        RData::NS(server) => Some(server.0.to_utf8()),
        _ => None,
    }
}

/// A domain and those above it that have two labels or more.
fn upwards(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |name| above(name)).filter(|name| name.contains('.'))
}

fn above(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, rest)| rest)
}

fn unanswered(name: &str, error: NetError) -> Error {
    Error::failed(format!("no name server tells who serves {name}")).because(error)
}

fn resolver(context: &Context) -> Result<TokioResolver> {
    let runtime = TokioRuntimeProvider::default();
    let builder = match context.variable(NAME_SERVER) {
        None => Resolver::builder(runtime),
        Some(text) => {
            let address = text.parse().map_err(|error| {
                Error::failed(format!("{NAME_SERVER} is `{text}`"))
                    .because(error)
                    .hint("write an address with a port, such as 9.9.9.9:53")
            })?;
            Ok(Resolver::builder_with_config(only(address), runtime))
        }
    };
    let built = builder.and_then(hickory_resolver::ResolverBuilder::build);
    built.map_err(|error| Error::failed("this machine names no name server").because(error))
}

fn only(address: SocketAddr) -> ResolverConfig {
    let connection = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![connection(ConnectionConfig::udp()), connection(ConnectionConfig::tcp())];
    ResolverConfig::from_name_servers(vec![NameServerConfig::new(address.ip(), true, connections)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_not_asked() {
        let all: Vec<_> = upwards("hub.example.org").collect();
        assert_eq!(all, ["hub.example.org", "example.org"]);
    }
}
