# The repository of the hub image: images are named HOST/PROJECT/REPOSITORY/IMAGE.
resource "google_artifact_registry_repository" "hub" {
  count = var.registry == null ? 0 : 1

  repository_id = split("/", var.registry)[0]
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the hub ${var.name}"

  # Images whose tag has moved on. Tagged ones stay: a server may be running any of them.
  cleanup_policies {
    id     = "untagged"
    action = "DELETE"

    condition {
      tag_state  = "UNTAGGED"
      older_than = "1209600s"
    }
  }

  depends_on = [google_project_service.api]
}
