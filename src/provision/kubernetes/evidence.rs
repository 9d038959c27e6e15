//! What a cluster tells of a Dask cluster that failed or does not come.

use frazil_gateway::{ClusterName, ContainerEnd, Event, Evidence};
use serde_json::Value;

use super::objects::Objects;
use super::reached::Reached;
use super::status::text;
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};

/// The gateway's controller, by the labels of Dask Gateway's chart.
const CONTROLLER: &str = "app.kubernetes.io/name=dask-gateway,app.kubernetes.io/component=controller";
/// Lines of the scheduler's log that are read: its last words.
const SCHEDULER_LINES: i64 = 200;
/// Lines of the controller's log that are read: it is of all clusters.
const CONTROLLER_LINES: i64 = 2_000;

/// What could be seen, and what could not.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// What is known.
    pub evidence: Evidence,
    /// What could not be looked at, and why.
    pub hidden: Vec<String>,
}

impl Looked {
    /// Looks at events, pods and logs, each as far as it may be seen.
    ///
    /// # Errors
    /// When the hub's cluster does not answer or is another one.
    pub async fn at(context: &Context, document: &HubDocument, name: &ClusterName) -> Result<Self> {
        let reached = Reached::look(context, document, "gateway explain").await?;
        let objects = Objects::open(&reached.access).await?;
        let own = document.hub.name.as_str();
        let (namespace, short) = name.in_kubernetes().unwrap_or((own, name.as_str()));
        let scheduler = format!("dask-scheduler-{short}");
        let selector = format!("gateway.dask.org/cluster={short}");
        let (events, pods, last_words, controller) = tokio::join!(
            objects.list("v1", "Event", namespace, ""),
            objects.list("v1", "Pod", namespace, &selector),
            objects.log(namespace, &scheduler, SCHEDULER_LINES),
            controller_log(&objects, own, short),
        );
        let mut looked = Self::default();
        let events = looked.seen("events", events).unwrap_or_default();
        looked.evidence.events = events.iter().filter_map(event).collect();
        let pods = looked.seen("pods", pods).unwrap_or_default();
        looked.evidence.ends = pods.iter().flat_map(container_ends).collect();
        let last_words = looked.seen("the scheduler's log", last_words);
        let controller = looked.seen("the controller's log", controller);
        looked.evidence.log = last_words.into_iter().chain(controller).collect::<Vec<_>>().join("\n");
        Ok(looked)
    }

    fn seen<T>(&mut self, what: &str, found: Result<T>) -> Option<T> {
        found.map_err(|error| self.hidden.push(format!("{what}: {}", why(&error)))).ok()
    }
}

/// The innermost cause in one line.
fn why(error: &Error) -> String {
    error.causes().pop().unwrap_or_else(|| error.to_string())
}

/// What the gateway's controller said of one cluster.
async fn controller_log(objects: &Objects, namespace: &str, short: &str) -> Result<String> {
    let pods = objects.list("v1", "Pod", namespace, CONTROLLER).await?;
    let mut said = String::new();
    for pod in &pods {
        let log = objects.log(namespace, &text(pod, "/metadata/name"), CONTROLLER_LINES).await?;
        for line in log.lines().filter(|line| line.contains(short)) {
            said += line;
            said += "\n";
        }
    }
    Ok(said)
}

fn event(event: &Value) -> Option<Event> {
    let object = event.pointer("/involvedObject/name")?.as_str()?.to_owned();
    Some(Event { object, reason: text(event, "/reason"), message: text(event, "/message") })
}

/// How a pod's containers ended, now or the time before, or what they wait for.
fn container_ends(pod: &Value) -> Vec<ContainerEnd> {
    let statuses = |kind: &str| pod["status"][kind].as_array().cloned().unwrap_or_default();
    let all = statuses("initContainerStatuses").into_iter().chain(statuses("containerStatuses"));
    let states = all.flat_map(|status| {
        ["/state/terminated", "/lastState/terminated", "/state/waiting"]
            .map(|path| status.pointer(path).cloned())
    });
    states.flatten().filter(|state| state["reason"] != "Completed").map(|state| end(pod, &state)).collect()
}

fn end(pod: &Value, state: &Value) -> ContainerEnd {
    ContainerEnd {
        pod: text(pod, "/metadata/name"),
        reason: text(state, "/reason"),
        message: text(state, "/message"),
        exit_code: state["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok()),
    }
}

#[cfg(test)]
mod tests {
    use frazil_gateway::{Cause, explain};
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_tell_how_they_ended_and_what_they_wait_for() {
        let pod = json!({
            "metadata": { "name": "dask-worker-162b-x7k2p" },
            "status": {
                "initContainerStatuses": [{ "state": { "terminated": { "reason": "Completed", "exitCode": 0 } } }],
                "containerStatuses": [{
                    "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } },
                    "lastState": { "terminated": { "reason": "OOMKilled", "exitCode": 137 } },
                }],
            },
        });
        let ends = container_ends(&pod);
        let told: Vec<_> = ends.iter().map(|end| (end.reason.as_str(), end.exit_code)).collect();
        assert_eq!(told, [("OOMKilled", Some(137)), ("CrashLoopBackOff", None)]);
        let evidence = Evidence { ends, ..Evidence::default() };
        assert_eq!(explain(&"lab.162b".parse().unwrap(), &evidence).cause, Some(Cause::Memory));
    }

    #[test]
    fn events_are_of_the_object_that_they_name() {
        let told = event(&json!({
            "involvedObject": { "kind": "Pod", "name": "dask-scheduler-162b" },
            "reason": "Failed", "message": "no such image",
        }));
        let Some(told) = told else { panic!("an event") };
        assert_eq!(
            [told.object, told.reason, told.message],
            ["dask-scheduler-162b", "Failed", "no such image"]
        );
        assert!(event(&json!({ "reason": "Failed" })).is_none());
    }
}
