# A cluster with a node group and a bucket: what TestRealTools applies.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region              = "us-west-2"
  allowed_account_ids = ["123456789012"]
  default_tags {
    tags = { "frazil:hub" = "small" }
  }
}
variable "max" {
  default = 3
}


resource "aws_vpc" "hub" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "small" }
}

data "aws_availability_zones" "all" {}

resource "aws_subnet" "nodes" {
  count             = 2
  vpc_id            = aws_vpc.hub.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 4, count.index)
  availability_zone = data.aws_availability_zones.all.names[count.index]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com", "ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "cluster" {
  name               = "small"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_eks_cluster" "hub" {
  name     = "small"
  role_arn = aws_iam_role.cluster.arn
  version  = "1.35"
  vpc_config {
    subnet_ids = aws_subnet.nodes[*].id
  }
}

resource "aws_eks_node_group" "user" {
  cluster_name    = aws_eks_cluster.hub.name
  node_group_name = "user"
  node_role_arn   = aws_iam_role.cluster.arn
  subnet_ids      = aws_subnet.nodes[*].id
  instance_types  = ["m7i.large"]
  labels          = { a = "b" }
  scaling_config {
    min_size     = 0
    desired_size = 0
    max_size     = var.max
  }
  taint {
    key    = "dedicated"
    value  = "user"
    effect = "NO_SCHEDULE"
  }
}

resource "aws_s3_bucket" "scratch" {
  bucket = "small-123456789012-scratch"
  tags   = { Name = "scratch" }
}

resource "aws_s3_bucket_versioning" "scratch" {
  bucket = aws_s3_bucket.scratch.id
  versioning_configuration {
    status = "Enabled"
  }
}

output "endpoint" {
  value = aws_eks_cluster.hub.endpoint
}
