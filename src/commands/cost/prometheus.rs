//! Asks a Prometheus for samples of pods.

use std::time::Duration;

use jiff::civil::Date;
use reqwest::Url;

use crate::commands::Run;
use crate::error::{Error, Result};
use crate::ledger::told::{Metric, QUERIES, Text};

/// Seconds between two samples: as Prometheus keeps pods' requests, and short against a server's life.
const STEP: u64 = 300;
/// Most days of one call; a day of 80 people is a few megabytes.
const MOST_DAYS: i32 = 62;
const PATIENCE: Duration = Duration::from_mins(2);

/// `memory-request=FILE` is a metric and a place.
pub(super) fn split(given: &str) -> Result<(Option<Metric>, &str)> {
    let Some((name, place)) = given.split_once('=').filter(|(name, _)| !name.contains(['/', '.', ':']))
    else {
        return Ok((None, given));
    };
    let metric = Metric::from_name(name).ok_or_else(|| {
        let names: Vec<_> = QUERIES.iter().map(|(_, name, _)| *name).collect();
        Error::usage(format!("no metric `{name}`")).hint(format!("one of {}", names.join(", ")))
    })?;
    Ok((Some(metric), place))
}

/// The answers of a Prometheus to each query, day by day.
///
/// # Errors
/// When it does not answer, or no days are named.
pub(super) async fn ask(
    run: &Run<'_>,
    address: &str,
    days: (Option<Date>, Option<Date>),
) -> Result<Vec<(Option<Metric>, Text)>> {
    let (Some(from), Some(to)) = days else {
        return Err(Error::usage("of which days should Prometheus be asked?")
            .hint("name them: `--from DAY --to DAY`"));
    };
    let span = to.since(from).map_or(-1, |span| span.get_days());
    if !(0..MOST_DAYS).contains(&span) {
        return Err(Error::usage(format!("{from} to {to} is no time that can be asked for"))
            .hint("at most 62 days at once"));
    }
    let base = Url::parse(address)
        .map_err(|error| Error::usage(format!("`{address}` is no address")).because(error))?;
    let name = without_secrets(&base);
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let client = client.map_err(|error| Error::failed("no requests can be made").because(error))?;
    let mut progress = run.printer.progress();
    let mut answers = Vec::new();
    for day in from.series(jiff::Span::new().days(1)).take_while(|day| *day <= to) {
        progress.step(&format!("{name}: {day}"));
        for (metric, kind, query) in QUERIES {
            let text = one(&client, &base, query, day).await.map_err(|error| {
                Error::failed(format!("{name} does not answer for {kind} of {day}"))
                    .because(error.without_url())
            })?;
            answers.push((Some(metric), Text { name: format!("{name} {kind} {day}"), text }));
        }
    }
    progress.finish();
    Ok(answers)
}

async fn one(client: &reqwest::Client, base: &Url, query: &str, day: Date) -> reqwest::Result<String> {
    let mut url = base.clone();
    url.set_path(&format!("{}/api/v1/query_range", base.path().trim_end_matches('/')));
    // The last sample of a day is one step before the next day's first.
    let end = format!("{day}T23:55:00Z");
    let pairs = [
        ("query", query),
        ("start", &format!("{day}T00:00:00Z")),
        ("end", &end),
        ("step", &STEP.to_string()),
    ];
    url.query_pairs_mut().extend_pairs(pairs);
    client.get(url).send().await?.error_for_status()?.text().await
}

fn without_secrets(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_may_stand_before_a_file() {
        assert_eq!(split("memory-request=a=b.json").unwrap(), (Some(Metric::MemoryRequest), "a=b.json"));
        assert_eq!(split("./a=b.json").unwrap(), (None, "./a=b.json"));
        assert_eq!(split("http://prometheus:9090/?a=b").unwrap(), (None, "http://prometheus:9090/?a=b"));
        assert!(split("memory=b.json").unwrap_err().hints()[0].contains("memory-request"));
    }

    #[test]
    fn names_hold_no_password() {
        let url = Url::parse("https://ada:secret@prometheus.example.org:9090/x?token=y").unwrap();
        assert_eq!(without_secrets(&url), "https://prometheus.example.org:9090");
    }
}
