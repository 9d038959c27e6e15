//! Sums flow logs and prints what was found: `run.py` beside it measures this against `DuckDB`.

#![expect(clippy::print_stdout, reason = "what it found is what it is run for")]

use std::path::PathBuf;
use std::process::ExitCode;

use frazil::catalog::AddressRanges;
use frazil::ledger::flows::{Direction, read};
use frazil::ledger::read::Input;

fn main() -> ExitCode {
    // Cargo says `--bench` to each of its benches.
    let paths: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if paths.is_empty() {
        println!("name files or folders with flow logs; see benches/flows/README.md");
        return ExitCode::SUCCESS;
    }
    let inputs: Vec<_> = paths.iter().map(|path| Input::Local(PathBuf::from(path))).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let Ok(ranges) = AddressRanges::embedded() else { return ExitCode::FAILURE };
    match read(&inputs, &ranges, threads) {
        Ok(sums) => {
            let of = |direction| {
                sums.rows
                    .iter()
                    .filter(move |(key, _)| key.direction == direction)
                    .map(|(_, traffic)| traffic)
            };
            let (rows, rejected) = (sums.rows.len(), sums.left_out.rejected);
            let sent: u64 = of(Direction::Out).map(|traffic| traffic.bytes).sum();
            let received: u64 = of(Direction::In).map(|traffic| traffic.bytes).sum();
            let records: u64 = sums.rows.values().map(|traffic| traffic.records).sum();
            let between = sums.left_out.on_the_way;
            println!(
                "{{\"rows\": {rows}, \"records\": {records}, \"sent\": {sent}, \"received\": {received}, \
                 \"rejected\": {rejected}, \"on_the_way\": {between}}}"
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
