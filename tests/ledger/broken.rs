//! Files that are no whole bill: what is said of each, to the letter.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::made::{Row, cur_csv, cur_table, google};
use super::plain::gather;

fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What is said of a file, without its folder.
fn said(path: &Path) -> String {
    let Err(error) = gather(&[path], 2) else { panic!("{} was read", path.display()) };
    assert!(!error.fault.hint().is_empty());
    error.to_string().replace(&format!("{}/", path.parent().unwrap().display()), "")
}

fn check(name: &str, bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(&write(&folder, name, bytes)), expected);
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bill() -> String {
    cur_csv(&Row::some(1_000))
}

#[test]
fn files_that_are_no_bills() {
    check("empty.csv", b"", "empty.csv: nothing is in it");
    check("blank.csv", b" \n\n", "blank.csv: nothing is in it");
    check("notes.csv", b"day,amount\n1,2\n", "notes.csv:1: no bill of a known format");
    check("a.json", b"{\"a\": 1}\n", "a.json: no bill of a known format");
    check("a.json", b"{\"a\": }\n", "a.json:1: no JSON: expected value at line 1 column 7");
    check("bill.zip", b"PK\x03\x04rest", "bill.zip: a ZIP archive is not read");
    check("bill.csv", b"\xff\xfea\0,\0", "bill.csv: UTF-16 is not read");
    check("bytes", &[0; 100], "bytes: no bill of a known format");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(&folder.path().join("none.csv")), "none.csv: No such file or directory (os error 2)");
    let header = bill().lines().next().unwrap().to_owned() + "\n";
    check("header.csv", header.as_bytes(), "header.csv: nothing is in it");
}

#[test]
fn columns_that_are_missing_are_named() {
    let without: Vec<_> =
        bill().lines().map(|line| line.splitn(3, ',').nth(2).unwrap().to_owned() + "\n").collect();
    check(
        "bill.csv",
        without.concat().as_bytes(),
        "bill.csv:1: a CUR 2.0 without the columns bill_billing_period_start_date, bill_payer_account_id",
    );
    check(
        "bill.csv",
        b"\"lineItem/UsageType\"\nx\n",
        "bill.csv:1: a legacy CUR without the columns bill/BillingPeriodStartDate, bill/PayerAccountId, \
         lineItem/UsageStartDate, lineItem/LineItemType, lineItem/UsageAccountId, lineItem/ProductCode, \
         lineItem/CurrencyCode, lineItem/UnblendedCost",
    );
}

#[test]
fn values_that_are_wrong_are_shown_where_they_stand() {
    let change = |row: usize, column: &str, value: &str| {
        let mut lines: Vec<Vec<String>> = Vec::new();
        let text = bill();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        lines.extend(reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()));
        let column = lines[0].iter().position(|name| name == column).unwrap();
        value.clone_into(&mut lines[row][column]);
        let mut writer = csv::Writer::from_writer(Vec::new());
        for line in &lines {
            writer.write_record(line).unwrap();
        }
        writer.into_inner().unwrap()
    };
    for (row, column, value, expected) in [
        (7, "line_item_unblended_cost", "1,5", "line_item_unblended_cost is `1,5`, which is no number"),
        (1_000, "line_item_unblended_cost", "", "line_item_unblended_cost is empty"),
        (
            500,
            "line_item_usage_start_date",
            "3.11.2026",
            "line_item_usage_start_date is `3.11.2026`, which is no date",
        ),
        (2, "resource_tags", "{a}", "resource_tags is `{a}`, which is no JSON object of texts"),
        (3, "line_item_currency_code", "", "line_item_currency_code is empty"),
        (6, "line_item_line_item_type", "", "line_item_line_item_type is empty"),
    ] {
        check("bill.csv", &change(row, column, value), &format!("bill.csv:{}: {expected}", row + 1));
        check(
            "bill.csv.gz",
            &zipped(&change(row, column, value)),
            &format!("bill.csv.gz:{}: {expected}", row + 1),
        );
    }
    // A line break within a field counts as a line.
    let text = String::from_utf8(change(2, "line_item_resource_id", "a\nb")).unwrap();
    let text = text.replacen("Usage", "", 0) + "one field\n";
    check("bill.csv", text.as_bytes(), "bill.csv:1003: 1 fields, where the header has 22");
}

#[test]
fn a_number_that_is_none_in_a_table_names_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Row::some(30_000);
    rows[20_006].billed = f64::NAN;
    rows[29_000].billed = f64::INFINITY;
    let path = folder.path().join("bill.parquet");
    cur_table(&path, &rows, 7_000);
    assert_eq!(said(&path), "bill.parquet, row 20007: line_item_unblended_cost is `NaN`, which is no number");
}

#[test]
fn files_that_were_cut_off() {
    let bill = bill();
    let at = bill.len() - 59;
    check("bill.csv", &bill.as_bytes()[..at], "bill.csv:1001: the file ends within a quoted field");
    let packed = zipped(bill.as_bytes());
    let expected = "bill.csv.gz: the file ends within its compressed data";
    check("bill.csv.gz", &packed[..packed.len() / 2], expected);
    check("bill.csv.gz", &packed[..packed.len() - 3], expected);
    let mut wrong = packed.clone();
    let last = wrong.len() - 5;
    wrong[last] ^= 0xff;
    check(
        "bill.csv.gz",
        &wrong,
        "bill.csv.gz: damaged: corrupt gzip stream does not have a matching checksum",
    );
    let json = format!("{}\n{{\"billing_account_id\": \"a\", \"sku", google(1)[0]);
    check("bill.json", json.as_bytes(), "bill.json:2: the file ends within a text");
}

#[test]
fn tables_that_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.parquet");
    cur_table(&path, &Row::some(20_000), 5_000);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(said(&path).starts_with("bill.parquet: damaged: "), "{}", said(&path));
    std::fs::write(&path, &whole[..6]).unwrap();
    assert!(said(&path).starts_with("bill.parquet: damaged: "), "{}", said(&path));
    // Bytes that changed are noticed, or change nothing that is read.
    let right = gather(&[&write(&folder, "right.parquet", &whole)], 1).unwrap();
    let right = super::plain::lines(&right, false);
    let mut noticed = 0;
    for at in (4..whole.len()).step_by(whole.len() / 60) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        match gather(&[&write(&folder, "changed.parquet", &changed)], 2) {
            Ok(_) => {}
            Err(error) => {
                noticed += 1;
                assert!(error.place.name.ends_with("changed.parquet"), "{error}");
            }
        }
    }
    assert!(noticed > 10 && !right.is_empty(), "{noticed}");
}

#[test]
fn text_that_is_none() {
    let mut bill = bill().into_bytes();
    let at = bill.windows(5).position(|bytes| bytes == b"i-0ab").unwrap();
    bill[at] = 0xff;
    let line = bill[..at].split(|byte| *byte == b'\n').count();
    check("bill.csv", &bill, &format!("bill.csv:{line}: line_item_resource_id is no UTF-8 text"));
}

#[test]
fn a_line_of_30_megabytes() {
    let mut text = bill();
    text += "\"";
    text += &"x".repeat(30 << 20);
    text += "\"\n";
    check("bill.csv", text.as_bytes(), "bill.csv:1002: a line of more than 8 MiB");
    let json = format!("{}\n{{\"a\": \"{}\"}}\n", google(1)[0], "x".repeat(30 << 20));
    check("bill.json", json.as_bytes(), "bill.json:2: a line of more than 8 MiB");
    check("bill.csv", "x".repeat(30 << 20).as_bytes(), "bill.csv:1: a line of more than 8 MiB");
}

#[test]
fn one_broken_file_of_many_stops_all() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5 {
        write(&folder, &format!("{number}.csv"), bill().as_bytes());
    }
    write(&folder, "3.csv", (bill() + "x\n").as_bytes());
    let error = gather(&[folder.path()], 2).unwrap_err();
    assert!(error.to_string().ends_with("3.csv:1002: 1 fields, where the header has 22"), "{error}");
    assert!(
        gather(&[tempfile::tempdir().unwrap().path()], 2)
            .unwrap_err()
            .to_string()
            .ends_with(": no bills are in it")
    );
}
