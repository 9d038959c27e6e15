locals {
  # Before the nodes: without the first two no node becomes ready, and the third hands out the rights of the rest.
  node_addons = {
    vpc-cni = {
      # Strings, as the addon's own schema wants them. It is what enforces the charts' network policies.
      values = { enableNetworkPolicy = "true" }
      roles  = { aws-node = aws_iam_role.addon["cni"].arn }
    }
    kube-proxy             = { values = {}, roles = {} }
    eks-pod-identity-agent = { values = {}, roles = {} }
  }

  # After the nodes: coredns and the disks' controller are Deployments, which an addon waits for.
  pod_addons = {
    coredns = { values = {}, roles = {} }
    aws-ebs-csi-driver = {
      values = {
        # Disks that claims make are not Terraform's, and would else be in nobody's costs.
        controller = { extraVolumeTags = var.tags }
      }
      roles = { ebs-csi-controller-sa = aws_iam_role.addon["ebs"].arn }
    }
    # Reports a node's faults, on which node repair acts.
    eks-node-monitoring-agent = { values = {}, roles = {} }
  }
}

# The version that EKS recommends for the cluster's: addons follow it when it is upgraded.
data "aws_eks_addon_version" "addon" {
  for_each = toset(concat(keys(local.node_addons), keys(local.pod_addons)))

  addon_name         = each.key
  kubernetes_version = var.kubernetes.version
}

resource "aws_eks_addon" "node" {
  for_each = local.node_addons

  cluster_name                = aws_eks_cluster.hub.name
  addon_name                  = each.key
  addon_version               = data.aws_eks_addon_version.addon[each.key].version
  configuration_values        = length(each.value.values) > 0 ? jsonencode(each.value.values) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  dynamic "pod_identity_association" {
    for_each = each.value.roles
    content {
      service_account = pod_identity_association.key
      role_arn        = pod_identity_association.value
    }
  }

  depends_on = [aws_iam_role_policy_attachment.addon]
}

resource "aws_eks_addon" "pod" {
  for_each = local.pod_addons

  cluster_name                = aws_eks_cluster.hub.name
  addon_name                  = each.key
  addon_version               = data.aws_eks_addon_version.addon[each.key].version
  configuration_values        = length(each.value.values) > 0 ? jsonencode(each.value.values) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  dynamic "pod_identity_association" {
    for_each = each.value.roles
    content {
      service_account = pod_identity_association.key
      role_arn        = pod_identity_association.value
    }
  }

  depends_on = [aws_eks_node_group.pool, aws_iam_role_policy_attachment.addon]
}
