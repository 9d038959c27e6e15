//! Secrets by reference: the file never holds one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretRef {
    /// In an environment variable.
    Env(#[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"), example = &"GITHUB_CLIENT_SECRET")] String),
    /// In a file of its own, which only its owner may read; relative to the hub file.
    File(#[schemars(length(min = 1), example = &"client-secret.txt")] String),
    /// In a file encrypted with sops, as `FILE#KEY`.
    Sops(#[schemars(regex(pattern = r"^[^#]+#[^#]+$"), example = &"secrets.yaml#cilogon")] String),
}

impl SecretRef {
    /// The keys by which the file names it.
    pub(super) const WAYS: [&'static str; 3] = ["env", "file", "sops"];
}
