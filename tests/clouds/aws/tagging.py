"""Resources with tags that moto's tagging API leaves out though AWS's tells them."""

from itertools import chain

from moto.backup.models import backup_backends
from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.eks.models import eks_backends
from moto.iam.models import iam_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

import records


def install():
    original = ResourceGroupsTaggingAPIBackend._get_resources_generator

    def every(self, tag_filters=None, resource_type_filters=None, resource_arn_list=None):
        fits = make_tag_matcher(tag_filters)
        own = (
            one
            for one in left_out(self.account_id, self.region_name)
            if one.tags
            and match_resource_type(one.resource_type, resource_type_filters)
            and fits(one.tags)
            and (not resource_arn_list or one.arn in resource_arn_list)
        )
        return chain(original(self, tag_filters, resource_type_filters, resource_arn_list), own)

    ResourceGroupsTaggingAPIBackend._get_resources_generator = every


def left_out(account, region):
    yield from of_eks(account, region)
    ec2 = ec2_backends[account][region]
    for kind, members in {
        "elastic-ip": ((one.allocation_id, one) for one in ec2.addresses),
        "launch-template": ec2.launch_templates.items(),
        "vpc-endpoint": ec2.vpc_end_points.items(),
    }.items():
        for name, _ in members:
            arn = f"arn:aws:ec2:{region}:{account}:{kind}/{name}"
            yield TaggedResource(arn, dict(ec2.tags.get(name, {})), f"ec2:{kind}")
    ecr = ecr_backends[account][region]
    for repository in ecr.repositories.values():
        tags = ecr.tagger.get_tag_dict_for_resource(repository.arn)
        yield TaggedResource(repository.arn, tags, "ecr:repository")
    backups = backup_backends[account][region]
    for plan in backups.plans.values():
        tags = backups.tagger.get_tag_dict_for_resource(plan.backup_plan_arn)
        yield TaggedResource(plan.backup_plan_arn, tags, "backup:backup-plan")
    for policy in records.copies.values():
        if f":{region}:" in policy["PolicyArn"]:
            yield TaggedResource(policy["PolicyArn"], dict(policy.get("Tags", {})), "dlm:policy")
    # What belongs to no region is told in this one.
    if region == "us-east-1":
        for provider in iam_backends[account]["aws"].open_id_providers.values():
            tags = {one["Key"]: one["Value"] for one in provider.get_tags()}
            yield TaggedResource(provider.arn, tags, "iam:oidc-provider")


def of_eks(account, region):
    for cluster in eks_backends[account][region].clusters.values():
        yield TaggedResource(cluster.arn, dict(cluster.tags), "eks:cluster")
        for nodegroup in cluster.nodegroups.values():
            yield TaggedResource(nodegroup.arn, dict(nodegroup.tags), "eks:nodegroup")
        for addon in cluster.addons.values():
            yield TaggedResource(addon["addonArn"], dict(addon["tags"]), "eks:addon")
        for one in cluster.pod_identities.values():
            yield TaggedResource(one["associationArn"], dict(one["tags"]), "eks:podidentityassociation")
