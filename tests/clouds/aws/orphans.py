"""Leaves in moto what the clusters named as arguments would leave, and prints of each its kind and ID."""

import boto3
import json
import sys

REGION = "us-west-2"
ZONES = ["us-west-2a", "us-west-2b"]


def client(service):
    return boto3.client(service, region_name=REGION)


ec2, elb, elbv2, logs, iam = (client(name) for name in ("ec2", "elb", "elbv2", "logs", "iam"))


def tags(pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def tagged(kind, pairs):
    return [{"ResourceType": kind, "Tags": tags(pairs)}]


def network(hub, number):
    """The hub's own network, as half an `up` leaves it: tagged, with two subnets."""
    vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16", TagSpecifications=tagged("vpc", {"frazil:hub": hub}))["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.{index}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for index, zone in enumerate(ZONES)
    ]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    return vpc, subnets, gateway


def groups(hub, vpc):
    """Two that let each other in, as a balancer's and the nodes' do, and the one that EKS makes."""
    one = ec2.create_security_group(GroupName=f"k8s-elb-{hub}", Description="of a balancer", VpcId=vpc)["GroupId"]
    other = ec2.create_security_group(GroupName=f"k8s-traffic-{hub}", Description="of nodes", VpcId=vpc)["GroupId"]
    for group, peer in ((one, other), (other, one)):
        peers = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": peer}]}]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=peers)
    eks = ec2.create_security_group(GroupName=f"eks-cluster-sg-{hub}-123456", Description="of EKS", VpcId=vpc)["GroupId"]
    return [one, other, eks]


def leave(hub, number):
    owned = {f"kubernetes.io/cluster/{hub}": "owned"}
    vpc, subnets, gateway = network(hub, number)
    left = [("network", vpc), ("internet gateway", gateway), *(("subnet", subnet) for subnet in subnets)]
    for kind, settings in {"network": {}, "application": {}}.items():
        balancer = elbv2.create_load_balancer(
            Name=f"k8s-{hub}-{kind[:3]}", Subnets=subnets, Type=kind, Tags=tags({"elbv2.k8s.aws/cluster": hub}), **settings
        )
        left.append(("load balancer", balancer["LoadBalancers"][0]["LoadBalancerArn"]))
    target = elbv2.create_target_group(
        Name=f"k8s-{hub}-proxy", Protocol="TCP", Port=80, VpcId=vpc, Tags=tags({"elbv2.k8s.aws/cluster": hub})
    )
    left.append(("target group", target["TargetGroups"][0]["TargetGroupArn"]))
    name = f"a{number}{hub}".replace("-", "")
    listeners = [{"Protocol": "TCP", "LoadBalancerPort": 443, "InstancePort": 30443}]
    elb.create_load_balancer(LoadBalancerName=name, Listeners=listeners, Subnets=subnets, Tags=tags(owned))
    left.append(("load balancer", name))
    left += [("firewall rule", group) for group in groups(hub, vpc)]
    interface = ec2.create_network_interface(
        SubnetId=subnets[0],
        Description="aws-K8S-i-0123456789abcdef0",
        TagSpecifications=tagged("network-interface", {"cluster.k8s.amazonaws.com/name": hub}),
    )
    left.append(("network interface", interface["NetworkInterface"]["NetworkInterfaceId"]))
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", owned))["AllocationId"]
    nats = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", {"frazil:hub": hub}))["AllocationId"]
    left += [("address", address), ("address", nats)]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=nats)["NatGateway"]["NatGatewayId"]
    left.append(("NAT gateway", nat))
    claim = {"kubernetes.io/created-for/pvc/namespace": hub, "kubernetes.io/created-for/pvc/name": "hub-db-dir"}
    volume = ec2.create_volume(
        AvailabilityZone=ZONES[0], Size=20, VolumeType="gp3", TagSpecifications=tagged("volume", {**claim, "KubernetesCluster": hub})
    )["VolumeId"]
    left.append(("disk", volume))
    snapshot = ec2.create_snapshot(VolumeId=volume, TagSpecifications=tagged("snapshot", {"frazil:hub": hub}))["SnapshotId"]
    left.append(("snapshot", snapshot))
    for group in (f"/aws/eks/{hub}/cluster", f"/aws/containerinsights/{hub}/performance"):
        logs.create_log_group(logGroupName=group)
        left.append(("log group", group))
    issuer = iam.create_open_id_connect_provider(
        Url=f"https://oidc.eks.{REGION}.amazonaws.com/id/{number:032X}",
        ClientIDList=["sts.amazonaws.com"],
        Tags=tags({"alpha.eksctl.io/cluster-name": hub}),
    )
    left.append(("identity provider", issuer["OpenIDConnectProviderArn"]))
    return left


print(json.dumps({hub: leave(hub, 40 + index) for index, hub in enumerate(sys.argv[1:])}))
