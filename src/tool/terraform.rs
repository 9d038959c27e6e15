//! Terraform or OpenTofu: found, asked for its version, called in the folder of a root module.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Call, ToolError, last_lines};
use crate::context::Context;
use crate::error::Error;

/// The oldest version that locks a state in S3 by itself (`use_lockfile`), of both programs.
pub const MIN_TERRAFORM: (u32, u32) = (1, 10);

/// How long a call waits for somebody else's to end.
const LOCK_TIMEOUT: &str = "-lock-timeout=30s";

/// Terraform or OpenTofu.
#[derive(Clone, Debug)]
pub struct Terraform {
    /// The path of the program.
    pub path: PathBuf,
    /// The version, such as `1.11.4`.
    pub version: String,
    /// Whether it is OpenTofu.
    pub is_tofu: bool,
}

/// Looks for Terraform, then for OpenTofu; `FRAZIL_TERRAFORM` names another program.
pub fn find_terraform(context: &Context) -> Option<Terraform> {
    let found = || ["terraform", "tofu"].iter().find_map(|name| context.find_program(name));
    let path = context.variable("FRAZIL_TERRAFORM").map(PathBuf::from).or_else(found)?;
    let answer =
        Call::new(&path).arguments(["version", "-json"]).variable("CHECKPOINT_DISABLE", "1").output();
    let answer = first_json(&answer.ok()?)?;
    let version = answer["terraform_version"].as_str()?.to_owned();
    // Both answer `terraform_version`; only Terraform knows whether it is out of date.
    let is_tofu = answer.get("terraform_outdated").is_none();
    Some(Terraform { path, version, is_tofu })
}

impl Terraform {
    /// Whether it is new enough.
    pub fn new_enough(&self) -> bool {
        let mut parts = self.version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= MIN_TERRAFORM
    }

    /// Its name, as people call it.
    pub const fn name(&self) -> &'static str {
        if self.is_tofu { "OpenTofu" } else { "Terraform" }
    }

    fn call(&self, folder: &Path, verb: &[&str]) -> Call {
        Call::new(&self.path)
            .folder(folder)
            .variable("TF_IN_AUTOMATION", "1")
            .variable("TF_INPUT", "0")
            .variable("CHECKPOINT_DISABLE", "1")
            .without("TF_WORKSPACE")
            .arguments(verb)
            .gently()
    }

    /// A call that fetches providers and connects to the state.
    pub fn init(&self, folder: &Path, backend: &[String]) -> Call {
        self.call(folder, &["init", "-no-color", "-reconfigure"]).arguments(backend)
    }

    /// A call that works out what would change and writes it to a file; it tells lines of JSON.
    pub fn plan(&self, folder: &Path, out: &Path, options: &[String]) -> Call {
        let call = self.call(folder, &["plan", "-json", LOCK_TIMEOUT]).arguments(options);
        let mut option = std::ffi::OsString::from("-out=");
        option.push(out);
        call.arguments([option])
    }

    /// A call that does what a plan says; it tells lines of JSON.
    pub fn apply(&self, folder: &Path, plan: &Path) -> Call {
        self.call(folder, &["apply", "-json", LOCK_TIMEOUT]).arguments([plan])
    }

    /// A plan, or without one the state, as JSON.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn show(&self, folder: &Path, plan: Option<&Path>) -> Result<Value, Error> {
        let call = self.call(folder, &["show", "-json", "-no-color"]).arguments(plan);
        self.json(&call.output()?)
    }

    /// The outputs of the state, by name.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn outputs(&self, folder: &Path) -> Result<Value, Error> {
        let call = self.call(folder, &["output", "-json", "-no-color"]);
        self.json(&call.output()?)
    }

    /// Takes back that a resource counts as broken because a call failed while it was made.
    ///
    /// # Errors
    /// When it is not in the state.
    pub fn untaint(&self, folder: &Path, address: &str) -> Result<(), ToolError> {
        self.call(folder, &["untaint", "-no-color", LOCK_TIMEOUT, address]).output().map(drop)
    }

    /// Takes away the lock of a call that was killed.
    ///
    /// # Errors
    /// When there is no such lock.
    pub fn unlock(&self, folder: &Path, lock: &str) -> Result<(), ToolError> {
        self.call(folder, &["force-unlock", "-force", "-no-color", lock]).output().map(drop)
    }

    fn json(&self, text: &str) -> Result<Value, Error> {
        first_json(text).ok_or_else(|| {
            Error::failed(format!("{} answered with something that is no JSON", self.name()))
                .output(last_lines(text))
        })
    }
}

/// The JSON that an answer begins with: warnings about the program's own settings come after it.
fn first_json(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter().next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::{Terraform, first_json};

    #[test]
    fn warnings_after_an_answer_are_left_out() {
        assert_eq!(first_json("{\"a\": 1}\n\nWarning: x").unwrap()["a"], 1);
        assert_eq!(first_json("Warning: x"), None);
    }

    #[test]
    fn what_cannot_lock_in_s3_is_too_old() {
        let of = |version: &str| Terraform { path: "t".into(), version: version.to_owned(), is_tofu: false };
        assert!(of("1.10.0").new_enough() && of("1.12.6-dev").new_enough() && of("2.0.0").new_enough());
        assert!(!of("1.9.8").new_enough() && !of("0.15.0").new_enough());
    }
}
