//! What nodes use: by the metrics API, or asked of each kubelet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde::{Deserialize, Serialize};

use super::source::{refusal, request};
use crate::observe::quantity::amount;

const METRICS: &str = "/apis/metrics.k8s.io/v1beta1/nodes";
const JSON: &str = "application/json";
/// Kubelets that are asked at a time.
const AT_ONCE: usize = 32;
/// Kubelets that are tried before it is believed that none answers.
const TRIED: usize = 8;
/// How long a kubelet may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the metrics API may take; metrics-server has its answer in memory.
const METRICS_PATIENCE: Duration = Duration::from_secs(15);
/// No node's answer is larger; the whole list of a large cluster takes a few MiB.
const LARGEST: usize = 64 << 20;

/// Where a sample comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The metrics API.
    MetricsApi,
    /// The node's kubelet.
    Kubelet,
}

/// What a node used when it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// CPU in cores, over the window.
    pub cpu_cores: f64,
    /// Memory that cannot be given back at once (working set), in bytes.
    pub memory_bytes: u64,
    /// Memory that could be had, in bytes; only kubelets tell.
    pub available_bytes: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// Over how many seconds CPU was measured; kubelets do not tell.
    pub window_seconds: Option<f64>,
    /// Who said so.
    pub origin: Origin,
}

/// Samples of nodes by name, and why there are none of others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The samples.
    pub samples: BTreeMap<String, Sample>,
    /// Why there are not more.
    pub gap: Option<String>,
}

impl Usage {
    /// None, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { samples: BTreeMap::new(), gap: Some(why.into()) }
    }
}

#[derive(Deserialize)]
struct MetricsList<'a> {
    #[serde(borrow, default)]
    items: Vec<Metrics<'a>>,
}

#[derive(Deserialize)]
struct Metrics<'a> {
    #[serde(borrow)]
    metadata: Named<'a>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow, default)]
    window: Cow<'a, str>,
    #[serde(borrow)]
    usage: Used<'a>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Used<'a> {
    #[serde(borrow)]
    cpu: Cow<'a, str>,
    #[serde(borrow)]
    memory: Cow<'a, str>,
}

impl Metrics<'_> {
    fn sample(&self) -> Option<(String, Sample)> {
        let window = self.window.parse::<SignedDuration>().ok().map(|window| window.as_secs_f64());
        let sample = Sample {
            cpu_cores: amount(&self.usage.cpu)?,
            memory_bytes: whole(amount(&self.usage.memory)?),
            available_bytes: None,
            at: self.timestamp.parse().ok()?,
            window_seconds: window,
            origin: Origin::MetricsApi,
        };
        Some((self.metadata.name.clone().into_owned(), sample))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a machine")]
fn whole(amount: f64) -> u64 {
    amount.max(0.0).round() as u64
}

fn metrics(answer: &[u8]) -> Option<BTreeMap<String, Sample>> {
    let list: MetricsList<'_> = serde_json::from_slice(answer).ok()?;
    Some(list.items.iter().filter_map(Metrics::sample).collect())
}

/// Samples by the metrics API; why not, where there is none or it does not answer.
///
/// # Errors
/// Why it cannot be used, in words that go after "the metrics API".
pub(super) async fn by_metrics_api(client: &Client) -> Result<BTreeMap<String, Sample>, String> {
    match answer(client, METRICS, METRICS_PATIENCE).await {
        Ok(answer) => metrics(&answer).ok_or_else(|| "answers in an unknown form".to_owned()),
        Err(kube::Error::Api(status)) => Err(match status.code {
            403 => "is forbidden (list nodes of metrics.k8s.io)".to_owned(),
            404 => "is not served (no metrics-server)".to_owned(),
            503 => "is served by nobody (metrics-server is down)".to_owned(),
            code => format!("answers {code}"),
        }),
        Err(_) => Err("does not answer".to_owned()),
    }
}

#[derive(Deserialize)]
struct Summary<'a> {
    #[serde(borrow)]
    node: NodeStats<'a>,
}

#[derive(Deserialize)]
struct NodeStats<'a> {
    #[serde(borrow)]
    cpu: Option<CpuStats<'a>>,
    memory: Option<MemoryStats>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CpuStats<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    usage_nano_cores: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MemoryStats {
    available_bytes: Option<u64>,
    working_set_bytes: Option<u64>,
}

fn summary(answer: &[u8]) -> Option<Sample> {
    let Summary { node: NodeStats { cpu, memory } } = serde_json::from_slice(answer).ok()?;
    let (cpu, memory) = (cpu?, memory?);
    #[expect(clippy::cast_precision_loss, reason = "billionths of the cores of a machine")]
    let cpu_cores = cpu.usage_nano_cores? as f64 / 1e9;
    Some(Sample {
        cpu_cores,
        memory_bytes: memory.working_set_bytes?,
        available_bytes: memory.available_bytes,
        at: cpu.time.parse().ok()?,
        window_seconds: None,
        origin: Origin::Kubelet,
    })
}

/// What a kubelet said.
enum Kubelet {
    Told(String, Sample),
    Forbidden,
    Silent,
}

async fn kubelet(client: &Client, node: &str) -> Kubelet {
    let address = format!("/api/v1/nodes/{node}/proxy/stats/summary?only_cpu_and_memory=true");
    match answer(client, &address, PATIENCE).await {
        Ok(answer) => {
            summary(&answer).map_or(Kubelet::Silent, |sample| Kubelet::Told(node.to_owned(), sample))
        }
        Err(kube::Error::Api(status)) if status.code == 403 => Kubelet::Forbidden,
        Err(_) => Kubelet::Silent,
    }
}

/// Samples of the kubelets, through the API server; `without` says why they are asked.
pub(super) async fn by_kubelets(client: &Client, nodes: &[String], without: &str) -> Usage {
    let (first, rest) = nodes.split_at(nodes.len().min(TRIED));
    let mut usage = Usage::default();
    let mut silent = 0;
    for (round, names) in [first, rest].into_iter().enumerate() {
        let mut answers = stream::iter(names).map(|node| kubelet(client, node)).buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            match answer {
                Kubelet::Told(node, sample) => drop(usage.samples.insert(node, sample)),
                Kubelet::Silent => silent += 1,
                Kubelet::Forbidden => {
                    let why = "and asking kubelets is forbidden (get nodes/proxy)";
                    return Usage::unknown(format!("the metrics API {without}, {why}"));
                }
            }
        }
        if round == 0 && usage.samples.is_empty() && !names.is_empty() {
            return Usage::unknown(format!("the metrics API {without}, and no kubelet answers"));
        }
    }
    usage.gap = Some(match silent {
        0 => format!("the metrics API {without}; kubelets were asked"),
        silent => format!("the metrics API {without}; of {} kubelets, {silent} do not answer", nodes.len()),
    });
    usage
}

async fn answer(client: &Client, address: &str, patience: Duration) -> kube::Result<Vec<u8>> {
    use http_body_util::BodyExt;
    let late = || kube::Error::Service(Box::new(std::io::Error::from(std::io::ErrorKind::TimedOut)));
    let whole = async {
        let answer = client.send(request(address, JSON, false)?).await?;
        let status = answer.status();
        let body = http_body_util::Limited::new(answer.into_body(), LARGEST).collect().await;
        let body = body.map_err(kube::Error::Service)?.to_bytes();
        if status.is_success() { Ok(body.to_vec()) } else { Err(refusal(status.as_u16(), &body)) }
    };
    tokio::time::timeout(patience, whole).await.map_err(|_| late())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_age_and_window() {
        let answer = r#"{"kind":"NodeMetricsList","items":[
            {"metadata":{"name":"a","labels":{"x":"y"}},"timestamp":"2026-11-22T09:00:10Z","window":"10.049s",
             "usage":{"cpu":"137483521n","memory":"1048Ki"}},
            {"metadata":{"name":"b"},"timestamp":"2026-11-22T09:00:10Z","window":"1m0s",
             "usage":{"cpu":"2","memory":"much"}}]}"#;
        let samples = metrics(answer.as_bytes()).unwrap();
        assert_eq!(samples.len(), 1, "what cannot be read is unknown, not 0");
        let sample = &samples["a"];
        assert!((sample.cpu_cores - 0.137_483_521).abs() < 1e-12);
        assert_eq!((sample.memory_bytes, sample.window_seconds), (1048 * 1024, Some(10.049)));
        assert_eq!(metrics(b"<html>"), None);
    }

    #[test]
    fn a_kubelet_tells_what_is_available_too() {
        let answer = r#"{"node":{"nodeName":"a","cpu":{"time":"2026-11-22T09:00:10Z","usageNanoCores":1500000000,
            "usageCoreNanoSeconds":1},"memory":{"time":"2026-11-22T09:00:10Z","availableBytes":5,"usageBytes":9,
            "workingSetBytes":7,"rssBytes":3}},"pods":[]}"#;
        let sample = summary(answer.as_bytes()).unwrap();
        assert_eq!((sample.memory_bytes, sample.available_bytes), (7, Some(5)));
        assert!((sample.cpu_cores - 1.5).abs() < 1e-12);
        let young =
            r#"{"node":{"cpu":{"time":"2026-11-22T09:00:10Z"},"memory":{"time":"2026-11-22T09:00:10Z"}}}"#;
        assert_eq!(summary(young.as_bytes()), None);
    }
}
