locals {
  # A GKE pool has one machine type, so each type of a pool is a pool of its own: where one is sold out, the
  # autoscaler takes the next. All types of a pool have one shape (the rule `machine-shapes`). Only the first
  # keeps the fewest nodes.
  machines = merge([
    for name, pool in var.pools : {
      for index, machine in pool.machines : index == 0 ? name : "${name}-${index + 1}" => {
        pool    = pool
        machine = machine
        family  = split("-", machine)[0]
        min     = index == 0 ? pool.min : 0
        zones   = length(pool.zones) > 0 ? pool.zones : name == "core" ? [local.first_zone] : local.zones
        gpu     = pool.gpus > 0 ? lookup(local.gpus, join("-", slice(split("-", machine), 0, 2)), "") : null
      }
    }
  ]...)

  # What GKE calls the GPUs of a machine ("GPU platforms", Compute Engine documentation).
  gpus = {
    "a2-highgpu"  = "nvidia-tesla-a100"
    "a2-megagpu"  = "nvidia-tesla-a100"
    "a2-ultragpu" = "nvidia-a100-80gb"
    "a3-highgpu"  = "nvidia-h100-80gb"
    "a3-megagpu"  = "nvidia-h100-mega-80gb"
    "g2-standard" = "nvidia-l4"
    "g4-standard" = "nvidia-rtx-pro-6000"
  }

  # Families that boot from Hyperdisk alone, and mount nothing else ("Machine families", Compute Engine
  # documentation).
  hyperdisk_only = ["c4", "c4a", "c4d", "c4n", "g4", "m4", "n4", "n4a", "n4d"]

  # How GKE writes what a taint does.
  effects = {
    NoSchedule       = "NO_SCHEDULE"
    PreferNoSchedule = "PREFER_NO_SCHEDULE"
    NoExecute        = "NO_EXECUTE"
  }
}

resource "google_container_node_pool" "pool" {
  for_each = local.machines

  name           = each.key
  cluster        = google_container_cluster.hub.id
  node_locations = each.value.zones

  # In each zone. The autoscaler does not fill a pool up to its fewest nodes; it only keeps them.
  initial_node_count = ceil(each.value.min / length(each.value.zones))

  autoscaling {
    # Of all zones together, as the hub file counts them.
    total_min_node_count = each.value.min
    total_max_node_count = each.value.pool.max
    # What is scarce is taken where it is.
    location_policy = each.value.pool.spot || each.value.pool.gpus > 0 ? "ANY" : "BALANCED"
  }

  management {
    auto_repair = true
    # A channel leaves no choice; where upgrades are `manual`, the cluster's exclusion holds them back.
    auto_upgrade = true
  }

  upgrade_settings {
    strategy        = "SURGE"
    max_surge       = 1
    max_unavailable = 0
  }

  network_config {
    enable_private_nodes = local.private
  }

  node_config {
    machine_type = each.value.machine
    # Image streaming needs it.
    image_type      = "COS_CONTAINERD"
    spot            = each.value.pool.spot
    disk_type       = contains(local.hyperdisk_only, each.value.family) ? "hyperdisk-balanced" : "pd-balanced"
    disk_size_gb    = 100
    service_account = google_service_account.nodes.email
    # Rights are the account's; scopes only take some away again.
    oauth_scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    labels       = each.value.pool.labels
    # The provider's own labels do not reach the machines.
    resource_labels = var.labels

    metadata = {
      disable-legacy-endpoints = "true"
    }

    dynamic "taint" {
      for_each = each.value.pool.taints

      content {
        key    = taint.value.key
        value  = taint.value.value
        effect = local.effects[taint.value.effect]
      }
    }

    # GKE would keep pods off ARM nodes that do not tolerate it; the pool's own taints do that.
    dynamic "taint_config" {
      for_each = each.value.pool.arch == "arm64" ? [true] : []

      content {
        architecture_taint_behavior = "NONE"
      }
    }

    dynamic "guest_accelerator" {
      for_each = each.value.gpu[*]

      content {
        type  = guest_accelerator.value
        count = each.value.pool.gpus

        gpu_driver_installation_config {
          gpu_driver_version = "DEFAULT"
        }
      }
    }

    # Newer machines have no other network card, and on older ones it is the faster one.
    gvnic {
      enabled = true
    }

    gcfs_config {
      enabled = true
    }

    # Pods see their own identity at the metadata server, never the node's.
    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_integrity_monitoring = true
      # With it the kernel refuses drivers that are not signed, and some of a GPU are not.
      enable_secure_boot = each.value.gpu == null
    }
  }

  lifecycle {
    # The autoscaler's business afterwards; a change would replace the pool.
    ignore_changes = [initial_node_count]

    precondition {
      condition     = each.value.gpu != ""
      error_message = "The pool ${each.key} has GPUs, but what GKE calls those of ${each.value.machine} is not known. Take a machine of a2, a3, g2 or g4."
    }
  }
}
