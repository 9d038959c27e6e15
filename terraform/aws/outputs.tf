output "cluster" {
  description = "The cluster's name and ARN."
  value = {
    name = aws_eks_cluster.hub.name
    arn  = aws_eks_cluster.hub.arn
  }
}

output "network" {
  description = "The network."
  value       = { vpc = aws_vpc.hub.id }
}

output "zones" {
  description = "Zones with subnets, the first one with the disks where no pool says otherwise."
  value       = local.zones
}

output "roles" {
  description = "ARNs of the roles: of the cluster, its nodes, and each identity."
  value = merge(
    { cluster = aws_iam_role.cluster.arn, nodes = aws_iam_role.nodes.arn },
    { for what, role in aws_iam_role.identity : what => role.arn },
  )
}

output "homes_volume" {
  description = "The homes' volume as its CSI driver names it: a disk's ID, or FILESYSTEM::ACCESSPOINT; null for none."
  value = (
    local.disk_homes ? aws_ebs_volume.homes[0].id :
    local.shared_homes == 1 ? "${aws_efs_file_system.homes[0].id}::${aws_efs_access_point.homes[0].id}" : null
  )

  # The volume can be mounted once it has targets.
  depends_on = [aws_efs_mount_target.homes]
}

output "homes_zone" {
  description = "The zone of the homes' disk, where its server has to run; null where homes are no disk."
  value       = local.disk_homes ? aws_ebs_volume.homes[0].availability_zone : null
}

output "scratch" {
  description = "The scratch bucket's URI; null for none."
  value       = local.scratch == 1 ? "s3://${aws_s3_bucket.scratch[0].id}" : null
}

output "registry" {
  description = "Where the hub image is pushed to; null where the hub file names an image of its own."
  value       = local.registry == 1 ? aws_ecr_repository.hub[0].repository_url : null
}

output "balancer_address" {
  description = "The allocation of the address that the hub's balancer gets; null where its record is made by hand."
  value       = one(aws_eip.balancer[*].id)
}

output "balancer_subnet" {
  description = "The subnet that the balancer with that address is in."
  value       = local.named == 1 ? local.balancer_subnet : null
}

output "bills" {
  description = "Where the account's bills are exported to; null where they are not."
  value       = one([for bucket in aws_s3_bucket.bills : "s3://${bucket.id}"])
}
