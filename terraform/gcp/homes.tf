locals {
  # What runs the server of homes is in the core pool, and mounts only what its machine can.
  homes_disk = contains(local.hyperdisk_only, local.machines["core"].family) ? "hyperdisk-balanced" : "pd-balanced"
  # Days that a backup is kept.
  homes_kept    = { daily = 7, weekly = 28 }
  homes_backups = var.homes.kind == "disk" && var.homes.backup != "none" ? 1 : 0
  # An instance that was never finished has none, and has to go all the same.
  homes_address = try(one(google_filestore_instance.homes[*].networks[0].ip_addresses[0]), null)
}

# With a quota for each person: one disk, which an NFS server in the cluster shares.
resource "google_compute_disk" "homes" {
  count = var.homes.kind == "disk" ? 1 : 0

  name = "${var.name}-homes"
  type = local.homes_disk
  size = var.homes.size
  zone = local.first_zone

  depends_on = [google_project_service.first]
}

# Google changes no schedule in place, and the provider does not know that another name is another policy.
resource "terraform_data" "homes_backup" {
  count = local.homes_backups

  input = var.homes.backup
}

resource "google_compute_resource_policy" "homes" {
  count = local.homes_backups

  # Another schedule is another policy, and the disk has to let go of the old one first: by its name it does.
  name   = "${var.name}-homes-${var.homes.backup}"
  region = var.region

  snapshot_schedule_policy {
    schedule {
      dynamic "daily_schedule" {
        for_each = var.homes.backup == "daily" ? [true] : []

        content {
          days_in_cycle = 1
          start_time    = "08:00"
        }
      }

      dynamic "weekly_schedule" {
        for_each = var.homes.backup == "weekly" ? [true] : []

        content {
          day_of_weeks {
            day        = "SUNDAY"
            start_time = "08:00"
          }
        }
      }
    }

    retention_policy {
      max_retention_days = local.homes_kept[var.homes.backup]
      # Snapshots of a disk that somebody deleted would be kept, and paid, for ever.
      on_source_disk_delete = "APPLY_RETENTION_POLICY"
    }

    snapshot_properties {
      labels            = var.labels
      storage_locations = [var.region]
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.homes_backup]
  }

  depends_on = [google_project_service.first]
}

resource "google_compute_disk_resource_policy_attachment" "homes" {
  count = local.homes_backups

  name = google_compute_resource_policy.homes[0].name
  disk = google_compute_disk.homes[0].name
  zone = local.first_zone
}

# Without a quota: Filestore, which people's nodes mount directly.
resource "google_filestore_instance" "homes" {
  count = var.homes.kind == "shared" ? 1 : 0

  name     = "${var.name}-homes"
  location = local.first_zone
  tier     = "BASIC_HDD"

  file_shares {
    name = "homes"
    # Google sells no less than 1 TiB.
    capacity_gb = max(1024, var.homes.size)

    nfs_export_options {
      # Nodes mount it; a pod that tries by itself comes from another address.
      ip_ranges   = [var.network.cidr]
      access_mode = "READ_WRITE"
      # A node makes a person's folder as root.
      squash_mode = "NO_ROOT_SQUASH"
    }
  }

  networks {
    network      = google_compute_network.hub.name
    modes        = ["MODE_IPV4"]
    connect_mode = "DIRECT_PEERING"
  }

  lifecycle {
    precondition {
      condition     = var.homes.backup == "none"
      error_message = "Google has no schedule for backups of Filestore, so storage.homes.backup cannot be kept. Give storage.homes a quota, which puts homes on a disk with snapshots, or leave backup out."
    }
  }

  depends_on = [google_project_service.api]
}
