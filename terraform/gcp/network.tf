locals {
  # Networks and accounts have no labels: by this they are known as the hub's, should the state be lost.
  mark = "frazil-hub=${var.name}"
}

resource "google_compute_network" "hub" {
  name                    = var.name
  description             = local.mark
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"

  depends_on = [google_project_service.first]
}

resource "google_compute_subnetwork" "hub" {
  name          = var.name
  description   = local.mark
  network       = google_compute_network.hub.id
  region        = var.region
  ip_cidr_range = var.network.cidr
  # Google's APIs, buckets and registry among them, are reached without leaving Google's network.
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = var.network.pods
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = var.network.services
  }

  dynamic "log_config" {
    for_each = var.network.flow_logs ? [true] : []

    content {
      # Logs are paid by volume. Google scales sampled bytes up, and bills are told by the day.
      aggregation_interval = "INTERVAL_10_MIN"
      flow_sampling        = 0.5
      # Names of pods and of the other side's country come with the metadata only.
      metadata = "INCLUDE_ALL_METADATA"
    }
  }
}

locals {
  private = var.network.nat != "none"
}

resource "google_compute_router" "hub" {
  count = local.private ? 1 : 0

  name        = var.name
  description = local.mark
  network     = google_compute_network.hub.id
  region      = var.region
}

# Cloud NAT is no machine in a zone: one serves the region, whether `single` or `per-zone` is asked for.
resource "google_compute_router_nat" "hub" {
  count = local.private ? 1 : 0

  name                               = var.name
  router                             = google_compute_router.hub[0].name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  # A node of Dask workers opens thousands of connections to one archive; 64 ports, the default, drop them.
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false
  min_ports_per_vm                    = 128
  max_ports_per_vm                    = 16384

  subnetwork {
    name                    = google_compute_subnetwork.hub.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# The network lets nothing in by itself, and GKE opens what its control plane, pods and balancers need. NFS 3
# calls back to whoever waits for a lock, at ports that the kernel chooses; notebooks and SQLite do wait.
resource "google_compute_firewall" "homes" {
  count = var.homes.kind == "shared" ? 1 : 0

  name        = "${var.name}-homes"
  description = local.mark
  network     = google_compute_network.hub.id
  direction   = "INGRESS"
  # Without any range a rule lets everyone in, so a missing address stands for nodes themselves.
  source_ranges           = [local.homes_address == null ? var.network.cidr : "${local.homes_address}/32"]
  target_service_accounts = [google_service_account.nodes.email]

  allow {
    protocol = "tcp"
  }

  allow {
    protocol = "udp"
  }
}
