locals {
  s3 = "arn:${data.aws_partition.current.partition}:s3:::"

  # Open data lies in other accounts' buckets, whose owners decide who reads. In this account are the state,
  # logs and other hubs' buckets, which people have no business with: a bucket of it that they shall read
  # names their role in its own policy.
  read_elsewhere = [{
    Sid       = "ReadElsewhere"
    Effect    = "Allow"
    Action    = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:GetBucketLocation"]
    Resource  = ["${local.s3}*"]
    Condition = { StringNotEquals = { "aws:ResourceAccount" = var.account } }
  }]

  use_scratch = var.scratch == null ? "[]" : jsonencode([
    {
      Sid      = "ListScratch"
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
      Resource = ["${local.s3}${var.scratch.bucket}"]
    },
    {
      Sid      = "UseScratch"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      Resource = ["${local.s3}${var.scratch.bucket}/*"]
    },
  ])

  # Looking takes all of a region, since these actions know no resource; changing is for groups of this cluster.
  scale_pools = [
    {
      Sid    = "Look"
      Effect = "Allow"
      Action = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
      ]
      Resource = ["*"]
    },
    {
      Sid      = "LookAtPools"
      Effect   = "Allow"
      Action   = ["eks:DescribeNodegroup"]
      Resource = ["arn:${data.aws_partition.current.partition}:eks:${var.region}:${var.account}:nodegroup/${var.name}/*"]
    },
    {
      Sid      = "Scale"
      Effect   = "Allow"
      Action   = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
      Resource = ["*"]
      Condition = { StringEquals = {
        "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.name}" = "owned"
      } }
    },
  ]

  # The one access point is made by Terraform; the driver only looks where it can be mounted.
  mount_homes = [{
    Sid    = "LookAtHomes"
    Effect = "Allow"
    Action = [
      "ec2:DescribeAvailabilityZones",
      "elasticfilesystem:DescribeAccessPoints",
      "elasticfilesystem:DescribeFileSystems",
      "elasticfilesystem:DescribeMountTargets",
    ]
    Resource = ["*"]
  }]

  # What may be written is one record, in the zone where it is named; whose zone the domain is in is else not known.
  proof_zones = one(data.aws_route53_zone.hub[*].zone_id) == null ? "*" : data.aws_route53_zone.hub[0].zone_id
  prove_domain = var.domain == null ? "[]" : jsonencode([
    {
      Sid      = "FindZone"
      Effect   = "Allow"
      Action   = ["route53:ListHostedZonesByName"]
      Resource = ["*"]
    },
    {
      Sid      = "SeeChange"
      Effect   = "Allow"
      Action   = ["route53:GetChange"]
      Resource = ["arn:${data.aws_partition.current.partition}:route53:::change/*"]
    },
    {
      Sid      = "SeeRecords"
      Effect   = "Allow"
      Action   = ["route53:ListResourceRecordSets"]
      Resource = ["arn:${data.aws_partition.current.partition}:route53:::hostedzone/${local.proof_zones}"]
    },
    {
      Sid      = "WriteProof"
      Effect   = "Allow"
      Action   = ["route53:ChangeResourceRecordSets"]
      Resource = ["arn:${data.aws_partition.current.partition}:route53:::hostedzone/${local.proof_zones}"]
      Condition = { "ForAllValues:StringEquals" = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["_acme-challenge.${var.domain}"]
        "route53:ChangeResourceRecordSetsRecordTypes"           = ["TXT"]
      } }
    },
  ])

  # The page of costs. A folder is listed by its bucket; without one all of the bucket is read.
  read_bills = var.billing.bucket == null ? "[]" : jsonencode([
    {
      Sid      = "ListBills"
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
      Resource = ["${local.s3}${var.billing.bucket.name}"]
    },
    {
      Sid    = "ReadBills"
      Effect = "Allow"
      Action = ["s3:GetObject"]
      Resource = [
        for files in var.billing.bucket.folder == "" ? ["*"] : [var.billing.bucket.folder, "${var.billing.bucket.folder}/*"] :
        "${local.s3}${var.billing.bucket.name}/${files}"
      ]
    },
  ])

  # JSON each, since the statements are of different shapes.
  rights = { for what, statements in {
    user         = jsonencode(concat(local.read_elsewhere, jsondecode(local.use_scratch)))
    autoscaler   = jsonencode(local.scale_pools)
    homes        = jsonencode(local.mount_homes)
    certificates = local.prove_domain
    report       = local.read_bills
  } : what => statements if statements != "[]" }
}
