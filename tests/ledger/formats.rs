//! One bill in several formats, files and orders is one bill.

use proptest::prelude::*;
use std::path::{Path, PathBuf};

use frazil::ledger::Gathered;

use super::made::{
    Row, cur_csv, cur_table, focus_csv, focus_table, google, google_csv, google_table, legacy_csv,
};
use super::plain::{gather, lines, rounded, uses};

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn of(path: &Path) -> Gathered {
    gather(&[path], 2).unwrap()
}

#[test]
fn a_cur_is_the_same_as_csv_gzip_and_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let rows = Row::some(30_000);
    let csv = write(&folder, "bill", &cur_csv(&rows));
    let table = folder.path().join("bill.anything");
    cur_table(&table, &rows, 4_000);
    let packed = folder.path().join("packed");
    let mut encoder =
        flate2::write::GzEncoder::new(std::fs::File::create(&packed).unwrap(), flate2::Compression::fast());
    std::io::copy(&mut std::fs::File::open(&csv).unwrap(), &mut encoder).unwrap();
    encoder.finish().unwrap();

    let (csv, table, packed) = (of(&csv), of(&table), of(&packed));
    assert_eq!(lines(&table, false), lines(&csv, false));
    assert_eq!(lines(&packed, false), lines(&csv, false));
    assert_eq!(uses(&table), uses(&csv));
    assert_eq!((csv.files[0].rows, table.files[0].rows), (30_000, 30_000));
    assert_eq!(csv.sources[0].to_string(), "cur2 of aws 111122223333");
    assert!(csv.symbols.get(r#"{"frazil:hub":"lab","frazil:pool":"pool1"}"#).is_some());
}

#[test]
fn a_legacy_report_tells_the_same_money_and_pods() {
    let folder = tempfile::tempdir().unwrap();
    let rows = Row::some(5_000);
    let new = of(&write(&folder, "new", &cur_csv(&rows)));
    let old = of(&write(&folder, "old", &legacy_csv(&rows)));
    let renamed = |words: Vec<String>| -> Vec<_> {
        words.into_iter().map(|line| line.replace("cur-legacy", "cur2")).collect()
    };
    assert_eq!(
        renamed(lines(&old, true)),
        lines(&new, true).into_iter().map(|line| line.replace("new:", "old:")).collect::<Vec<_>>()
    );
    assert_eq!(renamed(uses(&old)), uses(&new));
}

#[test]
fn split_rows_are_pods() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<_> = Row::some(50).into_iter().filter(|row| row.resource.contains("jupyter-0/")).collect();
    assert_eq!(rows.len(), 2);
    let gathered = of(&write(&folder, "bill", &cur_csv(&rows)));
    // 0.25, 0.1 + 0.2 and 0.3 vCPU-hours; 8, 3.7 and 8 GiB-hours.
    let core = 3_600_i128 * 1_000_000_000_000;
    let gib = core << 30;
    let used = core * 3 / 10;
    let expected = format!(
        "cur2 of aws 111122223333 2026-11 {} node \"i-0ab0000\" pod \
         \"arn:aws:eks:us-west-2:1:pod/lab/lab/jupyter-0/uid0\" namespace \"lab\" labels \
         {{\"aws:eks:namespace\":\"lab\",\"hub.jupyter.org/username\":\"person0\"}} \
         UseSums {{ cpu_requested: {}, cpu_used: Some({used}), cpu_largest: Some({used}), memory_requested: {}, \
         memory_used: Some({}), memory_largest: Some({}), gpus: 0 }}",
        1_793_491_200 / 86_400,
        core / 4,
        gib * 8,
        gib / 10 * 37,
        gib * 8
    );
    assert_eq!(uses(&gathered), [expected]);
    assert!(gathered.lines.is_empty(), "pods on machines cost nothing of their own");
}

#[test]
fn what_plans_cover_costs_its_share_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let rows = Row::some(3);
    let [usage, covered, negation] = &rows[..] else { panic!() };
    let exact = |number: f64| super::plain::pico(&format!("{number:.12}"));
    let gathered = of(&write(&folder, "bill", &cur_csv(&rows)));
    let sums = |pick: fn(&frazil::ledger::Sums) -> i128| gathered.lines.values().map(pick).sum::<i128>();
    assert_eq!(sums(|sums| sums.billed), exact(usage.billed + covered.billed + negation.billed));
    assert_eq!(sums(|sums| sums.effective), exact(usage.billed + covered.plan.unwrap()));
}

#[test]
fn googles_export_is_the_same_as_json_csv_and_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let rows = google(500);
    let json: Vec<_> = rows.iter().map(|row| row.to_string() + "\n").collect();
    let json = of(&write(&folder, "lines", &json.concat()));
    let list = of(&write(&folder, "list", &serde_json::to_string_pretty(&rows).unwrap()));
    let csv = of(&write(&folder, "csv", &google_csv(&rows)));
    let table = folder.path().join("table");
    google_table(&table, &rows);
    let table = of(&table);
    assert_eq!(json.sources[0].to_string(), "gcp-detailed of gcp 0A-1B-2C");
    for other in [&list, &csv, &table] {
        assert_eq!(lines(other, false), lines(&json, false));
    }
    // Floating-point numbers have more digits: what they lack of 10⁻¹² each is in the line of rounding.
    let all = rows.iter().flat_map(|row| {
        let credits = row["credits"].as_array().unwrap().iter().map(|credit| credit["amount"].to_string());
        credits.chain([row["cost"].to_string()]).collect::<Vec<_>>()
    });
    let exact: i128 = all.map(|text| rounded(&text)).map(|(pico, rest)| pico * 10_i128.pow(12) + rest).sum();
    let billed: i128 = json.lines.values().map(|sums| sums.billed).sum();
    // A currency each: two lines of rounding.
    assert!((billed * 10_i128.pow(12) - exact).abs() <= 10_i128.pow(12), "{billed} {exact}");
    assert!(
        json.symbols
            .get(r#"{"compute.googleapis.com/cores":"8","frazil-hub":"lab","k8s-namespace":"lab"}"#)
            .is_some()
    );
}

#[test]
fn focus_is_the_same_in_each_version_and_however_nulls_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let first = of(&write(&folder, "first", &focus_csv("1.0", 400, "NULL")));
    assert_eq!(first.sources[0].to_string(), "focus of aws 111122223333");
    for version in ["1.0", "1.1", "1.2"] {
        for null in ["", "NULL", "null"] {
            let other = of(&write(&folder, "other", &focus_csv(version, 400, null)));
            assert_eq!(lines(&other, false), lines(&first, false), "{version} {null:?}");
        }
        let table = folder.path().join("table");
        focus_table(&table, version, 400);
        assert_eq!(lines(&of(&table), false), lines(&first, false), "{version}");
    }
    assert!(first.symbols.get(r#"{"Team":"ice","frazil:hub":"lab"}"#).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_in_any_order_files_and_threads_are_one_bill(
        rows in Just(Row::some(3_000)).prop_shuffle(),
        cuts in proptest::collection::vec(0_usize..3_000, 0..4),
        threads in 1_usize..5,
        group in 50_usize..2_000,
        tables in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let expected = of(&write(&folder, "whole", &cur_csv(&Row::some(3_000))));
        let mut cuts: Vec<_> = cuts.into_iter().chain([0, 3_000]).collect();
        cuts.sort_unstable();
        let paths: Vec<_> = cuts.windows(2).map(|ends| {
            let part = &rows[ends[0]..ends[1]];
            if tables {
                let path = folder.path().join(format!("{}.parquet", ends[0] + ends[1]));
                cur_table(&path, part, group);
                path
            } else {
                write(&folder, &format!("{}.csv", ends[0] + ends[1]), &cur_csv(part))
            }
        }).collect();
        let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
        let found = gather(&paths, threads).unwrap();
        prop_assert_eq!(lines(&found, false), lines(&expected, false));
        prop_assert_eq!(uses(&found), uses(&expected));
        // Where the first line of each sum stands does not depend on threads either.
        prop_assert_eq!(lines(&found, true), lines(&gather(&paths, 1).unwrap(), true));
    }
}

#[test]
fn rows_are_found_again_where_their_sums_say() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<_> = Row::some(60_000);
    let csv = write(&folder, "bill.csv", &cur_csv(&rows));
    let table = folder.path().join("bill.parquet");
    cur_table(&table, &rows, 9_000);
    for path in [&csv, &table] {
        let gathered = of(path);
        for (key, sums) in &gathered.lines {
            let row = &rows[usize::try_from(sums.first.row).unwrap() - 1];
            if key.charge != frazil::ledger::Charge::Rounding {
                assert_eq!(gathered.symbols.text(key.resource), row.resource);
                assert_eq!(gathered.symbols.text(key.usage_type), row.usage_type);
            }
        }
    }
}
