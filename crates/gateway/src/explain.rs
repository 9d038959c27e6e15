//! Why a cluster failed. The gateway does not say: its record has no text, and on Kubernetes it removes the pods.
//! What can be known is in the events of the namespace, in how containers ended and in the scheduler's log. The
//! caller brings them; this is a pure function of them.

use std::fmt;

use crate::name::ClusterName;

/// What is known about a cluster that failed, or that does not come.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Events of its namespace, in any order; those of other objects are left out.
    pub events: Vec<Event>,
    /// How containers of its pods ended, or why they wait.
    pub ends: Vec<ContainerEnd>,
    /// The end of the scheduler's log, or, where the gateway runs without Kubernetes, of the gateway's.
    pub log: String,
}

/// An event of Kubernetes.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// The name of the object that it is about, such as `dask-scheduler-HEX`.
    pub object: String,
    /// Its reason, such as `FailedScheduling`.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// How a container ended, or why it waits: of a pod's `containerStatuses`, `state` or `lastState`.
#[derive(Clone, Debug, Default)]
pub struct ContainerEnd {
    /// Its pod.
    pub pod: String,
    /// The reason, such as `OOMKilled`, `ImagePullBackOff` or `Error`.
    pub reason: String,
    /// The message, if there is one.
    pub message: String,
    /// The exit code, if it ended.
    pub exit_code: Option<i32>,
}

/// Why a cluster failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// The image has no `dask-scheduler` or `dask-worker`: distributed 2026.6 dropped the programs that Dask
    /// Gateway 2026.3.0 starts.
    ProgramMissing,
    /// The image has no `dask_gateway`, or another package is missing.
    PackageMissing,
    /// A webhook of the cluster refused the pod.
    Admission,
    /// A quota of the namespace, or a limit of the gateway, is used up.
    Quota,
    /// The image cannot be pulled.
    Image,
    /// The container took more memory than it may.
    Memory,
    /// The pod was taken off its node.
    Evicted,
    /// No node has room for the pod.
    NoRoom,
    /// The scheduler ended with an error of its own.
    Scheduler,
}

/// What happened, in the words of who saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The cause; none, if nothing that is known tells.
    pub cause: Option<Cause>,
    /// What happened, with the sentence that tells it.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}; {}", self.what, self.advice)
    }
}

/// Why a cluster failed, by what is known about it. Of several causes the one that has to be put right first.
pub fn explain(name: &ClusterName, evidence: &Evidence) -> Explanation {
    let short = name.in_kubernetes().map_or(name.as_str(), |(_, short)| short);
    let sentences = sentences(short, evidence);
    let found = sentences.iter().filter_map(|sentence| Some((cause(sentence)?, sentence)));
    let Some((cause, sentence)) = found.min_by_key(|(cause, _)| *cause) else {
        return Explanation {
            cause: None,
            what: format!("nothing that is known tells why {name} failed"),
            advice: how_to_look(name),
        };
    };
    let said = one_line(&sentence.text);
    Explanation {
        cause: Some(cause),
        what: format!("{}: {said}", headline(cause)),
        advice: advice(cause, name),
    }
}

/// One thing that someone said.
struct Sentence {
    /// The reason of an event or of an end; empty for a line of a log.
    reason: String,
    text: String,
}

/// All that was said about the cluster's own objects. They all have its short name in theirs.
fn sentences(short: &str, evidence: &Evidence) -> Vec<Sentence> {
    let events = evidence.events.iter().filter(|event| event.object.contains(short));
    let events = events.map(|event| Sentence { reason: event.reason.clone(), text: event.message.clone() });
    let ends = evidence.ends.iter().filter(|end| end.pod.contains(short)).map(|end| {
        let code = end.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
        let text = format!("{} {}{code} in {}", end.reason, end.message, end.pod);
        Sentence { reason: end.reason.clone(), text }
    });
    // A gateway's log is of all its clusters.
    let is_others = |line: &str| line.contains("dask-scheduler-") || line.contains("dask-worker-");
    let lines = evidence.log.lines().filter(|line| line.contains(short) || !is_others(line));
    let lines = lines.map(|line| Sentence { reason: String::new(), text: line.to_owned() });
    events.chain(ends).chain(lines).collect()
}

fn cause(sentence: &Sentence) -> Option<Cause> {
    let has = |words: &[&str]| words.iter().any(|word| sentence.text.contains(word));
    let program = has(&["dask-scheduler\"", "dask-worker\"", "'dask-scheduler'", "'dask-worker'"]);
    if program
        && has(&["executable file not found", "no such file or directory", "No such file or directory"])
    {
        return Some(Cause::ProgramMissing);
    }
    if has(&["ModuleNotFoundError: ", "ImportError: ", "No module named "]) {
        return Some(Cause::PackageMissing);
    }
    if has(&["admission webhook"]) && has(&["denied", "failed calling"]) {
        return Some(Cause::Admission);
    }
    if has(&["exceeded quota", "must specify limits", "maximum cpu usage per", "maximum memory usage per"]) {
        return Some(Cause::Quota);
    }
    of_reason(&sentence.reason, has(&["pull", "image"])).or_else(|| of_log(sentence))
}

/// By the reasons of kubelet, scheduler and autoscaler (`pkg/kubelet/events`, `pkg/scheduler` of Kubernetes).
fn of_reason(reason: &str, about_image: bool) -> Option<Cause> {
    match reason {
        "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" | "ErrImageNeverPull" | "InspectFailed" => {
            Some(Cause::Image)
        }
        "Failed" | "BackOff" if about_image => Some(Cause::Image),
        "OOMKilled" | "OOMKilling" => Some(Cause::Memory),
        "Evicted" | "Preempted" | "Preempting" | "TaintManagerEviction" | "NodeNotReady" | "Shutdown" => {
            Some(Cause::Evicted)
        }
        "FailedScheduling" | "NotTriggerScaleUp" => Some(Cause::NoRoom),
        "Error"
        | "StartError"
        | "RunContainerError"
        | "CreateContainerConfigError"
        | "ContainerCannotRun" => Some(Cause::Scheduler),
        _ => None,
    }
}

/// A line of a log that begins as Python's last line of a traceback.
fn of_log(sentence: &Sentence) -> Option<Cause> {
    let (kind, _) = sentence.text.split_once(": ")?;
    let is_error = kind.ends_with("Error") || kind.ends_with("Exception");
    (sentence.reason.is_empty() && is_error && !kind.contains(' ')).then_some(Cause::Scheduler)
}

fn headline(cause: Cause) -> &'static str {
    match cause {
        Cause::ProgramMissing => "the image has not the program that the gateway starts",
        Cause::PackageMissing => "the image lacks a package",
        Cause::Admission => "a webhook refused the pod",
        Cause::Quota => "a limit of the namespace is used up",
        Cause::Image => "the image cannot be pulled",
        Cause::Memory => "it took more memory than it may",
        Cause::Evicted => "its pod was taken off its node",
        Cause::NoRoom => "no node has room for it",
        Cause::Scheduler => "the scheduler ended with an error",
    }
}

fn advice(cause: Cause, name: &ClusterName) -> String {
    match cause {
        Cause::ProgramMissing => {
            "the gateway's admin sets scheduler_cmd to [\"dask\", \"scheduler\"] and worker_cmd to [\"dask\", \
             \"worker\"] (c.KubeClusterConfig on Kubernetes, c.ClusterConfig elsewhere); or take an image with \
             distributed before 2026.6"
                .to_owned()
        }
        Cause::PackageMissing => "take an image with dask-gateway and distributed, as in your notebook".to_owned(),
        Cause::Admission => "ask who administers the cluster about this webhook".to_owned(),
        Cause::Quota => "stop clusters that you do not need, or ask for less".to_owned(),
        Cause::Image => "correct the image's name, or give the cluster the right to pull it".to_owned(),
        Cause::Memory => "choose more memory, or send the work in smaller pieces".to_owned(),
        Cause::Evicted => "create it again; schedulers belong on nodes that are not spot".to_owned(),
        Cause::NoRoom => "choose less cores or memory, or ask for more or larger nodes".to_owned(),
        Cause::Scheduler => how_to_look(name),
    }
}

/// The exact lines by which somebody with rights in the cluster sees more.
pub(crate) fn how_to_look(name: &ClusterName) -> String {
    match name.in_kubernetes() {
        Some((namespace, short)) => format!(
            "look with `kubectl --namespace {namespace} get events --sort-by=.lastTimestamp | grep {short}` and \
             `kubectl --namespace {namespace} logs dask-scheduler-{short} --all-containers`; what kept a pod from being \
             made is in `kubectl --namespace {namespace} logs --selector app.kubernetes.io/component=controller \
             --tail=-1`, or in the gateway's namespace if it is another"
        ),
        None => format!("look for {name} in the log of the gateway, and in the logs of its clusters"),
    }
}

fn one_line(text: &str) -> String {
    const MOST: usize = 400;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHORT: &str = "162bd6d02aa74001a3a424d85ef3fa4f";

    fn name() -> ClusterName {
        format!("prod.{SHORT}").parse().unwrap()
    }

    fn event(reason: &str, message: &str) -> Evidence {
        let object = format!("dask-scheduler-{SHORT}");
        let event = Event { object, reason: reason.to_owned(), message: message.to_owned() };
        Evidence { events: vec![event], ..Evidence::default() }
    }

    fn end(reason: &str, exit_code: i32) -> Evidence {
        let pod = format!("dask-worker-{SHORT}-x7k2p");
        let end = ContainerEnd {
            pod,
            reason: reason.to_owned(),
            exit_code: Some(exit_code),
            message: String::new(),
        };
        Evidence { ends: vec![end], ..Evidence::default() }
    }

    fn log(text: &str) -> Evidence {
        Evidence { log: text.to_owned(), ..Evidence::default() }
    }

    #[test]
    fn each_cause_is_told_by_the_words_of_who_saw_it() {
        let pull = "Failed to pull image \"ghcr.io/x/y:1\": rpc error: code = NotFound desc = not found";
        let runc = "Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: \
                    runc create failed: unable to start container process: exec: \"dask-scheduler\": executable file \
                    not found in $PATH: unknown";
        let quota = format!(
            "pods \"dask-scheduler-{SHORT}\" is forbidden: exceeded quota: people, requested: limits.cpu=1, used: \
             limits.cpu=40, limited: limits.cpu=40"
        );
        let hook = "admission webhook \"policy.example.org\" denied the request: no owner";
        let cases = [
            (event("Failed", pull), Cause::Image, "ghcr.io/x/y:1"),
            (event("BackOff", "Back-off pulling image \"ghcr.io/x/y:1\""), Cause::Image, "ghcr.io/x/y:1"),
            (event("Failed", runc), Cause::ProgramMissing, "dask-scheduler"),
            (
                event("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory."),
                Cause::NoRoom,
                "0/3",
            ),
            (
                event("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached"),
                Cause::NoRoom,
                "max",
            ),
            (event("FailedCreate", &quota), Cause::Quota, "limits.cpu=40"),
            (event("FailedCreate", hook), Cause::Admission, "no owner"),
            (event("Evicted", "The node was low on resource: memory."), Cause::Evicted, "low on resource"),
            (
                log(&format!("Failed to create pod in namespace prod - {quota}")),
                Cause::Quota,
                "limits.cpu=40",
            ),
            (end("OOMKilled", 137), Cause::Memory, "137"),
            (end("Error", 1), Cause::Scheduler, "exit code 1"),
            (
                log("  FileNotFoundError: [Errno 2] No such file or directory: 'dask-scheduler'"),
                Cause::ProgramMissing,
                "Errno 2",
            ),
            (
                log("ModuleNotFoundError: No module named 'dask_gateway'"),
                Cause::PackageMissing,
                "dask_gateway",
            ),
            (
                log("Traceback:\n  x\nOSError: [Errno 98] Address already in use"),
                Cause::Scheduler,
                "Errno 98",
            ),
        ];
        for (evidence, cause, words) in cases {
            let told = explain(&name(), &evidence);
            assert_eq!(told.cause, Some(cause), "{evidence:?}");
            assert!(told.what.contains(words), "{told}");
        }
    }

    #[test]
    fn of_several_causes_the_first_to_put_right_is_told() {
        let mut evidence = event("FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.");
        evidence.events.extend(event("Failed", "Failed to pull image \"x\": denied").events);
        assert_eq!(explain(&name(), &evidence).cause, Some(Cause::Image));
    }

    #[test]
    fn what_is_about_other_clusters_counts_for_nothing() {
        let mut evidence = event("FailedScheduling", "0/1 nodes are available");
        evidence.events[0].object = "dask-scheduler-deadbeef".to_owned();
        evidence.events.extend(event("Scheduled", "Successfully assigned").events);
        evidence.events.extend(event("Pulled", "Container image \"x\" already present on machine").events);
        evidence.log = "distributed.scheduler - INFO - State start\nListening at: tls://0.0.0.0:8786\n\
                        pods \"dask-scheduler-deadbeef\" is forbidden: exceeded quota: people"
            .to_owned();
        let told = explain(&name(), &evidence);
        assert_eq!(told.cause, None, "{told}");
        assert!(
            told.advice.contains(&format!("kubectl --namespace prod logs dask-scheduler-{SHORT}")),
            "{told}"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}", reason in "[A-Za-z]{0,12}") {
            let mut evidence = event(&reason, &text);
            evidence.log = text;
            explain(&name(), &evidence);
        }
    }
}
