//! Rights of the page of costs on the bills that a hub file names, as Terraform plans them.

use std::path::Path;

use frazil::config::check_bytes;
use frazil::render::cluster::Cluster;
use serde_json::{Value, json};

use super::made::Made;
use super::made_of;
use crate::clouds::{Kind, on_paper};
use crate::hub::file;
use crate::hubs::TODAY;

/// What Terraform makes of a hub that has the page, with its bills as given; none where there is no Terraform.
fn made(kind: Kind, billing: &str) -> Option<Made> {
    let environment = on_paper()?;
    let further =
        format!("support: {{ recorder: \"registry.example.org/ops:1\" }}\nbilling: {{ {billing} }}\n");
    let checked = check_bytes(file(kind, &further).into_bytes(), Path::new("hub.yaml"), TODAY);
    let document = checked.document.unwrap_or_else(|| panic!("{:?}", checked.problems));
    let cluster = Cluster::new(&document.hub).unwrap();
    Some(made_of(&cluster, &environment).unwrap_or_else(|error| panic!("{billing}: {error}")))
}

#[test]
fn on_aws_the_page_reads_the_folder_of_the_bills_and_nothing_else() {
    let Some(made) = made(Kind::Aws, "from: { bucket: s3://our-bills/org/cur2 }") else { return };
    let policies = made.block("aws_iam_role_policy.identity");
    let (_, policy) = policies.iter().find(|(key, _)| key == "report").unwrap();
    assert_eq!(policy["role"], "lab-report");
    let rights: Value = serde_json::from_str(policy["policy"].as_str().unwrap()).unwrap();
    let rights: Vec<_> = rights["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|right| json!([right["Effect"], right["Action"], right["Resource"]]))
        .collect();
    let bucket = "arn:aws:s3:::our-bills";
    let expected = [
        json!(["Allow", ["s3:ListBucket", "s3:GetBucketLocation"], [bucket]]),
        json!(["Allow", ["s3:GetObject"], [format!("{bucket}/org/cur2"), format!("{bucket}/org/cur2/*")]]),
    ];
    assert_eq!(rights, expected);
    let accounts = made.block("aws_eks_pod_identity_association.identity");
    let (_, account) = accounts.iter().find(|(key, _)| key == "report").unwrap();
    assert_eq!((&account["namespace"], &account["service_account"]), (&json!("lab"), &json!("recorder")));
}

#[test]
fn on_aws_with_a_key_for_another_clouds_bills_the_page_has_no_role() {
    let billing = "from: { bucket: gs://our-bills }, credentials: { file: bills-key }";
    let Some(made) = made(Kind::Aws, billing) else { return };
    assert!(!made.keys("aws_iam_role.identity").contains(&"report".to_owned()));
    assert!(!made.keys("aws_iam_role_policy.identity").contains(&"report".to_owned()));
}

#[test]
fn on_google_the_page_may_read_the_bucket_or_the_table_that_the_file_names() {
    let Some(bucket) = made(Kind::Google, "from: { bucket: gs://our-bills/focus }") else { return };
    let member = json!("serviceAccount:lab-report@frazil-test.iam.gserviceaccount.com");
    let of = |made: &Made, block: &str, keys: &[&str]| -> Vec<Value> {
        keys.iter().map(|key| made.only(block, &format!("/{key}"))).collect()
    };
    let reads = ["bucket", "role", "member"];
    assert_eq!(
        of(&bucket, "google_storage_bucket_iam_member.report_bills", &reads),
        [json!("our-bills"), json!("roles/storage.objectViewer"), member.clone()]
    );
    for table in
        ["google_bigquery_dataset_iam_member.report_bills", "google_project_iam_member.report_queries"]
    {
        assert!(bucket.block(table).is_empty(), "{table}");
    }
    let table = |project: &str| {
        made(Kind::Google, &format!("from: {{ bigquery: {project}.lab_bills.gcp_billing_export_v1_0177BB }}"))
    };
    let Some(own) = table("frazil-test") else { return };
    assert_eq!(
        of(
            &own,
            "google_bigquery_dataset_iam_member.report_bills",
            &["project", "dataset_id", "role", "member"]
        ),
        [json!("frazil-test"), json!("lab_bills"), json!("roles/bigquery.dataViewer"), member.clone()]
    );
    let asks = ["project", "role", "member"];
    let jobs = [json!("frazil-test"), json!("roles/bigquery.jobUser"), member];
    assert_eq!(of(&own, "google_project_iam_member.report_queries", &asks), jobs);
    assert!(own.block("google_storage_bucket_iam_member.report_bills").is_empty());
    // The dataset of another project is its owner's to share; the queries are paid for here.
    let Some(other) = table("payers-1") else { return };
    assert!(other.block("google_bigquery_dataset_iam_member.report_bills").is_empty());
    assert_eq!(of(&other, "google_project_iam_member.report_queries", &asks), jobs);
}
