locals {
  registry = var.registry == null ? 0 : 1
}

# The hub image. It is made from files that are kept elsewhere, so it goes with the hub.
resource "aws_ecr_repository" "hub" {
  count = local.registry

  name = var.registry
  # A tag never means another image: servers started on two days are alike.
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "hub" {
  count = local.registry

  repository = aws_ecr_repository.hub[0].name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the last 20 images"
      selection = {
        tagStatus   = "any"
        countType   = "imageCountMoreThan"
        countNumber = 20
      }
      action = { type = "expire" }
    }]
  })
}
