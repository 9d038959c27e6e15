output "bucket" {
  description = "The bucket's name, for the backend `gcs`."
  value       = google_storage_bucket.state.name
}
