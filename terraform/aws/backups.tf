resource "aws_iam_role" "backup" {
  count = local.backup_role == null ? 0 : 1

  name = "${var.name}-backup"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = local.backup_role.service }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "backup" {
  count = local.backup_role == null ? 0 : 1

  role       = aws_iam_role.backup[0].name
  policy_arn = "${local.policies}/${local.backup_role.policy}"
}

# Snapshots of the disk. They outlive the policy: what is left of them is told when a hub is taken down.
resource "aws_dlm_lifecycle_policy" "homes" {
  count = local.backed_up_disk

  description        = "Homes of the hub ${var.name}"
  execution_role_arn = aws_iam_role.backup[0].arn
  state              = "ENABLED"

  policy_details {
    policy_type    = "EBS_SNAPSHOT_MANAGEMENT"
    resource_types = ["VOLUME"]
    # A disk that has any one of the tags is taken, so there is one only.
    target_tags = { "frazil:homes" = var.name }

    schedule {
      name      = var.homes.backup
      copy_tags = true

      create_rule {
        interval        = local.weekly ? null : 24
        interval_unit   = local.weekly ? null : "HOURS"
        times           = local.weekly ? null : ["10:00"]
        cron_expression = local.weekly ? "cron(0 10 ? * SUN *)" : null
      }

      retain_rule {
        count = local.weekly ? 4 : 7
      }
    }
  }

  depends_on = [aws_iam_role_policy_attachment.backup]
}

# EFS has no snapshots of its own. With the homes their backups go too, or the vault could not.
resource "aws_backup_vault" "homes" {
  count = local.backed_up_share

  name          = "${var.name}-homes"
  force_destroy = true
}

resource "aws_backup_plan" "homes" {
  count = local.backed_up_share

  name = "${var.name}-homes"

  rule {
    rule_name           = var.homes.backup
    target_vault_name   = aws_backup_vault.homes[0].name
    schedule            = local.weekly ? "cron(0 10 ? * SUN *)" : "cron(0 10 * * ? *)"
    recovery_point_tags = var.tags

    lifecycle {
      delete_after = local.kept_days
    }
  }
}

resource "aws_backup_selection" "homes" {
  count = local.backed_up_share

  name         = "${var.name}-homes"
  plan_id      = aws_backup_plan.homes[0].id
  iam_role_arn = aws_iam_role.backup[0].arn
  resources    = [aws_efs_file_system.homes[0].arn]

  depends_on = [aws_iam_role_policy_attachment.backup]
}
