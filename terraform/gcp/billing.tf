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

# What the page of costs reads. A bucket has its rights as a whole.
resource "google_storage_bucket_iam_member" "report_bills" {
  count = var.billing.bucket == null ? 0 : 1

  bucket = var.billing.bucket.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.identity["report"].member
}

# On the dataset, since Google makes the table days after it. One of another project is its owner's to share with
# the account.
resource "google_bigquery_dataset_iam_member" "report_bills" {
  count = try(var.billing.table.project, "") == var.project ? 1 : 0

  project    = var.project
  dataset_id = var.billing.table.dataset
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.identity["report"].member

  depends_on = [google_bigquery_dataset.bills, google_project_service.bills]
}

# To start queries, which this project pays for.
resource "google_project_iam_member" "report_queries" {
  count = var.billing.table == null ? 0 : 1

  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.identity["report"].member

  depends_on = [google_project_service.bills]
}
