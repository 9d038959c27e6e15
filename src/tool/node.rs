//! Node.js and npm: found and asked for their version.

use std::path::PathBuf;

use super::Call;
use crate::context::Context;

/// The oldest Node.js that the hub's proxy runs on (its package says so).
pub const MIN_NODE: u32 = 20;

/// Node.js with its package manager.
#[derive(Clone, Debug)]
pub struct Node {
    /// The path of `node`.
    pub path: PathBuf,
    /// The version, such as `20.20.2`.
    pub version: String,
    /// Whether it is new enough.
    pub new_enough: bool,
    /// The path of `npm`, if it is there.
    pub npm: Option<PathBuf>,
}

/// Looks for Node.js.
pub fn find_node(context: &Context) -> Option<Node> {
    let path = context.find_program("node").or_else(|| context.find_program("nodejs"))?;
    let answer = Call::new(&path).arguments(["--version"]).without("NODE_OPTIONS").output().ok()?;
    let version = answer.trim_start_matches('v').to_owned();
    let major: u32 = version.split('.').next().and_then(|part| part.parse().ok()).unwrap_or(0);
    Some(Node { path, version, new_enough: major >= MIN_NODE, npm: context.find_program("npm") })
}
