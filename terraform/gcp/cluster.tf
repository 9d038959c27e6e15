locals {
  automatic = var.kubernetes.upgrades == "automatic"
  # Nothing but patches of the control plane, until Google supports the minor version no longer. Without a channel
  # the control plane would go on to the next one, and from June 2027 every cluster has a channel.
  held = {
    name  = "manual"
    from  = "2026-01-01T00:00:00Z"
    to    = null
    until = "UNTIL_END_OF_SUPPORT"
  }
  # An event and a day on either side, as its days are not told in UTC.
  event = var.event == null ? null : {
    name  = "event"
    from  = timeadd("${var.event.from}T00:00:00Z", "-24h")
    to    = timeadd("${var.event.to}T00:00:00Z", "48h")
    until = null
  }
  # What is past is left out, as GKE may refuse it.
  excluded = local.automatic ? [for event in local.event[*] : event if timecmp(plantimestamp(), event.to) < 0] : [local.held]
}

resource "google_container_cluster" "hub" {
  name = var.name
  # The control plane is in all zones of the region, at the price of one in a zone; nodes are where the disks are.
  location       = var.region
  node_locations = [local.first_zone]

  # `frazil` asks before it deletes a cluster and names it; with this, `down` would stop half-way.
  deletion_protection = false

  # The pools are resources of their own. GKE makes no cluster without one, so it gets one that goes at once.
  remove_default_node_pool = true
  initial_node_count       = 1

  network         = google_compute_network.hub.id
  subnetwork      = google_compute_subnetwork.hub.id
  networking_mode = "VPC_NATIVE"
  # Dataplane V2: network policies are enforced without an add-on.
  datapath_provider         = "ADVANCED_DATAPATH"
  default_max_pods_per_node = 110
  enable_shielded_nodes     = true

  # The least version at first. Later it only ever goes up: a control plane that is newer is left alone.
  min_master_version = var.kubernetes.version

  release_channel {
    channel = "REGULAR"
  }

  # Weekends, for whatever is done by itself. GKE wants 48 hours in 92 days, in pieces of four or more.
  maintenance_policy {
    recurring_window {
      start_time = "2026-01-03T08:00:00Z"
      end_time   = "2026-01-03T16:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=SA,SU"
    }

    dynamic "maintenance_exclusion" {
      for_each = local.excluded

      content {
        exclusion_name = maintenance_exclusion.value.name
        start_time     = maintenance_exclusion.value.from
        end_time       = maintenance_exclusion.value.to

        exclusion_options {
          scope             = "NO_MINOR_OR_NODE_UPGRADES"
          end_time_behavior = maintenance_exclusion.value.until
        }
      }
    }
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes    = local.private
    enable_private_endpoint = false
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  # Costs by namespace in the detailed billing export.
  cost_management_config {
    enabled = true
  }

  # Empty nodes go after minutes rather than tens of them.
  cluster_autoscaling {
    enabled             = false
    autoscaling_profile = "OPTIMIZE_UTILIZATION"
  }

  # A project's first 50 GiB of logs a month are free; what people's programs print could go far beyond.
  logging_config {
    enable_components = ["SYSTEM_COMPONENTS"]
  }

  # Metrics of the system are free; managed Prometheus is paid by the sample.
  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS"]

    managed_prometheus {
      enabled = false
    }
  }

  addons_config {
    # Workers look names up by the thousand, and kube-dns has one core node. To switch it on later replaces all nodes.
    dns_cache_config {
      enabled = true
    }

    gce_persistent_disk_csi_driver_config {
      enabled = true
    }

    # Homes on Filestore are mounted by NFS, which needs no driver.
    gcp_filestore_csi_driver_config {
      enabled = false
    }
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  # Of the pool that goes at once: without this it runs as the project's default account, which many
  # organizations switch off, and takes its disk from the SSD quota.
  node_config {
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    disk_type       = "pd-standard"
    disk_size_gb    = 20

    shielded_instance_config {
      enable_integrity_monitoring = true
      enable_secure_boot          = true
    }
  }

  lifecycle {
    # That pool is gone, and any difference in it would replace the cluster.
    ignore_changes = [node_config, initial_node_count]
  }

  depends_on = [
    google_project_iam_member.nodes,
    google_project_service.api,
    # Nodes without public addresses pull images through it.
    google_compute_router_nat.hub,
  ]
}
