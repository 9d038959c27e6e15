//! What a cloud does when something is made a second time: a call that was cut off made it, and
//! Terraform's state does not know. Every type of resource in the modules is here.

use Again::{Doubled, Refused, Same};

/// What making something a second time comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// The cloud refuses it, for a name or a place that is taken. What is there is taken over.
    Refused,
    /// There are two, which bill or confuse. What is there is looked for before.
    Doubled,
    /// It is the same as once: a setting that is put, a right that is given, an API that is switched on.
    Same,
}

/// Every type, by each API's reference of the call that makes it: which errors that has, and whether
/// it takes a name that has to be the only one.
const AGAIN: &[(&str, Again)] = &[
    ("aws_autoscaling_group_tag", Same),
    ("aws_backup_plan", Doubled),
    ("aws_backup_selection", Doubled),
    ("aws_backup_vault", Refused),
    ("aws_bcmdataexports_export", Doubled),
    ("aws_budgets_budget", Refused),
    ("aws_cloudwatch_log_group", Refused),
    ("aws_default_security_group", Same),
    ("aws_dlm_lifecycle_policy", Doubled),
    ("aws_ebs_volume", Doubled),
    ("aws_ecr_lifecycle_policy", Same),
    ("aws_ecr_repository", Refused),
    ("aws_efs_access_point", Doubled),
    ("aws_efs_file_system", Doubled),
    ("aws_efs_file_system_policy", Same),
    ("aws_efs_mount_target", Refused),
    ("aws_eip", Doubled),
    ("aws_eks_access_entry", Refused),
    ("aws_eks_access_policy_association", Same),
    ("aws_eks_addon", Refused),
    ("aws_eks_cluster", Refused),
    ("aws_eks_node_group", Doubled),
    ("aws_eks_pod_identity_association", Refused),
    ("aws_flow_log", Refused),
    ("aws_iam_role", Refused),
    ("aws_iam_role_policy", Same),
    ("aws_iam_role_policy_attachment", Same),
    ("aws_internet_gateway", Doubled),
    ("aws_kms_alias", Refused),
    ("aws_kms_key", Doubled),
    ("aws_launch_template", Refused),
    ("aws_nat_gateway", Doubled),
    ("aws_route", Refused),
    ("aws_route53_record", Refused),
    ("aws_route_table", Doubled),
    ("aws_route_table_association", Refused),
    ("aws_s3_bucket", Refused),
    ("aws_s3_bucket_lifecycle_configuration", Same),
    ("aws_s3_bucket_policy", Same),
    ("aws_s3_bucket_public_access_block", Same),
    ("aws_s3_bucket_server_side_encryption_configuration", Same),
    ("aws_s3_bucket_versioning", Same),
    ("aws_security_group", Refused),
    ("aws_subnet", Refused),
    ("aws_vpc", Doubled),
    ("aws_vpc_endpoint", Refused),
    ("aws_vpc_security_group_ingress_rule", Refused),
    ("google_artifact_registry_repository", Refused),
    ("google_bigquery_dataset", Refused),
    ("google_bigquery_dataset_iam_member", Same),
    ("google_billing_budget", Doubled),
    ("google_compute_address", Refused),
    ("google_compute_disk", Refused),
    ("google_compute_disk_resource_policy_attachment", Refused),
    ("google_compute_firewall", Refused),
    ("google_compute_network", Refused),
    ("google_compute_resource_policy", Refused),
    ("google_compute_router", Refused),
    ("google_compute_router_nat", Refused),
    ("google_compute_subnetwork", Refused),
    ("google_container_cluster", Refused),
    ("google_container_node_pool", Refused),
    ("google_dns_record_set", Refused),
    ("google_filestore_instance", Refused),
    ("google_monitoring_notification_channel", Doubled),
    ("google_project_iam_custom_role", Refused),
    ("google_project_iam_member", Same),
    ("google_project_service", Same),
    ("google_service_account", Refused),
    ("google_service_account_iam_member", Same),
    ("google_storage_bucket", Refused),
    ("google_storage_bucket_iam_member", Same),
    // In Terraform's state alone.
    ("terraform_data", Same),
];

/// What making something of a type a second time comes to.
pub(super) fn again(kind: &str) -> Option<Again> {
    AGAIN.iter().find(|(name, _)| *name == kind).map(|(_, again)| *again)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::orphans::{ASKED, FOUND, PARTS};
    use super::*;

    /// Types of resources that the modules below a folder make.
    fn types(folder: &Path) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                all.extend(types(&entry));
            } else if entry.extension().is_some_and(|end| end == "tf") {
                let text = std::fs::read_to_string(&entry).unwrap();
                let kinds =
                    text.lines().filter_map(|line| line.strip_prefix("resource \"")?.split('"').next());
                all.extend(kinds.map(str::to_owned));
            }
        }
        all
    }

    #[test]
    fn every_type_of_the_modules_is_known_and_no_other() {
        let modules = types(&Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform"));
        let known: BTreeSet<_> = AGAIN.iter().map(|(kind, _)| (*kind).to_owned()).collect();
        assert!(modules.len() > 60, "{modules:?}");
        assert_eq!(modules.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the table");
        assert_eq!(known.difference(&modules).collect::<Vec<_>>(), Vec::<&String>::new(), "in no module");
        assert_eq!(known.len(), AGAIN.len(), "a type stands twice");
    }

    #[test]
    fn what_is_not_the_same_again_is_taken_over_in_one_way() {
        for (kind, again) in AGAIN {
            let found = FOUND.iter().filter(|row| row.0 == *kind).count();
            let parts = PARTS.iter().filter(|row| row.0 == *kind).count();
            let asked = ASKED.iter().filter(|row| row.0 == *kind).count();
            let ways = usize::from(*again != Same);
            assert_eq!(found + parts + asked, ways, "{kind}");
            // Where nothing complains, nobody would look for a part that only a complaint names.
            assert!(*again != Doubled || parts == 0, "{kind}");
        }
        let rows = FOUND.iter().map(|row| row.0).chain(PARTS.iter().map(|row| row.0));
        for kind in rows.chain(ASKED.iter().map(|row| row.0)) {
            assert!(again(kind).is_some(), "{kind} is in no module");
        }
    }
}
