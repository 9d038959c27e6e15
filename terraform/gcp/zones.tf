data "google_compute_zones" "region" {
  count = length(var.zones) == 0 ? 1 : 0

  region = var.region

  depends_on = [google_project_service.first]
}

locals {
  # In the order of their names, so that the first one stays the first. Not every region has a zone `a`.
  zones = length(var.zones) > 0 ? var.zones : [sort(data.google_compute_zones.region[0].names)[0]]
  # Disks are here, and what mounts them.
  first_zone = local.zones[0]
}
