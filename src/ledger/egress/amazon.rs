//! Transfer on bills of AWS, by usage types such as `USW2-DataTransfer-Out-Bytes`
//! (<https://docs.aws.amazon.com/cur/latest/userguide/cur-data-transfers-charges.html>; `VpcPeering-In-Bytes` and
//! `-Out-Bytes`, which stand for peering between zones since 2025:
//! <https://aws.amazon.com/blogs/networking-and-content-delivery/demystifying-amazon-vpc-peering-charges>), or by descriptions
//! such as `$0.02 per GB - US West (Oregon) data transfer to EU (Ireland)` where a bill has only those.

use super::Way;
use super::transfer::{Measure, Transfer, between_regions};

/// What a line tells of transfer; service and usage in lower case.
pub(super) fn transfer(service: &str, usage: &str) -> Option<Transfer> {
    let found =
        if usage.contains(' ') { by_description(service, usage) } else { by_usage_type(service, usage) };
    // Whatever CloudFront moves, it moves from the edge.
    found.map(
        |found| if service.contains("cloudfront") { Transfer { way: Way::Edge, ..found } } else { found },
    )
}

/// The ways that have a meter of their own, by a part of the usage type.
const METERED: [(&str, Way); 7] = [
    ("natgateway", Way::Nat),
    ("vpcendpoint", Way::Processing),
    ("transitgateway", Way::Processing),
    ("globalaccelerator", Way::Edge),
    ("dataxfer", Way::Line),
    ("vpn-usage", Way::Line),
    ("vpn-connectionusage", Way::Line),
];

/// Usage types that are not of transfer though they count bytes: logs, scans, snapshots, selections.
const LOOK_ALIKES: [&str; 7] =
    ["vendedlog", "ingestion", "queryscanned", "paidevents", "select-", "snapshot", "bytehrs"];

fn by_usage_type(service: &str, usage: &str) -> Option<Transfer> {
    if LOOK_ALIKES.iter().any(|part| usage.contains(part)) {
        return None;
    }
    if let Some((_, way)) = METERED.iter().find(|(part, _)| usage.contains(part)) {
        let measure = match () {
            () if usage.contains("hour") || usage.contains("usage") || usage.ends_with("-fixed-fee") => {
                Measure::Hours
            }
            () if usage.contains("out") => Measure::Out,
            () if usage.contains("in-bytes") || usage.ends_with("-in") => Measure::In,
            () => Measure::Through,
        };
        return Some(Transfer { way: *way, measure });
    }
    let of = |way, measure| Some(Transfer { way, measure });
    match usage {
        _ if usage.contains("abytes") => of(Way::Edge, direction(usage)),
        _ if usage.contains("bytes-internet") || usage.contains("bytes-aws") => {
            of(Way::Edge, direction(usage))
        }
        _ if usage.contains("cloudfront") && usage.contains("bytes") => of(Way::Edge, direction(usage)),
        _ if usage.contains("datatransfer-regional-bytes") => of(Way::InterZone, Measure::Through),
        _ if usage.contains("datatransfer-xaz-") || usage.contains("vpcpeering-") => {
            of(Way::InterZone, direction(usage))
        }
        _ if usage.contains("datatransfer-out-") => of(Way::Internet, Measure::Out),
        _ if usage.contains("datatransfer-in-") => of(Way::Internet, Measure::In),
        _ if usage.ends_with("aws-out-bytes") => Some(between_regions(service, Measure::Out)),
        _ if usage.ends_with("aws-in-bytes") => Some(between_regions(service, Measure::In)),
        _ if balances(service) && usage.ends_with("dataprocessing-bytes") => {
            of(Way::Processing, Measure::Through)
        }
        _ if usage.ends_with("lcuusage") => of(Way::Processing, Measure::Hours),
        _ => None,
    }
}

fn direction(usage: &str) -> Measure {
    match usage {
        _ if usage.contains("-in-") || usage.contains("in-bytes") => Measure::In,
        _ if usage.contains("out") => Measure::Out,
        _ => Measure::Through,
    }
}

fn balances(service: &str) -> bool {
    service.contains("elb") || service.contains("load balancing")
}

fn by_description(service: &str, text: &str) -> Option<Transfer> {
    let of = |way, measure| Some(Transfer { way, measure });
    if let Some(usage) = text.split(' ').find(|word| word.ends_with("-bytes")) {
        return by_usage_type(service, usage);
    }
    let (from, to) = (text.contains("data transfer from "), text.contains("data transfer to "));
    match text {
        _ if text.contains("nat gateway hour") => of(Way::Nat, Measure::Hours),
        _ if text.contains("processed by nat gateway") => of(Way::Nat, Measure::Through),
        _ if text.contains("vpc endpoint hour") || text.contains("transit gateway vpc attachment") => {
            of(Way::Processing, Measure::Hours)
        }
        _ if text.contains("processed by vpc endpoint") || text.contains("processed by transit gateway") => {
            of(Way::Processing, Measure::Through)
        }
        _ if balances(service) && text.contains("data processed") => of(Way::Processing, Measure::Through),
        _ if text.contains("lcu-hour") => of(Way::Processing, Measure::Hours),
        _ if !text.contains("data transfer") => None,
        _ if text.contains(" from cloudfront") => of(Way::Edge, Measure::In),
        _ if text.contains(" to cloudfront") => of(Way::Edge, Measure::Out),
        _ if text.contains("regional data transfer") => of(Way::InterZone, Measure::Through),
        _ if from => Some(between_regions(service, Measure::In)),
        _ if to => Some(between_regions(service, Measure::Out)),
        _ if text.contains("data transfer in") => of(Way::Internet, Measure::In),
        _ if text.contains("data transfer out") => of(Way::Internet, Measure::Out),
        _ => None,
    }
}
