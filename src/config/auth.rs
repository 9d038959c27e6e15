//! How people log in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::PersonName;
use super::secret::SecretRef;

/// How people log in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// With a GitHub account, allowed by organization or team.
    Github(Github),
    /// With an institution's account, through CILogon.
    Cilogon(Cilogon),
    /// With any OpenID Connect provider.
    Oidc(Oidc),
    /// With accounts that people open on the hub itself and an admin lets in.
    Native(Native),
    /// With a shared password; on one machine and for gateway-only clusters.
    Password(Password),
    /// With the accounts of this machine; on one machine only.
    Pam(Pam),
    /// With the tokens of another hub; for gateway-only clusters.
    Hub(OtherHub),
}

/// Login with a GitHub account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Github {
    /// Who may log in: organizations (`ORG`), teams (`ORG:TEAM`).
    #[schemars(length(min = 1), inner(regex(pattern = r"^[A-Za-z0-9](-?[A-Za-z0-9])*(:[A-Za-z0-9._-]+)?$")), example = ["ICESAT-2HackWeek:2026"])]
    pub allow: Vec<String>,
    /// The OAuth app's client ID.
    #[schemars(length(min = 1), example = &"Iv1.8a61")]
    pub client_id: String,
    /// The OAuth app's client secret.
    pub client_secret: SecretRef,
}

/// Login with an institution's account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cilogon {
    /// Identity providers that are let in, by their entity ID.
    #[schemars(length(min = 1), inner(url, regex(pattern = r"^https?://[^\s/?#@]+([/?#]\S*)?$")), example = ["https://idp.example.edu/idp/shibboleth"])]
    pub idps: Vec<String>,
    /// The client's ID at CILogon.
    #[schemars(length(min = 1), example = &"cilogon:/client_id/x")]
    pub client_id: String,
    /// The client's secret.
    pub client_secret: SecretRef,
}

/// Login with an OpenID Connect provider.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider's address, below which `/.well-known/openid-configuration` lies.
    #[schemars(url, regex(pattern = r"^https?://[^\s/?#@]+([/?#]\S*)?$"), example = &"https://login.example.org")]
    pub issuer: String,
    /// The client's ID at the provider.
    #[schemars(length(min = 1), example = &"hub")]
    pub client_id: String,
    /// The client's secret.
    pub client_secret: SecretRef,
    /// The claim that becomes the user name.
    #[serde(default = "default_claim")]
    #[schemars(length(min = 1))]
    pub username_claim: String,
    /// People who may log in. Default: everyone the provider knows.
    #[serde(default)]
    pub allow: Vec<PersonName>,
}

/// Accounts that people open on the hub itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Native {
    /// Whether everyone may open an account without an admin's consent.
    pub open: bool,
}

/// Login with a shared password.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Password {
    /// People who may log in beside the admins. Default: with a `user_password`, everyone who knows it.
    pub allow: Vec<PersonName>,
    /// The password of the admins. Default: one is generated and shown once.
    pub admin_password: Option<SecretRef>,
    /// The password of everyone else. Default: one is generated and shown once if `allow` names people.
    pub user_password: Option<SecretRef>,
}

/// Login with the accounts of this machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pam {
    /// Accounts that may log in beside the admins. Default: all of the machine's accounts.
    pub allow: Vec<PersonName>,
}

/// Login with the tokens of another hub.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherHub {
    /// The other hub's address.
    #[schemars(url, regex(pattern = r"^https?://[^\s/?#@]+([/?#]\S*)?$"), example = &"https://hub.example.org")]
    pub address: String,
    /// The token of the service by which the other hub knows this gateway.
    pub token: SecretRef,
}

impl Auth {
    /// The key by which the file names it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Github(_) => "github",
            Self::Cilogon(_) => "cilogon",
            Self::Oidc(_) => "oidc",
            Self::Native(_) => "native",
            Self::Password(_) => "password",
            Self::Pam(_) => "pam",
            Self::Hub(_) => "hub",
        }
    }

    /// Where the client's secret is found, for logins that have one.
    pub fn client_secret(&self) -> Option<&SecretRef> {
        match self {
            Self::Github(github) => Some(&github.client_secret),
            Self::Cilogon(cilogon) => Some(&cilogon.client_secret),
            Self::Oidc(oidc) => Some(&oidc.client_secret),
            Self::Native(_) | Self::Password(_) | Self::Pam(_) | Self::Hub(_) => None,
        }
    }

    /// Whether the login itself brings group memberships.
    pub fn brings_groups(&self) -> bool {
        matches!(self, Self::Github(_) | Self::Cilogon(_) | Self::Oidc(_))
    }
}

fn default_claim() -> String {
    "preferred_username".to_owned()
}
