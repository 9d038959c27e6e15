# Where the billing account's administrator can direct the detailed export. The export itself has no API: it is
# switched on in the console, which gives Google's own account the right to write here.
resource "google_bigquery_dataset" "bills" {
  count = var.billing.exports ? 1 : 0

  dataset_id  = "${replace(var.name, "-", "_")}_bills"
  description = "Billing export, for the hub ${var.name}"
  # Into a dataset of a multi-region Google also writes the month before the export was switched on.
  location = startswith(var.region, "europe-") ? "EU" : "US"
  labels   = var.labels

  delete_contents_on_destroy = true

  depends_on = [google_project_service.bills]
}
