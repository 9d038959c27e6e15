//! AWS's text: versions, orders of fields, packing.

use frazil::ledger::flows::{Lacks, LeftOut};
use proptest::prelude::*;
use serde_json::Value;

use crate::skips::skipped;
use crate::{of, of_text, summed, words, write, zipped};

pub(crate) const FIELDS: [&str; 29] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
];

/// The number of fields of each version.
pub(crate) const VERSIONS: [(u8, usize); 4] = [(2, 14), (3, 21), (4, 25), (5, 29)];

/// Machine a in zone 1 has a public address, machine b in zone 2 a NAT gateway n in zone 1 and a pod. Of each
/// record: interface, addresses at it, packets, bytes, the packets' addresses, services, direction and path.
const RECORDS: [&str; 13] = [
    // a reads from S3 through a gateway endpoint, and from a page on the internet.
    "a 10.0.1.5 52.218.1.1 2 1000 10.0.1.5 52.218.1.1 - S3 egress 7",
    "a 52.218.1.1 10.0.1.5 7 90000 52.218.1.1 10.0.1.5 S3 - ingress -",
    "a 10.0.1.5 151.101.1.1 3 200 10.0.1.5 151.101.1.1 - - egress 8",
    // b writes to the same page by the gateway, which logs it on both of its sides; so do the answers.
    "b 10.0.2.7 151.101.1.1 4 300 10.0.2.7 151.101.1.1 - - egress 1",
    "n 10.0.2.7 10.0.0.220 4 300 10.0.2.7 151.101.1.1 - - ingress -",
    "n 10.0.0.220 151.101.1.1 4 300 10.0.0.220 151.101.1.1 - - egress 8",
    "n 151.101.1.1 10.0.0.220 5 5000 151.101.1.1 10.0.0.220 - - ingress -",
    "n 10.0.0.220 10.0.2.7 5 5000 151.101.1.1 10.0.2.7 - - egress 1",
    "b 151.101.1.1 10.0.2.7 5 5000 151.101.1.1 10.0.2.7 - - ingress -",
    // b reads from a bucket in another region by the gateway, whose interface did not log it.
    "b 10.0.2.7 54.1.2.3 1 40 10.0.2.7 54.1.2.3 - EC2 egress 1",
    // a to b: both log it. Then a to b's pod.
    "a 10.0.1.5 10.0.2.7 1 70 10.0.1.5 10.0.2.7 - - egress 1",
    "b 10.0.1.5 10.0.2.7 1 70 10.0.1.5 10.0.2.7 - - ingress -",
    "b 10.0.1.5 10.0.2.7 1 11 10.0.1.5 10.0.2.77 - - ingress -",
];

/// A record with the fields of a version.
pub(crate) fn record(version: u8, words: &str) -> Vec<String> {
    let words: Vec<_> = words.split(' ').collect();
    let name = words[0];
    let zone = if name == "b" { "usw2-az2" } else { "usw2-az1" };
    let instance = if name == "n" { "-".to_owned() } else { format!("i-{name}") };
    let all = format!(
        "{version} 111122223333 eni-{name} {} {} 443 50123 6 {} {} 1793491200 1793491259 ACCEPT OK vpc-1 subnet-1 \
         {instance} 3 IPv4 {} {} us-west-2 {zone} - - {} {} {} {}",
        words[1], words[2], words[3], words[4], words[5], words[6], words[7], words[8], words[9], words[10]
    );
    let count = VERSIONS.iter().find(|(each, _)| *each == version).unwrap().1;
    all.split(' ').take(count).map(str::to_owned).collect()
}

pub(crate) fn records(version: u8) -> Vec<Vec<String>> {
    let with = |first: &str, last: &str| {
        let mut record = record(version, RECORDS[2]);
        for (at, text) in [(12, first), (13, last)] {
            text.clone_into(&mut record[at]);
        }
        record
    };
    let mut none = with("-", "NODATA");
    for text in none.iter_mut().take(10).skip(3) {
        "-".clone_into(text);
    }
    let mut skipped = none.clone();
    "SKIPDATA".clone_into(&mut skipped[13]);
    let mut all: Vec<_> = RECORDS.iter().map(|words| record(version, words)).collect();
    all.extend([with("REJECT", "OK"), none.clone(), skipped, none]);
    all
}

/// Text with its fields in some order.
fn text(version: u8, order: &[usize]) -> String {
    let count = VERSIONS.iter().find(|(each, _)| *each == version).unwrap().1;
    let line = |all: &dyn Fn(usize) -> String| {
        order.iter().filter(|at| **at < count).map(|at| all(*at)).collect::<Vec<_>>().join(" ") + "\n"
    };
    let header = line(&|at| FIELDS[at].to_owned());
    let lines: String = records(version).iter().map(|record| line(&|at| record[at].clone())).collect();
    header + &lines
}

fn usual(version: u8) -> String {
    text(version, &(0..FIELDS.len()).collect::<Vec<_>>())
}

pub(crate) const VERSION_5: [&str; 11] = [
    "20758 10.0.0.220 eni-n usw2-az1 from internet: 5000 5 1",
    "20758 10.0.0.220 eni-n usw2-az1 to internet InternetGateway: 300 4 1",
    "20758 10.0.1.5 i-a eni-a usw2-az1 from aws us-west-2 S3: 90000 7 1",
    "20758 10.0.1.5 i-a eni-a usw2-az1 to Other Vpc: 70 1 1",
    "20758 10.0.1.5 i-a eni-a usw2-az1 to aws us-west-2 S3 GatewayEndpoint: 1000 2 1",
    "20758 10.0.1.5 i-a eni-a usw2-az1 to internet InternetGateway: 200 3 1",
    "20758 10.0.2.7 i-b eni-b usw2-az2 from Other: 70 1 1",
    "20758 10.0.2.7 i-b eni-b usw2-az2 from nat internet: 5000 5 1",
    "20758 10.0.2.7 i-b eni-b usw2-az2 to nat aws us-east-1 EC2 Vpc: 40 1 1",
    "20758 10.0.2.7 i-b eni-b usw2-az2 to nat internet Vpc: 300 4 1",
    "20758 10.0.2.77 i-b eni-b usw2-az2 from Other: 11 1 1",
];

#[test]
fn version_5_tells_everything() {
    let sums = of_text(&usual(5));
    assert_eq!(words(&sums), VERSION_5);
    assert_eq!(sums.gateways.iter().map(|text| &**text).collect::<Vec<_>>(), ["eni-n"]);
    assert_eq!(sums.left_out, LeftOut { no_data: 2, skipped: 1, rejected: 1, ..LeftOut::default() });
    assert!(sums.lacks.is_empty());
    let local = &sums.rows.keys().next().unwrap().local;
    let names = [&local.account, &local.vpc, &local.region].map(|text| text.as_deref().unwrap().to_owned());
    assert_eq!(names, ["111122223333", "vpc-1", "us-west-2"]);
}

#[test]
fn version_4_tells_nat_by_what_the_gateway_logged() {
    let sums = of_text(&usual(4));
    let expected = [
        "20758 10.0.0.220 eni-n usw2-az1 from internet: 5000 5 1",
        "20758 10.0.0.220 eni-n usw2-az1 to internet: 300 4 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 from aws us-west-2 S3: 90000 7 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 to Other: 70 1 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 to aws us-west-2 S3: 1000 2 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 to internet: 200 3 1",
        "20758 10.0.2.7 i-b eni-b usw2-az2 from Other: 70 1 1",
        "20758 10.0.2.7 i-b eni-b usw2-az2 from nat internet: 5000 5 1",
        // What the gateway did not log looks like a direct way.
        "20758 10.0.2.7 i-b eni-b usw2-az2 to aws us-east-1 EC2: 40 1 1",
        "20758 10.0.2.7 i-b eni-b usw2-az2 to nat internet: 300 4 1",
        "20758 10.0.2.77 i-b eni-b usw2-az2 from Other: 11 1 1",
    ];
    assert_eq!(words(&sums), expected);
    let lacks: Vec<_> = sums.lacks.iter().copied().collect();
    assert_eq!(lacks, [Lacks::TrafficPath, Lacks::Service, Lacks::Direction]);
    assert!(lacks[0].to_string().contains("gateway endpoints and internet gateways cannot be told apart"));
}

#[test]
fn versions_2_and_3_lack_zones_and_pods() {
    let version_3 = of_text(&usual(3));
    let rows = words(&version_3);
    for row in [
        "20758 10.0.1.5 i-a eni-a to Unknown: 70 1 1",
        "20758 10.0.2.77 i-b eni-b from Unknown: 11 1 1",
        "20758 10.0.2.7 i-b eni-b to nat internet: 300 4 1",
    ] {
        assert!(rows.iter().any(|each| each == row), "{row}: {rows:#?}");
    }
    let version_2 = of_text(&usual(2));
    let expected = [
        "20758 10.0.0.220 eni-n from Unknown: 300 4 1",
        "20758 10.0.0.220 eni-n from internet: 5000 5 1",
        "20758 10.0.0.220 eni-n to Unknown: 5000 5 1",
        "20758 10.0.0.220 eni-n to internet: 300 4 1",
        "20758 10.0.1.5 eni-a from aws us-west-2 S3: 90000 7 1",
        "20758 10.0.1.5 eni-a to Unknown: 70 1 1",
        "20758 10.0.1.5 eni-a to aws us-west-2 S3: 1000 2 1",
        "20758 10.0.1.5 eni-a to internet: 200 3 1",
        "20758 10.0.2.7 eni-b from Unknown: 81 2 2",
        "20758 10.0.2.7 eni-b from internet: 5000 5 1",
        "20758 10.0.2.7 eni-b to aws us-east-1 EC2: 40 1 1",
        "20758 10.0.2.7 eni-b to internet: 300 4 1",
    ];
    assert_eq!(words(&version_2), expected);
    let lacks = [
        Lacks::TrafficPath,
        Lacks::Service,
        Lacks::Direction,
        Lacks::PacketAddresses,
        Lacks::Zone,
        Lacks::Region,
        Lacks::Instance,
    ];
    assert_eq!(version_2.lacks.into_iter().collect::<Vec<_>>(), lacks);
    // Without its header a text is of the default format.
    let without = usual(2).split_once('\n').unwrap().1.to_owned();
    assert_eq!(words(&of_text(&without)), expected);
}

#[test]
fn an_interface_of_which_only_the_network_is_seen_is_the_end_that_all_its_records_share() {
    // The first two are the examples of AWS's documentation.
    let examples = "2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n\
                    2 123456789010 eni-1 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK\n";
    let sums = of_text(examples);
    assert_eq!((sums.rows.len(), sums.left_out.undirected, sums.left_out.rejected), (0, 1, 1));
    let more =
        "2 123456789010 eni-1 172.31.16.21 172.31.16.40 22 20642 6 1 60 1418530010 1418530070 ACCEPT OK\n";
    let expected =
        ["16418 172.31.16.21 eni-1 from Unknown: 4249 20 1", "16418 172.31.16.21 eni-1 to Unknown: 60 1 1"];
    assert_eq!(words(&of_text(&(examples.to_owned() + more))), expected);
    // Once one end is known, the other end of a single pair is too.
    let other = "2 123456789010 eni-2 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n";
    let sums = of_text(&(examples.to_owned() + more + other));
    assert!(
        words(&sums).contains(&"16418 172.31.16.139 eni-2 to Unknown: 4249 20 1".to_owned()),
        "{sums:#?}"
    );
}

#[test]
fn answers_come_back_the_way_that_requests_went() {
    let header = FIELDS.join(" ") + "\n";
    let line = |words: &str| record(5, words).join(" ") + "\n";
    let by_nat = "b 10.0.2.7 151.101.1.1 4 300 10.0.2.7 151.101.1.1 - - egress 1";
    let answer = "b 151.101.1.1 10.0.2.7 5 5000 151.101.1.1 10.0.2.7 - - ingress -";
    let other = "b 52.218.1.1 10.0.2.7 1 9 52.218.1.1 10.0.2.7 S3 - ingress -";
    let sums = of_text(&(header.clone() + &line(by_nat) + &line(answer) + &line(other)));
    let expected = [
        "20758 10.0.2.7 i-b eni-b usw2-az2 from aws us-west-2 S3: 9 1 1",
        "20758 10.0.2.7 i-b eni-b usw2-az2 from nat internet: 5000 5 1",
        "20758 10.0.2.7 i-b eni-b usw2-az2 to nat internet Vpc: 300 4 1",
    ];
    assert_eq!(words(&sums), expected);
    // Where requests went both ways, an answer may have come by either.
    let direct = "b 10.0.2.7 151.101.1.2 4 300 10.0.2.7 151.101.1.2 - - egress 8";
    let sums = of_text(&(header + &line(by_nat) + &line(answer) + &line(direct)));
    assert!(words(&sums).contains(&"20758 10.0.2.7 i-b eni-b usw2-az2 from internet: 5000 5 1".to_owned()));
}

#[test]
fn a_client_that_logs_nothing_is_told_by_its_gateway_and_a_part_of_traffic_is_split() {
    let header = FIELDS[..25].join(" ") + "\n";
    let line = |words: &str| record(4, words).join(" ") + "\n";
    let gateway = line("n 10.0.9.9 10.0.0.220 4 300 10.0.9.9 151.101.1.1 - - ingress -")
        + &line("n 10.0.0.220 151.101.1.1 4 300 10.0.0.220 151.101.1.1 - - egress 8");
    let sums = of_text(&(header.clone() + &gateway));
    let expected =
        ["20758 10.0.0.220 eni-n usw2-az1 to internet: 300 4 1", "20758 10.0.9.9  to nat internet: 300 4 1"];
    assert_eq!(words(&sums), expected);
    // 300 of its 1200 bytes went by the gateway.
    let own = line("b 10.0.9.9 151.101.1.1 16 1200 10.0.9.9 151.101.1.1 - - egress 1");
    let rows = words(&of_text(&(header + &gateway + &own)));
    let expected = [
        "20758 10.0.9.9 i-b eni-b usw2-az2 to internet: 900 12 1",
        "20758 10.0.9.9 i-b eni-b usw2-az2 to nat internet: 300 4 0",
    ];
    assert_eq!(rows[1..], expected);
}

#[test]
fn two_networks_with_the_same_addresses_have_gateways_of_their_own() {
    let header = FIELDS[..25].join(" ") + "\n";
    let line =
        |words: &str, vpc: &str| record(4, words).join(" ").replace(" vpc-1 ", &format!(" {vpc} ")) + "\n";
    let gateway = line("n 10.0.2.7 10.0.0.220 4 300 10.0.2.7 151.101.1.1 - - ingress -", "vpc-2")
        + &line("n 10.0.0.220 151.101.1.1 4 300 10.0.0.220 151.101.1.1 - - egress 8", "vpc-2");
    let own = |name: &str, vpc: &str| {
        line(&format!("{name} 10.0.2.7 151.101.1.1 4 300 10.0.2.7 151.101.1.1 - - egress 1"), vpc)
    };
    let rows = words(&of_text(&(header.clone() + &gateway + &own("a", "vpc-1") + &own("b", "vpc-2"))));
    let expected = [
        "20758 10.0.0.220 eni-n usw2-az1 to internet: 300 4 1",
        "20758 10.0.2.7 i-a eni-a usw2-az1 to internet: 300 4 1",
        "20758 10.0.2.7 i-b eni-b usw2-az2 to nat internet: 300 4 1",
    ];
    assert_eq!(rows, expected);
    // A transit gateway leads from another network to the one gateway that all have.
    let rows = words(&of_text(&(header + &gateway + &own("a", "vpc-1"))));
    let expected = [
        "20758 10.0.0.220 eni-n usw2-az1 to internet: 300 4 1",
        "20758 10.0.2.7 i-a eni-a usw2-az1 to nat internet: 300 4 1",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn sums_of_more_bytes_than_there_are_stay_at_the_most() {
    let most = 9_999_999_999_999_999_999_u64;
    // Two rows that are told to be behind the gateway already.
    let header = FIELDS.join(" ") + "\n";
    let line = |words: &str| record(5, words).join(" ") + "\n";
    let gateway = line("n 10.0.9.9 10.0.0.220 4 300 10.0.9.9 151.101.1.1 - - ingress -")
        + &line("n 10.0.0.220 151.101.1.1 4 300 10.0.0.220 151.101.1.1 - - egress 8");
    let own = |name: &str| {
        line(&format!("{name} 10.0.9.9 151.101.1.1 16 {most} 10.0.9.9 151.101.1.1 - - egress 1"))
    };
    let sums = of_text(&(header + &gateway + &own("a") + &own("b")));
    assert_eq!(
        sums.rows.values().map(|traffic| u128::from(traffic.bytes)).sum::<u128>(),
        2 * u128::from(most) + 300
    );
}

#[test]
fn what_comes_in_has_the_way_of_what_went_out_by_a_private_gateway_or_to_another_region() {
    let header = FIELDS.join(" ") + "\n";
    let line = |words: &str| record(5, words).join(" ") + "\n";
    let both = |path: u8, peer: &str| {
        line(&format!("a 10.0.1.5 {peer} 1 10 10.0.1.5 {peer} - - egress {path}"))
            + &line(&format!("a {peer} 10.0.1.5 1 20 {peer} 10.0.1.5 - - ingress -"))
    };
    let by_two = line("a 10.0.1.5 192.168.9.9 1 30 10.0.1.5 192.168.9.9 - - egress 3")
        + &line("a 10.0.1.5 192.168.9.9 1 40 10.0.1.5 192.168.9.9 - - egress 4")
        + &line("a 192.168.9.9 10.0.1.5 1 50 192.168.9.9 10.0.1.5 - - ingress -");
    let sums = of_text(&(header + &both(3, "192.168.7.7") + &both(5, "10.50.0.10") + &by_two));
    let expected = [
        "20758 10.0.1.5 i-a eni-a usw2-az1 from Unknown OtherRegionPeering: 20 1 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 from Unknown PrivateGateway: 20 1 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 from Unknown: 50 1 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 to Unknown OtherRegionPeering: 10 1 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 to Unknown Peering: 40 1 1",
        "20758 10.0.1.5 i-a eni-a usw2-az1 to Unknown PrivateGateway: 40 2 2",
    ];
    assert_eq!(words(&sums), expected);
}

#[test]
fn firewalls_pass_on_what_their_neighbours_log() {
    let header = FIELDS.join(" ") + "\n";
    let line = |words: &str| record(5, words).join(" ") + "\n";
    // A firewall's interface hands packets on as they are, and has no flows of its own outside.
    let passed = header
        + &line("a 10.0.1.5 151.101.1.1 3 200 10.0.1.5 151.101.1.1 - - egress 1")
        + &line("n 10.0.1.5 10.0.0.220 3 200 10.0.1.5 151.101.1.1 - - ingress -")
        + &line("n 10.0.1.5 10.0.0.220 3 60 10.0.1.5 10.0.2.7 - - ingress -")
        + &line("b 10.0.1.5 10.0.2.7 3 60 10.0.1.5 10.0.2.7 - - ingress -");
    let sums = of_text(&passed);
    let expected = [
        "20758 10.0.1.5 i-a eni-a usw2-az1 to nat internet Vpc: 200 3 1",
        "20758 10.0.2.7 i-b eni-b usw2-az2 from Other: 60 3 1",
    ];
    assert_eq!(words(&sums), expected);
    assert_eq!((sums.left_out.on_the_way, sums.gateways.len()), (2, 0));
}

#[test]
fn ipv6_addresses_of_the_network_are_told_from_those_of_aws() {
    let header = FIELDS.join(" ") + "\n";
    let line = |words: &str| record(5, words).join(" ") + "\n";
    let (one, two, other) = ("2600:1f14::a", "2600:1f14::b", "2600:1f14:1::c");
    let lines = header
        + &line(&format!("a {one} {two} 1 10 {one} {two} - - egress 1"))
        + &line(&format!("b {one} {two} 1 10 {one} {two} - - ingress -"))
        + &line(&format!("a {one} {other} 1 30 {one} {other} - EC2 egress 8"))
        // NAT64: AWS's DNS makes addresses of 64:ff9b::/96, which are routed through a NAT gateway.
        + &line(&format!("a {one} 64:ff9b::9765:101 1 50 {one} 64:ff9b::9765:101 - - egress 1"));
    let expected = [
        "20758 2600:1f14::a i-a eni-a usw2-az1 to Other Vpc: 10 1 1",
        "20758 2600:1f14::a i-a eni-a usw2-az1 to aws us-west-2 EC2 InternetGateway: 30 1 1",
        "20758 2600:1f14::a i-a eni-a usw2-az1 to nat internet Vpc: 50 1 1",
        "20758 2600:1f14::b i-b eni-b usw2-az2 from Other: 10 1 1",
    ];
    assert_eq!(words(&of_text(&lines)), expected);
}

#[test]
fn days_are_of_the_start_and_a_service_that_the_table_does_not_know_has_no_region() {
    let text = "start bytes srcaddr dstaddr interface-id flow-direction pkt-dst-aws-service\n\
                1793491199 1 10.0.0.1 8.8.8.8 eni-1 egress DYNAMODB\n\
                1793491200 2 10.0.0.1 52.218.0.9 eni-1 egress DYNAMODB\n";
    let sums = of_text(text);
    let expected = [
        "20757 10.0.0.1 eni-1 to aws - DYNAMODB: 1 0 1",
        "20758 10.0.0.1 eni-1 to aws us-west-2 DYNAMODB: 2 0 1",
    ];
    assert_eq!(words(&sums), expected);
    assert!(sums.lacks.contains(&Lacks::Packets) && sums.lacks.contains(&Lacks::Action));
}

#[test]
fn folders_gzip_and_joined_files_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let text = usual(5);
    let (header, rest) = text.split_once('\n').unwrap();
    let lines: Vec<_> = rest.lines().collect();
    for (number, part) in lines.chunks(4).enumerate() {
        let part = format!("{header}\r\n{}\r\n", part.join("\r\n"));
        let name = format!("AWSLogs/1/vpcflowlogs/us-west-2/2026/11/0{number}/1_fl.log.gz");
        write(&folder, &name, &zipped(part.as_bytes()));
    }
    write(&folder, "AWSLogs/notes.md", b"not read");
    assert_eq!(of(folder.path()), of_text(&text));
    let joined = tempfile::tempdir().unwrap();
    let twice: Vec<u8> = lines
        .chunks(7)
        .flat_map(|part| zipped(format!("{header}\n{}\n", part.join("\n")).as_bytes()))
        .collect();
    let path = write(&joined, "members.gz", &twice);
    assert_eq!(of(&path), of_text(&text));
    // The same file named twice is read once.
    assert_eq!(summed(&[&path, &path], 1).unwrap(), of_text(&text));
}

/// The sample of a catalogue of dashboards: each of its events holds AWS's line in `body`, beside fields that
/// were changed by hand and contradict it; so the lines alone are read.
#[test]
fn real_lines_of_a_public_sample() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/bills/flowlogs/vpc_flow_opensearch_sample.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        skipped("the public sample, ../shared/bills/flowlogs, is not here");
        return;
    };
    let events: Value = serde_json::from_str(&text).unwrap();
    let bodies: Vec<_> =
        events.as_array().unwrap().iter().map(|event| event["body"].as_str().unwrap()).collect();
    // All of them hold the same line.
    assert_eq!(bodies.len(), 22);
    let sums = of_text(&bodies.join("\n"));
    assert_eq!(words(&sums), ["19385 10.0.0.200 eni-0e250409d410e1290 from internet: 968 22 22"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fields_in_any_order_say_the_same(
        order in Just((0..FIELDS.len()).collect::<Vec<_>>()).prop_shuffle(),
        version in 2_u8..=5,
    ) {
        prop_assert_eq!(of_text(&text(version, &order)), of_text(&usual(version)));
    }
}
