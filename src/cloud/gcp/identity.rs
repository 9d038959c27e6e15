//! Whose credentials these are, and which APIs are switched on.

use reqwest::Method;

use super::session::{Ask, Gcp};
use crate::cloud::http::Asked;
use crate::cloud::read::{each, text};
use crate::cloud::{Identity, Service};

/// APIs that a hub needs, and for what; `terraform/gcp/apis.tf` switches all but the last on.
const APIS: [(&str, &str); 16] = [
    ("compute", "networks, machines, disks"),
    ("container", "the cluster"),
    ("cloudresourcemanager", "the project's own policy"),
    ("iam", "service accounts"),
    ("iamcredentials", "tokens of pods"),
    ("storage", "the scratch bucket and Terraform's state"),
    ("artifactregistry", "the hub's image"),
    ("containerfilesystem", "image streaming"),
    ("logging", "the cluster's logs"),
    ("monitoring", "the cluster's metrics, who is told of the budget"),
    ("file", "shared homes on Filestore"),
    ("dns", "the record of `domain`"),
    ("billingbudgets", "`budget`"),
    ("cloudbilling", "`budget`"),
    ("bigquery", "`billing.exports`, `billing.from`"),
    (QUOTAS, "quotas, which `doctor` compares"),
];
/// The one that nothing but `doctor` asks.
const QUOTAS: &str = "cloudquotas";

impl Gcp {
    /// Cloud Resource Manager API v3, `projects.get`; Google's token information tells the person.
    pub(super) async fn ask_caller(&self) -> Asked<Identity> {
        let path = format!("/v3/projects/{}", self.project());
        let found = self.get("cloudresourcemanager", path, "resourcemanager.projects.get").await?;
        let principal = match self.login().email() {
            Some(email) => email.to_owned(),
            None => self.principal().await?,
        };
        Ok(Identity { account: text(&found, "/projectId"), principal })
    }

    async fn principal(&self) -> Asked<String> {
        let token = self.login().token().await?;
        let query = vec![("access_token".to_owned(), token.secret().to_owned())];
        let path = "/tokeninfo".to_owned();
        let ask = Ask {
            method: Method::GET,
            api: "oauth2",
            path,
            query,
            asked: "oauth2.tokeninfo",
            ..Ask::default()
        };
        let told = self.ask(ask).await?;
        // Without the scope of the address, only the client is told.
        let all = [text(&told, "/email"), text(&told, "/azp")];
        Ok(all.into_iter().find(|text| !text.is_empty()).unwrap_or_default())
    }

    /// Service Usage API v1, `services.batchGet`.
    pub(super) async fn api_states(&self) -> Asked<Vec<Service>> {
        let names =
            APIS.iter().map(|(api, _)| format!("projects/{}/services/{api}.googleapis.com", self.project()));
        let query = names.map(|name| ("names".to_owned(), name)).collect();
        let path = self.below("v1", "services:batchGet");
        let asked = "serviceusage.services.get";
        let told = self
            .ask(Ask { method: Method::GET, api: "serviceusage", path, query, asked, ..Ask::default() })
            .await?;
        let on: Vec<_> = each(&told, "/services")
            .into_iter()
            .filter(|one| text(one, "/state") == "ENABLED")
            .map(|one| text(one, "/name"))
            .collect();
        let state = |(api, purpose): (&str, &str)| {
            let name = format!("{api}.googleapis.com");
            Service {
                purpose: purpose.to_owned(),
                enabled: on.iter().any(|one| one.rsplit('/').next() == Some(&name)),
                by_up: api != QUOTAS,
                fix: format!("gcloud services enable {name} --project {}", self.project()),
                name,
            }
        };
        Ok(APIS.into_iter().map(state).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_switched_on_is_in_the_module() {
        let module = include_str!("../../../terraform/gcp/apis.tf");
        for (api, _) in APIS.iter().filter(|(api, _)| *api != QUOTAS) {
            let named = [format!("\"{api}\""), format!("\"{api}.googleapis.com\"")];
            assert!(named.iter().any(|name| module.contains(name)), "{api}");
        }
    }
}
