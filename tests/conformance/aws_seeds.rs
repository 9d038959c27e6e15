//! What hubs leave in AWS, made through its own APIs as moto has them.

use std::collections::BTreeMap;

use frazil::cloud::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::server::Server;

/// Makes things in moto, which looks at a signature only for the service's name.
pub(crate) struct Seeds<'a>(pub(crate) &'a Server);

impl Seeds<'_> {
    async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> String {
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-west-2/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let url = format!("{}{path}", self.0.address);
        let mut request = self.0.http.request(method, url).header("authorization", signed).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let fine = answer.status().is_success();
        let text = answer.text().await.unwrap();
        assert!(fine, "{service} {path} {headers:?}: {text}");
        text
    }

    /// A form, and the text of one element of the answer.
    async fn form(
        &self,
        service: &str,
        version: &str,
        action: &str,
        pairs: &[(&str, &str)],
        element: &str,
    ) -> String {
        let mut all = vec![("Action", action), ("Version", version)];
        all.extend(pairs);
        let body: Vec<_> = all.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let text = self.send(service, Method::POST, "/", &headers, body.join("&")).await;
        let open = format!("<{element}>");
        let after = text.split(&open).nth(1).unwrap_or_default();
        after.split('<').next().unwrap_or_default().to_owned()
    }

    async fn ec2(&self, action: &str, pairs: &[(&str, &str)], element: &str) -> String {
        self.form("ec2", "2016-11-15", action, pairs, element).await
    }

    async fn json(&self, service: &str, target: &str, body: Value) -> Value {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let text = self.send(service, Method::POST, "/", &headers, body.to_string()).await;
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn rest(&self, service: &str, method: Method, path: &str, body: Value) -> Value {
        let text =
            self.send(service, method, path, &[("content-type", "application/json")], body.to_string()).await;
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn tag(&self, id: &str, key: &str, value: &str) {
        self.ec2("CreateTags", &[("ResourceId.1", id), ("Tag.1.Key", key), ("Tag.1.Value", value)], "return")
            .await;
    }

    /// A public zone.
    pub(crate) async fn zone(&self, domain: &str) {
        let body = format!(
            "<CreateHostedZoneRequest><Name>{domain}</Name><CallerReference>{domain}</CallerReference>\
             </CreateHostedZoneRequest>"
        );
        let headers = [("content-type", "text/xml")];
        self.send("route53", Method::POST, "/2013-04-01/hostedzone", &headers, body).await;
    }

    /// A cluster with two node groups, in subnets of its own.
    pub(crate) async fn cluster(&self, hub: &str, subnets: &[String]) {
        let role = "arn:aws:iam::123456789012:role/eks";
        let body = json!({
            "name": hub, "roleArn": role, "version": "1.35",
            "resourcesVpcConfig": { "subnetIds": subnets }, "tags": { "frazil:hub": hub },
        });
        self.rest("eks", Method::POST, "/clusters", body).await;
        for _ in 0..3 {
            self.rest("eks", Method::GET, &format!("/clusters/{hub}"), Value::Null).await;
        }
        let group = |name: &str, spot: bool| {
            json!({
                "nodegroupName": name, "nodeRole": role, "subnets": subnets, "instanceTypes": ["m7i.2xlarge"],
                "capacityType": if spot { "SPOT" } else { "ON_DEMAND" },
                "scalingConfig": { "minSize": 0, "maxSize": 6, "desiredSize": 0 },
                "labels": { "k8s.dask.org/node-purpose": "worker" },
                "taints": [{ "key": "k8s.dask.org/dedicated", "value": "worker", "effect": "NO_SCHEDULE" }],
                "tags": { "frazil:hub": hub },
            })
        };
        for (name, spot) in [("dask", true), ("core", false)] {
            self.rest("eks", Method::POST, &format!("/clusters/{hub}/node-groups"), group(name, spot)).await;
        }
    }

    /// A network with two subnets: its ID and theirs.
    pub(crate) async fn network(&self, hub: &str) -> (String, Vec<String>) {
        let vpc = self.ec2("CreateVpc", &[("CidrBlock", "10.9.0.0/16")], "vpcId").await;
        self.tag(&vpc, "frazil:hub", hub).await;
        let mut subnets = Vec::new();
        for (cidr, zone) in [("10.9.0.0/24", "us-west-2a"), ("10.9.1.0/24", "us-west-2b")] {
            let pairs = [("VpcId", vpc.as_str()), ("CidrBlock", cidr), ("AvailabilityZone", zone)];
            let subnet = self.ec2("CreateSubnet", &pairs, "subnetId").await;
            self.tag(&subnet, "frazil:hub", hub).await;
            subnets.push(subnet);
        }
        (vpc, subnets)
    }

    /// What a hub and its cluster leave, by kind and name.
    pub(crate) async fn everything(&self, hub: &str) -> Vec<(Kind, String)> {
        let (vpc, subnets) = self.network(hub).await;
        let mut told = vec![(Kind::Network, vpc.clone())];
        told.extend(subnets.iter().map(|subnet| (Kind::Subnet, subnet.clone())));
        self.cluster(hub, &subnets).await;
        told.extend([
            (Kind::Cluster, hub.to_owned()),
            (Kind::NodePool, "core".to_owned()),
            (Kind::NodePool, "dask".to_owned()),
        ]);
        told.extend(self.of_network(hub, &vpc, &subnets).await);
        told.extend(self.balancers(hub, &vpc, &subnets).await);
        told.extend(self.disks(hub).await);
        told.extend(self.others(hub).await);
        told
    }

    /// What a hub whose name begins alike has beside its network and cluster.
    pub(crate) async fn similar(&self, hub: &str) {
        self.disks(hub).await;
        self.others(hub).await;
    }

    async fn of_network(&self, hub: &str, vpc: &str, subnets: &[String]) -> Vec<(Kind, String)> {
        let gateway = self.ec2("CreateInternetGateway", &[], "internetGatewayId").await;
        self.ec2("AttachInternetGateway", &[("InternetGatewayId", &gateway), ("VpcId", vpc)], "return").await;
        let table = self.ec2("CreateRouteTable", &[("VpcId", vpc)], "routeTableId").await;
        self.ec2(
            "AssociateRouteTable",
            &[("RouteTableId", &table), ("SubnetId", &subnets[0])],
            "associationId",
        )
        .await;
        let address = self.ec2("AllocateAddress", &[("Domain", "vpc")], "allocationId").await;
        self.tag(&address, "frazil:hub", hub).await;
        let pairs = [("SubnetId", subnets[0].as_str()), ("AllocationId", &address)];
        let nat = self.ec2("CreateNatGateway", &pairs, "natGatewayId").await;
        let service = [
            ("VpcId", vpc),
            ("ServiceName", "com.amazonaws.us-west-2.s3"),
            ("VpcEndpointType", "Gateway"),
            ("RouteTableId.1", &table),
        ];
        let endpoint = self.ec2("CreateVpcEndpoint", &service, "vpcEndpointId").await;
        let pairs = [("SubnetId", subnets[1].as_str()), ("Description", "aws-K8S-i-0123456789")];
        let interface = self.ec2("CreateNetworkInterface", &pairs, "networkInterfaceId").await;
        let mut groups = Vec::new();
        for name in ["k8s-elb-a1", "k8s-traffic-lab"] {
            let pairs = [("GroupName", name), ("GroupDescription", "x"), ("VpcId", vpc)];
            groups.push(self.ec2("CreateSecurityGroup", &pairs, "groupId").await);
        }
        // Each lets the other in, so that neither can go first.
        for (group, other) in [(0, 1), (1, 0)] {
            let pairs = [
                ("GroupId", groups[group].as_str()),
                ("IpPermissions.1.IpProtocol", "tcp"),
                ("IpPermissions.1.FromPort", "1"),
                ("IpPermissions.1.ToPort", "65535"),
                ("IpPermissions.1.Groups.1.GroupId", groups[other].as_str()),
            ];
            self.ec2("AuthorizeSecurityGroupIngress", &pairs, "return").await;
        }
        vec![
            (Kind::Gateway, gateway),
            (Kind::Route, table),
            (Kind::Address, address),
            (Kind::Nat, nat),
            (Kind::Endpoint, endpoint),
            (Kind::Interface, interface),
            (Kind::Firewall, "k8s-elb-a1".to_owned()),
            (Kind::Firewall, "k8s-traffic-lab".to_owned()),
        ]
    }

    async fn balancers(&self, hub: &str, vpc: &str, subnets: &[String]) -> Vec<(Kind, String)> {
        let (elb, second) = ("elasticloadbalancing", "2015-12-01");
        let pairs = [
            ("Name", "k8s-lab-proxy"),
            ("Type", "network"),
            ("Subnets.member.1", subnets[0].as_str()),
            ("Subnets.member.2", subnets[1].as_str()),
            ("Tags.member.1.Key", "elbv2.k8s.aws/cluster"),
            ("Tags.member.1.Value", hub),
        ];
        self.form(elb, second, "CreateLoadBalancer", &pairs, "LoadBalancerArn").await;
        let pairs = [("Name", "k8s-lab-targets"), ("Protocol", "TCP"), ("Port", "80"), ("VpcId", vpc)];
        self.form(elb, second, "CreateTargetGroup", &pairs, "TargetGroupArn").await;
        let cluster_tag = format!("kubernetes.io/cluster/{hub}");
        let pairs = [
            ("LoadBalancerName", "a0123456789abcdef"),
            ("Listeners.member.1.Protocol", "TCP"),
            ("Listeners.member.1.LoadBalancerPort", "80"),
            ("Listeners.member.1.InstancePort", "30080"),
            ("AvailabilityZones.member.1", "us-west-2a"),
            ("Tags.member.1.Key", cluster_tag.as_str()),
            ("Tags.member.1.Value", "owned"),
        ];
        self.form(elb, "2012-06-01", "CreateLoadBalancer", &pairs, "DNSName").await;
        vec![
            (Kind::LoadBalancer, "k8s-lab-proxy".to_owned()),
            (Kind::TargetGroup, "k8s-lab-targets".to_owned()),
            (Kind::LoadBalancer, "a0123456789abcdef".to_owned()),
        ]
    }

    async fn disks(&self, hub: &str) -> Vec<(Kind, String)> {
        let pairs = [("AvailabilityZone", "us-west-2a"), ("Size", "20"), ("VolumeType", "gp3")];
        let volume = self.ec2("CreateVolume", &pairs, "volumeId").await;
        self.tag(&volume, &format!("kubernetes.io/cluster/{hub}"), "owned").await;
        self.tag(&volume, "kubernetes.io/created-for/pvc/namespace", hub).await;
        self.tag(&volume, "kubernetes.io/created-for/pvc/name", "hub-db-dir").await;
        let snapshot = self.ec2("CreateSnapshot", &[("VolumeId", &volume)], "snapshotId").await;
        self.tag(&snapshot, "frazil:hub", hub).await;
        let body = json!({
            "CreationToken": format!("{hub}-homes"), "Tags": [{ "Key": "frazil:hub", "Value": hub }, { "Key": "Name", "Value": format!("{hub}-homes") }],
        });
        let files = self.rest("elasticfilesystem", Method::POST, "/2015-02-01/file-systems", body).await;
        assert!(files["FileSystemId"].is_string());
        vec![
            (Kind::Disk, format!("{hub}/hub-db-dir")),
            (Kind::Snapshot, snapshot),
            (Kind::FileSystem, format!("{hub}-homes")),
        ]
    }

    async fn others(&self, hub: &str) -> Vec<(Kind, String)> {
        let logs = format!("/aws/eks/{hub}/cluster");
        self.json("logs", "Logs_20140328.CreateLogGroup", json!({ "logGroupName": logs })).await;
        let repository = format!("{hub}/hub");
        let tags = json!([{ "Key": "frazil:hub", "Value": hub }]);
        let body = json!({ "repositoryName": repository, "tags": tags });
        self.json("ecr", "AmazonEC2ContainerRegistry_V20150921.CreateRepository", body).await;
        let body = json!({ "Tags": [{ "TagKey": "frazil:hub", "TagValue": hub }] });
        let key = self.json("kms", "TrentService.CreateKey", body).await;
        let role = format!("{hub}-nodes");
        let pairs = [
            ("RoleName", role.as_str()),
            ("AssumeRolePolicyDocument", "{}"),
            ("Tags.member.1.Key", "frazil:hub"),
            ("Tags.member.1.Value", hub),
        ];
        self.form("iam", "2010-05-08", "CreateRole", &pairs, "Arn").await;
        let policy = [("RoleName", role.as_str()), ("PolicyName", "extra"), ("PolicyDocument", POLICY)];
        self.form("iam", "2010-05-08", "PutRolePolicy", &policy, "RequestId").await;
        let pairs = [
            ("Url", "https://oidc.eks.us-west-2.amazonaws.com/id/0123"),
            ("ThumbprintList.member.1", "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"),
            ("Tags.member.1.Key", "frazil:hub"),
            ("Tags.member.1.Value", hub),
        ];
        let issuer = if hub == super::suite::HUB {
            self.form("iam", "2010-05-08", "CreateOpenIDConnectProvider", &pairs, "OpenIDConnectProviderArn")
                .await
        } else {
            String::new()
        };
        let pairs = [
            ("LaunchTemplateName", role.as_str()),
            ("LaunchTemplateData.InstanceType", "m7i.large"),
            ("TagSpecification.1.ResourceType", "launch-template"),
            ("TagSpecification.1.Tag.1.Key", "frazil:hub"),
            ("TagSpecification.1.Tag.1.Value", hub),
        ];
        self.ec2("CreateLaunchTemplate", &pairs, "launchTemplateId").await;
        let bucket = format!("{hub}-123456789012-scratch");
        self.bucket(&bucket, Some(hub)).await;
        let mut told = BTreeMap::from([
            (Kind::LogGroup, logs),
            (Kind::Repository, repository),
            (Kind::Key, key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()),
            (Kind::Account, role.clone()),
            (Kind::Template, role),
            (Kind::Bucket, bucket),
        ]);
        if !issuer.is_empty() {
            told.insert(Kind::Issuer, issuer);
        }
        told.into_iter().collect()
    }

    /// A bucket with versions: two objects of two versions each, and the mark of a deleted one.
    pub(crate) async fn bucket(&self, name: &str, hub: Option<&str>) {
        let place = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>";
        let path = format!("/{name}");
        self.send("s3", Method::PUT, &path, &[], place.to_owned()).await;
        let versions = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status></VersioningConfiguration>";
        self.send("s3", Method::PUT, &format!("{path}?versioning"), &[], versions.to_owned()).await;
        if let Some(hub) = hub {
            let tags = format!(
                "<Tagging><TagSet><Tag><Key>frazil:hub</Key><Value>{hub}</Value></Tag></TagSet></Tagging>"
            );
            self.send("s3", Method::PUT, &format!("{path}?tagging"), &[], tags).await;
        }
        for object in ["a", "b%20%26%20c", "a", "b%20%26%20c"] {
            self.send("s3", Method::PUT, &format!("{path}/{object}"), &[], "x".to_owned()).await;
        }
        self.send("s3", Method::DELETE, &format!("{path}/a"), &[], String::new()).await;
    }
}

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
