use std::os::unix::fs::PermissionsExt;

use super::{Ledger, LedgerError};
use crate::ledger::decimal::Decimal;
use crate::ledger::gather::Prices;
use crate::ledger::line::{Charge, LineKey, Lineage, Month, Source, SourceKind, Use, UseKey, UseSums};
use crate::ledger::symbols::Symbol;
use crate::ledger::{FileRead, Gather, Gathered};

const NOW: &str = "2026-11-22T00:00:00Z";

/// A month of one resource for each of some amounts, read from a file with a digest.
fn month(month: u32, amounts: &[&str], digest: &str) -> Gathered {
    let mut gather = Gather::default();
    let source = Source { kind: SourceKind::Cur2, provider: "aws".into(), payer: "123456789012".into() };
    let source = gather.source(&source);
    let month = Month::from_number(month).unwrap();
    for (row, amount) in (1_u64..).zip(amounts) {
        let key = LineKey {
            source,
            month,
            day: 20_773,
            charge: Charge::Usage,
            account: gather.symbols.add("123456789012"),
            service: gather.symbols.add("AmazonEC2"),
            usage_type: gather.symbols.add("USW2-BoxUsage:r7i.large"),
            operation: Symbol::EMPTY,
            region: gather.symbols.add("us-west-2"),
            resource: gather.symbols.add(&format!("i-{row}")),
            unit: gather.symbols.add("Hrs"),
            tags: gather.symbols.add(r#"{"frazil:hub":"lab"}"#),
            currency: gather.symbols.add("USD"),
        };
        let billed = Decimal::from_text(amount).unwrap();
        let prices = Prices { billed, effective: billed, ..Prices::default() };
        gather.line(key, 1, prices, Lineage { file: 0, row });
    }
    let key = UseKey {
        source,
        month,
        day: 20_773,
        node: gather.symbols.add("i-1"),
        pod: gather.symbols.add("jupyter-ada"),
        namespace: gather.symbols.add("lab"),
        labels: gather.symbols.add("{}"),
    };
    let sums = UseSums { cpu_requested: i128::from(i64::MAX) * 9, cpu_used: Some(-1), ..UseSums::default() };
    gather.add_use(Use { key, sums });
    gather.file(FileRead { name: "bill.csv".into(), digest: digest.into(), rows: amounts.len() as u64 });
    gather.finish()
}

fn open(folder: &tempfile::TempDir) -> Ledger {
    Ledger::open(&folder.path().join("ledger.sqlite")).unwrap()
}

#[test]
fn what_was_taken_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    // More than 64 bits hold at 10⁻¹².
    let gathered = month(202_611, &["0.0000000123", "123456789.5", "-1"], "a");
    let taken = open(&folder).take(&gathered, NOW).unwrap();
    assert_eq!((taken[0].rows, &taken[0].before), (4, &None));
    assert_eq!(taken[0].billed, [("USD".to_owned(), 123_456_788_500_000_012_300)]);

    let ledger = open(&folder);
    let bills = ledger.bills().unwrap();
    assert_eq!((bills.len(), bills[0].month.number(), bills[0].taken_at.as_str()), (1, 202_611, NOW));
    assert_eq!(ledger.files(&bills[0]).unwrap(), gathered.files);
    let rows = ledger.rows(&bills[0]).unwrap();
    assert_eq!(rows.lines.len(), 3);
    for (key, sums) in &rows.lines {
        let resource = rows.symbols.text(key.resource);
        let (was, had) =
            gathered.lines.iter().find(|(key, _)| gathered.symbols.text(key.resource) == resource).unwrap();
        assert_eq!(sums, had);
        assert_eq!(rows.symbols.text(key.tags), gathered.symbols.text(was.tags));
        assert_eq!((key.day, key.charge), (was.day, was.charge));
    }
    let (key, sums) = rows.uses.iter().next().unwrap();
    assert_eq!(sums, gathered.uses.iter().next().unwrap().1);
    assert_eq!(rows.symbols.text(key.pod), "jupyter-ada");
}

#[test]
fn a_corrected_month_replaces_the_old_one_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(&folder);
    ledger.take(&month(202_610, &["5"], "a"), NOW).unwrap();
    ledger.take(&month(202_611, &["1", "2"], "b"), NOW).unwrap();
    ledger.take(&month(202_611, &["1", "2"], "b"), NOW).unwrap();
    let taken = ledger.take(&month(202_611, &["1.5"], "c"), NOW).unwrap();
    assert_eq!(taken[0].before, Some(vec![("USD".to_owned(), 3_000_000_000_000)]));
    let bills = ledger.bills().unwrap();
    assert_eq!(bills.iter().map(|bill| bill.month.number()).collect::<Vec<_>>(), [202_610, 202_611]);
    let lines: Vec<_> = bills.iter().map(|bill| ledger.rows(bill).unwrap().lines.len()).collect();
    assert_eq!(lines, [1, 1]);
    let left: i64 = ledger.connection.query_row("SELECT count(*) FROM text", [], |row| row.get(0)).unwrap();
    let needed: usize = bills.iter().map(|bill| ledger.rows(bill).unwrap().symbols.iter().count()).sum();
    assert_eq!(left, i64::try_from(needed).unwrap(), "texts of months that were replaced are gone");
}

#[test]
fn the_same_file_twice_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(&folder);
    let mut gathered = month(202_611, &["1"], "a");
    gathered.files.push(FileRead { name: "copy.csv".into(), ..gathered.files[0].clone() });
    let error = ledger.take(&gathered, NOW).unwrap_err();
    assert_eq!(error.to_string(), "bill.csv and copy.csv are the same file");
    assert_eq!(ledger.bills().unwrap(), []);
}

#[test]
fn a_ledger_is_its_owners_and_other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    drop(open(&folder));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be looked at as one".repeat(4)).unwrap();
    assert!(matches!(Ledger::open(&text), Err(LedgerError::Foreign(_))));

    let other = folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(Ledger::open(&other), Err(LedgerError::Foreign(_))));

    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(Ledger::open(&path), Err(LedgerError::Version { found: 9, .. })));
}
