"""What the stand-in adds to moto, through the real client library."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

ROLE = "arn:aws:iam::123456789012:role/hub"


@pytest.fixture(scope="module")
def eks(stand):
    return stand.client("eks")


@pytest.fixture(scope="module")
def subnets(stand):
    ec2 = stand.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    zones = ["us-west-2a", "us-west-2b"]
    return vpc, [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.40.{index}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for index, zone in enumerate(zones)
    ]


@pytest.fixture(scope="module")
def hub(eks, subnets):
    eks.create_cluster(
        name="hub",
        version="1.34",
        roleArn=ROLE,
        resourcesVpcConfig={"subnetIds": subnets[1]},
        accessConfig={"authenticationMode": "API"},
        upgradePolicy={"supportType": "STANDARD"},
    )
    states = [eks.describe_cluster(name="hub")["cluster"]["status"] for _ in range(3)]
    assert states == ["CREATING", "ACTIVE", "ACTIVE"]
    return eks.describe_cluster(name="hub")["cluster"]


def refused(do, **arguments):
    with pytest.raises(ClientError) as caught:
        do(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_cluster_has_the_endpoint_of_the_real_api_server_and_what_was_asked(hub, subnets):
    assert hub["endpoint"] == "https://127.0.0.1:6443"
    assert base64.b64decode(hub["certificateAuthority"]["data"]).startswith(b"-----BEGIN")
    assert hub["version"] == "1.34"
    assert hub["accessConfig"]["authenticationMode"] == "API"
    assert hub["upgradePolicy"] == {"supportType": "STANDARD"}
    assert hub["resourcesVpcConfig"]["vpcId"] == subnets[0]


def test_a_cluster_brings_a_security_group_and_takes_it_along(stand, eks, subnets):
    def groups():
        found = stand.client("ec2").describe_security_groups(
            Filters=[{"Name": "tag:aws:eks:cluster-name", "Values": ["brief"]}]
        )
        return len(found["SecurityGroups"])

    eks.create_cluster(name="brief", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets[1]})
    assert groups() == 1
    eks.delete_cluster(name="brief")
    assert eks.describe_cluster(name="brief")["cluster"]["status"] == "DELETING"
    assert refused(eks.describe_cluster, name="brief") == "ResourceNotFoundException"
    assert groups() == 0


def test_a_node_group_has_an_auto_scaling_group(stand, eks, hub, subnets):
    template = stand.client("ec2").create_launch_template(
        LaunchTemplateName="user", LaunchTemplateData={"MetadataOptions": {"HttpTokens": "required"}}
    )["LaunchTemplate"]["LaunchTemplateId"]
    eks.create_nodegroup(
        clusterName="hub",
        nodegroupName="user",
        nodeRole=ROLE,
        subnets=subnets[1],
        scalingConfig={"minSize": 0, "maxSize": 7, "desiredSize": 1},
        launchTemplate={"id": template, "version": "1"},
        nodeRepairConfig={"enabled": True},
    )
    eks.describe_nodegroup(clusterName="hub", nodegroupName="user")
    group = eks.describe_nodegroup(clusterName="hub", nodegroupName="user")["nodegroup"]
    assert (group["status"], group["nodeRepairConfig"]) == ("ACTIVE", {"enabled": True})
    for bounds in ({"minSize": 2}, {"maxSize": 9, "minSize": 0, "desiredSize": 10}):
        rejected = refused(eks.update_nodegroup_config, clusterName="hub", nodegroupName="user", scalingConfig=bounds)
        assert rejected == "InvalidParameterException"
    name = group["resources"]["autoScalingGroups"][0]["name"]
    scaling = stand.client("autoscaling")
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    assert found[0]["MaxSize"] == 7
    assert {"eks:cluster-name", "eks:nodegroup-name"} <= {tag["Key"] for tag in found[0]["Tags"]}
    assert refused(eks.delete_cluster, name="hub") == "ResourceInUseException"
    eks.delete_nodegroup(clusterName="hub", nodegroupName="user")
    for _ in range(2):
        eks.list_nodegroups(clusterName="hub")
    assert refused(eks.describe_nodegroup, clusterName="hub", nodegroupName="user") == "ResourceNotFoundException"
    assert not scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]


def test_addons(eks, hub):
    made = eks.create_addon(
        clusterName="hub",
        addonName="aws-ebs-csi-driver",
        podIdentityAssociations=[{"serviceAccount": "ebs-csi-controller-sa", "roleArn": ROLE}],
    )["addon"]
    assert made["status"] == "CREATING" and len(made["podIdentityAssociations"]) == 1
    assert refused(eks.create_addon, clusterName="hub", addonName="aws-ebs-csi-driver") == "ResourceInUseException"
    assert refused(eks.create_addon, clusterName="hub", addonName="nothing") == "InvalidParameterException"
    eks.describe_addon(clusterName="hub", addonName="aws-ebs-csi-driver")
    found = eks.describe_addon(clusterName="hub", addonName="aws-ebs-csi-driver")["addon"]
    assert found["status"] == "ACTIVE"
    versions = eks.describe_addon_versions(addonName="vpc-cni")["addons"]
    assert [one["addonName"] for one in versions] == ["vpc-cni"]
    eks.delete_addon(clusterName="hub", addonName="aws-ebs-csi-driver")
    eks.describe_addon(clusterName="hub", addonName="aws-ebs-csi-driver")
    assert refused(eks.describe_addon, clusterName="hub", addonName="aws-ebs-csi-driver") == "ResourceNotFoundException"
    assert eks.list_pod_identity_associations(clusterName="hub")["associations"] == []


def test_access_entries_of_a_principal_whose_arn_has_slashes(eks, hub):
    principal = "arn:aws:iam::123456789012:role/team/hub/admin"
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    eks.create_access_entry(clusterName="hub", principalArn=principal, tags={"hub": "one"})
    assert refused(eks.create_access_entry, clusterName="hub", principalArn=principal) == "ResourceInUseException"
    eks.associate_access_policy(
        clusterName="hub", principalArn=principal, policyArn=policy, accessScope={"type": "cluster"}
    )
    found = eks.list_associated_access_policies(clusterName="hub", principalArn=principal)
    assert [one["policyArn"] for one in found["associatedAccessPolicies"]] == [policy]
    entry = eks.describe_access_entry(clusterName="hub", principalArn=principal)["accessEntry"]
    assert eks.list_tags_for_resource(resourceArn=entry["accessEntryArn"])["tags"] == {"hub": "one"}
    eks.disassociate_access_policy(clusterName="hub", principalArn=principal, policyArn=policy)
    eks.delete_access_entry(clusterName="hub", principalArn=principal)
    assert eks.list_access_entries(clusterName="hub")["accessEntries"] == []


def test_pod_identities(eks, hub):
    key = {"clusterName": "hub", "namespace": "hub", "serviceAccount": "user-sa"}
    made = eks.create_pod_identity_association(**key, roleArn=ROLE)["association"]
    assert refused(eks.create_pod_identity_association, **key, roleArn=ROLE) == "ResourceInUseException"
    found = eks.list_pod_identity_associations(clusterName="hub", namespace="hub")["associations"]
    assert [one["associationId"] for one in found] == [made["associationId"]]
    eks.delete_pod_identity_association(clusterName="hub", associationId=made["associationId"])
    assert refused(
        eks.describe_pod_identity_association, clusterName="hub", associationId=made["associationId"]
    ) == "ResourceNotFoundException"


def test_updates_go_one_minor_version_at_a_time(eks, hub):
    assert refused(eks.update_cluster_version, name="hub", version="1.36") == "InvalidParameterException"
    made = eks.update_cluster_version(name="hub", version="1.35")["update"]
    assert made["status"] == "InProgress"
    assert eks.describe_update(name="hub", updateId=made["id"])["update"]["status"] == "Successful"
    assert eks.describe_cluster(name="hub")["cluster"]["version"] == "1.35"
    versions = eks.get_paginator("describe_cluster_versions").paginate().build_full_result()["clusterVersions"]
    assert len(versions) > 3 and versions[0]["clusterVersion"] == "1.36"


def test_quotas_are_told_in_pages_and_can_be_set(stand):
    quotas = stand.client("service-quotas")
    every = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="ec2").build_full_result()["Quotas"]
    assert len(every) > 3
    stand.post("quotas", {"ec2/L-1216C47A": 8})
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]["Value"] == 8.0
    usual = quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")
    assert usual["Quota"]["Value"] == 256.0
    assert refused(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-0") == "NoSuchResourceException"


def test_the_tagging_api_tells_what_moto_leaves_out(stand, eks, hub, subnets):
    tags = [{"Key": "hub", "Value": "left"}]
    ec2 = stand.client("ec2")
    eks.tag_resource(resourceArn=hub["arn"], tags={"hub": "left"})
    ec2.allocate_address(Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": tags}])
    ec2.create_launch_template(
        LaunchTemplateName="left",
        LaunchTemplateData={"InstanceType": "m6i.large"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
    )
    ec2.create_vpc_endpoint(
        VpcId=subnets[0],
        ServiceName="com.amazonaws.us-west-2.s3",
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
    )
    ec2.create_volume(AvailabilityZone="us-west-2a", Size=1, TagSpecifications=[{"ResourceType": "volume", "Tags": tags}])
    stand.client("ecr").create_repository(repositoryName="left", tags=tags)

    def told(**more):
        pages = stand.client("resourcegroupstaggingapi").get_paginator("get_resources")
        found = pages.paginate(TagFilters=[{"Key": "hub", "Values": ["left"]}], ResourcesPerPage=2, **more).build_full_result()
        arns = [one["ResourceARN"].split(":", 5) for one in found["ResourceTagMappingList"]]
        return sorted(f"{arn[2]} {arn[5].split('/')[0]}" for arn in arns)

    everything = ["ec2 elastic-ip", "ec2 launch-template", "ec2 volume", "ec2 vpc-endpoint", "ecr repository", "eks cluster"]
    assert told() == everything
    assert told(ResourceTypeFilters=["eks:cluster"]) == ["eks cluster"]


def test_records(stand):
    budgets = stand.client("budgets")
    account = {"AccountId": "123456789012", "BudgetName": "hub"}
    made = budgets.create_budget_action(
        **account,
        NotificationType="ACTUAL",
        ActionType="APPLY_IAM_POLICY",
        ActionThreshold={"ActionThresholdValue": 100, "ActionThresholdType": "PERCENTAGE"},
        Definition={"IamActionDefinition": {"PolicyArn": "arn:aws:iam::aws:policy/Deny", "Roles": ["hub"]}},
        ExecutionRoleArn=ROLE,
        ApprovalModel="AUTOMATIC",
        Subscribers=[{"SubscriptionType": "EMAIL", "Address": "a@example.org"}],
    )["ActionId"]
    assert budgets.describe_budget_actions_for_budget(**account)["Actions"][0]["Status"] == "STANDBY"
    budgets.delete_budget_action(**account, ActionId=made)
    assert refused(budgets.describe_budget_action, **account, ActionId=made) == "NotFoundException"
    costs = stand.client("ce")
    keys = [{"TagKey": f"hub-{index}", "Status": "Active"} for index in range(5)]
    costs.update_cost_allocation_tags_status(CostAllocationTagsStatus=keys)
    first = costs.list_cost_allocation_tags()
    rest = costs.list_cost_allocation_tags(NextToken=first["NextToken"])
    assert len(first["CostAllocationTags"] + rest["CostAllocationTags"]) == 5


def test_faults_by_service_and_action(stand, eks, hub):
    ec2 = stand.client("ec2")
    stand.post(
        "faults",
        [
            {"service": "eks", "action": "ListClusters", "fault": "quota", "times": 2},
            {"service": "ec2", "action": "Describe.*", "fault": "status", "status": 503, "code": "RequestLimitExceeded"},
            {"service": "eks", "action": "ListAddons", "fault": "drop", "skip": 1},
        ],
    )
    assert refused(eks.list_clusters) == "ResourceLimitExceededException"
    assert refused(eks.list_clusters) == "ResourceLimitExceededException"
    assert "hub" in eks.list_clusters()["clusters"]
    assert refused(ec2.describe_vpcs) == "RequestLimitExceeded"
    assert ec2.describe_vpcs()["Vpcs"]
    eks.list_addons(clusterName="hub")
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        eks.list_addons(clusterName="hub")
    assert [one["hits"] for one in stand.get("faults")] == [2, 1, 1]


def test_a_lost_answer_leaves_what_was_made(stand, eks, subnets):
    stand.post("faults", [{"service": "eks", "action": "CreateCluster", "fault": "drop", "after": True}])
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        eks.create_cluster(name="lost", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets[1]})
    assert eks.describe_cluster(name="lost")["cluster"]["name"] == "lost"


def test_a_hang_lasts_until_the_client_gives_up(stand):
    stand.post("faults", [{"service": "sts", "action": "GetCallerIdentity", "fault": "hang", "seconds": 60}])
    with pytest.raises(ReadTimeoutError):
        stand.client("sts", read_timeout=1).get_caller_identity()
    assert stand.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_presigned_request_reaches_sts(stand):
    url = stand.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200 and "<Arn>" in answer.text


def test_a_fault_that_cannot_be_is_refused(stand):
    for wrong in ({"fault": "fire"}, {"fault": "status", "color": 1}, {"fault": "quota", "after": True}):
        answer = requests.post(f"{stand.address}/_world/faults", json=[wrong], timeout=10)
        assert answer.status_code == 400 and "message" in answer.json()


def test_requests_at_the_same_time_lose_nothing(stand):
    scaling = stand.client("autoscaling", max_pool_connections=16)
    scaling.create_launch_configuration(LaunchConfigurationName="at-once", ImageId="ami-12345678", InstanceType="m5.large")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="at-once",
        LaunchConfigurationName="at-once",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-west-2a"],
    )
    # Many, so that one request is still at it when the next begins.
    wanted = [[f"key-{call}-{number}" for number in range(50)] for call in range(48)]

    def tag(keys):
        tag = {"ResourceId": "at-once", "ResourceType": "auto-scaling-group", "Value": "x"}
        scaling.create_or_update_tags(Tags=[{**tag, "Key": key, "PropagateAtLaunch": False} for key in keys])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(tag, wanted))
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["at-once"])["AutoScalingGroups"]
    assert {tag["Key"] for tag in group["Tags"]} == {key for keys in wanted for key in keys}
