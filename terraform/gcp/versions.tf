terraform {
  required_version = ">= 1.10"
  required_providers {
    google = {
      source = "hashicorp/google"
      # The first with `taint_config`.
      version = "~> 7.38"
    }
  }
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = var.labels
}
