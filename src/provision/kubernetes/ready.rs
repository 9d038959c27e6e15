//! Whether what was installed is ready; and while it is not, what it waits for.

use std::time::Duration;

use serde_json::Value;

use super::objects::{Named, Objects};
use crate::error::Result;

/// How often the cluster is asked.
const PAUSE: Duration = Duration::from_millis(500);

/// A hub that waits for its database crashes once or twice; one that still does after this will go on.
const HOPELESS_AFTER: Duration = Duration::from_mins(3);
/// Lines of a crashed container's log that an error shows.
const LAST_LINES: i64 = 8;
/// What is said of a container that crashes, and of an image that is not there.
const CRASHES: &str = "crashes again and again";
const NO_IMAGE: &str = "cannot pull";

/// Kinds whose pods have to be ready.
pub(super) const WITH_PODS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// What is not ready, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Waiting {
    /// The object.
    pub object: Named,
    /// Why, in words.
    pub why: String,
}

impl Waiting {
    /// Whether waiting alone will hardly help.
    pub fn is_hopeless(&self) -> bool {
        self.why.contains(CRASHES) || self.why.contains(NO_IMAGE)
    }
}

/// The last lines of containers that crashed, of what is waited for. None is no error.
pub async fn last_words(objects: &Objects, waiting: &[Waiting]) -> Vec<String> {
    let crashed = waiting.iter().filter(|each| each.why.contains(CRASHES));
    let namespaces: std::collections::BTreeSet<_> = crashed.map(|each| &each.object.namespace).collect();
    let mut lines = Vec::new();
    for namespace in namespaces {
        for pod in objects.list("v1", "Pod", namespace, "").await.unwrap_or_default() {
            let Some((name, container)) = crashing(&pod) else { continue };
            let text = objects.last_log(namespace, name, container, LAST_LINES).await.unwrap_or_default();
            lines.extend(text.lines().map(|line| format!("{name}: {line}")));
        }
    }
    lines
}

/// The pod and the container of it that crashes again and again.
fn crashing(pod: &Value) -> Option<(&str, &str)> {
    let of = |kind: &str| pod["status"][kind].as_array().into_iter().flatten();
    let all = of("initContainerStatuses").chain(of("containerStatuses"));
    let container = all.into_iter().find(|each| each["state"]["waiting"]["reason"] == "CrashLoopBackOff")?;
    Some((pod.pointer("/metadata/name")?.as_str()?, container["name"].as_str()?))
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.object, self.why)
    }
}

/// Waits until all objects are ready, and tells what is waited for each time that changes.
/// Returns what is still not ready when the time is over, or when a pod has crashed or lacked its
/// image for so long that waiting will not help.
///
/// # Errors
/// When the API refuses or does not answer.
pub async fn wait(
    objects: &Objects,
    wanted: &[(Value, String)],
    at_most: Duration,
    mut tell: impl FnMut(&[Waiting]),
) -> Result<Vec<Waiting>> {
    let start = std::time::Instant::now();
    let mut told = Vec::new();
    let mut hopeful = start;
    loop {
        let waiting = not_ready(objects, wanted).await?;
        if !waiting.iter().any(Waiting::is_hopeless) {
            hopeful = std::time::Instant::now();
        }
        if waiting.is_empty() || start.elapsed() >= at_most || hopeful.elapsed() >= HOPELESS_AFTER {
            return Ok(waiting);
        }
        if waiting != told {
            tell(&waiting);
            told = waiting;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What of these objects is not ready now. Each comes with the namespace of its release.
///
/// # Errors
/// When the API refuses or does not answer.
pub async fn not_ready(objects: &Objects, wanted: &[(Value, String)]) -> Result<Vec<Waiting>> {
    let mut found = Vec::new();
    for (object, namespace) in wanted {
        let kind = object["kind"].as_str().unwrap_or_default();
        if !WITH_PODS.contains(&kind) {
            continue;
        }
        let named = Named::of(object, namespace);
        match objects.get(&named).await? {
            None => found.push(Waiting { object: named, why: "it is not there".to_owned() }),
            Some(live) if is_ready(&live) => {}
            Some(live) => {
                let why = why(objects, &live, &named.namespace).await?;
                found.push(Waiting { object: named, why });
            }
        }
    }
    Ok(found)
}

pub(super) fn number(value: &Value, path: &str) -> i64 {
    value.pointer(path).and_then(Value::as_i64).unwrap_or(0)
}

/// Whether a controller has seen the newest object and its pods are ready.
pub(super) fn is_ready(live: &Value) -> bool {
    if number(live, "/status/observedGeneration") < number(live, "/metadata/generation") {
        return false;
    }
    let (wanted, ready, updated) = if live["kind"] == "DaemonSet" {
        ("/status/desiredNumberScheduled", "/status/numberReady", "/status/updatedNumberScheduled")
    } else {
        ("/spec/replicas", "/status/readyReplicas", "/status/updatedReplicas")
    };
    let wanted = number(live, wanted);
    // A Deployment keeps an old pod, which is ready, until its new one is.
    let old_pods_stay = live["kind"] == "Deployment" && number(live, "/status/replicas") > wanted;
    !old_pods_stay && number(live, ready) >= wanted && number(live, updated) >= wanted
}

/// What the pods of a controller wait for.
pub(super) async fn why(objects: &Objects, live: &Value, namespace: &str) -> Result<String> {
    let labels = live.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let selector: Vec<_> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let pods = objects.list("v1", "Pod", namespace, &selector.join(",")).await?;
    let reasons: Vec<_> = pods.iter().filter_map(pod_waits_for).collect();
    if let Some(first) = reasons.first() {
        return Ok(first.clone());
    }
    if pods.is_empty() {
        return Ok(refused_pods(live).unwrap_or_else(|| "no pod yet".to_owned()));
    }
    Ok("its pods are starting".to_owned())
}

/// Why a controller cannot make pods: a quota, a webhook that refuses.
fn refused_pods(live: &Value) -> Option<String> {
    let conditions = live.pointer("/status/conditions")?.as_array()?;
    let failed =
        conditions.iter().find(|each| each["type"] == "ReplicaFailure" && each["status"] == "True")?;
    failed["message"].as_str().map(str::to_owned)
}

/// What a pod waits for; nothing when it is ready.
pub fn pod_waits_for(pod: &Value) -> Option<String> {
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let status = |kind: &str| pod["status"][kind].as_array().cloned().unwrap_or_default();
    let conditions = status("conditions");
    let condition = |wanted: &str| conditions.iter().find(|each| each["type"] == wanted);
    if let Some(unplaced) = condition("PodScheduled").filter(|each| each["status"] == "False") {
        let message = unplaced["message"].as_str().unwrap_or("no node takes it");
        return Some(format!("pod {name} is pending: {message}"));
    }
    for container in status("initContainerStatuses").iter().chain(&status("containerStatuses")) {
        let waiting = &container["state"]["waiting"];
        let reason = waiting["reason"].as_str().unwrap_or_default();
        let image = container["image"].as_str().unwrap_or_default();
        let message = waiting["message"].as_str().unwrap_or_default();
        match reason {
            "" | "PodInitializing" => {}
            "ContainerCreating" => return Some(format!("pod {name} pulls {image}")),
            "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" => {
                return Some(format!("pod {name} {NO_IMAGE} {image}: {message}"));
            }
            "CrashLoopBackOff" => {
                let name_of = container["name"].as_str().unwrap_or_default();
                return Some(format!("pod {name} {CRASHES}: `kubectl logs {name} -c {name_of} --previous`"));
            }
            _ => return Some(format!("pod {name}: {reason} {message}").trim_end().to_owned()),
        }
    }
    let ready = condition("Ready").is_some_and(|each| each["status"] == "True");
    let message = condition("Ready").and_then(|each| each["message"].as_str()).unwrap_or("it is starting");
    (!ready).then(|| format!("pod {name} is not ready: {message}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Named, Waiting, crashing, is_ready, pod_waits_for};

    #[test]
    fn an_object_that_its_controller_has_not_seen_is_not_ready() {
        let mut live = json!({
            "kind": "Deployment", "metadata": { "generation": 2 }, "spec": { "replicas": 1 },
            "status": { "observedGeneration": 1, "readyReplicas": 1, "updatedReplicas": 1 },
        });
        assert!(!is_ready(&live));
        live["status"]["observedGeneration"] = 2.into();
        assert!(is_ready(&live));
    }

    #[test]
    fn a_deployment_whose_old_pod_is_still_there_is_not_ready() {
        let mut live = json!({
            "kind": "Deployment", "metadata": { "generation": 2 }, "spec": { "replicas": 1 },
            "status": { "observedGeneration": 2, "replicas": 2, "readyReplicas": 1, "updatedReplicas": 1 },
        });
        assert!(!is_ready(&live));
        live["status"]["replicas"] = 1.into();
        assert!(is_ready(&live));
    }

    #[test]
    fn what_crashes_or_lacks_its_image_is_hopeless_and_what_is_pulled_is_not() {
        let pod = |reason: &str| {
            json!({ "metadata": { "name": "hub-1" }, "status": { "containerStatuses": [
                { "name": "hub", "image": "hub:1", "state": { "waiting": { "reason": reason, "message": "" } } }
            ] } })
        };
        let hopeless = |reason: &str| {
            let object = Named::of(&json!({ "kind": "Deployment" }), "lab");
            Waiting { object, why: pod_waits_for(&pod(reason)).unwrap() }.is_hopeless()
        };
        assert!(hopeless("CrashLoopBackOff") && hopeless("ImagePullBackOff"));
        assert!(!hopeless("ContainerCreating") && !hopeless("CreateContainerConfigError"));
        assert_eq!(crashing(&pod("CrashLoopBackOff")), Some(("hub-1", "hub")));
        assert_eq!(crashing(&pod("ContainerCreating")), None);
    }

    #[test]
    fn a_pod_says_what_it_waits_for() {
        let pending = json!({ "metadata": { "name": "hub" }, "status": { "conditions": [
            { "type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 3 Insufficient memory." }
        ] } });
        assert!(pod_waits_for(&pending).unwrap().contains("Insufficient memory"));
        let pulling = json!({ "metadata": { "name": "hub" }, "status": { "containerStatuses": [
            { "image": "hub:1", "state": { "waiting": { "reason": "ImagePullBackOff", "message": "not found" } } }
        ] } });
        assert_eq!(pod_waits_for(&pulling).unwrap(), "pod hub cannot pull hub:1: not found");
        let ready = json!({ "status": { "conditions": [{ "type": "Ready", "status": "True" }] } });
        assert_eq!(pod_waits_for(&ready), None);
    }
}
