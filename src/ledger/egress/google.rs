//! Transfer on bills of Google Cloud, by the descriptions of SKUs. Google renamed "egress" to "data transfer
//! out" in 2023; bills have both (<https://cloud.google.com/skus>).

use super::Way;
use super::transfer::{Measure, Transfer, between_regions, is_store};

/// What a line tells of transfer; service and description in lower case.
pub(super) fn transfer(service: &str, sku: &str) -> Option<Transfer> {
    let of = |way, measure| Some(Transfer { way, measure });
    let has = |part: &str| sku.contains(part);
    let measure =
        if has("ingress") || has("data transfer in ") || has("inbound") { Measure::In } else { Measure::Out };
    let moves = has("egress") || has("ingress") || has("data transfer");
    match sku {
        _ if has("cloud nat") && has("data processing") => of(Way::Nat, Measure::Through),
        _ if has("cloud nat") || has("private nat") => of(Way::Nat, Measure::Hours),
        _ if has("interconnect") || has("carrier peering") || has("vpn") => {
            of(Way::Line, if moves { measure } else { Measure::Hours })
        }
        _ if has("cdn") && (moves || has("cache fill")) => of(Way::Edge, Measure::Out),
        _ if has("data process")
            && (has("load balanc") || has("private service connect") || has("forwarding")) =>
        {
            of(Way::Processing, Measure::Through)
        }
        _ if is_store(service) && sku.starts_with("download ") => of(Way::Internet, Measure::Out),
        _ if !moves => None,
        // Within a zone nothing is paid, and nothing crosses anything.
        _ if has("intra zone") => None,
        _ if has("inter zone") || has("inter-zone") => of(Way::InterZone, measure),
        // Copies that a bucket of several regions makes of itself are not read by anybody.
        _ if has("replication") => of(Way::InterRegion, measure),
        _ if between(sku) => Some(between_regions(service, measure)),
        _ if has("google-api") || has("google egress") => None,
        _ if has("internet") || has("standard tier") || has("premium tier") => of(Way::Internet, measure),
        _ => None,
    }
}

fn between(sku: &str) -> bool {
    ["inter region", "inter-region", "interregion", "multi-region", "gcp storage egress"]
        .iter()
        .any(|part| sku.contains(part))
}
