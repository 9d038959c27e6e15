//! Removing what a hub left, one thing at a time.

use reqwest::Method;
use serde_json::json;

use super::clusters::refused;
use super::endpoints::{
    AUTOSCALING, Api, BACKUP, BUDGETS, DLM, EC2, ECR, EFS, ELB, ELB2, EXPORTS, IAM, KMS, LOGS,
};
use super::session::{Ask, Aws};
use crate::cloud::http::Asked;
use crate::cloud::read::{each, encode, text};
use crate::cloud::{Kind, Leftover, Removal, Way};
use crate::error::Error;

/// Days until a key goes: the fewest that KMS takes (`ScheduleKeyDeletion`).
const KEY_DAYS: u32 = 7;

/// What a fault of a removal means.
fn outcome<T>(asked: Asked<T>, done: Removal) -> Asked<Removal> {
    let Err(fault) = asked else { return Ok(done) };
    let code = fault.code();
    let gone = code.ends_with("NotFound")
        || code.ends_with("NotFoundException")
        || code.ends_with(".Malformed")
        || [
            "NoSuchEntity",
            "NoSuchBucket",
            "FileSystemNotFound",
            "MountTargetNotFound",
            "AccessPointNotFound",
        ]
        .contains(&code);
    if gone && code != "AccessDenied" {
        return Ok(Removal::Gone);
    }
    let held = [
        "DependencyViolation",
        "ResourceInUse",
        "ResourceInUseException",
        "VolumeInUse",
        "InvalidSnapshot.InUse",
        "InvalidNetworkInterface.InUse",
        "InvalidIPAddress.InUse",
        "InvalidGroup.InUse",
        "FileSystemInUse",
        "DeleteConflict",
        "IncorrectState",
        "AuthFailure.AddressInUse",
        "InvalidRequestException",
        "ScalingActivityInProgress",
        "ResourceInUseFault",
        "OperationNotPermitted",
        "Resource.AlreadyAssociated",
    ];
    if held.contains(&code) {
        let message = fault.message().trim_end_matches('.').to_owned();
        return Ok(Removal::Held(if message.is_empty() { code.to_owned() } else { message }));
    }
    Err(fault)
}

impl Aws {
    /// Removes one thing. The call for each kind is named after the operation in the API reference
    /// of its service.
    pub(super) async fn remove_one(&self, leftover: &Leftover) -> Asked<Removal> {
        if let Way::ByHand(how) | Way::With(how) = &leftover.way {
            return Ok(Removal::Held(how.clone()));
        }
        let id = leftover.id.as_str();
        match leftover.kind {
            Kind::NodePool => self.delete_node_group(id).await,
            Kind::Cluster => self.delete_cluster(&leftover.name).await,
            Kind::LoadBalancer if id.starts_with("arn:") => {
                self.by_form(ELB2, "DeleteLoadBalancer", "LoadBalancerArn", id).await
            }
            Kind::LoadBalancer => self.by_form(ELB, "DeleteLoadBalancer", "LoadBalancerName", id).await,
            Kind::TargetGroup => self.by_form(ELB2, "DeleteTargetGroup", "TargetGroupArn", id).await,
            Kind::InstanceGroup => {
                let pairs = [("AutoScalingGroupName", id.to_owned()), ("ForceDelete", "true".to_owned())];
                let asked = self.form(AUTOSCALING, "DeleteAutoScalingGroup", &pairs).await;
                let missing = asked.as_ref().err().is_some_and(|fault| fault.message().contains("not found"));
                if missing { Ok(Removal::Gone) } else { outcome(asked, Removal::Going) }
            }
            Kind::Instance => {
                let asked = self.form(EC2, "TerminateInstances", &[("InstanceId.1", id.to_owned())]).await;
                outcome(asked, Removal::Going)
            }
            Kind::Template => self.by_form(EC2, "DeleteLaunchTemplate", "LaunchTemplateId", id).await,
            Kind::Nat => {
                let asked = self.form(EC2, "DeleteNatGateway", &[("NatGatewayId", id.to_owned())]).await;
                outcome(asked, Removal::Going)
            }
            Kind::Endpoint => self.delete_endpoint(id).await,
            Kind::FileSystem => self.delete_file_system(id).await,
            Kind::FlowLog => self.by_form(EC2, "DeleteFlowLogs", "FlowLogId.1", id).await,
            Kind::Interface => self.by_form(EC2, "DeleteNetworkInterface", "NetworkInterfaceId", id).await,
            Kind::Record => self.delete_record(id).await,
            Kind::Address => self.by_form(EC2, "ReleaseAddress", "AllocationId", id).await,
            Kind::Firewall => self.delete_group(id).await,
            Kind::Route => self.delete_routes(id).await,
            Kind::Subnet => self.by_form(EC2, "DeleteSubnet", "SubnetId", id).await,
            Kind::Gateway => self.delete_gateway(id).await,
            Kind::Network => self.by_form(EC2, "DeleteVpc", "VpcId", id).await,
            Kind::Disk => self.by_form(EC2, "DeleteVolume", "VolumeId", id).await,
            Kind::Snapshot => self.by_form(EC2, "DeleteSnapshot", "SnapshotId", id).await,
            Kind::Plan | Kind::Backup => self.delete_backup(id).await,
            Kind::Export => {
                let asked = self.json(EXPORTS, "DeleteExport", &json!({ "ExportArn": id })).await;
                outcome(asked, Removal::Gone)
            }
            Kind::Bucket => self.delete_whole_bucket(id).await,
            Kind::Repository => {
                let body = json!({ "repositoryName": id, "force": true });
                outcome(self.json(ECR, "DeleteRepository", &body).await, Removal::Gone)
            }
            Kind::LogGroup => outcome(
                self.json(LOGS, "DeleteLogGroup", &json!({ "logGroupName": id })).await,
                Removal::Gone,
            ),
            Kind::Issuer => {
                self.by_form(IAM, "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", id).await
            }
            Kind::Profile => self.delete_profile(id).await,
            Kind::Policy => self.delete_policy(id).await,
            Kind::Account => self.delete_role(id).await,
            Kind::Budget => {
                let account = self.caller().await?.account;
                let body = json!({ "AccountId": account, "BudgetName": leftover.name });
                outcome(self.json(BUDGETS, "DeleteBudget", &body).await, Removal::Gone)
            }
            Kind::Key => self.delete_key(id).await,
            other => Err(Error::failed(format!("AWS has no {other} that frazil removes")).into()),
        }
    }

    /// Its names first: they would stand in the way of the next key's while it waits.
    async fn delete_key(&self, id: &str) -> Asked<Removal> {
        for alias in self.aliases(Some(id)).await? {
            let body = json!({ "AliasName": text(&alias, "/AliasName") });
            outcome(self.json(KMS, "DeleteAlias", &body).await, Removal::Gone)?;
        }
        let body = json!({ "KeyId": id, "PendingWindowInDays": KEY_DAYS });
        let asked = self.json(KMS, "ScheduleKeyDeletion", &body).await;
        let pending = asked.as_ref().err().is_some_and(|fault| fault.code() == "KMSInvalidStateException");
        if pending { Ok(Removal::Gone) } else { outcome(asked, Removal::Gone) }
    }

    async fn by_form(&self, api: Api, operation: &str, key: &str, id: &str) -> Asked<Removal> {
        outcome(self.form(api, operation, &[(key, id.to_owned())]).await, Removal::Gone)
    }

    async fn delete_node_group(&self, id: &str) -> Asked<Removal> {
        let (cluster, name) = id.split_once('/').unwrap_or((id, ""));
        let asked = self.eks().delete_nodegroup().cluster_name(cluster).nodegroup_name(name).send().await;
        outcome(asked.map_err(|error| refused("eks:DeleteNodegroup", error)), Removal::Going)
    }

    async fn delete_cluster(&self, name: &str) -> Asked<Removal> {
        let asked = self.eks().delete_cluster().name(name).send().await;
        outcome(asked.map_err(|error| refused("eks:DeleteCluster", error)), Removal::Going)
    }

    /// Its mount targets and access points first: a file system with any of them stays.
    async fn delete_file_system(&self, id: &str) -> Asked<Removal> {
        let (targets, points) = match self.parts_of_file_system(id).await {
            Err(fault) if fault.code() == "FileSystemNotFound" => return Ok(Removal::Gone),
            parts => parts?,
        };
        let waiting = !targets.is_empty();
        for target in targets {
            self.delete_at(EFS, "DeleteMountTarget", &format!("/2015-02-01/mount-targets/{target}")).await?;
        }
        for point in points {
            self.delete_at(EFS, "DeleteAccessPoint", &format!("/2015-02-01/access-points/{point}")).await?;
        }
        let asked =
            self.delete_at(EFS, "DeleteFileSystem", &format!("/2015-02-01/file-systems/{id}")).await?;
        Ok(if waiting && matches!(asked, Removal::Held(_)) { Removal::Going } else { asked })
    }

    async fn delete_at(&self, api: Api, operation: &str, path: &str) -> Asked<Removal> {
        let ask = Ask { method: Method::DELETE, path: path.to_owned(), operation, ..Ask::default() };
        outcome(self.send(api, ask).await, Removal::Gone)
    }

    /// Its rules first: groups that let each other in hold each other.
    async fn delete_group(&self, id: &str) -> Asked<Removal> {
        let filter = [("Filter.1.Name", "group-id".to_owned()), ("Filter.1.Value.1", id.to_owned())];
        let rules =
            self.pages(EC2, "DescribeSecurityGroupRules", &filter, "/securityGroupRuleSet/item").await?;
        for (egress, operation) in
            [("false", "RevokeSecurityGroupIngress"), ("true", "RevokeSecurityGroupEgress")]
        {
            let ids: Vec<_> = rules
                .iter()
                .filter(|rule| {
                    text(rule, "/isEgress") == egress
                        && !text(rule, "/referencedGroupInfo/groupId").is_empty()
                })
                .map(|rule| text(rule, "/securityGroupRuleId"))
                .collect();
            if ids.is_empty() {
                continue;
            }
            let keys: Vec<_> = (1..=ids.len()).map(|index| format!("SecurityGroupRuleId.{index}")).collect();
            let mut pairs = vec![("GroupId", id.to_owned())];
            pairs.extend(keys.iter().map(String::as_str).zip(ids));
            outcome(self.form(EC2, operation, &pairs).await, Removal::Gone)?;
        }
        self.by_form(EC2, "DeleteSecurityGroup", "GroupId", id).await
    }

    /// The answer is fine even where it says that nothing was done.
    async fn delete_endpoint(&self, id: &str) -> Asked<Removal> {
        let answer = self.form(EC2, "DeleteVpcEndpoints", &[("VpcEndpointId.1", id.to_owned())]).await;
        let refused = answer.as_ref().ok().and_then(|answer| {
            let first = each(answer, "/unsuccessful/item").first().map(|one| text(one, "/error/message"))?;
            Some(first.trim_end_matches('.').to_owned())
        });
        Ok(match refused {
            Some(message) if message.contains("does not exist") => Removal::Gone,
            Some(message) => Removal::Held(message),
            None => outcome(answer, Removal::Going)?,
        })
    }

    /// Its associations first.
    async fn delete_routes(&self, id: &str) -> Asked<Removal> {
        let one = [("RouteTableId.1", id.to_owned())];
        let tables = match self.pages(EC2, "DescribeRouteTables", &one, "/routeTableSet/item").await {
            Err(fault) if fault.code() == "InvalidRouteTableID.NotFound" => return Ok(Removal::Gone),
            tables => tables?,
        };
        for association in tables.iter().flat_map(|table| each(table, "/associationSet/item")) {
            let pairs = [("AssociationId", text(association, "/routeTableAssociationId"))];
            outcome(self.form(EC2, "DisassociateRouteTable", &pairs).await, Removal::Gone)?;
        }
        self.by_form(EC2, "DeleteRouteTable", "RouteTableId", id).await
    }

    async fn delete_gateway(&self, id: &str) -> Asked<Removal> {
        let one = [("InternetGatewayId.1", id.to_owned())];
        let found = self.pages(EC2, "DescribeInternetGateways", &one, "/internetGatewaySet/item").await;
        let found = match found {
            Err(fault) if fault.code() == "InvalidInternetGatewayID.NotFound" => return Ok(Removal::Gone),
            found => found?,
        };
        let networks = found.iter().flat_map(|gateway| each(gateway, "/attachmentSet/item"));
        for network in networks.map(|one| text(one, "/vpcId")) {
            let pairs = [("InternetGatewayId", id.to_owned()), ("VpcId", network)];
            let detached = outcome(self.form(EC2, "DetachInternetGateway", &pairs).await, Removal::Gone)?;
            if detached != Removal::Gone {
                return Ok(detached);
            }
        }
        self.by_form(EC2, "DeleteInternetGateway", "InternetGatewayId", id).await
    }

    /// A vault with what it keeps, a plan with what it selects, or a policy of copies.
    async fn delete_backup(&self, id: &str) -> Asked<Removal> {
        if let Some(vault) = id.strip_prefix("backup-vault:") {
            return self.delete_vault(vault).await;
        }
        if let Some((_, plan)) = id.split_once(":backup-plan:") {
            let path = format!("/backup/plans/{plan}/selections/");
            let ask = Ask { path, operation: "ListBackupSelections", ..Ask::default() };
            let selections = match self.rest_json(BACKUP, ask).await {
                Err(fault) if fault.status() == 404 => serde_json::Value::Null,
                selections => selections?,
            };
            for one in each(&selections, "/BackupSelectionsList") {
                let path = format!("/backup/plans/{plan}/selections/{}", text(one, "/SelectionId"));
                self.delete_at(BACKUP, "DeleteBackupSelection", &path).await?;
            }
            return self.delete_at(BACKUP, "DeleteBackupPlan", &format!("/backup/plans/{plan}")).await;
        }
        let policy = id.rsplit('/').next().unwrap_or_default();
        self.delete_at(DLM, "DeleteLifecyclePolicy", &format!("/policies/{policy}/")).await
    }

    async fn delete_vault(&self, vault: &str) -> Asked<Removal> {
        let base = format!("/backup-vaults/{}", encode(vault, true));
        let mut next = String::new();
        loop {
            let query = if next.is_empty() { Vec::new() } else { vec![("nextToken".to_owned(), next)] };
            let path = format!("{base}/recovery-points/");
            let ask = Ask { path, query, operation: "ListRecoveryPointsByBackupVault", ..Ask::default() };
            let page = match self.rest_json(BACKUP, ask).await {
                Err(fault) if fault.status() == 404 => break,
                page => page?,
            };
            for one in each(&page, "/RecoveryPoints") {
                let path =
                    format!("{base}/recovery-points/{}", encode(&text(one, "/RecoveryPointArn"), true));
                self.delete_at(BACKUP, "DeleteRecoveryPoint", &path).await?;
            }
            next = text(&page, "/NextToken");
            if next.is_empty() {
                break;
            }
        }
        self.delete_at(BACKUP, "DeleteBackupVault", &base).await
    }

    async fn delete_whole_bucket(&self, name: &str) -> Asked<Removal> {
        let Some(bucket) = self.describe_bucket(name).await? else { return Ok(Removal::Gone) };
        if bucket.hub.is_none() {
            return Ok(Removal::Held("it no longer carries the tag of a hub".to_owned()));
        }
        self.delete_objects(&bucket, &mut |_| ()).await?;
        self.delete_bucket(&bucket).await?;
        Ok(Removal::Gone)
    }

    async fn delete_profile(&self, name: &str) -> Asked<Removal> {
        let named = ("InstanceProfileName", name.to_owned());
        let profile = match self.form(IAM, "GetInstanceProfile", std::slice::from_ref(&named)).await {
            Err(fault) if fault.code() == "NoSuchEntity" => return Ok(Removal::Gone),
            profile => profile?,
        };
        for role in each(&profile, "/InstanceProfile/Roles/member") {
            let pairs = [named.clone(), ("RoleName", text(role, "/RoleName"))];
            outcome(self.form(IAM, "RemoveRoleFromInstanceProfile", &pairs).await, Removal::Gone)?;
        }
        outcome(self.form(IAM, "DeleteInstanceProfile", &[named]).await, Removal::Gone)
    }

    /// Its versions first, but the default one, which goes with it.
    async fn delete_policy(&self, arn: &str) -> Asked<Removal> {
        let named = ("PolicyArn", arn.to_owned());
        let versions = match self
            .pages(IAM, "ListPolicyVersions", std::slice::from_ref(&named), "/Versions/member")
            .await
        {
            Err(fault) if fault.code() == "NoSuchEntity" => return Ok(Removal::Gone),
            versions => versions?,
        };
        for version in versions.iter().filter(|version| text(version, "/IsDefaultVersion") == "false") {
            let pairs = [named.clone(), ("VersionId", text(version, "/VersionId"))];
            outcome(self.form(IAM, "DeletePolicyVersion", &pairs).await, Removal::Gone)?;
        }
        outcome(self.form(IAM, "DeletePolicy", &[named]).await, Removal::Gone)
    }

    /// What is attached to it first.
    async fn delete_role(&self, name: &str) -> Asked<Removal> {
        let named = ("RoleName", name.to_owned());
        let lists = [
            (
                "ListAttachedRolePolicies",
                "/AttachedPolicies/member",
                "/PolicyArn",
                "DetachRolePolicy",
                "PolicyArn",
            ),
            ("ListRolePolicies", "/PolicyNames/member", "", "DeleteRolePolicy", "PolicyName"),
        ];
        for (list, pointer, id, remove, key) in lists {
            let all = match self.pages(IAM, list, std::slice::from_ref(&named), pointer).await {
                Err(fault) if fault.code() == "NoSuchEntity" => return Ok(Removal::Gone),
                all => all?,
            };
            for one in &all {
                let pairs = [named.clone(), (key, text(one, id))];
                outcome(self.form(IAM, remove, &pairs).await, Removal::Gone)?;
            }
        }
        let profiles = self
            .pages(
                IAM,
                "ListInstanceProfilesForRole",
                std::slice::from_ref(&named),
                "/InstanceProfiles/member",
            )
            .await?;
        for profile in &profiles {
            let pairs = [named.clone(), ("InstanceProfileName", text(profile, "/InstanceProfileName"))];
            outcome(self.form(IAM, "RemoveRoleFromInstanceProfile", &pairs).await, Removal::Gone)?;
        }
        outcome(self.form(IAM, "DeleteRole", &[named]).await, Removal::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::http::{Fault, Refusal};

    fn refusal(code: &str) -> Asked<()> {
        Err(Fault::Refused(Refusal {
            asked: "ec2:DeleteVolume".to_owned(),
            status: 400,
            code: code.to_owned(),
            message: "It is used.".to_owned(),
        }))
    }

    #[test]
    fn gone_already_is_fine_and_use_is_waited_for() {
        assert_eq!(outcome(Ok(()), Removal::Going).unwrap(), Removal::Going);
        assert_eq!(outcome(refusal("InvalidVolume.NotFound"), Removal::Going).unwrap(), Removal::Gone);
        assert_eq!(outcome(refusal("ResourceNotFoundException"), Removal::Going).unwrap(), Removal::Gone);
        assert_eq!(
            outcome(refusal("DependencyViolation"), Removal::Gone).unwrap(),
            Removal::Held("It is used".to_owned())
        );
        assert!(outcome(refusal("UnauthorizedOperation"), Removal::Gone).is_err());
    }
}
