//! What a hub has to do with bills: its budget, whom that tells, and the dataset of the billing export.

use reqwest::Method;
use serde_json::Value;

use super::HUB_LABEL;
use super::marks::Marks;
use super::session::{Ask, Gcp, is_missing, nothing_if_off};
use crate::cloud::http::{Asked, found, nothing_if_denied};
use crate::cloud::read::{each, tags, text, texts};
use crate::cloud::{Belongs, Hub, Kind, Leftover};

impl Gcp {
    pub(super) async fn bills(&self, hub: &Hub, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut own = self.datasets(marks).await?;
        own.extend(self.channels(marks).await?);
        own.extend(nothing_if_denied(nothing_if_off(self.budgets(hub).await), hub.budget)?);
        Ok(own)
    }

    /// `BigQuery` API v2, `datasets.list`: the labels are in the list.
    async fn datasets(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let path = format!("/bigquery/v2/projects/{}/datasets", self.project());
        let query = [("filter", format!("labels.{HUB_LABEL}:{}", marks.hub()))];
        let query = query.each_ref().map(|(key, value)| (*key, value.as_str()));
        let all = self.list("bigquery", path, &query, "/datasets", "bigquery.datasets.get").await;
        let own = nothing_if_off(all)?.into_iter().filter_map(|one| {
            let belongs = marks.by_labels(&tags(&one, "/labels"))?;
            let name = text(&one, "/datasetReference/datasetId");
            let id = format!("projects/{}/datasets/{name}", self.project());
            let told = Leftover::new(Kind::Dataset, id, belongs).named(&name);
            Some(told.at(&text(&one, "/location").to_lowercase()).noted("billed by its size"))
        });
        Ok(own.collect())
    }

    /// Cloud Monitoring API v3, `projects.notificationChannels.list`.
    async fn channels(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let path = self.below("v3", "notificationChannels");
        let asked = "monitoring.notificationChannels.list";
        let all = self.list("monitoring", path, &[("pageSize", "500")], "/notificationChannels", asked).await;
        let own = nothing_if_off(all)?.into_iter().filter_map(|one| {
            let belongs = marks.by_labels(&tags(&one, "/userLabels"))?;
            let told = Leftover::new(Kind::Channel, text(&one, "/name"), belongs);
            Some(told.named(&text(&one, "/displayName")).at("global").noted(text(&one, "/type")))
        });
        Ok(own.collect())
    }

    /// Cloud Billing Budget API v1, `billingAccounts.budgets.list`: those that count the hub's label in
    /// this project. Other projects of the account may have a hub of the same name.
    async fn budgets(&self, hub: &Hub) -> Asked<Vec<Leftover>> {
        let path = self.below("v1", "billingInfo");
        let info = self.for_project("cloudbilling", path, Vec::new(), "resourcemanager.projects.get").await?;
        let account = text(&info, "/billingAccountName");
        if account.is_empty() {
            return Ok(Vec::new());
        }
        let path = format!("/v3/projects/{}", self.project());
        let project = self.get("cloudresourcemanager", path, "resourcemanager.projects.get").await?;
        let (number, path) = (text(&project, "/name"), format!("/v1/{account}/budgets"));
        let mut own = Vec::new();
        let mut token = String::new();
        loop {
            let mut query = vec![("pageSize".to_owned(), "100".to_owned())];
            query.extend((!token.is_empty()).then(|| ("pageToken".to_owned(), token)));
            let page =
                self.for_project("billingbudgets", path.clone(), query, "billing.budgets.list").await?;
            let counted = each(&page, "/budgets").into_iter().filter(|one| counts(one, &hub.name, &number));
            own.extend(counted.map(|one| {
                let told = Leftover::new(Kind::Budget, text(one, "/name"), Belongs::Tag);
                told.named(&text(one, "/displayName")).at("global")
            }));
            token = text(&page, "/nextPageToken");
            if token.is_empty() {
                return Ok(own);
            }
        }
    }

    async fn for_project(
        &self,
        api: &str,
        path: String,
        query: Vec<(String, String)>,
        asked: &str,
    ) -> Asked<Value> {
        let ask = Ask { method: Method::GET, api, path, query, asked, for_project: true, ..Ask::default() };
        Ok(found(self.ask(ask).await, is_missing)?.unwrap_or_default())
    }
}

/// Whether a budget's filter is the hub's label in the project of this number.
fn counts(budget: &Value, hub: &str, number: &str) -> bool {
    texts(budget, &format!("/budgetFilter/labels/{HUB_LABEL}")).iter().any(|value| value == hub)
        && texts(budget, "/budgetFilter/projects").iter().any(|project| project == number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_budget_is_the_hubs_by_what_it_counts() {
        let budget = |label: &str, project: &str| {
            json!({ "displayName": "frazil lab",
                "budgetFilter": { "projects": [project], "labels": { "frazil-hub": [label] } } })
        };
        assert!(counts(&budget("lab", "projects/1"), "lab", "projects/1"));
        assert!(!counts(&budget("lab-2", "projects/1"), "lab", "projects/1"));
        assert!(!counts(&budget("lab", "projects/2"), "lab", "projects/1"));
        assert!(!counts(&json!({ "displayName": "frazil lab" }), "lab", "projects/1"));
    }
}
