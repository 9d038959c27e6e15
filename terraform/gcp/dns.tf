# The hub's name, where the hub file says in which zone. The balancer gets its address from here, so that the record
# can be made before it, and stays right when it is made anew.
data "google_dns_managed_zone" "hub" {
  count = local.named

  name = var.dns.zone

  lifecycle {
    postcondition {
      condition     = endswith(".${coalesce(var.domain, "-")}.", ".${self.dns_name}")
      error_message = "The zone ${var.dns.zone} is for ${self.dns_name} and cannot hold a record of ${coalesce(var.domain, "no domain")}. Name another zone in `dns.zone`: `gcloud dns managed-zones list` tells them."
    }
  }

  depends_on = [google_project_service.dns]
}

locals {
  named = var.dns == null ? 0 : 1
}

resource "google_compute_address" "balancer" {
  count = local.named

  name   = "${var.name}-balancer"
  region = var.region
  labels = var.labels

  depends_on = [google_project_service.first]
}

resource "google_dns_record_set" "hub" {
  count = local.named

  managed_zone = data.google_dns_managed_zone.hub[0].name
  name         = "${var.domain}."
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_address.balancer[0].address]
}
