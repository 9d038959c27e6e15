data "aws_partition" "current" {}

locals {
  policies = "arn:${data.aws_partition.current.partition}:iam::aws:policy"
}

# Kubernetes' Secrets, in the control plane's database. A key that is to be deleted costs nothing; the days are
# the fewest that KMS has.
resource "aws_kms_key" "secrets" {
  description             = "Kubernetes Secrets of the hub ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

resource "aws_kms_alias" "secrets" {
  name          = "alias/${var.name}-secrets"
  target_key_id = aws_kms_key.secrets.key_id
}

resource "aws_eks_cluster" "hub" {
  name     = var.name
  version  = var.kubernetes.version
  role_arn = aws_iam_role.cluster.arn

  # What EKS would install unasked is installed in addons.tf, as addons that are upgraded and can be set.
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = local.log_types

  # Who makes the cluster administers it, be it a user or a role that a session has taken on. An access
  # entry for the caller would change hands with each one who applies, and lock the one before out.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }

  encryption_config {
    resources = ["secrets"]
    provider {
      key_arn = aws_kms_key.secrets.arn
    }
  }

  kubernetes_network_config {
    ip_family         = "ipv4"
    service_ipv4_cidr = var.network.services
  }

  # STANDARD: EKS upgrades the cluster itself when standard support ends. EXTENDED: it waits for an
  # administrator, for twelve months at most, at a higher price that `frazil validate` warns of.
  upgrade_policy {
    support_type = var.kubernetes.upgrades == "automatic" ? "STANDARD" : "EXTENDED"
  }

  vpc_config {
    subnet_ids              = [for zone in local.control_zones : aws_subnet.nodes[zone].id]
    endpoint_private_access = true
    endpoint_public_access  = true
  }

  # The first two are asked when a cluster is made and told by no API afterwards: one that was taken over from a
  # call that was cut off would else be replaced. A control plane stays in the zones that it was made in, and EKS
  # refuses others (aws/containers-roadmap, issue 2258), while nodes may be in zones that come later.
  lifecycle {
    ignore_changes = [
      bootstrap_self_managed_addons,
      access_config[0].bootstrap_cluster_creator_admin_permissions,
      vpc_config[0].subnet_ids,
    ]
  }

  # The log group comes first: EKS would make one that keeps everything for ever.
  depends_on = [
    aws_cloudwatch_log_group.control_plane,
    aws_iam_role_policy_attachment.cluster,
  ]
}

# Who makes the cluster administers it already, by an entry that EKS refuses to make twice. Others get an entry
# each, and lose it with their name in the hub file.
resource "aws_eks_access_entry" "administrator" {
  for_each = toset(var.administrators)

  cluster_name  = aws_eks_cluster.hub.name
  principal_arn = each.key
}

resource "aws_eks_access_policy_association" "administrator" {
  for_each = toset(var.administrators)

  cluster_name  = aws_eks_cluster.hub.name
  principal_arn = aws_eks_access_entry.administrator[each.key].principal_arn
  policy_arn    = "arn:${data.aws_partition.current.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}
