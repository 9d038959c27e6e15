//! What a hub has to do with bills: its budget, and exports of them. No tagging API of the hub's region
//! tells of either.

use serde_json::{Value, json};

use super::HUB_TAG;
use super::endpoints::{BUDGETS, EXPORTS};
use super::session::Aws;
use crate::cloud::http::{Asked, found, nothing_if_denied};
use crate::cloud::read::{each, text, texts};
use crate::cloud::{Belongs, Hub, Kind, Leftover, Way};

/// What the module calls exports behind the hub's name (`terraform/aws/billing.tf`).
const EXPORTED: [&str; 2] = ["cur2", "focus"];

impl Aws {
    pub(super) async fn bills(&self, hub: &Hub) -> Asked<Vec<Leftover>> {
        let account = self.caller().await?.account;
        let mut own = nothing_if_denied(self.exports(hub, &account).await, hub.exports)?;
        own.extend(nothing_if_denied(self.budget(hub, &account).await, hub.budget)?);
        Ok(own)
    }

    /// AWS Budgets API, `DescribeBudget`: the one of the hub's name, which is the hub's if it counts what
    /// carries its tag.
    async fn budget(&self, hub: &Hub, account: &str) -> Asked<Option<Leftover>> {
        let asked = json!({ "AccountId": account, "BudgetName": hub.name });
        let answer = self.json(BUDGETS, "DescribeBudget", &asked).await;
        let answer = found(answer, |fault| fault.code() == "NotFoundException")?;
        Ok(answer.map(|answer| {
            let id = format!("{account}:{}", hub.name);
            let told = Leftover::new(Kind::Budget, id, Belongs::Name).named(&hub.name).at("global");
            if counts(&answer, &hub.name) { told } else { told.goes(only_its_name()) }
        }))
    }

    /// AWS Data Exports API, `ListExports`, `GetExport`: those of the module's names that write into the
    /// hub's own bucket. Only the commercial partition has them.
    async fn exports(&self, hub: &Hub, account: &str) -> Asked<Vec<Leftover>> {
        let names = EXPORTED.map(|what| format!("{}-{what}", hub.name));
        let bucket = format!("{}-{account}-bills", hub.name);
        let mut own = Vec::new();
        let mut body = json!({});
        while !["cn-", "us-gov-"].iter().any(|other| self.region_name().starts_with(other)) {
            let page = self.json(EXPORTS, "ListExports", &body).await?;
            let listed = each(&page, "/Exports");
            for one in listed.into_iter().filter(|one| names.contains(&text(one, "/ExportName"))) {
                let arn = text(one, "/ExportArn");
                let asked = self.json(EXPORTS, "GetExport", &json!({ "ExportArn": arn })).await;
                let Some(whole) = found(asked, |fault| fault.code() == "ResourceNotFoundException")? else {
                    continue;
                };
                let place = "/Export/DestinationConfigurations/S3Destination/S3Bucket";
                let told = Leftover::new(Kind::Export, arn, Belongs::Name).named(&text(one, "/ExportName"));
                let told = told.at("us-east-1").noted(format!("into the bucket {}", text(&whole, place)));
                own.push(if text(&whole, place) == bucket { told } else { told.goes(only_its_name()) });
            }
            let next = text(&page, "/NextToken");
            if next.is_empty() {
                break;
            }
            body = json!({ "NextToken": next });
        }
        Ok(own)
    }
}

/// Whether a budget's filter is the hub's tag, as `TagKeyValue` writes user-defined ones.
fn counts(answer: &Value, hub: &str) -> bool {
    texts(answer, "/Budget/CostFilters/TagKeyValue").contains(&format!("user:{HUB_TAG}${hub}"))
}

fn only_its_name() -> Way {
    Way::ByHand("only its name says that it is the hub's: delete it yourself if it is".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_the_hubs_by_what_it_counts() {
        let budget = |filter: Value| json!({ "Budget": { "BudgetName": "lab", "CostFilters": filter } });
        assert!(counts(&budget(json!({ "TagKeyValue": ["user:frazil:hub$lab"] })), "lab"));
        assert!(!counts(&budget(json!({ "TagKeyValue": ["user:frazil:hub$lab-2"] })), "lab"));
        assert!(!counts(&budget(json!({})), "lab"));
    }
}
