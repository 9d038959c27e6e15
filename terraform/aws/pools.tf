locals {
  disk_homes = var.homes.kind == "disk"

  # The hub's database and the homes' server have disks, which cannot leave their zone: core pools are in
  # one. People's nodes are beside the server of their homes, since bytes between zones cost both ways;
  # GPUs are taken from where there are some, and Dask workers from where they are cheap.
  near_disks = { for name, pool in var.pools : name => (
    lookup(pool.labels, "hub.jupyter.org/node-purpose", "") == "core" ||
    local.disk_homes && lookup(pool.labels, "hub.jupyter.org/node-purpose", "") == "user" && pool.gpus == 0
  ) }
  disk_zone = try(var.pools["core"].zones[0], local.zones[0])
  pool_zones = { for name, pool in var.pools : name =>
    length(pool.zones) > 0 ? pool.zones : local.near_disks[name] ? [local.disk_zone] : local.zones
  }

  # Until a node's GPU is told, the autoscaler takes it for a node without one and adds another, unless it has this
  # label (kubernetes/autoscaler, cloudprovider/aws/README.md, "Special note on GPU instances").
  node_labels = { for name, pool in var.pools : name => merge(
    pool.labels,
    pool.gpus > 0 ? { "k8s.amazonaws.com/accelerator" = "nvidia" } : {},
  ) }

  ami_types = {
    amd64 = { cpu = "AL2023_x86_64_STANDARD", gpu = "AL2023_x86_64_NVIDIA" }
    arm64 = { cpu = "AL2023_ARM_64_STANDARD", gpu = "AL2023_ARM_64_NVIDIA" }
  }
  taint_effects = {
    NoSchedule       = "NO_SCHEDULE"
    PreferNoSchedule = "PREFER_NO_SCHEDULE"
    NoExecute        = "NO_EXECUTE"
  }

  # Room for some images of several GiB each, and for what pods write beside their homes.
  node_disk = 100

  # A server is one container with a process for each notebook. The kubelet would have all of them killed when one
  # takes too much memory; from 1.32 on it can leave the others alone (kubernetes/kubernetes, pull request 126096).
  # EKS merges this with what it tells nodes itself (nodeadm, `node.eks.aws/v1alpha1`).
  kills_one = tonumber(split(".", var.kubernetes.version)[1]) >= 32
  node_config = local.kills_one ? base64encode(join("\n", [
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=\"NODE\"",
    "",
    "--NODE",
    "Content-Type: application/node.eks.aws",
    "",
    yamlencode({
      apiVersion = "node.eks.aws/v1alpha1"
      kind       = "NodeConfig"
      spec       = { kubelet = { config = { singleProcessOOMKill = true } } }
    }),
    "--NODE--",
    "",
  ])) : null

  template = "k8s.io/cluster-autoscaler/node-template"

  # What the autoscaler cannot see of a pool without nodes, and the tags that costs go by: no default tags
  # reach an Auto Scaling group.
  group_tags = merge([for name, pool in var.pools : {
    for key, value in merge(
      var.tags,
      { "frazil:pool" = name },
      { "k8s.io/cluster-autoscaler/enabled" = "true", "k8s.io/cluster-autoscaler/${var.name}" = "owned" },
      { for key, value in local.node_labels[name] : "${local.template}/label/${key}" => value },
      { for taint in pool.taints : "${local.template}/taint/${taint.key}" => "${taint.value}:${taint.effect}" },
      # Zero is a machine that the catalog has not measured: no hint beats a wrong one.
      pool.cpu > 0 ? { "${local.template}/resources/cpu" = "${pool.cpu}m" } : {},
      pool.memory > 0 ? { "${local.template}/resources/memory" = format("%d", pool.memory) } : {},
      pool.gpus > 0 ? { "${local.template}/resources/nvidia.com/gpu" = format("%d", pool.gpus) } : {},
    ) : "${name} ${key}" => { pool = name, key = key, value = value }
  }]...)
}

resource "aws_launch_template" "pool" {
  for_each = var.pools

  name                   = "${var.name}-${each.key}"
  description            = "Nodes of the pool ${each.key} of the hub ${var.name}"
  update_default_version = true
  user_data              = local.node_config

  # With one hop pods do not reach it, people's above all, and so not the node's rights. What of the addons
  # would read it is on the node's own network, or asks the API server instead.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = local.node_disk
      encrypted             = true
      delete_on_termination = true
    }
  }

  # The provider's default tags end at the template.
  dynamic "tag_specifications" {
    for_each = ["instance", "volume", "network-interface"]
    content {
      resource_type = tag_specifications.value
      tags = merge(var.tags, {
        Name          = "${var.name}-${each.key}"
        "frazil:pool" = each.key
        # Nodes keep the addresses that they were started with, and without a public one they reach nothing once NAT
        # is gone. Another template makes them anew.
        "frazil:addresses" = local.nat ? "private" : "public"
      })
    }
  }

  tags = { "frazil:pool" = each.key }
}

resource "aws_eks_node_group" "pool" {
  for_each = var.pools

  # Other machines or zones make another group. Its name is free, so it is there before the old one goes.
  node_group_name_prefix = "${each.key}-"
  cluster_name           = aws_eks_cluster.hub.name
  # A newer image of the same version comes when it is asked for (README.md, "Pools"): whoever changes a budget shall
  # not restart people's servers.
  version       = aws_eks_cluster.hub.version
  node_role_arn = aws_iam_role.nodes.arn
  subnet_ids    = [for zone in local.pool_zones[each.key] : aws_subnet.nodes[zone].id]

  ami_type       = local.ami_types[each.value.arch][each.value.gpus > 0 ? "gpu" : "cpu"]
  capacity_type  = each.value.spot ? "SPOT" : "ON_DEMAND"
  instance_types = each.value.machines

  labels = local.node_labels[each.key]

  dynamic "taint" {
    for_each = each.value.taints
    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = local.taint_effects[taint.value.effect]
    }
  }

  launch_template {
    id      = aws_launch_template.pool[each.key].id
    version = aws_launch_template.pool[each.key].latest_version
  }

  # How many nodes there are is the autoscaler's business: `frazil` says how many there were when it planned. EKS
  # refuses bounds that leave the number out, so with other bounds it moves just as far as it has to.
  scaling_config {
    min_size     = each.value.min
    max_size     = each.value.max
    desired_size = min(max(lookup(var.nodes, each.key, each.value.min), each.value.min), each.value.max)
  }

  update_config {
    max_unavailable_percentage = 33
  }

  node_repair_config {
    enabled = true
  }

  tags = { "frazil:pool" = each.key }

  lifecycle {
    create_before_destroy = true
  }

  # A node joins by these, and without them stays not ready.
  depends_on = [
    aws_eks_addon.node,
    aws_iam_role_policy_attachment.nodes,
    aws_route.nodes,
    aws_route_table_association.nodes,
  ]
}

resource "aws_autoscaling_group_tag" "pool" {
  for_each = local.group_tags

  autoscaling_group_name = aws_eks_node_group.pool[each.value.pool].resources[0].autoscaling_groups[0].name

  tag {
    key                 = each.value.key
    value               = each.value.value
    propagate_at_launch = false
  }

  # The autoscaler lets go of a group without its tags, which a group keeps until the next one is there.
  lifecycle {
    create_before_destroy = true
  }
}
