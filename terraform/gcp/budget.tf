# Budgets belong to the billing account, and their API wants to know which project asks when a person does.
provider "google" {
  alias                 = "billing"
  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
}

data "google_project" "hub" {
  count = var.budget == null ? 0 : 1

  project_id = var.project

  depends_on = [google_project_service.first, google_project_service.budget]
}

locals {
  # `1000.00`: whole units, and hundredths as the API's billionths.
  amount = var.budget == null ? [] : split(".", var.budget.total)
  # The event's days, where the sum is for it.
  period = var.budget == null ? [] : var.budget.from == null ? [] : [
    { from = split("-", var.budget.from), to = split("-", var.budget.to) }
  ]
  contact = var.budget == null ? null : var.budget.contact
}

resource "google_billing_budget" "hub" {
  count    = var.budget == null ? 0 : 1
  provider = google.billing

  billing_account = data.google_project.hub[0].billing_account
  display_name    = "frazil ${var.name}"

  budget_filter {
    projects = ["projects/${data.google_project.hub[0].number}"]
    # One label is all that the API takes.
    labels = { frazil-hub = var.name }
    # Grants and promotions would hide what is spent until they run out.
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
    calendar_period        = length(local.period) == 0 ? "MONTH" : null

    dynamic "custom_period" {
      for_each = local.period

      content {
        start_date {
          year  = tonumber(custom_period.value.from[0])
          month = tonumber(custom_period.value.from[1])
          day   = tonumber(custom_period.value.from[2])
        }

        end_date {
          year  = tonumber(custom_period.value.to[0])
          month = tonumber(custom_period.value.to[1])
          day   = tonumber(custom_period.value.to[2])
        }
      }
    }
  }

  amount {
    specified_amount {
      # Has to be the billing account's own.
      currency_code = var.budget.currency
      units         = local.amount[0]
      nanos         = tonumber("${local.amount[1]}0000000")
    }
  }

  dynamic "threshold_rules" {
    for_each = distinct(var.budget.alert_at)

    content {
      threshold_percent = threshold_rules.value / 100
      spend_basis       = "CURRENT_SPEND"
    }
  }

  # Without a contact the billing account's administrators are told, as they are with one.
  dynamic "all_updates_rule" {
    for_each = google_monitoring_notification_channel.contact[*].id

    content {
      monitoring_notification_channels = [all_updates_rule.value]
      disable_default_iam_recipients   = false
    }
  }
}

resource "google_monitoring_notification_channel" "contact" {
  count = local.contact == null ? 0 : 1

  display_name = "frazil ${var.name}: contact"
  type         = "email"
  labels       = { email_address = local.contact }
  user_labels  = var.labels

  depends_on = [google_project_service.api]
}
