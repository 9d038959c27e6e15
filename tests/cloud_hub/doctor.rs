//! What `doctor` says of a hub before it is made: account, quotas, and where its domain leads, as a real
//! name server tells it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use hickory_server::Server;
use hickory_server::proto::rr::rdata::{NS, SOA};
use hickory_server::proto::rr::{Name, RData, Record};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::clouds::{Kind, SIGNED};
use super::hub::{Hub, file};
use super::scratch::{stderr, stdout};

/// A name server of `example.org`, which it says is served by these; it goes with this value.
struct NameServer {
    _runtime: Runtime,
    address: SocketAddr,
}

impl NameServer {
    fn start(servers: &[String]) -> Self {
        let runtime = Runtime::new().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut catalog = Catalog::new();
        // Whoever asks for anything else below the registry is told that it is not there.
        for (zone, servers) in [("example.org.", servers), ("org.", &["a0.nic.example".to_owned()])] {
            let origin: Name = zone.parse().unwrap();
            catalog.upsert(origin.clone().into(), vec![Arc::new(held(&origin, servers))]);
        }
        let guard = runtime.enter();
        let mut server = Server::new(catalog);
        server.register_socket(tokio::net::UdpSocket::from_std(socket).unwrap());
        drop(guard);
        runtime.spawn(async move { server.block_until_done().await });
        Self { _runtime: runtime, address }
    }
}

fn held(origin: &Name, servers: &[String]) -> InMemoryZoneHandler {
    let mut zone = InMemoryZoneHandler::empty(origin.clone(), ZoneType::Primary, AxfrPolicy::Deny);
    let start = SOA::new(origin.clone(), origin.clone(), 1, 7200, 900, 86400, 60);
    zone.upsert_mut(Record::from_rdata(origin.clone(), 60, RData::SOA(start)), 1);
    for server in servers {
        let server = NS(format!("{server}.").parse().unwrap());
        zone.upsert_mut(Record::from_rdata(origin.clone(), 60, RData::NS(server)), 1);
    }
    zone
}

/// The row of `doctor` that begins with this.
fn row(hub: &Hub, names: &NameServer, what: &str) -> (String, String) {
    let mut command = hub.machine.frazil();
    command.envs(hub.world.environment()).env("FRAZIL_NAME_SERVER", names.address.to_string());
    let output = command.args(["doctor", "-o", "json"]).output().unwrap();
    let told: Value =
        serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let rows = told.pointer("/data/checks").or_else(|| told.get("checks")).and_then(Value::as_array);
    let rows = rows.unwrap_or_else(|| panic!("{told}"));
    let row = rows.iter().find(|row| row["what"].as_str().unwrap().starts_with(what));
    let row = row.unwrap_or_else(|| panic!("no {what}: {told}"));
    (row["verdict"].as_str().unwrap().to_owned(), format!("{} {}", row["found"], row["fix"]))
}

fn names_and_quotas(kind: Kind, zone: &str) {
    let Some(hub) = Hub::new(kind) else { return };
    let servers = made_zone(&hub);
    assert!(!servers.is_empty());
    let write = |domain: &str, zone: &str| {
        let further = format!("domain: {domain}\ndns: {{ zone: {zone} }}\n");
        hub.machine.write("hub.yaml", file(kind, &further));
    };
    write("hub.example.org", zone);

    let own = NameServer::start(&servers);
    let (verdict, told) = row(&hub, &own, "hub.example.org");
    assert_eq!(verdict, "ok", "{told}");
    let (verdict, told) = row(&hub, &own, "quota");
    assert!(verdict == "ok" && told.contains("used"), "{told}");

    let elsewhere = NameServer::start(&["ns1.registrar.example".to_owned()]);
    let (verdict, told) = row(&hub, &elsewhere, "hub.example.org");
    assert_eq!(verdict, "missing", "{told}");
    assert!(told.contains("served by ns1.registrar.example") && told.contains(&servers[0]), "{told}");

    let another = zone.replace("example", "another");
    write("hub.another.org", &another);
    let (verdict, told) = row(&hub, &own, "hub.another.org");
    assert!(verdict == "missing" && told.contains(&format!("no public zone `{another}`")), "{told}");

    hub.machine.write("hub.yaml", file(kind, "domain: hub.nobody.org\n"));
    let (verdict, told) = row(&hub, &own, "hub.nobody.org");
    assert!(verdict == "missing" && told.contains("no zone on the way"), "{told}");
}

/// Makes the zone of `example.org`, and tells the name servers that the stand-in gives it.
fn made_zone(hub: &Hub) -> Vec<String> {
    match hub.kind {
        Kind::Aws => {
            let zone = "<CreateHostedZoneRequest><Name>example.org</Name><CallerReference>1</CallerReference>\
                        </CreateHostedZoneRequest>";
            let who = SIGNED.replace("us-west-2/s3", "us-east-1/route53");
            let made = hub.world.ask_as(&who, "POST", "/2013-04-01/hostedzone", zone);
            let servers = made.split("<NameServer>").skip(1);
            servers.map(|rest| rest.split('<').next().unwrap().trim_end_matches('.').to_owned()).collect()
        }
        Kind::Google => {
            let zone = r#"{ "name": "example-org", "dnsName": "example.org.", "visibility": "public" }"#;
            let zones = "/dns/v1/projects/frazil-test/managedZones";
            let made = hub.world.ask("POST", &format!("/_world/seed?path={zones}"), zone);
            let made: Value = serde_json::from_str(&made).unwrap();
            let servers = made[0]["nameServers"].as_array().unwrap_or_else(|| panic!("{made}"));
            servers.iter().map(|name| name.as_str().unwrap().trim_end_matches('.').to_owned()).collect()
        }
    }
}

#[test]
fn on_aws_a_domain_leads_to_its_zone_or_doctor_says_where_it_leads() {
    names_and_quotas(Kind::Aws, "example.org");
}

#[test]
fn on_google_a_domain_leads_to_its_zone_or_doctor_says_where_it_leads() {
    names_and_quotas(Kind::Google, "example-org");
}
