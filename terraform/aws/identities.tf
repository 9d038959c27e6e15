locals {
  # As it will be: roles come before the cluster.
  cluster_arn = "arn:${data.aws_partition.current.partition}:eks:${var.region}:${var.account}:cluster/${var.name}"

  # Addons with rights of their own, so that nodes need none of them.
  addon_roles = {
    cni = { account = "aws-node", policy = "AmazonEKS_CNI_Policy" }
    # Only disks with the driver's tag: those that it makes, and the homes' (kubernetes-sigs/aws-ebs-csi-driver,
    # issue 2918). The policy before this one takes every disk of the account.
    ebs = { account = "ebs-csi-controller-sa", policy = "AmazonEBSCSIDriverPolicyV2" }
  }

  # Whose pods may have a role. EKS Pod Identity needs no annotation on a service account, and tells in its
  # session's tags who asks.
  pod_trust = { for key, who in merge(
    { for what, identity in var.identities : what => { namespace = identity.namespace, account = identity.account } },
    { for what, addon in local.addon_roles : "addon/${what}" => { namespace = "kube-system", account = addon.account } },
    ) : key => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Service = "pods.eks.amazonaws.com" }
        Action    = ["sts:AssumeRole", "sts:TagSession"]
        Condition = { StringEquals = {
          "aws:RequestTag/eks-cluster-arn"            = local.cluster_arn
          "aws:RequestTag/kubernetes-namespace"       = who.namespace
          "aws:RequestTag/kubernetes-service-account" = who.account
        } }
      }]
  }) }
}

# The control plane.
resource "aws_iam_role" "cluster" {
  name = var.accounts["cluster"]
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "eks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "${local.policies}/AmazonEKSClusterPolicy"
}

# Nodes: to join the cluster, and to pull images.
resource "aws_iam_role" "nodes" {
  name = var.accounts["nodes"]
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.nodes.name
  policy_arn = "${local.policies}/${each.key}"
}

resource "aws_iam_role" "addon" {
  for_each = local.addon_roles

  name               = "${var.name}-${each.key}"
  assume_role_policy = local.pod_trust["addon/${each.key}"]
}

resource "aws_iam_role_policy_attachment" "addon" {
  for_each = local.addon_roles

  role       = aws_iam_role.addon[each.key].name
  policy_arn = "${local.policies}/${each.value.policy}"
}

# What runs in the cluster and does something in the cloud: rights.tf says what.
resource "aws_iam_role" "identity" {
  for_each = var.identities

  name               = each.value.name
  assume_role_policy = local.pod_trust[each.key]
}

resource "aws_iam_role_policy" "identity" {
  for_each = { for what, identity in var.identities : what => local.rights[what] if contains(keys(local.rights), what) }

  name   = each.key
  role   = aws_iam_role.identity[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = jsondecode(each.value) })
}

resource "aws_eks_pod_identity_association" "identity" {
  for_each = var.identities

  cluster_name    = aws_eks_cluster.hub.name
  namespace       = each.value.namespace
  service_account = each.value.account
  role_arn        = aws_iam_role.identity[each.key].arn
}
