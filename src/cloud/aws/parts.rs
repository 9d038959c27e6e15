//! Parts of something that is the hub's whose IDs nothing else tells: what a call made and forgot is
//! looked for where it has to be, by the arguments that Terraform would make it with.

use serde_json::{Value, json};

use super::HUB_TAG;
use super::endpoints::{BACKUP, EC2, EFS, KMS};
use super::records::values;
use super::session::{Ask, Aws};
use crate::cloud::http::{Asked, found};
use crate::cloud::read::{each, tags, text, texts};
use crate::error::Result;

impl Aws {
    /// How Terraform's `import` names a part that is there, by its type and arguments.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    pub async fn part(&self, kind: &str, hub: &str, arguments: &Value) -> Result<Option<String>> {
        let said = |name: &str| text(arguments, &format!("/{name}"));
        let asked = match kind {
            "aws_efs_mount_target" => self.mount_target(&said("file_system_id"), &said("subnet_id")).await,
            "aws_efs_access_point" => self.access_point(&said("file_system_id"), &said("tags/Name")).await,
            "aws_vpc_security_group_ingress_rule" => self.ingress_rule(&said("security_group_id")).await,
            "aws_backup_selection" => self.selection(&said("plan_id"), &said("name")).await,
            "aws_kms_alias" => self.alias(&said("name"), &said("target_key_id"), hub).await,
            "aws_route53_record" => {
                self.own_record(&said("zone_id"), &said("name"), &texts(arguments, "/records")).await
            }
            _ => Ok(None),
        };
        self.or_explain(asked)
    }

    /// EFS API Reference, `DescribeMountTargets`.
    async fn mount_target(&self, file_system: &str, subnet: &str) -> Asked<Option<String>> {
        let all = self.of_file_system(file_system, "mount-targets", "DescribeMountTargets").await?;
        let targets = each(&all, "/MountTargets").into_iter();
        Ok(only(targets.filter(|one| text(one, "/SubnetId") == subnet), "/MountTargetId"))
    }

    /// EFS API Reference, `DescribeAccessPoints`: the one that is called so.
    async fn access_point(&self, file_system: &str, name: &str) -> Asked<Option<String>> {
        let all = self.of_file_system(file_system, "access-points", "DescribeAccessPoints").await?;
        let points = each(&all, "/AccessPoints").into_iter();
        let called = |one: &&Value| tags(one, "/Tags").get("Name").is_some_and(|tag| tag == name);
        Ok(only(points.filter(called), "/AccessPointId"))
    }

    async fn of_file_system(&self, id: &str, list: &str, operation: &str) -> Asked<Value> {
        let query = vec![("FileSystemId".to_owned(), id.to_owned())];
        let path = format!("/2015-02-01/{list}");
        self.rest_json(EFS, Ask { path, query, operation, ..Ask::default() }).await
    }

    /// EC2 API Reference, `DescribeSecurityGroupRules`: the one rule that lets something in.
    async fn ingress_rule(&self, group: &str) -> Asked<Option<String>> {
        let filter = [("Filter.1.Name", "group-id".to_owned()), ("Filter.1.Value.1", group.to_owned())];
        let rules =
            self.pages(EC2, "DescribeSecurityGroupRules", &filter, "/securityGroupRuleSet/item").await?;
        Ok(only(rules.iter().filter(|one| text(one, "/isEgress") == "false"), "/securityGroupRuleId"))
    }

    /// AWS Backup Developer Guide, `ListBackupSelections`: what a plan of the hub selects.
    async fn selection(&self, plan: &str, name: &str) -> Asked<Option<String>> {
        let path = format!("/backup/plans/{plan}/selections/");
        let ask = Ask { path, operation: "ListBackupSelections", ..Ask::default() };
        let all =
            found(self.rest_json(BACKUP, ask).await, |fault| fault.status() == 404)?.unwrap_or_default();
        let named = each(&all, "/BackupSelectionsList").into_iter();
        let id = only(named.filter(|one| text(one, "/SelectionName") == name), "/SelectionId");
        Ok(id.map(|id| format!("{plan}|{id}")))
    }

    /// A key's name, if the key is the one that Terraform would give it to, or carries the hub's tag: of
    /// a hub that was taken down it goes on naming a key that waits for its deletion.
    async fn alias(&self, name: &str, key: &str, hub: &str) -> Asked<Option<String>> {
        let all = self.aliases(None).await?;
        let Some(alias) = all.iter().find(|one| text(one, "/AliasName") == name) else { return Ok(None) };
        let named = text(alias, "/TargetKeyId");
        let own = !named.is_empty() && (key == named || self.is_tagged(&named, hub).await?);
        Ok(own.then(|| name.to_owned()))
    }

    /// AWS KMS API Reference, `ListResourceTags`.
    async fn is_tagged(&self, key: &str, hub: &str) -> Asked<bool> {
        let answer = self.json(KMS, "ListResourceTags", &json!({ "KeyId": key })).await;
        // A name may be left over from a key that is gone.
        let answer = found(answer, |fault| fault.code() == "NotFoundException")?.unwrap_or_default();
        Ok(tags(&answer, "/Tags").get(HUB_TAG).is_some_and(|owner| owner == hub))
    }

    /// AWS KMS API Reference, `ListAliases`: of one key, or all of them.
    pub(super) async fn aliases(&self, key: Option<&str>) -> Asked<Vec<Value>> {
        let mut all = Vec::new();
        let mut body = key.map_or_else(|| json!({}), |key| json!({ "KeyId": key }));
        loop {
            let answer = self.json(KMS, "ListAliases", &body).await;
            let page = found(answer, |fault| fault.code() == "NotFoundException")?.unwrap_or_default();
            all.extend(each(&page, "/Aliases").into_iter().cloned());
            let next = text(&page, "/NextMarker");
            if next.is_empty() {
                return Ok(all);
            }
            body["Marker"] = next.into();
        }
    }

    /// A record that leads where Terraform would have it lead.
    async fn own_record(&self, zone: &str, domain: &str, addresses: &[String]) -> Asked<Option<String>> {
        let set = self.record_set(zone, domain).await?;
        let same = set.is_some_and(|set| !addresses.is_empty() && values(&set) == addresses);
        Ok(same.then(|| format!("{zone}_{domain}_A")))
    }
}

/// The ID of the only one: of two nobody can say which one is meant.
fn only<'a>(mut found: impl Iterator<Item = &'a Value>, id: &str) -> Option<String> {
    let first = found.next()?;
    found.next().is_none().then(|| text(first, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_none_is_meant() {
        let (one, two) = (json!({ "Id": "a" }), json!({ "Id": "b" }));
        assert_eq!(only([&one].into_iter(), "/Id").as_deref(), Some("a"));
        assert_eq!(only([&one, &two].into_iter(), "/Id"), None);
        assert_eq!(only([].into_iter(), "/Id"), None);
    }
}
