//! Sums do not depend on how a text is cut, nor on which thread sums which piece.

use proptest::prelude::*;

use super::text::{LineScan, Lines};
use super::{FlowSums, settle::settle, tally::Tally};
use crate::catalog::AddressRanges;
use crate::ledger::read::chunk::Chunks;

const HEADERS: [&str; 3] = [
    "interface-id srcaddr dstaddr packets bytes start action log-status",
    "interface-id srcaddr dstaddr packets bytes start action log-status instance-id pkt-srcaddr pkt-dstaddr az-id",
    "interface-id srcaddr dstaddr packets bytes start action log-status instance-id pkt-srcaddr pkt-dstaddr az-id \
     pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path",
];
const ADDRESSES: [&str; 9] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.1.3",
    "10.0.1.4",
    "52.218.0.7",
    "151.101.1.1",
    "151.101.1.2",
    "2600:1f14::1",
    "2600:1f14::2",
];

/// A record out of few values, so that much of it comes together.
fn line(columns: usize) -> impl Strategy<Value = String> {
    let address = || prop::sample::select(&ADDRESSES[..]);
    let status = prop::sample::select(&["ACCEPT OK", "ACCEPT OK", "ACCEPT OK", "REJECT OK", "- NODATA"][..]);
    let parts = (
        (0_u8..4, address(), address(), address(), address()),
        (1_u32..50, 1_u32..5_000, 0_u32..2, status),
        (prop::bool::ANY, prop::bool::ANY, prop::bool::ANY, 0_u8..9),
    );
    parts.prop_map(
        move |(
            (machine, source, target, first, last),
            (packets, bytes, day, status),
            (own, s3, out, path),
        )| {
            let (first, last) = if own { (source, target) } else { (first, last) };
            let service = if s3 { "S3" } else { "-" };
            let way = if out { "egress" } else { "ingress" };
            let path = if path == 0 { "-".to_owned() } else { path.to_string() };
            let all = format!(
                "eni-{machine} {source} {target} {packets} {bytes} {} {status} i-{machine} {first} {last} \
             az{} {service} - {way} {path}",
                1_793_491_200 + day * 86_400,
                machine % 2
            );
            all.split(' ').take(columns).collect::<Vec<_>>().join(" ")
        },
    )
}

fn text() -> impl Strategy<Value = String> {
    (0..HEADERS.len()).prop_flat_map(|version| {
        let header = HEADERS[version];
        let lines = prop::collection::vec(line(header.split(' ').count()), 1..60);
        lines.prop_map(move |lines| format!("{header}\n{}\n", lines.join("\n")))
    })
}

fn ranges() -> AddressRanges {
    AddressRanges::parse("aws,52.218.0.0/16,us-west-2,S3\naws,2600:1f14::/35,us-west-2,EC2").unwrap()
}

/// Sums of a text cut into chunks of about so many bytes, dealt out to so many tallies.
fn sums(text: &str, size: usize, parts: usize, ranges: &AddressRanges) -> FlowSums {
    let lines = Lines::of(text.as_bytes()).unwrap();
    let mut tallies: Vec<_> = (0..parts).map(|_| Tally::new(ranges)).collect();
    let mut chunks = Chunks::new(text.as_bytes(), LineScan);
    let mut turn = 0;
    while let Some(chunk) = chunks.next_of(size).unwrap() {
        lines.read(&chunk.bytes, &mut tallies[turn % parts]).unwrap();
        turn += 1;
    }
    let mut all = tallies.pop().unwrap();
    for part in tallies {
        all.merge(part);
    }
    settle(all)
}

proptest! {
    #[test]
    fn chunks_of_any_size_and_any_number_of_threads_give_the_same_sums(
        text in text(), size in 4_usize..3_000, parts in 1_usize..4,
    ) {
        let ranges = ranges();
        let whole = sums(&text, text.len() * 2, 1, &ranges);
        prop_assert_eq!(sums(&text, size, parts, &ranges), whole);
    }

    #[test]
    fn every_byte_is_in_a_sum_or_its_record_is_counted(text in text()) {
        let ranges = ranges();
        let sums = sums(&text, 500, 2, &ranges);
        let records: u64 = sums.rows.values().map(|traffic| traffic.records).sum();
        let left = sums.left_out;
        let others = left.no_data + left.rejected + left.undirected + left.on_the_way;
        let lines = text.lines().count() as u64 - 1;
        // What gateways logged of their clients is not added to the clients' own.
        prop_assert!(records + others <= lines);
        if sums.gateways.is_empty() {
            prop_assert_eq!(records + others, lines);
        }
    }
}
