locals {
  # No one to tell, no alert.
  alerts = var.budget == null ? [] : var.budget.contact == null ? [] : concat(
    [for percent in var.budget.alert_at : { type = "ACTUAL", percent = percent }],
    [{ type = "FORECASTED", percent = 100 }],
  )
  event = var.budget == null ? false : var.budget.from != null
}

# It counts what carries the hub's tag, and nothing until the payer has made that a cost allocation tag. It
# tells and does no more: what happens when all is spent is done in the cluster, where it can be undone.
resource "aws_budgets_budget" "hub" {
  count = var.budget == null ? 0 : 1

  name         = var.name
  budget_type  = "COST"
  limit_amount = var.budget.total
  limit_unit   = var.budget.currency

  # An event's sum is one sum, also over the end of a month. An end is not set: AWS deletes a budget on its last
  # day, and a hub that was left running would bill unseen.
  time_unit         = local.event ? "ANNUALLY" : "MONTHLY"
  time_period_start = local.event ? "${substr(var.budget.from, 0, 7)}-01_00:00" : null

  cost_filter {
    name   = "TagKeyValue"
    values = [join("$", ["user:frazil:hub", var.name])]
  }

  # What is used counts, also where credits pay for it: they end without a word.
  cost_types {
    include_credit = false
    include_refund = false
  }

  dynamic "notification" {
    for_each = local.alerts
    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.value.type
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = [var.budget.contact]
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.alerts) <= 10
      error_message = "AWS keeps ten alerts of a budget, one of them for the forecast. Name nine percentages or fewer in `budget.alert_at`."
    }
  }
}
