//! What pods sent and received, by range answers of Prometheus for cAdvisor's counters.

use std::collections::BTreeMap;

use super::prometheus::{Metric, Series, series};
use super::source::{Text, ToldError, day_of};
use super::{Origin, PodDay};
use crate::ledger::line::Day;
use crate::observe::traffic::Moved;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A pod's network: hub, name, and what tells apart networks of one name.
type Key = (String, String, String);

/// A counter as it stood.
#[derive(Debug, Default)]
struct Counter {
    labels: BTreeMap<String, String>,
    values: BTreeMap<i64, u64>,
}

/// Whether an answer is of counters of networks, by its first series.
pub fn are_counters(file: &Text) -> bool {
    let first = series(file).ok().and_then(|all| all.first().and_then(Metric::of));
    matches!(first, Some(Metric::NetworkReceive | Metric::NetworkTransmit))
}

/// What pods moved by day. Series are counters as they stand (`container_network_receive_bytes_total`,
/// `container_network_transmit_bytes_total`): each sample counts what came since the one before, and all of it where
/// the counter fell or where the series begins later than others: the pod was made then. What came between two
/// samples is of their days in proportion to time. Answers of one metric are taken together, so that midnight is no
/// beginning.
///
/// # Errors
/// When a file is no range answer.
pub fn counters(files: &[(Option<Metric>, Text)], hub: Option<&str>) -> Result<Vec<PodDay>, ToldError> {
    let mut all: BTreeMap<(Metric, Key), Counter> = BTreeMap::new();
    let mut marks: BTreeMap<(String, String), BTreeMap<String, String>> = BTreeMap::new();
    for (given, file) in files {
        for each in series(file)? {
            let Some(metric) = given.or_else(|| Metric::of(&each)) else { continue };
            let Some(hub) = each.hub(file, hub)? else { continue };
            match metric {
                Metric::Labels => {
                    if let Some(pod) = each.label("pod") {
                        marks.entry((hub, pod.to_owned())).or_default().extend(each.labels);
                    }
                }
                Metric::NetworkReceive | Metric::NetworkTransmit => {
                    let id = ["id", "interface"].map(|key| each.label(key).unwrap_or_default()).join(" ");
                    let counter =
                        all.entry((metric, (hub, name(file, &each)?, id.trim().to_owned()))).or_default();
                    counter.add(file, each)?;
                }
                _ => {}
            }
        }
    }
    let mut days: BTreeMap<(Key, Day), (BTreeMap<String, String>, Moved)> = BTreeMap::new();
    for metric in [Metric::NetworkReceive, Metric::NetworkTransmit] {
        let of =
            || all.iter().filter(|((own, _), _)| *own == metric).map(|((_, key), counter)| (key, counter));
        let Some(first) = of().filter_map(|(_, counter)| counter.values.keys().next().copied()).min() else {
            continue;
        };
        for (key, counter) in of() {
            for (day, part) in counter.days(first) {
                let (_, sum) = days
                    .entry((key.clone(), day))
                    .or_insert_with(|| (counter.labels.clone(), Moved::default()));
                *sum = sum.plus(match metric {
                    Metric::NetworkReceive => Moved { received: part, sent: 0 },
                    _ => Moved { received: 0, sent: part },
                });
            }
        }
    }
    let told =
        |(((hub, name, id), day), (mut labels, moved)): ((Key, Day), (BTreeMap<String, String>, Moved))| {
            if let Some(more) = marks.get(&(hub.clone(), name.clone())) {
                labels.extend(more.clone());
            }
            let labels = serde_json::to_string(&labels).unwrap_or_default();
            let pod = format!("{name} {id}").trim_end().to_owned();
            PodDay { hub, day, origin: Origin::Samples, pod, labels, moved }
        };
    Ok(days.into_iter().map(told).collect())
}

impl Counter {
    fn add(&mut self, file: &Text, series: Series) -> Result<(), ToldError> {
        for (time, value) in &series.values {
            let value = Series::whole(*value).filter(|_| day_of(*time).is_some()).ok_or_else(|| {
                file.wrong_row(series.row, format!("the sample at `{time}` cannot be used"))
            })?;
            self.values.insert(*time, value);
        }
        self.labels = series.labels;
        Ok(())
    }

    /// What came on each day, some days several times; `first` is when the first of all series begins.
    fn days(&self, first: i64) -> Vec<(Day, u64)> {
        let mut days = Vec::new();
        let mut before = None;
        for (time, value) in &self.values {
            let (from, came) = match before {
                Some((from, last)) if *value >= last => (from, value - last),
                Some((from, _)) => (from, *value),
                // What was counted before the answer begins is of no known time.
                None if *time == first => (*time, 0),
                None => (*time, *value),
            };
            before = Some((*time, *value));
            days.extend(by_day(from, *time, came));
        }
        days
    }
}

fn name(file: &Text, series: &Series) -> Result<String, ToldError> {
    let name = series.label("pod").ok_or_else(|| file.wrong_row(series.row, "no `pod`"))?;
    Ok(name.to_owned())
}

/// The parts of days in what came in a time.
fn by_day(from: i64, to: i64, came: u64) -> Vec<(Day, u64)> {
    let (first, last) = (from.div_euclid(DAY), (to - 1).max(from).div_euclid(DAY));
    let whole = u128::from((to - from).unsigned_abs().max(1));
    let mut told = 0;
    (first..=last)
        .filter_map(|day| {
            let until = ((day + 1) * DAY).min(to);
            let up_to = if day == last {
                came
            } else {
                u64::try_from(u128::from(came) * u128::from((until - from).unsigned_abs()) / whole)
                    .unwrap_or(came)
            };
            let part = up_to - told;
            told = up_to;
            Some((day_of(day * DAY)?, part)).filter(|(_, part)| *part > 0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(series: &[(&str, &str)]) -> Text {
        let result: Vec<_> = series
            .iter()
            .map(|(pod, values)| {
                format!(
                    r#"{{"metric":{{"__name__":"container_network_receive_bytes_total","namespace":"lab","pod":"{pod}","interface":"eth0"}},"values":[{values}]}}"#
                )
            })
            .collect();
        let text = format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#,
            result.join(",")
        );
        Text { name: "n.json".into(), text }
    }

    fn received(file: Text) -> Vec<(String, Day, u64)> {
        let told = counters(&[(None, file)], None).unwrap();
        told.into_iter().map(|day| (day.pod, day.day, day.moved.received)).collect()
    }

    #[test]
    fn counters_count_from_one_sample_to_the_next() {
        let file = answer(&[
            // There before: its first 1000 are of no known time. It is made anew, with a sample missing.
            ("ada", r#"[0,"1000"],[300,"1500"],[900,"20"]"#),
            // Made within the answer, and over midnight: 100 in 300 seconds, a third of it before.
            ("bob", r#"[86000,"7"],[86300,"7"],[86600,"307"]"#),
        ]);
        let pod = |name: &str, day, bytes| (name.to_owned(), day, bytes);
        assert_eq!(
            received(file),
            [pod("ada eth0", 0, 520), pod("bob eth0", 0, 107), pod("bob eth0", 1, 200)]
        );
    }

    #[test]
    fn answers_of_several_days_are_one() {
        let one = answer(&[("ada", r#"[86100,"1000"]"#)]);
        let other = answer(&[("ada", r#"[86400,"1300"],[86700,"1400"]"#)]);
        let labels = Text {
            name: "l.json".into(),
            text: r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"kube_pod_annotations","namespace":"lab","pod":"ada","annotation_hub_jupyter_org_username":"Ada"},"values":[[0,"1"]]}]}}"#.into(),
        };
        assert!(are_counters(&one) && !are_counters(&labels));
        let told = counters(&[(None, one), (None, other), (None, labels)], None).unwrap();
        let bytes: Vec<_> = told.iter().map(|day| (day.day, day.moved.received)).collect();
        assert_eq!(bytes, [(0, 300), (1, 100)]);
        assert!(
            told[0].labels.contains("\"annotation_hub_jupyter_org_username\":\"Ada\""),
            "{}",
            told[0].labels
        );
    }

    #[test]
    fn a_hub_is_its_namespace_and_no_other() {
        let of = |namespace: &str| {
            let file = answer(&[("ada", r#"[0,"0"],[300,"1500"]"#)]);
            Text { text: file.text.replace(r#""namespace":"lab","#, namespace), ..file }
        };
        let both =
            [of(r#""namespace":"lab","#), of(r#""namespace":"kube-system","#)].map(|file| (None, file));
        let told = |files: &[(Option<Metric>, Text)], hub| {
            let days = counters(files, hub).unwrap();
            days.into_iter().map(|day| (day.hub, day.moved.received)).collect::<Vec<_>>()
        };
        let lab = ("lab".to_owned(), 1_500);
        assert_eq!(told(&both, Some("lab")), std::slice::from_ref(&lab));
        assert_eq!(told(&both, None), [("kube-system".to_owned(), 1_500), lab.clone()]);
        assert_eq!(told(&[(None, of(""))], Some("lab")), [lab], "a series that names none");
    }

    #[test]
    fn what_is_no_counter_is_told() {
        let error = counters(&[(None, answer(&[("ada", r#"[0,"-1"]"#)]))], None).unwrap_err();
        assert!(error.to_string().contains("row 1: the sample at `0`"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn days_add_up(from in -200_000_i64..200_000, length in 0_i64..400_000, came in 0_u64..u64::MAX) {
            let sum: u64 = by_day(from, from + length, came).into_iter().map(|(_, part)| part).sum();
            proptest::prop_assert_eq!(sum, came);
        }
    }
}
