//! Range answers of Prometheus: what pods asked for and used, sample by sample.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::source::{Text, ToldError, day_of};
use super::{Sampled, Told};
use crate::ledger::decimal::Decimal;
use crate::ledger::line::{Day, UseSums};

/// What a series tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Requested cores.
    CpuRequest,
    /// Used cores.
    CpuUsage,
    /// Requested bytes.
    MemoryRequest,
    /// Used bytes.
    MemoryUsage,
    /// Requested GPUs.
    GpuRequest,
    /// Labels and annotations of pods, whatever the value.
    Labels,
    /// Bytes that pods received, as a counter.
    NetworkReceive,
    /// Bytes that pods sent, as a counter.
    NetworkTransmit,
}

impl Metric {
    /// The metric of a name on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        QUERIES.iter().find(|(_, own, _)| *own == name).map(|(metric, _, _)| *metric)
    }

    /// The metric that a series names, where it was not computed from others.
    pub(super) fn of(series: &Series) -> Option<Self> {
        match (series.label("__name__")?, series.label("resource")) {
            ("kube_pod_container_resource_requests", Some("cpu")) => Some(Self::CpuRequest),
            ("kube_pod_container_resource_requests", Some("memory")) => Some(Self::MemoryRequest),
            ("kube_pod_container_resource_requests", Some("nvidia_com_gpu")) => Some(Self::GpuRequest),
            ("container_memory_working_set_bytes", _) => Some(Self::MemoryUsage),
            ("kube_pod_labels" | "kube_pod_annotations", _) => Some(Self::Labels),
            ("container_network_receive_bytes_total", _) => Some(Self::NetworkReceive),
            ("container_network_transmit_bytes_total", _) => Some(Self::NetworkTransmit),
            _ => None,
        }
    }
}

/// The queries that are asked of a Prometheus with kube-state-metrics and cAdvisor, each with its metric and
/// name. People and Dask clusters come from labels and annotations of pods, which kube-state-metrics has to be
/// allowed to show (`metricLabelsAllowlist`, `metricAnnotationsAllowList`).
pub const QUERIES: [(Metric, &str, &str); 8] = [
    (
        Metric::CpuRequest,
        "cpu-request",
        "sum by (namespace, pod, node) (kube_pod_container_resource_requests{resource=\"cpu\"})",
    ),
    (
        Metric::CpuUsage,
        "cpu-usage",
        "sum by (namespace, pod, node) (rate(container_cpu_usage_seconds_total{container!=\"\"}[5m]))",
    ),
    (
        Metric::MemoryRequest,
        "memory-request",
        "sum by (namespace, pod, node) (kube_pod_container_resource_requests{resource=\"memory\"})",
    ),
    (
        Metric::MemoryUsage,
        "memory-usage",
        "sum by (namespace, pod, node) (container_memory_working_set_bytes{container!=\"\"})",
    ),
    (
        Metric::GpuRequest,
        "gpu-request",
        "sum by (namespace, pod, node) (kube_pod_container_resource_requests{resource=\"nvidia_com_gpu\"})",
    ),
    // A pod's network is told of once, by what its containers share; a pod on its node's network has none there.
    (
        Metric::NetworkReceive,
        "network-receive",
        "sum by (namespace, pod, node, id) (container_network_receive_bytes_total{pod!=\"\", interface=\"eth0\"})",
    ),
    (
        Metric::NetworkTransmit,
        "network-transmit",
        "sum by (namespace, pod, node, id) (container_network_transmit_bytes_total{pod!=\"\", interface=\"eth0\"})",
    ),
    (Metric::Labels, "labels", "{__name__=~\"kube_pod_labels|kube_pod_annotations\"}"),
];

/// A series of an answer.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its place in the answer, the first being 1.
    pub(super) row: usize,
    pub(super) labels: BTreeMap<String, String>,
    /// Times in seconds since 1970, and values.
    pub(super) values: Vec<(i64, Decimal)>,
}

impl Series {
    /// A label that is not empty.
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The namespace, or the given hub where the series names none; nothing for a series of another namespace than the
    /// given hub's.
    pub(super) fn hub(&self, file: &Text, hub: Option<&str>) -> Result<Option<String>, ToldError> {
        match (self.label("namespace"), hub) {
            (Some(own), Some(hub)) if own != hub => Ok(None),
            (Some(own), _) | (None, Some(own)) => Ok(Some(own.to_owned())),
            (None, None) => {
                Err(file
                    .wrong_row(self.row, "no `namespace`, so the hub is not clear; name it: `--hub NAME`"))
            }
        }
    }

    /// The day of a sample.
    pub(super) fn day(&self, file: &Text, time: i64) -> Result<Day, ToldError> {
        day_of(time).ok_or_else(|| file.wrong_row(self.row, format!("`{time}` is no time")))
    }

    /// A value in whole units, rounded down.
    pub(super) fn whole(value: Decimal) -> Option<u64> {
        u64::try_from(value.pico / 1_000_000_000_000).ok().filter(|_| value.pico >= 0)
    }

    fn step(&self) -> Option<i64> {
        self.values.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|step| *step > 0).min()
    }

    /// Which pod, by namespace given apart: name, node, labels. Where only the person is told, the person is
    /// taken for a pod.
    fn pod(&self, file: &Text) -> Result<(String, String), ToldError> {
        let name =
            ["pod", "username", "annotation_hub_jupyter_org_username"].iter().find_map(|key| self.label(key));
        let name = name.ok_or_else(|| file.wrong_row(self.row, "no `pod` and no `username`"))?;
        Ok((self.label("node").unwrap_or_default().to_owned(), name.to_owned()))
    }
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Vec<Value>,
}

#[derive(Deserialize)]
struct Found {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

/// The series of a range answer.
pub(super) fn series(file: &Text) -> Result<Vec<Series>, ToldError> {
    let answer: Answer = serde_json::from_str(&file.text)
        .map_err(|error| file.wrong(format!("no answer of Prometheus: {error}")))?;
    let data = match answer.data {
        Some(data) if answer.status == "success" => data,
        _ => return Err(file.wrong(format!("Prometheus says: {} {}", answer.status, answer.error))),
    };
    if data.kind != "matrix" {
        return Err(file.wrong(format!("a `{}`, no answer to a range query (`matrix`)", data.kind)));
    }
    (1..).zip(data.result).map(|(row, value)| one(file, row, value)).collect()
}

fn one(file: &Text, row: usize, value: Value) -> Result<Series, ToldError> {
    let found: Found =
        serde_json::from_value(value).map_err(|error| file.wrong_row(row, format!("no series: {error}")))?;
    let mut values = Vec::with_capacity(found.values.len());
    for (time, text) in found.values {
        // "NaN" is what Prometheus says where there is nothing.
        if text == "NaN" {
            continue;
        }
        let value = Decimal::from_text(&text)
            .ok_or_else(|| file.wrong_row(row, format!("`{text}` is no number that can be used")))?;
        #[expect(clippy::cast_possible_truncation, reason = "seconds; what does not fit is no day later")]
        values.push((time.floor() as i64, value));
    }
    values.sort_by_key(|(time, _)| *time);
    Ok(Series { row, labels: found.metric, values })
}

/// What is known of a pod at a moment.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    cpu_requested: Option<i128>,
    cpu_used: Option<i128>,
    memory_requested: Option<i128>,
    memory_used: Option<i128>,
    gpus: Option<i128>,
}

type PodKey = (String, String, String);

/// By time, for how long a sample counts and what it says.
type Moments = BTreeMap<i64, (i64, Moment)>;

/// What pods asked for and used by day. Each sample counts for one step: the shortest time between two samples
/// of an answer; where samples are missing nothing counts. A series is what it is named, or memory requests, as
/// jupyterhub-cost-monitoring asks for them.
///
/// # Errors
/// When a file is no range answer, or has one sample of each series.
pub fn samples(files: &[(Option<Metric>, Text)], hub: Option<&str>) -> Result<Told, ToldError> {
    let mut pods: BTreeMap<PodKey, (BTreeMap<String, String>, Moments)> = BTreeMap::new();
    let mut marks: BTreeMap<(String, String), BTreeMap<String, String>> = BTreeMap::new();
    for (metric, file) in files {
        let all = series(file)?;
        let Some(step) = all.iter().filter_map(Series::step).min() else {
            if all.iter().any(|each| !each.values.is_empty()) {
                return Err(
                    file.wrong("one sample of each series, so the step is not known; ask for a longer range")
                );
            }
            continue;
        };
        for each in all {
            let Some(hub) = each.hub(file, hub)? else { continue };
            let (node, pod) = each.pod(file)?;
            let metric = metric.or_else(|| Metric::of(&each)).unwrap_or(Metric::MemoryRequest);
            if matches!(metric, Metric::NetworkReceive | Metric::NetworkTransmit) {
                continue;
            }
            if metric == Metric::Labels {
                marks.entry((hub, pod)).or_default().extend(each.labels);
                continue;
            }
            let (labels, moments) = pods.entry((hub, node, pod)).or_default();
            labels.extend(each.labels.clone());
            for (time, value) in &each.values {
                if day_of(*time).is_none() || value.pico < 0 {
                    return Err(file.wrong_row(each.row, format!("the sample at `{time}` cannot be used")));
                }
                let (_, moment) = moments.entry(*time).or_insert((step, Moment::default()));
                moment.add(metric, value.pico);
            }
        }
    }
    let mut sampled = Vec::new();
    for ((hub, node, pod), (mut labels, moments)) in pods {
        let more = marks.get(&(hub.clone(), pod.clone()));
        labels.extend(more.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        let labels = serde_json::to_string(&labels).unwrap_or_default();
        for (day, first, sums) in sessions(moments) {
            let pod = format!("{pod} {first}");
            sampled.push(Sampled {
                hub: hub.clone(),
                day,
                node: node.clone(),
                pod,
                labels: labels.clone(),
                sums,
            });
        }
    }
    Ok(Told { sampled, ..Told::default() })
}

/// Samples without a gap on one day, with the time of the first.
fn sessions(moments: BTreeMap<i64, (i64, Moment)>) -> Vec<(Day, Timestamp, UseSums)> {
    let mut found: Vec<(Day, Timestamp, UseSums)> = Vec::new();
    let mut next = None;
    for (time, (step, moment)) in moments {
        let (Some(day), Ok(first)) = (day_of(time), Timestamp::from_second(time)) else { continue };
        let sums = moment.sums(i128::from(step));
        match found.last_mut().filter(|(last, ..)| *last == day && next.is_some_and(|next| time <= next)) {
            Some((_, _, sum)) => *sum += sums,
            None => found.push((day, first, sums)),
        }
        next = Some(time + step);
    }
    found
}

impl Moment {
    fn add(&mut self, metric: Metric, value: i128) {
        let place = match metric {
            Metric::CpuRequest => &mut self.cpu_requested,
            Metric::CpuUsage => &mut self.cpu_used,
            Metric::MemoryRequest => &mut self.memory_requested,
            Metric::MemoryUsage => &mut self.memory_used,
            Metric::GpuRequest => &mut self.gpus,
            Metric::Labels | Metric::NetworkReceive | Metric::NetworkTransmit => return,
        };
        // Two series of one pod, as of its containers, add up.
        *place = Some(place.unwrap_or(0).saturating_add(value));
    }

    fn sums(self, step: i128) -> UseSums {
        let over = |value: i128| value.saturating_mul(step);
        let used = |used: Option<i128>, requested: Option<i128>| used.or(requested).map(over);
        let largest = |used: Option<i128>, requested: Option<i128>| used.max(requested).map(over);
        UseSums {
            cpu_requested: over(self.cpu_requested.unwrap_or(0)),
            cpu_used: used(self.cpu_used, self.cpu_requested),
            cpu_largest: largest(self.cpu_used, self.cpu_requested),
            memory_requested: over(self.memory_requested.unwrap_or(0)),
            memory_used: used(self.memory_used, self.memory_requested),
            memory_largest: largest(self.memory_used, self.memory_requested),
            gpus: over(self.gpus.unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(labels: &str, values: &str) -> Text {
        let text = format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{{labels}}},"values":[{values}]}}]}}}}"#
        );
        Text { name: "p.json".into(), text }
    }

    const POD: &str = r#""namespace":"lab","pod":"jupyter-ada","node":"n1""#;

    #[test]
    fn a_sample_counts_for_a_step_and_gaps_for_nothing() {
        let file = answer(POD, r#"[0,"2"],[300,"2"],[900,"2"],[86400,"1.5"],[86700,"NaN"]"#);
        let told = samples(&[(Some(Metric::CpuRequest), file)], None).unwrap();
        let days: Vec<_> =
            told.sampled.iter().map(|each| (each.session().1, each.sums.cpu_requested)).collect();
        let second = 10_i128.pow(12);
        let expected = [
            ("1970-01-01T00:00:00Z", 1_200 * second),
            ("1970-01-01T00:15:00Z", 600 * second),
            ("1970-01-02T00:00:00Z", 450 * second),
        ];
        assert_eq!(days, expected);
        assert_eq!((told.sampled[0].hub.as_str(), told.sampled[0].node.as_str()), ("lab", "n1"));
    }

    #[test]
    fn the_larger_is_taken_at_each_sample() {
        let asked = answer(POD, r#"[0,"4"],[60,"4"],[120,"4"]"#);
        let used = answer(POD, r#"[0,"1"],[60,"9"]"#);
        let files = [(Some(Metric::MemoryRequest), asked), (Some(Metric::MemoryUsage), used)];
        let sums = samples(&files, None).unwrap().sampled[0].sums;
        let unit = 60 * 10_i128.pow(12);
        assert_eq!(sums.memory_requested, 12 * unit);
        // At 120 nothing is known of its use, so that it counts by its request.
        assert_eq!((sums.memory_used, sums.memory_largest), (Some(14 * unit), Some(17 * unit)));
        assert_eq!(sums.cpu_used, None);
    }

    #[test]
    fn wrong_answers_are_told_with_file_and_series() {
        for (file, wrong) in [
            (Text { name: "p.json".into(), text: "[]".into() }, "p.json: no answer of Prometheus"),
            (
                Text { name: "p.json".into(), text: r#"{"status":"error","error":"bad"}"#.into() },
                "Prometheus says: error bad",
            ),
            (answer(POD, r#"[0,"1"]"#), "the step is not known"),
            (answer(POD, r#"[0,"x"],[1,"1"]"#), "row 1: `x` is no number"),
            (answer(POD, r#"[0,"-1"],[1,"1"]"#), "row 1: the sample at `0` cannot be used"),
            (answer(r#""namespace":"lab""#, r#"[0,"1"],[1,"1"]"#), "row 1: no `pod`"),
            (answer(r#""pod":"a""#, r#"[0,"1"],[1,"1"]"#), "row 1: no `namespace`"),
        ] {
            let error = samples(&[(None, file)], None).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
