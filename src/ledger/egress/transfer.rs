//! Which lines of a bill are transfer, and by which way.

use super::{Way, amazon, google};

/// What a line of a bill counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Bytes that went out.
    Out,
    /// Bytes that came in.
    In,
    /// Bytes that went through, in whichever direction.
    Through,
    /// Hours in which something stood there to be gone through.
    Hours,
}

/// What a line of a bill tells of transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// The way.
    pub way: Way,
    /// What is counted.
    pub measure: Measure,
}

/// What a line of a bill tells of transfer; `None` when it is of something else.
///
/// `provider` is the source's (`aws`, `gcp`, or as FOCUS names it); service and usage type are as the bill
/// names them. A bill without usage types has descriptions in their place.
pub fn transfer(provider: &str, service: &str, usage_type: &str) -> Option<Transfer> {
    let (service, usage) = (service.to_ascii_lowercase(), usage_type.to_ascii_lowercase());
    match provider.to_ascii_lowercase().as_str() {
        _ if is_aws(provider) => amazon::transfer(&service, &usage),
        "gcp" | "google cloud" | "google cloud platform" => google::transfer(&service, &usage),
        _ => other(&usage),
    }
}

/// Whether a bill is of AWS, by the provider that it names.
pub(super) fn is_aws(provider: &str) -> bool {
    ["aws", "amazon web services"].iter().any(|name| provider.eq_ignore_ascii_case(name))
}

/// Whether bytes that come in have a price as those that go out: on AWS between zones
/// (docs.aws.amazon.com/cur/latest/userguide/cur-data-transfers-charges.html, "Data transfer within an AWS Region": "you're
/// charged for both inbound and outbound traffic"). Google asks for what leaves a zone
/// (cloud.google.com/vpc/network-pricing, "VM-to-VM data transfer pricing within Google Cloud").
pub(super) fn both_ends_pay(is_aws: bool, way: Way) -> bool {
    is_aws && way == Way::InterZone
}

/// Whether a service keeps objects.
pub(super) fn is_store(service: &str) -> bool {
    ["amazons3", "simple storage service", "cloud storage"].iter().any(|name| service.contains(name))
}

/// The way between regions: what leaves a bucket is a read of it from elsewhere.
pub(super) fn between_regions(service: &str, measure: Measure) -> Transfer {
    let way =
        if is_store(service) && measure == Measure::Out { Way::StoreElsewhere } else { Way::InterRegion };
    Transfer { way, measure }
}

/// Clouds that frazil does not provision, by the words that their descriptions share.
fn other(usage: &str) -> Option<Transfer> {
    let is_out = usage.contains("data transfer out") || usage.contains("outbound data transfer");
    let measure = if is_out { Measure::Out } else { Measure::In };
    if !is_out && !usage.contains("data transfer in") {
        return None;
    }
    let way = match usage {
        _ if usage.contains("inter-region") => Way::InterRegion,
        _ if usage.contains("availability zone") => Way::InterZone,
        _ => Way::Internet,
    };
    Some(Transfer { way, measure })
}
