"""Prints what there is in moto, one thing a line, but for what every account has: client() makes clients."""


def every(service, operation, key, name):
    api = client(service)
    for page in api.get_paginator(operation).paginate() if api.can_paginate(operation) else [getattr(api, operation)()]:
        for one in page[key]:
            print(service, key, one if name is None else one[name])


every("ec2", "describe_vpcs", "Vpcs", "VpcId")
every("ec2", "describe_subnets", "Subnets", "SubnetId")
every("ec2", "describe_route_tables", "RouteTables", "RouteTableId")
every("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId")
for gateway in client("ec2").describe_nat_gateways()["NatGateways"]:
    if gateway["State"] != "deleted":
        print("ec2 NatGateways", gateway["NatGatewayId"])
for endpoint in client("ec2").describe_vpc_endpoints()["VpcEndpoints"]:
    if endpoint["State"] != "deleted":
        print("ec2 VpcEndpoints", endpoint["VpcEndpointId"])
every("ec2", "describe_security_groups", "SecurityGroups", "GroupId")
every("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId")
every("ec2", "describe_addresses", "Addresses", "AllocationId")
every("ec2", "describe_volumes", "Volumes", "VolumeId")
for snapshot in client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]:
    print("ec2 Snapshots", snapshot["SnapshotId"])
for reservation in client("ec2").describe_instances()["Reservations"]:
    for instance in reservation["Instances"]:
        if instance["State"]["Name"] != "terminated":
            print("ec2 Instances", instance["InstanceId"])
every("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId")
for log in client("ec2").describe_flow_logs()["FlowLogs"]:
    print("ec2 FlowLogs", log["FlowLogId"])
every("elb", "describe_load_balancers", "LoadBalancerDescriptions", "LoadBalancerName")
every("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn")
every("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn")
every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName")
every("eks", "list_clusters", "clusters", None)
every("efs", "describe_file_systems", "FileSystems", "FileSystemId")
every("logs", "describe_log_groups", "logGroups", "logGroupName")
every("ecr", "describe_repositories", "repositories", "repositoryName")
every("s3", "list_buckets", "Buckets", "Name")
every("iam", "list_roles", "Roles", "RoleName")
every("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName")
every("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn")
for policy in client("iam").list_policies(Scope="Local")["Policies"]:
    print("iam Policies", policy["Arn"])
# A service makes itself a key when it first encrypts something of the account, and keeps it.
aliases = client("kms").get_paginator("list_aliases").paginate()
of_services = {alias.get("TargetKeyId") for page in aliases for alias in page["Aliases"]
               if alias["AliasName"].startswith("alias/aws/")}
for key in client("kms").list_keys()["Keys"]:
    if key["KeyId"] in of_services:
        continue
    state = client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
    if state != "PendingDeletion":
        print("kms Keys", key["KeyId"])
for policy in client("dlm").get_lifecycle_policies()["Policies"]:
    print("dlm Policies", policy["PolicyId"])
for export in client("bcm-data-exports").list_exports()["Exports"]:
    print("bcm-data-exports Exports", export["ExportArn"])
for system in client("efs").describe_file_systems()["FileSystems"]:
    for point in client("efs").describe_access_points(FileSystemId=system["FileSystemId"])["AccessPoints"]:
        print("efs AccessPoints", point["AccessPointId"])
for zone in client("route53").list_hosted_zones()["HostedZones"]:
    for record in client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
        print("route53 ResourceRecordSets", record["Name"], record["Type"])
for budget in client("budgets").describe_budgets(AccountId="123456789012").get("Budgets", []):
    print("budgets", budget["BudgetName"])
for vault in client("backup").list_backup_vaults().get("BackupVaultList", []):
    print("backup vaults", vault["BackupVaultName"])
for plan in client("backup").list_backup_plans().get("BackupPlansList", []):
    print("backup plans", plan["BackupPlanName"])
    for selection in client("backup").list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]:
        print("backup selections", selection["SelectionName"])
