//! Sizes of homes: range answers of Prometheus, or CSV.

use std::collections::BTreeMap;

use super::prometheus::{Series, series};
use super::source::{Text, ToldError, day_of_date};
use super::{HomeSize, Told};
use crate::ledger::line::Day;

/// Sizes of a file: a range answer of `dirsize_total_size_bytes` (prometheus-dirsize-exporter), with the person
/// in `username` or the home in `directory`; or CSV with the columns `user`, `bytes`, `day` and, if it holds
/// several hubs, `hub`. The last sample of a day counts.
///
/// # Errors
/// When it is neither.
pub fn homes(file: &Text, hub: Option<&str>) -> Result<Told, ToldError> {
    let homes =
        if file.text.trim_start().starts_with('{') { of_samples(file, hub)? } else { of_rows(file, hub)? };
    Ok(Told { homes, ..Told::default() })
}

fn of_samples(file: &Text, hub: Option<&str>) -> Result<Vec<HomeSize>, ToldError> {
    let mut sizes: BTreeMap<(String, Day, String), (i64, u64)> = BTreeMap::new();
    for each in series(file)? {
        let Some(hub) = each.hub(file, hub)? else { continue };
        let user = ["username", "directory"].iter().find_map(|key| each.label(key));
        let user = user.ok_or_else(|| file.wrong_row(each.row, "no `username` and no `directory`"))?;
        for (time, value) in &each.values {
            let bytes = Series::whole(*value).ok_or_else(|| file.wrong_row(each.row, "a size below 0"))?;
            let day = each.day(file, *time)?;
            let size = sizes.entry((hub.clone(), day, user.to_owned())).or_insert((*time, bytes));
            if *time >= size.0 {
                *size = (*time, bytes);
            }
        }
    }
    let home = |((hub, day, user), (_, bytes))| HomeSize { hub, day, user, bytes };
    Ok(sizes.into_iter().map(home).collect())
}

fn of_rows(file: &Text, hub: Option<&str>) -> Result<Vec<HomeSize>, ToldError> {
    let mut reader = csv::Reader::from_reader(file.text.as_bytes());
    let header = reader.headers().map_err(|error| file.wrong_row(1, error.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|own| own.trim() == name);
    let needed = |name: &str| {
        column(name).ok_or_else(|| {
            file.wrong_row(1, format!("no column `{name}`; homes have the columns user, bytes, day and hub"))
        })
    };
    let (user, bytes, day, hubs) = (needed("user")?, needed("bytes")?, needed("day")?, column("hub"));
    let mut homes = Vec::new();
    for (row, record) in (2..).zip(reader.records()) {
        let record = record.map_err(|error| file.wrong_row(row, error.to_string()))?;
        let cell = |index: usize| record.get(index).unwrap_or_default().trim();
        let own = hubs.map(cell).filter(|hub| !hub.is_empty()).or(hub);
        let own =
            own.ok_or_else(|| file.wrong_row(row, "no hub; add a column `hub`, or name it: `--hub NAME`"))?;
        if cell(user).is_empty() {
            return Err(file.wrong_row(row, "no user"));
        }
        homes.push(HomeSize {
            hub: own.to_owned(),
            day: day_of_date(cell(day)).ok_or_else(|| {
                file.wrong_row(row, format!("`{}` is no day such as 2026-10-01", cell(day)))
            })?,
            user: cell(user).to_owned(),
            bytes: cell(bytes)
                .parse()
                .map_err(|_| file.wrong_row(row, format!("`{}` is no number of bytes", cell(bytes))))?,
        });
    }
    Ok(homes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Text {
        Text { name: "homes.csv".into(), text: text.into() }
    }

    #[test]
    fn rows_are_homes_or_told_by_number() {
        let told = homes(&file("user,bytes,day\nada,5,2026-10-01\n"), Some("lab")).unwrap();
        let ada = HomeSize { hub: "lab".into(), day: 20_727, user: "ada".into(), bytes: 5 };
        assert_eq!(told.homes, [ada]);
        for (text, hub, wrong) in [
            ("user,bytes\nada,5\n", Some("lab"), "row 1: no column `day`"),
            ("user,bytes,day\nada,5,2026-10-01\n", None, "row 2: no hub"),
            ("user,bytes,day\nada,x,2026-10-01\n", Some("lab"), "row 2: `x` is no number of bytes"),
            ("user,bytes,day\nada,5,today\n", Some("lab"), "row 2: `today` is no day"),
            ("user,bytes,day\nada,5\n", Some("lab"), "row 2: CSV error"),
            ("user,bytes,day\n,5,2026-10-01\n", Some("lab"), "row 2: no user"),
        ] {
            let error = homes(&file(text), hub).unwrap_err().to_string();
            assert!(error.contains(wrong), "{text}: {error}");
        }
    }
}
