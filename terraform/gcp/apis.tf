# APIs that the project has to have. They stay on when the hub goes: they cost nothing, and others may use them.

# What data sources need is apart from the rest: Terraform reads a data source late when anything before it
# changes, and a zone that is not known at plan looks like a move of the homes' disk.
resource "google_project_service" "first" {
  for_each = toset(["cloudresourcemanager", "compute"])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

locals {
  apis = setunion(
    [
      "artifactregistry",
      "container",
      # Image streaming.
      "containerfilesystem",
      "iam",
      # Tokens of workload identity.
      "iamcredentials",
      "logging",
      "monitoring",
      "storage",
    ],
    var.homes.kind == "shared" ? ["file"] : [],
    contains(keys(var.identities), "certificates") && var.dns == null ? ["dns"] : [],
  )
}

resource "google_project_service" "api" {
  for_each = local.apis

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false

  depends_on = [google_project_service.first]
}

resource "google_project_service" "budget" {
  # The second one tells which account pays for the project.
  for_each = toset(var.budget == null ? [] : ["billingbudgets", "cloudbilling"])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false

  depends_on = [google_project_service.first]
}

# Apart from the rest, as the zone is read while Terraform plans.
resource "google_project_service" "dns" {
  count = local.named

  service            = "dns.googleapis.com"
  disable_on_destroy = false

  depends_on = [google_project_service.first]
}

resource "google_project_service" "bills" {
  count = var.billing.exports || var.billing.table != null ? 1 : 0

  service            = "bigquery.googleapis.com"
  disable_on_destroy = false

  depends_on = [google_project_service.first]
}
