//! The sample bills: each sum is made a second time by the csv and `serde_json` crates and whole numbers.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::plain::{add, gather, pico, rounded, sample, sums};

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn total(sums: &BTreeMap<String, [i128; 3]>) -> [i128; 3] {
    let mut total = BTreeMap::new();
    for of in sums.values() {
        add(&mut total, String::new(), *of);
    }
    total[""]
}

#[test]
fn a_real_legacy_report() {
    let Some(path) = sample("aws/cur_legacy_2023-11.csv") else { return };
    let mut expected = BTreeMap::new();
    for row in rows(&path) {
        let charge = row["lineItem/LineItemType"].to_lowercase();
        let key = format!("{} {charge} {}", row["lineItem/CurrencyCode"], row["lineItem/ProductCode"]);
        let billed = pico(&row["lineItem/UnblendedCost"]);
        let list = &row["pricing/publicOnDemandCost"];
        let list = if list.is_empty() { 0 } else { pico(list) };
        add(&mut expected, key, [billed, billed, list]);
    }
    expected.retain(|_, sums| *sums != [0; 3]);
    let gathered = gather(&[&path], 2).unwrap();
    assert_eq!(sums(&gathered), expected);
    assert_eq!(total(&expected)[0], pico("0.88457418010"));
    assert_eq!((gathered.files[0].rows, gathered.files[0].digest.len()), (641, 64));
    assert_eq!(gathered.sources[0].to_string(), "cur-legacy of aws 123412340534");
    assert!(gathered.lines.keys().all(|key| key.month.number() == 202_311));
}

#[test]
fn a_real_focus_export() {
    let Some(path) = sample("focus/focus_1.0.csv") else { return };
    let mut expected = BTreeMap::new();
    for row in rows(&path) {
        let charge = match row["ChargeCategory"].as_str() {
            "Usage" => "usage",
            "Credit" => "credit",
            "Adjustment" => "refund",
            other => panic!("{other}"),
        };
        let key = format!("{} {charge} {}", row["BillingCurrency"], row["ServiceName"]);
        add(&mut expected, key, ["BilledCost", "EffectiveCost", "ListCost"].map(|name| pico(&row[name])));
    }
    expected.retain(|_, sums| *sums != [0; 3]);
    let gathered = gather(&[&path], 2).unwrap();
    assert_eq!(sums(&gathered), expected);
    assert_eq!(total(&expected), ["14.66598547521", "13.16298079268", "14.68218547521"].map(pico));
    let mut sources: Vec<_> = gathered.sources.iter().map(ToString::to_string).collect();
    sources.sort_unstable();
    assert_eq!(sources.len(), 3);
    assert_eq!(sources[1], "focus of Oracle 20209880");
    let months: std::collections::BTreeSet<_> = gathered.lines.keys().map(|key| key.month.number()).collect();
    assert_eq!(months.into_iter().collect::<Vec<_>>(), [202_409, 202_410]);
    assert!(
        gathered
            .symbols
            .get(r#"{"application":"BrightSourceCore","business_unit":"MarseilleSRE","environment":"dev"}"#)
            .is_some()
    );
}

#[test]
fn a_detailed_export_of_google_with_credits_and_four_currencies() {
    let Some(path) = sample("gcp/detailed_export_synthetic.csv") else { return };
    let mut expected = BTreeMap::new();
    for row in rows(&path) {
        let charge = match row["cost_type"].as_str() {
            "regular" => "usage",
            "tax" => "tax",
            "roundoff" => "rounding",
            other => panic!("{other}"),
        };
        let of = |charge: &str| format!("{} {charge} {}", row["currency"], row["service_description"]);
        let cost = pico(&row["cost"]);
        add(&mut expected, of(charge), [cost, cost, pico(&row["cost_at_list"])]);
        let credits: Value = serde_json::from_str(&row["credits"]).unwrap();
        for credit in credits.as_array().unwrap() {
            let kind = credit["type"].as_str().unwrap();
            let charge = if kind.ends_with("USE_DISCOUNT") { "discount" } else { "credit" };
            let amount = pico(&credit["amount"].to_string());
            add(&mut expected, of(charge), [amount, amount, 0]);
        }
    }
    expected.retain(|_, sums| *sums != [0; 3]);
    let gathered = gather(&[&path], 2).unwrap();
    assert_eq!(sums(&gathered), expected);
    assert_eq!(total(&expected)[0], pico("1579158.1453") - pico("135318.7062"));
    assert!(gathered.sources.iter().all(|source| source.to_string().starts_with("gcp-detailed of gcp ")));
    let label = r#""compute.googleapis.com/cores":"8","cost_center":"cc-1049","enterprise_governance/data_classification":"restricted""#;
    assert!(gathered.symbols.iter().any(|(_, text)| text.contains(label)));
}

#[test]
fn a_standard_export_of_google_as_a_list_of_json() {
    let Some(path) = sample("gcp/cud_billing_export_10_1.json") else { return };
    let (mut expected, mut rests) = (BTreeMap::new(), 0);
    let rows: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for row in rows.as_array().unwrap() {
        let of = |charge: &str| {
            format!(
                "{} {charge} {}",
                row["currency"].as_str().unwrap(),
                row["service_description"].as_str().unwrap()
            )
        };
        let sku = row["sku_description"].as_str().unwrap();
        let cost = pico(row["cost"].as_str().unwrap());
        let charge = if sku.starts_with("Commitment") { "fee" } else { "usage" };
        add(&mut expected, of(charge), [cost, cost, 0]);
        for credit in row["credits"].as_array().unwrap() {
            let (amount, rest) = rounded(credit["amount"].as_str().unwrap());
            rests += rest;
            add(&mut expected, of("discount"), [amount, amount, 0]);
        }
    }
    // What rounding left over is a line of its own.
    let rests = (rests + rests.signum() * 10_i128.pow(12) / 2) / 10_i128.pow(12);
    add(&mut expected, "USD rounding ".to_owned(), [rests, rests, 0]);
    expected.retain(|_, sums| *sums != [0; 3]);
    let gathered = gather(&[&path], 2).unwrap();
    assert_eq!(sums(&gathered), expected);
    assert_eq!(gathered.files[0].rows, 25);
    assert_eq!(gathered.sources[0].to_string(), "gcp-standard of gcp 00F3D8-28D652-3F036F");
}
