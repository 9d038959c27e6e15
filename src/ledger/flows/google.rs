//! Google's records, as Cloud Logging exports them: objects of JSON, one after the other or in a list
//! (docs.cloud.google.com/vpc/docs/about-flow-logs-records, "Record format").

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde_json::StreamDeserializer;

use super::address;
use super::kinds::{Direction, Lacks, Zones};
use super::tally::{End, Key, Names, Seen, Tally};
use crate::catalog::{Owner, Provider};
use crate::ledger::read::Fault;
use crate::ledger::read::day::Days;
use crate::ledger::read::error::RowFault;

#[derive(serde::Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "jsonPayload")]
    payload: Option<Payload<'a>>,
}

#[derive(serde::Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    connection: Option<Connection<'a>>,
    #[serde(borrow)]
    reporter: Option<Cow<'a, str>>,
    #[serde(borrow)]
    disposition: Option<Cow<'a, str>>,
    #[serde(borrow)]
    start_time: Option<Cow<'a, str>>,
    bytes_sent: Option<Count>,
    packets_sent: Option<Count>,
    #[serde(borrow)]
    src_instance: Option<Instance<'a>>,
    #[serde(borrow)]
    dest_instance: Option<Instance<'a>>,
    #[serde(borrow)]
    src_vpc: Option<Vpc<'a>>,
    #[serde(borrow)]
    dest_vpc: Option<Vpc<'a>>,
    #[serde(borrow)]
    src_gke_details: Option<Gke<'a>>,
    #[serde(borrow)]
    dest_gke_details: Option<Gke<'a>>,
    #[serde(borrow)]
    src_google_service: Option<Service<'a>>,
    #[serde(borrow)]
    dest_google_service: Option<Service<'a>>,
    #[serde(borrow)]
    src_gateway: Option<Gateway<'a>>,
    #[serde(borrow)]
    dest_gateway: Option<Gateway<'a>>,
}

#[derive(serde::Deserialize)]
struct Connection<'a> {
    #[serde(borrow)]
    src_ip: Option<Cow<'a, str>>,
    #[serde(borrow)]
    dest_ip: Option<Cow<'a, str>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Instance<'a> {
    #[serde(borrow)]
    project_id: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    #[serde(borrow)]
    zone: Cow<'a, str>,
    #[serde(borrow)]
    vm_name: Cow<'a, str>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Vpc<'a> {
    #[serde(borrow)]
    vpc_name: Cow<'a, str>,
    #[serde(borrow)]
    subnetwork_region: Cow<'a, str>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Gke<'a> {
    #[serde(borrow)]
    pod: Pod<'a>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Pod<'a> {
    #[serde(borrow)]
    pod_name: Cow<'a, str>,
    #[serde(borrow)]
    pod_namespace: Cow<'a, str>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Service<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    service_name: Cow<'a, str>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Gateway<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// A whole number: text in Cloud Logging's JSON, as all 64-bit numbers are, and a number elsewhere.
#[derive(Clone, Copy)]
struct Count(u64);

impl<'de> serde::Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, as text or not")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Count, E> {
                text.parse().map(Count).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Count, E> {
                Ok(Count(number))
            }
        }
        from.deserialize_any(Number)
    }
}

/// Whether the first object is a record of a flow.
///
/// # Errors
/// When it is none.
pub(super) fn check(head: &[u8]) -> Result<(), Fault> {
    match values(head).next() {
        None => Err(Fault::Empty),
        Some(Ok(Entry { payload: Some(Payload { connection: Some(_), .. }) })) => Ok(()),
        Some(Ok(_)) => Err(Fault::UnknownFlows),
        // What is cut off at the end of the first bytes, or is no JSON, comes up again with its line.
        Some(Err(_)) if head.windows(12).any(|bytes| bytes == b"\"connection\"") => Ok(()),
        Some(Err(error)) => Err(error),
    }
}

/// Objects of a chunk, one after the other or in a list.
fn values(chunk: &[u8]) -> impl Iterator<Item = Result<Entry<'_>, Fault>> {
    let mut rest = crate::ledger::read::plan::without_mark(chunk);
    std::iter::from_fn(move || {
        let between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']');
        rest = &rest[rest.iter().position(|byte| !between(byte))?..];
        let mut read: StreamDeserializer<'_, _, Entry<'_>> =
            serde_json::Deserializer::from_slice(rest).into_iter();
        let value = read.next()?;
        let end = read.byte_offset();
        rest = if value.is_err() { &[] } else { &rest[end..] };
        Some(value.map_err(|error| Fault::Json(error.to_string())))
    })
}

/// Adds the records of a chunk; how many there are. What sampling left out Google has made up for in `bytes_sent`
/// and `packets_sent` (docs.cloud.google.com/vpc/docs/flow-logs, "Log sampling and processing"); `bytes_sent` is
/// of payloads.
///
/// # Errors
/// At the first object that is none, counted from 0.
pub(super) fn read(chunk: &[u8], tally: &mut Tally<'_>) -> Result<u64, RowFault> {
    tally.lacks.extend([Lacks::Sampled, Lacks::Headers, Lacks::CloudNat]);
    let mut days = Days::default();
    let mut records = 0;
    for (row, value) in values(chunk).enumerate() {
        value.and_then(|entry| take(entry, &mut days, tally)).map_err(|fault| RowFault::new(row, fault))?;
        records += 1;
    }
    Ok(records)
}

/// What a record says of one end.
#[derive(Default)]
struct Side<'a> {
    address: Cow<'a, str>,
    instance: Instance<'a>,
    /// Whether it is in a VPC, with or without a machine.
    vpc: Option<Vpc<'a>>,
    pod: Pod<'a>,
    service: Option<Service<'a>>,
    gateway: bool,
}

impl Side<'_> {
    /// The machine's region, or that of its part of the network, which has no machine.
    fn region(&self) -> &str {
        match (&*self.instance.region, &self.vpc) {
            ("", Some(vpc)) => &vpc.subnetwork_region,
            (region, _) => region,
        }
    }
}

fn take(entry: Entry<'_>, days: &mut Days, tally: &mut Tally<'_>) -> Result<(), Fault> {
    let missing = |column: &str| Fault::Missing { column: format!("jsonPayload.{column}") };
    let payload = entry.payload.ok_or_else(|| Fault::Missing { column: "jsonPayload".to_owned() })?;
    if payload.disposition.as_deref() == Some("DROPPED") {
        tally.left_out.rejected += 1;
        return Ok(());
    }
    let direction = match payload.reporter.as_deref() {
        Some("SRC") => Direction::Out,
        Some("DEST") => Direction::In,
        // Machines report the same flows.
        Some("SRC_GATEWAY" | "DEST_GATEWAY") => {
            tally.left_out.by_gateways += 1;
            return Ok(());
        }
        Some(other) => return Err(Fault::value("jsonPayload.reporter", other, "reporter")),
        None => return Err(missing("reporter")),
    };
    let connection = payload.connection.ok_or_else(|| missing("connection"))?;
    let start = payload.start_time.ok_or_else(|| missing("start_time"))?;
    let day = days.read(&start);
    let day = day.ok_or_else(|| Fault::value("jsonPayload.start_time", &start, "date"))?;
    let source = Side {
        address: connection.src_ip.ok_or_else(|| missing("connection.src_ip"))?,
        instance: payload.src_instance.unwrap_or_default(),
        vpc: payload.src_vpc,
        pod: payload.src_gke_details.unwrap_or_default().pod,
        service: payload.src_google_service,
        gateway: payload.src_gateway.is_some_and(|gateway| !gateway.name.is_empty()),
    };
    let target = Side {
        address: connection.dest_ip.ok_or_else(|| missing("connection.dest_ip"))?,
        instance: payload.dest_instance.unwrap_or_default(),
        vpc: payload.dest_vpc,
        pod: payload.dest_gke_details.unwrap_or_default().pod,
        service: payload.dest_google_service,
        gateway: payload.dest_gateway.is_some_and(|gateway| !gateway.name.is_empty()),
    };
    let (local, other) = if direction == Direction::Out { (source, target) } else { (target, source) };
    let bytes = payload.bytes_sent.ok_or_else(|| missing("bytes_sent"))?;
    let packets = payload.packets_sent.unwrap_or(Count(0));
    let home = home(&local, tally)?;
    let end = end(&local, &other, tally)?;
    let local = number(&local.address)?;
    let key = Key { local, day, home, end, direction: Some(direction), seen: Seen::Own, path: 0 };
    tally.count(key, bytes.0, packets.0);
    Ok(())
}

fn home(local: &Side<'_>, tally: &mut Tally<'_>) -> Result<u32, Fault> {
    let vpc = local.vpc.as_ref();
    let texts = [
        &*local.instance.project_id,
        vpc.map_or("", |vpc| &*vpc.vpc_name),
        local.region(),
        &*local.instance.zone,
        &*local.instance.vm_name,
        "",
        &*local.pod.pod_namespace,
        &*local.pod.pod_name,
    ];
    tally.home(&Names { provider: Provider::Gcp, of: texts.map(str::as_bytes) })
}

/// The other end: a service of Google's by its name, a machine by its zone, others by their address.
fn end(local: &Side<'_>, other: &Side<'_>, tally: &mut Tally<'_>) -> Result<u32, Fault> {
    if let Some(service) = &other.service {
        let name = if service.service_name.is_empty() { &service.kind } else { &service.service_name };
        let service = Some(name.to_string()).filter(|name| !name.is_empty());
        return Ok(tally.end(End::Cloud(Owner { provider: Provider::Gcp, region: None, service })));
    }
    let zones = match (&*local.instance.zone, &*other.instance.zone) {
        _ if ![local.region(), other.region()].contains(&"") && local.region() != other.region() => {
            Zones::OtherRegion(Some(other.region().into()))
        }
        ("", _) | (_, "") => Zones::Unknown,
        (one, two) if one == two => Zones::Same,
        _ => Zones::Other,
    };
    let address = number(&other.address)?;
    let inside = zones != Zones::Unknown || other.vpc.is_some() || other.gateway;
    if zones != Zones::Unknown || (inside && address::is_public(address)) {
        return Ok(tally.end(End::Network(zones)));
    }
    tally.end_at(address, b"")
}

fn number(text: &str) -> Result<u128, Fault> {
    address::parse(text.as_bytes()).ok_or_else(|| Fault::value("jsonPayload.connection", text, "address"))
}
