output "cluster" {
  description = "The cluster's name, and where it is."
  value = {
    name     = google_container_cluster.hub.name
    location = google_container_cluster.hub.location
  }
}

output "homes_volume" {
  description = "The homes' disk, as its CSI driver names it; null where homes are on none."
  value       = one(google_compute_disk.homes[*].id)
}

output "homes_zone" {
  description = "The zone of the homes' disk, where its server has to run; null where homes are on none."
  value       = one(google_compute_disk.homes[*].zone)
}

output "homes_address" {
  description = "The address of the Filestore instance that keeps homes; null without one."
  value       = local.homes_address
}

output "scratch" {
  description = "The scratch bucket, as gs://NAME; null without one."
  value       = one(google_storage_bucket.scratch[*].url)
}

output "registry" {
  description = "Where the hub's images go, as HOST/PROJECT/REPOSITORY; null where the hub file names an image of its own."
  value = one([
    for repository in google_artifact_registry_repository.hub :
    "${var.region}-docker.pkg.dev/${var.project}/${repository.repository_id}"
  ])
}

output "accounts" {
  description = "E-mail addresses of the service accounts, by what they do. Owners of private data share it with `user`."
  value = merge(
    { for what, account in google_service_account.identity : what => account.email },
    { nodes = google_service_account.nodes.email },
  )
}

output "zones" {
  description = "The zones of the nodes, the first one with the disks."
  value       = local.zones
}

output "network" {
  description = "The network and its one subnet."
  value = {
    name       = google_compute_network.hub.name
    subnetwork = google_compute_subnetwork.hub.name
  }
}

output "balancer_address" {
  description = "The address that the hub's balancer gets; null where its record is made by hand."
  value       = one(google_compute_address.balancer[*].address)
}

output "bills" {
  description = "The dataset for the billing export, as PROJECT:DATASET; null without one."
  value       = one([for dataset in google_bigquery_dataset.bills : "${var.project}:${dataset.dataset_id}"])
}
