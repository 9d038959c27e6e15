locals {
  # Who asked for what, who was let in, and the API server's own words; the other two are for its makers.
  log_types = ["api", "audit", "authenticator"]
  flow_logs = var.network.flow_logs ? 1 : 0

  log_delivery = "arn:${data.aws_partition.current.partition}:logs:${var.region}:${var.account}:*"
}

resource "aws_cloudwatch_log_group" "control_plane" {
  # EKS writes to this name.
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = 30
}

# Flow logs go to S3: delivery costs half of what CloudWatch takes, and Parquet is read in place.
resource "aws_s3_bucket" "flow_logs" {
  count = local.flow_logs

  bucket        = "${var.name}-${var.account}-flows"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "flow_logs" {
  count = local.flow_logs

  bucket                  = aws_s3_bucket.flow_logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "flow_logs" {
  count = local.flow_logs

  bucket = aws_s3_bucket.flow_logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "flow_logs" {
  count = local.flow_logs

  bucket = aws_s3_bucket.flow_logs[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 90
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

# The two statements for the delivery are those that AWS would add itself where they are missing, over whatever is
# there (VPC user guide, "Amazon S3 bucket permissions for flow logs").
resource "aws_s3_bucket_policy" "flow_logs" {
  count = local.flow_logs

  bucket = aws_s3_bucket.flow_logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.flow_logs[0].arn, "${aws_s3_bucket.flow_logs[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "AWSLogDeliveryWrite"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.flow_logs[0].arn}/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = var.account
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
          ArnLike = { "aws:SourceArn" = local.log_delivery }
        }
      },
      {
        Sid       = "AWSLogDeliveryAclCheck"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
        Resource  = aws_s3_bucket.flow_logs[0].arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account }
          ArnLike      = { "aws:SourceArn" = local.log_delivery }
        }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.flow_logs]
}

resource "aws_flow_log" "hub" {
  count = local.flow_logs

  vpc_id                   = aws_vpc.hub.id
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = aws_s3_bucket.flow_logs[0].arn
  max_aggregation_interval = 600

  # Version 5's fields tell the way that bytes left by and the service they went to: what egress costs by.
  log_format = join(" ", [for field in [
    "start", "end", "interface-id", "instance-id", "subnet-id", "az-id", "flow-direction", "traffic-path",
    "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "pkt-srcaddr", "pkt-dstaddr",
    "pkt-src-aws-service", "pkt-dst-aws-service", "packets", "bytes", "action", "log-status",
  ] : format("$%s", "{${field}}")])

  destination_options {
    file_format                = "parquet"
    hive_compatible_partitions = true
    per_hour_partition         = true
  }

  tags = { Name = var.name }

  depends_on = [aws_s3_bucket_policy.flow_logs]
}
