resource "google_storage_bucket" "state" {
  name     = var.bucket
  location = var.region

  # A state holds what a hub is made of: nobody reads it who has no right to the bucket itself.
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # A state that is still there belongs to something that is still there.
  force_destroy = false

  # What a broken or careless call wrote can be undone.
  versioning {
    enabled = true
  }

  # An old version goes when it is both old and far from the newest.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      with_state                 = "ARCHIVED"
      days_since_noncurrent_time = 90
      num_newer_versions         = 10
    }
  }

  # For a bucket that is emptied by mistake. Some kilobytes are kept another week.
  soft_delete_policy {
    retention_duration_seconds = 604800
  }
}
