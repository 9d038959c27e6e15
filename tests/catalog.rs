//! The catalog against its own tables, against the tables they were made from,
//! and against numbers that people know by heart.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "support/skips.rs"]
mod skips;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use frazil::catalog::{
    AllocatableBasis, Arch, Basis, Cpu, Market, Need, Offer, Provider, Region, Seat, choose, choose_core,
    places, regions,
};
use frazil_units::{Amount, Bytes};
use skips::skipped;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog/data")
}

fn open(provider: Provider, region: &str) -> std::sync::Arc<Region> {
    Region::open(provider, region).unwrap()
}

fn usd(text: &str) -> Amount {
    Amount::from_decimal(text).unwrap()
}

fn rows(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().skip(1).map(str::to_owned).collect()
}

/// Every table under a folder, as paths relative to it, sorted.
fn tables(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|end| end == "csv") {
                found.insert(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}

#[test]
fn what_is_embedded_is_what_the_tables_say() {
    for provider in Provider::ALL {
        let folder = data().join(provider.name());
        let (mut items, mut prices) = (0, 0);
        for place in places(provider) {
            let region = open(provider, place.name);
            items += region.items().len();
            let path = folder.join(format!("prices/{}.csv", place.name));
            let listed: Vec<_> = region
                .offers()
                .iter()
                .filter(|offer| offer.on_demand.is_some())
                .map(|offer| row(offer))
                .collect();
            let table = if path.exists() { rows(&path) } else { Vec::new() };
            let table: Vec<_> =
                table.iter().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect();
            assert_eq!(listed, table, "{provider}/{}", place.name);
            prices += table.len();
        }
        assert_eq!(items, rows(&folder.join("items.csv")).len());
        assert!(prices > 9_000, "{prices}");
    }
}

/// A price row as its table has it, without the source.
fn row(offer: &Offer) -> String {
    let text =
        |market| offer.listed(market).map_or_else(String::new, |price| shortest(&price.usd.rounded(12)));
    format!("{},{},{}", offer.machine.name, text(Market::OnDemand), text(Market::Spot))
}

fn shortest(decimal: &str) -> String {
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[test]
fn tables_are_sorted_without_duplicates_and_every_source_is_known() {
    let sources: BTreeSet<_> = rows(&data().join("sources.csv"))
        .iter()
        .map(|line| line.split(',').next().unwrap().to_owned())
        .collect();
    let tables = tables(&data());
    assert!(tables.len() > 70);
    for table in tables {
        let text = fs::read_to_string(data().join(&table)).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let cells: Vec<Vec<_>> = lines[1..].iter().map(|line| line.split(',').collect()).collect();
        assert!(cells.windows(2).all(|pair| pair[0] < pair[1]), "{} is not sorted", table.display());
        if let Some(column) = lines[0]
            .split(',')
            .position(|name| name == "source")
            .filter(|column| *column > 0 && cells[0].len() > 3)
        {
            let unknown: Vec<_> =
                cells.iter().map(|row| row[column]).filter(|key| !sources.contains(*key)).collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", table.display());
        }
    }
}

#[test]
fn the_tables_are_what_the_script_makes_of_its_input() {
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/prices");
    if !input.is_dir() {
        skipped("the tables' own input, ../shared/prices, is not here");
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let mut script = assert_cmd::Command::new("python3");
    script.arg(data().join("import.py")).arg(&input).arg("--out").arg(out.path()).assert().success();
    // Address ranges have a script and lists of their own.
    let kept: BTreeSet<_> =
        tables(&data()).into_iter().filter(|table| !table.starts_with("addresses")).collect();
    assert_eq!(tables(out.path()), kept);
    for table in tables(out.path()) {
        let (made, kept) =
            (fs::read(out.path().join(&table)).unwrap(), fs::read(data().join(&table)).unwrap());
        assert!(made == kept, "{} differs from what import.py writes", table.display());
    }
}

#[test]
fn everyday_machine_prices() {
    for (provider, region, machine, market, price) in [
        (Provider::Aws, "us-west-2", "r5.xlarge", Market::OnDemand, "0.252"),
        (Provider::Aws, "us-west-2", "r7i.xlarge", Market::OnDemand, "0.2646"),
        (Provider::Aws, "us-east-1", "m5.large", Market::OnDemand, "0.096"),
        (Provider::Aws, "us-west-2", "g4dn.xlarge", Market::OnDemand, "0.526"),
        (Provider::Gcp, "us-central1", "e2-standard-2", Market::OnDemand, "0.067"),
        (Provider::Gcp, "us-central1", "n2-highmem-4", Market::OnDemand, "0.262"),
        (Provider::Gcp, "us-central1", "n2-highmem-4", Market::Spot, "0.124"),
    ] {
        let region = open(provider, region);
        let found = region.price(region.machine(machine).unwrap(), market).unwrap().usd;
        let decimals = u32::try_from(price.len() - 2).unwrap();
        assert_eq!(found.rounded(decimals), price, "{machine}");
    }
}

#[test]
fn everyday_prices_of_other_things() {
    for (provider, region, item, price) in [
        (Provider::Aws, "us-west-2", "eks_cluster_hour", "0.10"),
        (Provider::Aws, "us-east-1", "eks_cluster_extended_support_hour", "0.60"),
        (Provider::Aws, "us-west-2", "nat_gateway_hour", "0.045"),
        (Provider::Aws, "us-east-1", "nat_gateway_data", "0.045"),
        (Provider::Aws, "us-west-2", "ebs_gp3_storage", "0.08"),
        (Provider::Aws, "us-east-1", "efs_standard_storage", "0.30"),
        (Provider::Aws, "us-east-1", "s3_standard_storage", "0.023"),
        (Provider::Aws, "us-east-1", "public_ipv4_hour", "0.005"),
        (Provider::Aws, "us-west-2", "load_balancer_classic_hour", "0.025"),
        (Provider::Aws, "us-west-2", "cost_explorer_api_request", "0.01"),
        (Provider::Gcp, "us-central1", "gke_cluster_hour", "0.10"),
        (Provider::Gcp, "us-central1", "disk_balanced", "0.10"),
        (Provider::Gcp, "us-central1", "gcs_standard_storage", "0.020"),
        (Provider::Gcp, "us-central1", "nat_per_vm_hour", "0.0014"),
    ] {
        assert_eq!(open(provider, region).item(item).unwrap().price.usd, usd(price), "{item}");
    }
}

#[test]
fn internet_steps_and_what_is_missing_of_them() {
    let steps = |provider, region| -> Vec<_> {
        let tiers = open(provider, region).internet_tiers();
        tiers.into_iter().map(|tier| (tier.price.usd.rounded(3), tier.up_to.map(Bytes::get))).collect()
    };
    let tb = |count: u64| Some(count * 1_000_000_000_000);
    let aws = [("0.090", tb(10)), ("0.085", tb(50)), ("0.070", tb(150)), ("0.050", None)]
        .map(|(usd, to)| (usd.to_owned(), to));
    assert_eq!(steps(Provider::Aws, "us-west-2"), aws);
    assert_eq!(steps(Provider::Aws, "us-east-1"), aws[..3]);
    let gcp = [("0.120", Some(1 << 40)), ("0.110", Some(10 << 40)), ("0.080", None)]
        .map(|(usd, to)| (usd.to_owned(), to));
    assert_eq!(steps(Provider::Gcp, "us-central1"), gcp);
    assert!(steps(Provider::Aws, "eu-south-2").is_empty());
}

#[test]
fn transfer_between_regions() {
    let west = open(Provider::Aws, "us-west-2");
    assert_eq!(west.transfer_to("us-east-1").unwrap().usd, usd("0.02"));
    assert_eq!(west.transfer_to("us-west-2").unwrap().usd, usd("0.01"));
    assert_eq!(
        west.transfer_to("mars-1").unwrap_err().to_string(),
        "no price of transfer to mars-1 in aws/us-west-2"
    );
    let central = open(Provider::Gcp, "us-central1");
    let europe = central.transfer_to("europe-west4").unwrap();
    assert_eq!((europe.usd, europe.is_estimate()), (usd("0.08"), true));
    assert!(central.transfer_to("africa-south1").is_err());
    assert!(central.transfer_to("europe-west99").is_err());
}

#[test]
fn gaps_say_what_is_missing_and_what_could_stand_in() {
    let frankfurt = open(Provider::Aws, "eu-central-1");
    let gap = frankfurt.price(frankfurt.machine("r7i.xlarge").unwrap(), Market::OnDemand).unwrap_err();
    assert_eq!(
        gap.to_string(),
        "no on-demand price of r7i.xlarge in aws/eu-central-1; ~0.31789044 USD/hour would be us-east-1 price x median ratio 1.2014 of family r, 2022-09-03"
    );
    let spot = frankfurt.price(frankfurt.machine("r5.xlarge").unwrap(), Market::Spot).unwrap_err();
    assert_eq!((spot.why, spot.stand_in), (Some("the tables have no spot prices of AWS"), None));
    let address = open(Provider::Aws, "us-west-2").item("public_ipv4_hour").unwrap_err();
    assert!(
        address.to_string().ends_with("~0.005 USD/hour would be us-east-1 price, 2024-07-01"),
        "{address}"
    );
    let control = open(Provider::Gcp, "europe-west4").item("gke_cluster_hour").unwrap_err();
    assert_eq!(control.stand_in.unwrap().usd, usd("0.10"));
    let hyderabad = open(Provider::Aws, "ap-south-2");
    let gap = hyderabad.price(hyderabad.machine("m5.large").unwrap(), Market::OnDemand).unwrap_err();
    assert_eq!((gap.why, gap.stand_in), (Some("the tables have no machine prices of this region"), None));
}

#[test]
fn derived_prices_are_told_from_listed_ones() {
    let west = open(Provider::Aws, "us-west-2");
    let with = |basis: Basis| {
        west.offers()
            .iter()
            .filter(|offer| offer.on_demand.as_ref().is_some_and(|price| price.basis == basis))
            .count()
    };
    assert_eq!((with(Basis::Derived), with(Basis::Listed)), (839, 495));
}

#[test]
fn wrong_names_are_answered_with_the_nearest() {
    let error = Region::open(Provider::Gcp, "us-central-1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no region `us-central-1` of gcp in the catalog; did you mean `us-central1`?"
    );
    assert!(Region::open(Provider::Aws, "us-west").is_err());
    let error = open(Provider::Aws, "us-west-2")
        .machine("r7i.xlrage")
        .map(|offer| offer.machine.name.clone())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no machine `r7i.xlrage` of aws in the catalog; did you mean `r7i.xlarge`?"
    );
}

#[test]
fn allocatable_truth() {
    let gib = |region: &Region, name: &str| {
        let own = region.machine(name).unwrap().machine.allocatable.unwrap();
        (
            format!("{:.2}", own.memory.as_gib()),
            format!("{:.2}", own.capacity.as_gib()),
            matches!(own.basis, AllocatableBasis::Measured(_)),
        )
    };
    let west = open(Provider::Aws, "us-west-2");
    assert_eq!(gib(&west, "r5.xlarge"), ("29.92".to_owned(), "30.89".to_owned(), true));
    let central = open(Provider::Gcp, "us-central1");
    assert_eq!(gib(&central, "n2-highmem-2"), ("12.97".to_owned(), "15.63".to_owned(), true));
    assert!(!gib(&west, "r6a.xlarge").2);
}

/// Families that are left out on purpose, however cheap.
fn left_out(offer: &Offer) -> bool {
    let family = offer.machine.family();
    family.starts_with('x') || family.ends_with("-flex") || offer.machine.boots_from_hyperdisk_only()
}

#[test]
fn in_every_region_nothing_cheaper_would_hold_the_seats() {
    let small = Seat { name: "small".to_owned(), memory: Bytes::gib(8), cpu: Cpu::default(), gpus: 0 };
    let mut looked = 0;
    for (provider, name) in
        Provider::ALL.into_iter().flat_map(|provider| regions(provider).map(move |name| (provider, name)))
    {
        let region = open(provider, name);
        if !region.has_machine_prices() {
            assert!(choose(&region, &Need::new(vec![small.clone()])).is_err());
            continue;
        }
        let Ok(choice) = choose(&region, &Need::new(vec![small.clone()])) else {
            panic!("{provider}/{name}: nothing chosen")
        };
        let room = Bytes::gib(32).get() + Bytes::mib(600).get();
        let fits = |offer: &&std::sync::Arc<Offer>| {
            let machine = &offer.machine;
            let plain = machine.current && !machine.burstable && !machine.bare_metal && machine.gpu.is_none();
            plain
                && machine.arch == Some(Arch::Amd64)
                && machine.allocatable.is_some_and(|own| own.memory.get() >= room)
        };
        let cheaper = |offer: &&std::sync::Arc<Offer>| {
            offer.on_demand.as_ref().is_some_and(|price| price.usd < choice.best.price.usd)
        };
        let missed: Vec<_> = region
            .offers()
            .iter()
            .filter(fits)
            .filter(cheaper)
            .filter(|offer| !left_out(offer))
            .map(|offer| &offer.machine.name)
            .collect();
        assert!(missed.is_empty(), "{provider}/{name}: {} but {missed:?}", choice.best.offer.machine.name);
        assert!(choice.best.default_seats() >= 4);
        looked += 1;
    }
    assert_eq!(looked, 66);
}

#[test]
fn the_pools_of_a_hub() {
    let gpu = Seat { name: "gpu".to_owned(), memory: Bytes::gib(14), cpu: Cpu::default(), gpus: 1 };
    for (provider, name, core, with_gpu) in [
        (Provider::Aws, "us-west-2", "m5a.large", "g4dn.xlarge"),
        (Provider::Gcp, "us-central1", "e2-highmem-2", "g2-standard-8"),
    ] {
        let region = open(provider, name);
        assert_eq!(choose_core(&region, Arch::Amd64).unwrap().best.offer.machine.name, core);
        assert_eq!(choose(&region, &Need::new(vec![gpu.clone()])).unwrap().best.offer.machine.name, with_gpu);
    }
}
