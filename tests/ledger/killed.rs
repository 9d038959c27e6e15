//! Killed while it reads or stores, at any moment: the ledger has the old month whole or the new one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use frazil::ledger::Ledger;

use super::made::{Row, cur_table};
use super::plain::gather;

/// What the child is told by.
const BILL: &str = "FRAZIL_TEST_BILL";
const LEDGER: &str = "FRAZIL_TEST_LEDGER";

/// The child: reads a bill into a ledger.
#[test]
#[ignore = "started by the test below, to be killed"]
fn child() {
    let (Some(bill), Some(ledger)) = (std::env::var_os(BILL), std::env::var_os(LEDGER)) else { return };
    let gathered = gather(&[Path::new(&bill)], 2).unwrap();
    Ledger::open(Path::new(&ledger)).unwrap().take(&gathered, "2026-11-22T00:00:00Z").unwrap();
}

/// Sum and lines of the one month that is there.
fn month(ledger: &Path) -> (i128, u64) {
    let ledger = Ledger::open(ledger).unwrap();
    let bills = ledger.bills().unwrap();
    assert_eq!(bills.len(), 1);
    let rows = ledger.rows(&bills[0]).unwrap();
    let sums = rows.lines.iter().map(|(_, sums)| sums);
    (sums.clone().map(|sums| sums.billed).sum(), sums.map(|sums| sums.lines).sum())
}

#[test]
fn a_month_is_old_or_new_after_each_of_twenty_kills() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.parquet"), folder.path().join("new.parquet"));
    let ledger = folder.path().join("ledger.sqlite");
    // Rows that differ, so that there is much to store.
    let rows = |count: usize, billed: f64| -> Vec<_> {
        let named = |(number, row): (usize, Row)| Row { billed, resource: format!("i-{number}"), ..row };
        Row::some(count).into_iter().enumerate().map(named).collect()
    };
    cur_table(&old, &rows(2_000, 1.0), 1_000);
    cur_table(&new, &rows(60_000, 2.0), 10_000);
    let read = |bill: &Path| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "killed::child", "--ignored"]).env(BILL, bill).env(LEDGER, &ledger);
        child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let whole = |bill: &Path| {
        let start = std::time::Instant::now();
        assert!(read(bill).wait().unwrap().success());
        (month(&ledger), start.elapsed())
    };
    let (new_month, _) = whole(&new);
    let (old_month, _) = whole(&old);
    let (again, mut took) = whole(&new);
    assert_eq!(again, new_month);
    assert_ne!(old_month, new_month);
    let (mut killed, mut seen) = (0_u32, 0);
    for _ in 0..100 {
        whole(&old);
        let mut child = read(&new);
        std::thread::sleep(took * killed / 20 + Duration::from_millis(1));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            // It was done before: this machine has become faster than when it was timed.
            took = took * 9 / 10;
            continue;
        }
        killed += 1;
        let found = month(&ledger);
        assert!(found == old_month || found == new_month, "{found:?} after kill {killed}");
        seen += u32::from(found == old_month);
        if killed == 20 {
            break;
        }
    }
    assert!(killed == 20 && seen >= 1, "{killed} were killed, {seen} left the old month");
    assert_eq!(whole(&new).0, new_month, "what was left over is cleaned up");
}
