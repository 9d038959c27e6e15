//! Parts of something that is the hub's whose IDs nothing else tells: what a call made and forgot is
//! looked for where it has to be.

use super::endpoints::{EC2, EFS};
use super::session::{Ask, Aws};
use crate::cloud::http::Asked;
use crate::cloud::read::{each, text};
use crate::error::Result;

impl Aws {
    /// The mount target of a file system in a subnet.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    pub async fn mount_target(&self, file_system: &str, subnet: &str) -> Result<Option<String>> {
        self.or_explain(self.find_mount_target(file_system, subnet).await)
    }

    /// EFS API Reference, `DescribeMountTargets`.
    async fn find_mount_target(&self, file_system: &str, subnet: &str) -> Asked<Option<String>> {
        let query = vec![("FileSystemId".to_owned(), file_system.to_owned())];
        let path = "/2015-02-01/mount-targets".to_owned();
        let ask = Ask { path, query, operation: "DescribeMountTargets", ..Ask::default() };
        let answer = self.rest_json(EFS, ask).await?;
        let all = each(&answer, "/MountTargets").into_iter();
        let there = all.filter(|one| text(one, "/SubnetId") == subnet);
        Ok(there.map(|one| text(one, "/MountTargetId")).next())
    }

    /// The one rule of a security group that lets something in.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    pub async fn ingress_rule(&self, group: &str) -> Result<Option<String>> {
        self.or_explain(self.find_ingress_rule(group).await)
    }

    /// EC2 API Reference, `DescribeSecurityGroupRules`.
    async fn find_ingress_rule(&self, group: &str) -> Asked<Option<String>> {
        let filter = [("Filter.1.Name", "group-id".to_owned()), ("Filter.1.Value.1", group.to_owned())];
        let rules =
            self.pages(EC2, "DescribeSecurityGroupRules", &filter, "/securityGroupRuleSet/item").await?;
        let mut into = rules.iter().filter(|one| text(one, "/isEgress") == "false");
        // Of two nobody can say which one is meant.
        Ok(into.next().filter(|_| into.next().is_none()).map(|one| text(one, "/securityGroupRuleId")))
    }
}
