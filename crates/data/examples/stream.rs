//! Streams all granules of a dataset and tells how much memory that took: `stream SHORT_NAME [FILE.parquet]`.
//! Proxy and authority are the environment's, as for `frazil data`.

#![expect(clippy::print_stdout, reason = "an example speaks for itself")]

use std::time::Instant;

use frazil_data::cmr::{Cmr, Granules, Query};
use frazil_data::found::ItemWriter;
use frazil_data::http::{Client, Settings};
use frazil_data::login::Earthdata;
use frazil_data::{Result, Surroundings};

/// Granules between two lines.
const STRIDE: u64 = 100_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "ONE_MILLION".to_owned());
    let mut writer = arguments.next().map(|path| ItemWriter::create(path.as_ref())).transpose()?;
    let surroundings = Surroundings::of_process();
    let client = Client::new(Settings::of(&surroundings)?, &surroundings)?;
    let cmr = Cmr::of(client.clone(), &Earthdata::production())?;
    let mut search = cmr.granules(Query::<Granules>::new().short_name(&name)).await?;
    let begun = Instant::now();
    let mut count = 0_u64;
    while let Some(granule) = search.next().await? {
        count += 1;
        if let Some(writer) = &mut writer {
            writer.write(&granule.item(None))?;
        }
        if count.is_multiple_of(STRIDE) {
            println!("{count} granules, {:.1} s, {}", begun.elapsed().as_secs_f64(), memory());
        }
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    let totals = client.totals();
    println!(
        "{count} of {} granules, {:.1} s, {} requests, {} bytes, {}",
        search.hits().unwrap_or_default(),
        begun.elapsed().as_secs_f64(),
        totals.requests(),
        totals.received(),
        memory()
    );
    Ok(())
}

/// Resident memory now and at its most, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map_or_else(|| "?".to_owned(), |line| line.trim().to_owned())
    };
    format!("{} resident, {} at most", line("VmRSS:"), line("VmHWM:"))
}
