locals {
  shared_homes = var.homes.kind == "shared" ? 1 : 0
  one_disk     = local.disk_homes ? 1 : 0
  back_up      = var.homes.backup != "none"
  weekly       = var.homes.backup == "weekly"

  backed_up_disk  = local.disk_homes && local.back_up ? 1 : 0
  backed_up_share = local.shared_homes == 1 && local.back_up ? 1 : 0
  backup_role = local.backed_up_disk == 1 ? {
    service = "dlm.amazonaws.com", policy = "service-role/AWSDataLifecycleManagerServiceRole"
    } : local.backed_up_share == 1 ? {
    service = "backup.amazonaws.com", policy = "service-role/AWSBackupServiceRolePolicyForBackup"
  } : null

  # Seven days or four weeks back.
  kept_days = local.weekly ? 28 : 7
}

# With quotas: one disk, which the NFS server in the cluster mounts. It can grow, not shrink.
resource "aws_ebs_volume" "homes" {
  count = local.one_disk

  availability_zone = local.disk_zone
  size              = var.homes.size
  type              = "gp3"
  encrypted         = true

  tags = {
    Name           = "${var.name}-homes"
    "frazil:homes" = var.name
    # Without it the driver may not attach a disk that it has not made.
    "ebs.csi.aws.com/cluster" = "true"
  }
}

# Without quotas: a file system that grows and shrinks by itself. Its throughput is paid for by the byte, where
# bursting would make a new hub's few files wait.
resource "aws_efs_file_system" "homes" {
  count = local.shared_homes

  encrypted       = true
  throughput_mode = "elastic"

  # What nobody has read for a month costs a tenth, and comes back at the first read.
  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }
  lifecycle_policy {
    transition_to_primary_storage_class = "AFTER_1_ACCESS"
  }

  tags = { Name = "${var.name}-homes" }
}

# Whoever reaches a mount target may use the homes, encrypted on their way; nobody is root there.
resource "aws_efs_file_system_policy" "homes" {
  count = local.shared_homes

  file_system_id = aws_efs_file_system.homes[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Mount"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        Resource  = aws_efs_file_system.homes[0].arn
        Condition = { Bool = { "elasticfilesystem:AccessedViaMountTarget" = "true" } }
      },
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "*"
        Resource  = aws_efs_file_system.homes[0].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# Everything belongs to the image's person, whoever asks.
resource "aws_efs_access_point" "homes" {
  count = local.shared_homes

  file_system_id = aws_efs_file_system.homes[0].id

  posix_user {
    uid = 1000
    gid = 1000
  }

  root_directory {
    path = "/homes"

    creation_info {
      owner_uid   = 1000
      owner_gid   = 1000
      permissions = "0755"
    }
  }

  tags = { Name = "${var.name}-homes" }
}

resource "aws_security_group" "homes" {
  count = local.shared_homes

  name        = "${var.name}-homes"
  description = "NFS from the nodes of the hub ${var.name}"
  vpc_id      = aws_vpc.hub.id

  tags = { Name = "${var.name}-homes" }
}

resource "aws_vpc_security_group_ingress_rule" "homes" {
  count = local.shared_homes

  security_group_id            = aws_security_group.homes[0].id
  description                  = "NFS from nodes"
  referenced_security_group_id = aws_eks_cluster.hub.vpc_config[0].cluster_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

resource "aws_efs_mount_target" "homes" {
  for_each = local.shared_homes == 1 ? local.zone_index : {}

  file_system_id  = aws_efs_file_system.homes[0].id
  subnet_id       = aws_subnet.nodes[each.key].id
  security_groups = [aws_security_group.homes[0].id]
}
