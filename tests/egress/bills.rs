//! Public bills: what is transfer in them, by AWS's own column and by a list made by hand, and their bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frazil::ledger::decimal::Decimal;
use frazil::ledger::egress::{Egress, Measure, Question, Way, transfer};
use frazil::ledger::read::{Input, read};
use frazil::ledger::{BillRows, Ledger, SourceKind};

use crate::skips::skipped;

type Row = BTreeMap<String, String>;

/// A sample bill; none, said past the capture, where it is missing.
pub(crate) fn sample_path(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bills").join(name);
    if !path.exists() {
        skipped(format_args!("no {}", path.display()));
        return None;
    }
    Some(path)
}

fn sample(name: &str) -> Option<(PathBuf, Vec<Row>)> {
    let path = sample_path(name)?;
    let rows = csv::Reader::from_path(&path).unwrap().deserialize().map(Result::unwrap).collect();
    Some((path, rows))
}

/// The way and what is counted, in words; nothing for what is no transfer.
fn told(provider: &str, service: &str, usage: &str) -> String {
    transfer(provider, service, usage).map_or_else(String::new, |found| {
        let measure = match found.measure {
            Measure::Out => "out",
            Measure::In => "in",
            Measure::Through => "through",
            Measure::Hours => "hours",
        };
        format!("{} {measure}", found.way.name())
    })
}

/// What the ledger holds of a bill.
fn rows_of(path: &Path) -> Vec<(frazil::ledger::Bill, BillRows)> {
    let folder = tempfile::tempdir().unwrap();
    let gathered = read(&[Input::Local(path.to_path_buf())], 1, &|_| {}).unwrap();
    let mut ledger = Ledger::open(&folder.path().join("ledger.sqlite")).unwrap();
    ledger.take(&gathered, "2026-11-22T00:00:00Z").unwrap();
    let bills = ledger.bills().unwrap();
    bills.into_iter().map(|bill| (bill.clone(), ledger.rows(&bill).unwrap())).collect()
}

fn egress_of(path: &Path) -> Egress {
    let mut egress = Egress::default();
    for (bill, rows) in rows_of(path) {
        egress.add_bill(&Question::default(), &bill, &rows);
    }
    egress
}

/// AWS says itself in `product/transferType` which rows are transfer and of which kind.
#[test]
fn a_real_legacy_report_is_sorted_as_aws_sorts_it() {
    let Some((path, rows)) = sample("aws/cur_legacy_2023-11.csv") else { return };
    let mut sums: BTreeMap<String, (i128, i128, usize)> = BTreeMap::new();
    for row in &rows {
        let service = &row["lineItem/ProductCode"];
        let expected = match (row["product/transferType"].as_str(), service.as_str()) {
            ("InterRegion Outbound", "AmazonS3") => "store-elsewhere out",
            ("InterRegion Outbound", _) => "inter-region out",
            ("InterRegion Inbound", _) => "inter-region in",
            ("AWS Outbound", _) => "internet out",
            ("AWS Inbound", _) => "internet in",
            ("IntraRegion", _) => "inter-zone through",
            ("IntraRegion-xAZ-Out", _) => "inter-zone out",
            ("IntraRegion-xAZ-In", _) => "inter-zone in",
            _ => "",
        };
        let usage = &row["lineItem/UsageType"];
        assert_eq!(told("aws", service, usage), expected, "{service} {usage}");
        if !expected.is_empty() {
            let quantity = Decimal::from_text(&row["lineItem/UsageAmount"]).unwrap().pico;
            let cost = Decimal::from_text(&row["lineItem/UnblendedCost"]).unwrap().pico;
            let (name, _) = expected.split_once(' ').unwrap();
            let sum = sums.entry(name.to_owned()).or_default();
            *sum = (sum.0 + quantity * (1 << 30), sum.1 + cost, sum.2 + 1);
        }
    }
    let all: usize = sums.values().map(|sum| sum.2).sum();
    assert_eq!(all, 222, "shared/bills/README.md");
    let egress = egress_of(&path);
    let mut found = BTreeMap::new();
    for ((way, _), cell) in &egress.rows {
        let bill = cell.bill.as_ref().unwrap();
        assert_eq!(bill.without_bytes, 0);
        let cost = bill.cost().get("USD").copied().unwrap_or_default();
        let previous = found.insert(way.name().to_owned(), (bill.out + bill.into + bill.through, cost));
        assert_eq!(previous, None);
    }
    let expected: BTreeMap<_, _> =
        sums.into_iter().map(|(way, (bytes, cost, _))| (way, (bytes, cost))).collect();
    assert_eq!(found, expected);
}

/// Quantities have ten decimals of a gigabyte, and are sums of a few requests. That a gigabyte is 2³⁰ bytes
/// shows in them: nearly all are then whole bytes, up to the roundings of two; by 10⁹ few are.
#[test]
fn gigabytes_of_aws_are_binary() {
    let Some((_, rows)) = sample("aws/cur_legacy_2023-11.csv") else { return };
    let is_whole = |bytes: f64| (bytes.round() - bytes).abs() < 0.11;
    let (mut binary, mut decimal, mut all) = (0, 0, 0);
    for row in rows.iter().filter(|row| row["lineItem/UsageType"].ends_with("-Bytes")) {
        let quantity: f64 = row["lineItem/UsageAmount"].parse().unwrap();
        all += 1;
        binary += usize::from(is_whole(quantity * f64::from(1 << 30)));
        decimal += usize::from(is_whole(quantity * 1e9));
    }
    assert!(all == 222 && binary * 10 > all * 9 && decimal * 2 < all, "{binary} {decimal} {all}");
}

/// `focus_transfers.csv` was made by hand from the sample's descriptions: what is not in it is no transfer.
#[test]
fn a_real_focus_export_is_sorted_as_by_hand() {
    let Some((_, rows)) = sample("focus/focus_1.0.csv") else { return };
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/egress/focus_transfers.csv");
    let mut by_hand: BTreeMap<[String; 3], (String, usize)> = BTreeMap::new();
    for row in csv::Reader::from_path(list).unwrap().deserialize::<Row>().map(Result::unwrap) {
        let key = ["provider", "service", "description"].map(|name| row[name].clone());
        by_hand.insert(key, (format!("{} {}", row["way"], row["measure"]), row["rows"].parse().unwrap()));
    }
    for row in &rows {
        let key = ["ProviderName", "ServiceName", "ChargeDescription"].map(|name| row[name].clone());
        let found = told(&key[0], &key[1], &key[2]);
        match by_hand.get_mut(&key) {
            Some((expected, left)) => {
                assert_eq!(&found, expected, "{key:?}");
                *left -= 1;
            }
            None => assert_eq!(found, "", "{key:?}"),
        }
    }
    assert!(by_hand.values().all(|(_, left)| *left == 0));
    assert_eq!(by_hand.len(), 66);
}

/// Usage types as conventions 4.5 lists them, and those that only look like transfer.
#[test]
fn usage_types_of_aws() {
    let table = [
        ("AmazonEC2", "DataTransfer-Out-Bytes", "internet out"),
        ("AmazonEC2", "USW2-DataTransfer-In-Bytes", "internet in"),
        ("AmazonEC2", "EU-DataTransfer-Regional-Bytes", "inter-zone through"),
        ("AmazonEC2", "USW2-DataTransfer-xAZ-In-Bytes", "inter-zone in"),
        ("AWSELB", "VpcPeering-Out-Bytes", "inter-zone out"),
        ("AmazonEC2", "USW2-USE1-AWS-Out-Bytes", "inter-region out"),
        ("AmazonEC2", "USW2-VpcPeering-Out-Bytes", "inter-zone out"),
        ("AmazonEC2", "USW2-VpcPeering-In-Bytes", "inter-zone in"),
        ("AmazonS3", "USW2-USE1-AWS-Out-Bytes", "store-elsewhere out"),
        ("AmazonS3", "USE1-USW2-AWS-In-Bytes", "inter-region in"),
        ("AmazonEC2", "USW2-NatGateway-Bytes", "nat through"),
        ("AmazonEC2", "NatGateway-Hours", "nat hours"),
        ("AmazonVPC", "USW2-VpcEndpoint-Bytes", "processing through"),
        ("AmazonVPC", "USW2-VpcEndpoint-Hours", "processing hours"),
        ("AmazonVPC", "EUC1-TransitGateway-Bytes", "processing through"),
        ("AmazonVPC", "EUC1-TransitGateway-Hours", "processing hours"),
        ("AWSELB", "USW2-DataProcessing-Bytes", "processing through"),
        ("AWSELB", "USW2-LCUUsage", "processing hours"),
        ("AWSGlobalAccelerator", "USW2-OUT-Bytes-Internet", "edge out"),
        ("AWSGlobalAccelerator", "USW2-OUT-Bytes-AWS", "edge out"),
        ("AWSGlobalAccelerator", "GlobalAccelerator-fixed-fee", "edge hours"),
        ("AmazonCloudFront", "US-DataTransfer-Out-Bytes", "edge out"),
        ("AmazonCloudFront", "CloudFront-Out-Bytes", "edge out"),
        ("AmazonS3", "USW2-CloudFront-Out-Bytes", "edge out"),
        ("AmazonS3", "USW2-DataTransfer-Out-ABytes", "edge out"),
        ("AWSDirectConnect", "USW2-DataXfer-Out:dc.1", "line out"),
        // Look-alikes.
        ("AmazonCloudWatch", "USW2-VendedLog-Bytes", ""),
        ("AmazonCloudWatch", "USW2-DataProcessing-Bytes", ""),
        ("AmazonCloudWatch", "USW2-DataProcessingIngestion-Bytes", ""),
        ("AmazonCloudWatch", "USW2-DataScanned-Bytes", ""),
        ("AmazonGuardDuty", "USW2-PaidEventsAnalyzed-Bytes", ""),
        ("AmazonS3", "USW2-Select-Scanned-Bytes", ""),
        ("AmazonS3", "USW2-Select-Returned-Bytes", ""),
        ("AmazonAthena", "USW2-QueryScanned-Bytes", ""),
        ("AmazonEC2", "USW2-EBS:SnapshotUsage", ""),
        ("AmazonEC2", "USW2-BoxUsage:m5.large", ""),
        ("AmazonS3", "USW2-TimedStorage-ByteHrs", ""),
        ("AmazonEFS", "USW2-DataAccess-Bytes", ""),
    ];
    for (service, usage, expected) in table {
        assert_eq!(told("aws", service, usage), expected, "{service} {usage}");
    }
}

/// A program met a bucket whose reader pays and did not say which; bills of some kinds name no buckets either.
#[test]
fn no_bucket_is_no_bucket_whose_readers_pay() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [("AmazonS3", "USW2-DataTransfer-Out-Bytes", "", 1_000_000)];
    let (bill, rows) = crate::week::bill_of(folder.path(), (SourceKind::CostExplorer, "aws", "GB"), &rows);
    let mut egress = Egress::default();
    let question = Question { requester_pays: [String::new()].into(), ..Question::default() };
    egress.add_bill(&question, &bill, &rows);
    assert_eq!(egress.rows.keys().map(|(way, _)| *way).collect::<Vec<_>>(), [Way::Internet]);
}

/// SKUs as Google's bills describe them, before and after "egress" became "data transfer out".
#[test]
fn descriptions_of_google() {
    let table = [
        ("Compute Engine", "Network Internet Egress from Americas to APAC", "internet out"),
        ("Compute Engine", "Network Internet Data Transfer Out from Americas to EMEA", "internet out"),
        ("Compute Engine", "Network Standard Tier Internet Data Transfer Out from Iowa", "internet out"),
        ("Compute Engine", "Network Internet Ingress from EMEA to Americas", "internet in"),
        ("Compute Engine", "Network Inter Zone Egress", "inter-zone out"),
        ("Compute Engine", "Network Inter Zone Data Transfer Out", "inter-zone out"),
        (
            "Compute Engine",
            "Network Inter Region Data Transfer Out from Americas to EMEA",
            "inter-region out",
        ),
        ("Kubernetes Engine", "Network Inter-region Egress", "inter-region out"),
        (
            "Cloud Storage",
            "Networking Traffic Egress GCP Multi-region within Northern America",
            "store-elsewhere out",
        ),
        (
            "Cloud Storage",
            "Network Data Transfer GCP Inter Region within Northern America",
            "store-elsewhere out",
        ),
        ("Cloud Storage", "Network Data Transfer GCP Replication within Europe", "inter-region out"),
        ("Cloud Storage", "Download Worldwide Destinations (excluding Asia & Australia)", "internet out"),
        ("Cloud Storage", "Download APAC", "internet out"),
        ("Networking", "Networking Cloud Nat Data Processing", "nat through"),
        ("Networking", "Networking Cloud Nat Gateway Uptime", "nat hours"),
        ("Networking", "Networking Cloud NAT IP Usage", "nat hours"),
        (
            "Networking",
            "Global External Application Load Balancer Outbound Data Processing for Mumbai",
            "processing through",
        ),
        ("Networking", "Networking Cloud CDN Traffic Cache Data Transfer to North America", "edge out"),
        ("Compute Engine", "Dedicated Interconnect Egress Traffic Americas", "line out"),
        // Look-alikes.
        ("Cloud Run", "Cloud Run GOOGLE-API Data Transfer Out", ""),
        ("Compute Engine", "Network Intra Zone Data Transfer Out", ""),
        ("Cloud Logging", "Log Storage cost", ""),
        ("BigQuery", "Streaming Insert", ""),
        ("Cloud Storage", "Standard Data Retrieval", ""),
        ("Compute Engine", "Storage PD Snapshot", ""),
        ("Networking", "Networking Cloud Armor Requests", ""),
    ];
    for (service, usage, expected) in table {
        assert_eq!(told("gcp", service, usage), expected, "{service} {usage}");
    }
}
