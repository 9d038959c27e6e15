resource "google_storage_bucket" "scratch" {
  count = var.scratch == null ? 0 : 1

  name     = var.scratch.bucket
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # Nothing here is meant to stay, so what is left does not keep the hub from being taken down.
  force_destroy = true

  # Deleted objects would be paid for another week.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = var.scratch.days
    }
  }

  # Parts of uploads that broke off are seen in no listing, and paid for.
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 1
    }
  }

  depends_on = [google_project_service.api]
}
