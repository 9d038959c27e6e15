//! Load balancers, their targets, and groups of machines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::endpoints::{AUTOSCALING, Api, ELB, ELB2};
use super::marks::Marks;
use super::session::Aws;
use crate::catalog::Provider;
use crate::cloud::http::{Asked, found};
use crate::cloud::read::{each, tags, text};
use crate::cloud::{Kind, Leftover, prices};

/// Names that one `DescribeTags` takes.
const TAGS_AT_ONCE: usize = 20;

impl Aws {
    /// Elastic Load Balancing API Reference, versions 2012-06-01 and 2015-12-01:
    /// `DescribeLoadBalancers`, `DescribeTargetGroups`, `DescribeTags`.
    pub(super) async fn balancers(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        let all = self.pages(ELB2, "DescribeLoadBalancers", &[], "/LoadBalancers/member").await?;
        let tagged = self.tags_of(ELB2, &all, "/LoadBalancerArn").await?;
        for one in &all {
            let arn = text(one, "/LoadBalancerArn");
            let tags = tagged.get(&arn).cloned().unwrap_or_default();
            let Some(belongs) = marks.in_network(&tags, &text(one, "/VpcId")) else { continue };
            let kind = text(one, "/Type");
            let monthly =
                prices::hourly(Provider::Aws, self.region_name(), &format!("load_balancer_{kind}_hour"));
            let balancer =
                self.plain(Kind::LoadBalancer, arn, belongs, &tags).named(&text(one, "/LoadBalancerName"));
            let note = format!("{kind}, {}", text(one, "/State/Code"));
            found.push(balancer.since(&text(one, "/CreatedTime")).costs(monthly).noted(note));
        }
        let groups = self.pages(ELB2, "DescribeTargetGroups", &[], "/TargetGroups/member").await?;
        let tagged = self.tags_of(ELB2, &groups, "/TargetGroupArn").await?;
        for one in &groups {
            let arn = text(one, "/TargetGroupArn");
            let tags = tagged.get(&arn).cloned().unwrap_or_default();
            let belongs = marks.in_network(&tags, &text(one, "/VpcId"));
            found.extend(belongs.map(|belongs| {
                self.plain(Kind::TargetGroup, arn, belongs, &tags).named(&text(one, "/TargetGroupName"))
            }));
        }
        found.extend(self.classic_balancers(marks).await?);
        Ok(found)
    }

    async fn classic_balancers(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let all = self.pages(ELB, "DescribeLoadBalancers", &[], "/LoadBalancerDescriptions/member").await?;
        let tagged = self.tags_of(ELB, &all, "/LoadBalancerName").await?;
        let monthly = prices::hourly(Provider::Aws, self.region_name(), "load_balancer_classic_hour");
        let own = all.iter().filter_map(|one| {
            let name = text(one, "/LoadBalancerName");
            let tags = tagged.get(&name).cloned().unwrap_or_default();
            let belongs = marks.in_network(&tags, &text(one, "/VPCId"))?;
            let balancer = self.plain(Kind::LoadBalancer, name.clone(), belongs, &tags).named(&name);
            Some(balancer.since(&text(one, "/CreatedTime")).costs(monthly).noted("classic"))
        });
        Ok(own.collect())
    }

    /// The tags of balancers or target groups, by ARN or (classic) name.
    async fn tags_of(
        &self,
        api: Api,
        all: &[Value],
        id: &str,
    ) -> Asked<BTreeMap<String, BTreeMap<String, String>>> {
        let classic = api.speech == ELB.speech;
        let (list, key) = if classic {
            ("LoadBalancerNames", "/LoadBalancerName")
        } else {
            ("ResourceArns", "/ResourceArn")
        };
        let mut tagged = BTreeMap::new();
        for some in all.chunks(TAGS_AT_ONCE) {
            let keys: Vec<_> = (1..=some.len()).map(|index| format!("{list}.member.{index}")).collect();
            let ids = some.iter().map(|one| text(one, id));
            let pairs: Vec<_> = keys.iter().map(String::as_str).zip(ids).collect();
            let asked = self.form(api, "DescribeTags", &pairs).await;
            // One that went since the list was made: its page is asked again on the next look.
            let gone = |fault: &crate::cloud::http::Fault| fault.code().ends_with("NotFound");
            let Some(answer) = found(asked, gone)? else { continue };
            for one in each(&answer, "/TagDescriptions/member") {
                tagged.insert(text(one, key), tags(one, "/Tags/member"));
            }
        }
        Ok(tagged)
    }

    /// Amazon EC2 Auto Scaling API Reference, `DescribeAutoScalingGroups`: what is left of a node group.
    pub(super) async fn groups_of_machines(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let all =
            self.pages(AUTOSCALING, "DescribeAutoScalingGroups", &[], "/AutoScalingGroups/member").await?;
        let own = all.iter().filter_map(|one| {
            let tags = tags(one, "/Tags/member");
            let belongs = marks.by_tags(&tags)?;
            let name = text(one, "/AutoScalingGroupName");
            let group = self.plain(Kind::InstanceGroup, name.clone(), belongs, &tags).named(&name);
            let machines = each(one, "/Instances/member").len();
            Some(group.since(&text(one, "/CreatedTime")).noted(format!("{machines} machines")))
        });
        Ok(own.collect())
    }
}
