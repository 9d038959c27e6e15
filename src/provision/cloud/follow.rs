//! A call of Terraform, followed line by line: what it is at, and what it says is wrong
//! (<https://developer.hashicorp.com/terraform/internals/machine-readable-ui>).

use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use futures::{StreamExt, join};
use serde::Deserialize;

use crate::error::Error;
use crate::provision::blocking::blocking;
use crate::tool::{Call, ToolError};
use crate::view::Progress;

/// A line of Terraform's.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "type", default)]
    kind: String,
    hook: Option<Hook>,
    diagnostic: Option<Diagnostic>,
}

/// What Terraform does to a resource.
#[derive(Debug, Deserialize)]
struct Hook {
    resource: Resource,
    #[serde(default)]
    action: String,
    elapsed_seconds: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    addr: String,
}

/// What Terraform says is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Diagnostic {
    severity: String,
    pub summary: String,
    #[serde(default)]
    pub detail: String,
    pub address: Option<String>,
}

/// A call that did not go through.
#[derive(Debug)]
pub(super) struct Stopped {
    /// What a person is told.
    pub error: Error,
    /// All that Terraform said was wrong.
    pub problems: Vec<Diagnostic>,
    /// Whether it ended by itself, so that it gave its lock back.
    pub in_order: bool,
}

impl Stopped {
    /// Something else than Terraform is wrong.
    pub(super) const fn plain(error: Error) -> Self {
        Self { error, problems: Vec::new(), in_order: true }
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::plain(error)
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        stopped.error
    }
}

/// Whether a program ended by itself: not killed, and not told by a second Ctrl-C to drop everything.
fn ended_in_order(error: &ToolError) -> bool {
    match error {
        ToolError::Failed { status, .. } => status.code().is_some(),
        ToolError::NotStarted { .. } | ToolError::Log { .. } => true,
        ToolError::Interrupted { .. } => false,
    }
}

/// Runs a call to its end, and tells what it is at.
///
/// # Errors
/// What Terraform says is wrong.
pub(super) async fn follow(call: Call, progress: &mut Progress) -> std::result::Result<(), Stopped> {
    let (tell, told) = unbounded();
    // Nobody listens any more when this call is dropped; Terraform goes on to its end all the same.
    let run = blocking(move || {
        let result = call.each_line(|line| drop(tell.unbounded_send(line.to_owned())));
        Ok::<_, Error>(result)
    });
    let (done, problems) = join!(run, listen(told, progress));
    match done {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            Err(Stopped { in_order: ended_in_order(&error), error: failure(&problems, error), problems })
        }
        Err(error) => Err(Stopped { error, problems, in_order: false }),
    }
}

async fn listen(mut told: UnboundedReceiver<String>, progress: &mut Progress) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    while let Some(line) = told.next().await {
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        if let Some(text) = message.words() {
            progress.detail(&text);
        }
        problems.extend(message.diagnostic.filter(|each| each.severity == "error"));
    }
    problems
}

impl Message {
    /// What happens to a resource, in words.
    fn words(&self) -> Option<String> {
        let Hook { resource, action, elapsed_seconds } = self.hook.as_ref()?;
        let Resource { addr } = resource;
        let doing = match action.as_str() {
            "create" => "making",
            "update" => "changing",
            "delete" => "removing",
            "read" => "reading",
            other => other,
        };
        match self.kind.as_str() {
            "refresh_start" => Some(format!("looking at {addr}")),
            "apply_start" => Some(format!("{doing} {addr}")),
            "apply_progress" => Some(format!("{doing} {addr} ({:.0} s)", elapsed_seconds.unwrap_or(0.0))),
            _ => None,
        }
    }
}

/// What Terraform's complaints mean; without any, the lines that it ended with.
fn failure(problems: &[Diagnostic], error: ToolError) -> Error {
    let Some(first) = problems.first().filter(|_| matches!(error, ToolError::Failed { .. })) else {
        return error.into();
    };
    let place = first.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
    let message = format!("{place}{}", first.summary.trim_end_matches('.'));
    let mut lines = Vec::new();
    for each in problems {
        let about = each.address.as_deref().unwrap_or_default();
        lines.extend((problems.len() > 1).then(|| format!("{about} {}", each.summary).trim().to_owned()));
        lines.extend(
            each.detail.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned),
        );
    }
    let hint = hint(&lines.join("\n"), &first.summary);
    Error::failed(message).output(lines).hint(hint)
}

/// What clouds say of a name that is taken: AWS's error codes, and Google's of HTTP 409.
pub(super) const EXISTS: [&str; 13] = [
    "EntityAlreadyExists",
    "AlreadyExists",
    "ResourceInUseException",
    "BucketAlreadyOwnedByYou",
    "BucketAlreadyExists",
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
    "DuplicateRecordException",
    "MountTargetConflict",
    "already exists",
    "alreadyExists",
    "Error 409",
    "Resource.AlreadyAssociated",
];

/// What to do about it.
fn hint(detail: &str, summary: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| detail.contains(word) || summary.contains(word));
    if says(&["state lock"]) {
        return "another call is at work, or one was killed on another machine: the lock's ID and whose it is are above";
    }
    if says(&["ExpiredToken", "expired", "invalid_grant", "No valid credential"]) {
        return "log in to the cloud again, then call it again: it goes on from there";
    }
    if says(&EXISTS) {
        return "it is there already, and nothing on it says that it is this hub's: remove or rename it, or give the \
                hub another name";
    }
    if says(&["AccessDenied", "UnauthorizedOperation", "forbidden", "Error 403"]) {
        return "`frazil doctor --policy` prints the rights that are needed";
    }
    if says(&["LimitExceeded", "QuotaExceeded", "QUOTA_EXCEEDED", "quota", "Quota"]) {
        return "`frazil doctor` compares quotas with what the hub file needs; ask the cloud for more, or lower \
                the pools' `max`; then call it again: it goes on from there";
    }
    "the same call again goes on from there"
}

#[cfg(test)]
impl Diagnostic {
    /// A complaint about a resource.
    pub(super) fn error(address: &str, detail: &str) -> Self {
        Self {
            severity: "error".to_owned(),
            summary: "creating it".to_owned(),
            detail: detail.to_owned(),
            address: Some(address.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn message(text: &str) -> Message {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_being_made_is_told() {
        let start = r#"{"type":"apply_start","hook":{"resource":{"addr":"aws_vpc.hub"},"action":"create"}}"#;
        assert_eq!(message(start).words().unwrap(), "making aws_vpc.hub");
        let on = r#"{"type":"apply_progress","hook":{"resource":{"addr":"aws_vpc.hub"},"action":"delete","elapsed_seconds":10}}"#;
        assert_eq!(message(on).words().unwrap(), "removing aws_vpc.hub (10 s)");
        assert_eq!(message(r#"{"type":"version","terraform":"1.11.4"}"#).words(), None);
    }

    #[test]
    fn a_complaint_says_what_about_and_what_to_do() {
        let problem = Diagnostic {
            severity: "error".to_owned(),
            summary: "creating EKS Node Group".to_owned(),
            detail: "operation error EKS: ResourceLimitExceededException: quota of 20".to_owned(),
            address: Some("aws_eks_node_group.pool[\"user\"]".to_owned()),
        };
        let failed = || ToolError::Failed {
            program: "terraform".to_owned(),
            status: ExitStatus::from_raw(256),
            lines: Vec::new(),
        };
        let error = failure(&[problem], failed());
        assert_eq!(error.to_string(), "aws_eks_node_group.pool[\"user\"]: creating EKS Node Group");
        assert!(error.hints()[0].contains("quotas"), "{:?}", error.hints());
        assert!(failure(&[], failed()).to_string().contains("terraform ended"));
    }
}
