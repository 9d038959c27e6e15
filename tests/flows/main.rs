//! Flow logs: records made by hand with answers made by hand, in every version and format, and broken ones.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod aws;
mod broken;
mod google;
#[path = "../support/skips.rs"]
mod skips;
mod tables;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use frazil::catalog::{AddressRanges, Owner};
use frazil::ledger::flows::{Beyond, Direction, FlowKey, FlowSums, Peer, read};
use frazil::ledger::read::{Input, ReadError};

/// A few ranges, so that answers do not change with the table.
const RANGES: &str = "aws,52.218.0.0/16,us-west-2,S3\naws,54.0.0.0/8,us-east-1,EC2\n\
                      aws,2600:1f14::/35,us-west-2,EC2\ngcp,34.1.0.0/16,us-central1,\n";

fn summed(paths: &[&Path], threads: usize) -> Result<FlowSums, ReadError> {
    let inputs: Vec<_> = paths.iter().map(|path| Input::Local(path.to_path_buf())).collect();
    read(&inputs, &AddressRanges::parse(RANGES).unwrap(), threads)
}

fn of(path: &Path) -> FlowSums {
    summed(&[path], 2).unwrap()
}

fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sums of a text.
fn of_text(text: &str) -> FlowSums {
    let folder = tempfile::tempdir().unwrap();
    of(&write(&folder, "flows.log", text.as_bytes()))
}

/// Rows in words, sorted: who, which way, to whom, and bytes, packets and records.
fn words(sums: &FlowSums) -> Vec<String> {
    let mut words: Vec<_> = sums
        .rows
        .iter()
        .map(|(key, traffic)| {
            let sums = format!("{} {} {}", traffic.bytes, traffic.packets, traffic.records);
            format!("{}: {sums}", named(key))
        })
        .collect();
    words.sort_unstable();
    words
}

fn named(key: &FlowKey) -> String {
    let local = &key.local;
    let names = [&local.instance, &local.interface, &local.zone];
    let names: Vec<_> = names.into_iter().flatten().map(|text| &**text).collect();
    let pod = local.pod.as_ref().map(|pod| format!(" {}/{}", pod.namespace, pod.name)).unwrap_or_default();
    let way = if key.direction == Direction::Out { "to" } else { "from" };
    let peer = match &key.peer {
        Peer::Internet => "internet".to_owned(),
        Peer::Cloud(owner) => cloud(owner),
        Peer::Network(zones) => format!("{zones:?}"),
        Peer::Nat(Beyond::Internet) => "nat internet".to_owned(),
        Peer::Nat(Beyond::Cloud(owner)) => format!("nat {}", cloud(owner)),
    };
    let path = key.path.map(|path| format!(" {path:?}")).unwrap_or_default();
    format!("{} {} {}{pod} {way} {peer}{path}", key.day, local.address, names.join(" "))
}

fn cloud(owner: &Owner) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    format!("{} {} {}", owner.provider, text(&owner.region), text(&owner.service))
}
