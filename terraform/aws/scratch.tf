locals {
  scratch = var.scratch == null ? 0 : 1
}

# Results on the way. What is in it expires anyway, so it goes with the hub, full or not.
resource "aws_s3_bucket" "scratch" {
  count = local.scratch

  bucket        = var.scratch.bucket
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "scratch" {
  count = local.scratch

  bucket                  = aws_s3_bucket.scratch[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "scratch" {
  count = local.scratch

  bucket = aws_s3_bucket.scratch[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "scratch" {
  count = local.scratch

  bucket = aws_s3_bucket.scratch[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.scratch.days
    }
    # Parts of an upload that broke off are in no listing, and are billed all the same.
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "scratch" {
  count = local.scratch

  bucket = aws_s3_bucket.scratch[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.scratch[0].arn, "${aws_s3_bucket.scratch[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.scratch]
}
