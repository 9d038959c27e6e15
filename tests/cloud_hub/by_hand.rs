//! Changes that somebody makes in the cloud: `drift` names them, `up` puts them right.

use serde_json::json;

use super::clouds::Kind;
use super::hands::{COMPUTE, SERVICES};
use super::hub::Hub;

const BY_HAND: &str = "changed in the cloud";

/// Each of these, an address and a field, is told as changed by hand.
fn drifted(hub: &Hub, changes: &[(&str, &str)]) {
    let report = hub.report(2, &["drift"]);
    let rows = report["differences"].as_array().unwrap();
    for (address, field) in changes {
        let told = rows.iter().find(|row| row["object"] == *address && row["field"] == *field);
        let told = told.unwrap_or_else(|| panic!("no {field} of {address} in {rows:#?}"));
        assert_eq!(told["who"], BY_HAND, "{told}");
    }
}

fn put_right(hub: &Hub) {
    hub.well(&["up", "--auto-approve"]);
    let told = hub.well(&["drift"]);
    assert!(told.contains("as its file says"), "{told}");
}

#[test]
fn on_aws_a_pool_a_bucket_and_a_tag() {
    let Some(hub) = Hub::new(Kind::Aws) else { return };
    hub.well(&["up", "--auto-approve"]);
    hub.boto(
        r"
eks, ec2 = client('eks'), client('ec2')
group = next(name for name in eks.list_nodegroups(clusterName='lab')['nodegroups'] if name.startswith('user-'))
eks.update_nodegroup_config(clusterName='lab', nodegroupName=group, scalingConfig={'maxSize': 3})
client('s3').delete_bucket(Bucket='lab-123456789012-scratch')
vpc = ec2.describe_vpcs(Filters=[{'Name': 'tag:frazil:hub', 'Values': ['lab']}])['Vpcs'][0]['VpcId']
ec2.delete_tags(Resources=[vpc], Tags=[{'Key': 'frazil:hub'}])
",
        &[],
    );
    drifted(
        &hub,
        &[
            ("aws_eks_node_group.pool[\"user\"]", "scaling_config[0].max_size"),
            ("aws_s3_bucket.scratch[0]", ""),
            ("aws_vpc.hub", "tags_all.frazil:hub"),
        ],
    );
    put_right(&hub);
    let told = hub.boto(
        r"
eks = client('eks')
group = next(name for name in eks.list_nodegroups(clusterName='lab')['nodegroups'] if name.startswith('user-'))
print(eks.describe_nodegroup(clusterName='lab', nodegroupName=group)['nodegroup']['scalingConfig']['maxSize'])
",
        &[],
    );
    assert_eq!(told.trim(), "10");
}

#[test]
fn on_google_a_pool_a_label_and_a_disk_that_cannot_shrink() {
    let Some(hub) = Hub::new(Kind::Google) else { return };
    let homes = |size: &str| format!("{SERVICES}\nstorage: {{ homes: {{ quota: 20 GiB{size} }} }}");
    hub.says(Kind::Google, &homes(""));
    hub.well(&["up", "--auto-approve"]);
    let pool = "/v1/projects/frazil-test/locations/us-central1/clusters/lab/nodePools/user";
    hub.alter(pool, &json!({ "autoscaling": { "totalMaxNodeCount": 3 } }));
    hub.alter("/storage/v1/b/lab-frazil-test-scratch", &json!({ "labels": { "frazil-hub": null } }));
    let disk = format!("{COMPUTE}/zones/us-central1-a/disks/lab-homes");
    hub.alter(&disk, &json!({ "sizeGb": "300" }));
    drifted(
        &hub,
        &[
            ("google_container_node_pool.pool[\"user\"]", "autoscaling[0].total_max_node_count"),
            ("google_storage_bucket.scratch[0]", "effective_labels.frazil-hub"),
            ("google_compute_disk.homes[0]", "size"),
        ],
    );
    // Nothing was lost by the way, and it says how to go on.
    let refused = hub.refused(&["up", "--auto-approve"]);
    assert!(refused.contains("homes would be removed and made anew because of size"), "{refused}");
    assert!(refused.contains("`storage.homes.size: 300 GiB`"), "{refused}");
    hub.says(Kind::Google, &homes(", size: 300 GiB"));
    put_right(&hub);
    let objects = hub.objects(pool);
    assert_eq!(objects[pool]["autoscaling"]["totalMaxNodeCount"], 10, "{objects:?}");
    assert_eq!(hub.objects(&disk)[&disk]["sizeGb"], "300");
}
