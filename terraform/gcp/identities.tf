# The nodes' own account: what GKE's parts on them and pulls of images need, and nothing else.
resource "google_service_account" "nodes" {
  account_id   = var.accounts["nodes"]
  display_name = "${var.name}: nodes"
  description  = local.mark

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "nodes" {
  for_each = toset([
    "artifactregistry.reader",
    # The least that GKE asks for: writing logs and metrics.
    "container.defaultNodeServiceAccount",
    # Image streaming asks its API in the project's name; without it pods on new nodes do not start
    # (terraform-google-modules/terraform-google-kubernetes-engine#2251).
    "serviceusage.serviceUsageConsumer",
  ])

  project = var.project
  role    = "roles/${each.key}"
  member  = google_service_account.nodes.member
}

# Accounts that pods act as.
resource "google_service_account" "identity" {
  for_each = var.identities

  account_id   = each.value.name
  display_name = "${var.name}: ${each.key}"
  description  = local.mark

  depends_on = [google_project_service.api]
}

resource "google_service_account_iam_member" "pods" {
  for_each = var.identities

  service_account_id = google_service_account.identity[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${each.value.namespace}/${each.value.account}]"

  # The project has no such pool of identities before its first cluster.
  depends_on = [google_container_cluster.hub]
}

# To read, write, list and delete, but not to hand rights on. Public data needs no right, and private data of
# others is theirs to share with the account.
resource "google_storage_bucket_iam_member" "user_scratch" {
  count = var.scratch == null ? 0 : 1

  bucket = google_storage_bucket.scratch[0].name
  role   = "roles/storage.objectUser"
  member = google_service_account.identity["user"].member
}

locals {
  certificates = contains(keys(var.identities), "certificates") ? 1 : 0
}

# What cert-manager asks for to prove a domain by a record. It looks for the zone itself, so the right is on
# the project; `roles/dns.admin` could also delete zones.
resource "google_project_iam_custom_role" "certificates" {
  count = local.certificates

  # The ID of a deleted role is taken for 37 days, and only the first seven can be undone. A new account has
  # another number, so a hub that comes up again has another role.
  role_id = "${replace(var.name, "-", "_")}_certificates_${substr(google_service_account.identity["certificates"].unique_id, -8, -1)}"
  title   = "${var.name}: records for certificates"
  permissions = [
    "dns.changes.create",
    "dns.changes.get",
    "dns.changes.list",
    "dns.managedZones.list",
    "dns.resourceRecordSets.create",
    "dns.resourceRecordSets.delete",
    "dns.resourceRecordSets.get",
    "dns.resourceRecordSets.list",
    "dns.resourceRecordSets.update",
  ]

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "certificates" {
  count = local.certificates

  project = var.project
  role    = google_project_iam_custom_role.certificates[0].name
  member  = google_service_account.identity["certificates"].member
}

# Google Cloud knows no administrators of one cluster: the role is for all of the project's.
resource "google_project_iam_member" "administrator" {
  for_each = toset(var.administrators)

  project = var.project
  role    = "roles/container.admin"
  member  = each.key
}
