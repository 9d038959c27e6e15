# The account's own bills, line by line, where the hub file asks for them. Exports are made in one region for the
# whole account; in an organization they hold this account's lines alone.
locals {
  exports      = var.billing.exports ? 1 : 0
  exports_from = "us-east-1"

  # What costs are told apart by: whose they are, what for, where bytes went. Both tables want their columns named.
  cur_columns = [
    "bill_bill_type", "bill_billing_entity", "bill_billing_period_end_date", "bill_billing_period_start_date",
    "bill_invoice_id", "bill_payer_account_id", "cost_category", "identity_line_item_id",
    "identity_time_interval", "line_item_availability_zone", "line_item_currency_code",
    "line_item_legal_entity", "line_item_line_item_description", "line_item_line_item_type",
    "line_item_operation", "line_item_product_code", "line_item_resource_id", "line_item_tax_type",
    "line_item_unblended_cost", "line_item_unblended_rate", "line_item_usage_account_id",
    "line_item_usage_amount", "line_item_usage_end_date", "line_item_usage_start_date", "line_item_usage_type",
    "pricing_public_on_demand_cost", "pricing_public_on_demand_rate", "pricing_term", "pricing_unit",
    "product", "product_from_location", "product_from_region_code", "product_instance_type",
    "product_product_family", "product_region_code", "product_servicecode", "product_sku",
    "product_to_location", "product_to_region_code", "resource_tags",
    "reservation_effective_cost", "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee", "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date", "savings_plan_used_commitment",
  ]
  focus_columns = [
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory",
    "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost",
    "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
    "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType",
    "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags",
    "x_CostCategories", "x_Discounts", "x_Operation", "x_ServiceCode", "x_UsageType",
  ]

  exported = var.billing.exports ? {
    cur2 = {
      query = "SELECT ${join(", ", local.cur_columns)} FROM COST_AND_USAGE_REPORT"
      # All of them, also what AWS would add: a setting that is in no plan makes the provider give up
      # (hashicorp/terraform-provider-aws, issue 43978).
      tables = { COST_AND_USAGE_REPORT = {
        BILLING_VIEW_ARN                      = "arn:${data.aws_partition.current.partition}:billing::${var.account}:billingview/primary"
        TIME_GRANULARITY                      = "HOURLY"
        INCLUDE_RESOURCES                     = "TRUE"
        INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY = "FALSE"
        # The account that pays would have to ask for it first; the recorder tells the same of a hub.
        INCLUDE_SPLIT_COST_ALLOCATION_DATA = "FALSE"
      } }
    }
    # The table of FOCUS 1.2 has no usage type, by which the way of bytes is told.
    focus = {
      query  = "SELECT ${join(", ", local.focus_columns)} FROM FOCUS_1_0_AWS"
      tables = { FOCUS_1_0_AWS = {} }
    }
  } : {}
}

resource "aws_s3_bucket" "bills" {
  count = local.exports

  bucket        = "${var.name}-${var.account}-bills"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "bills" {
  count = local.exports

  bucket                  = aws_s3_bucket.bills[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bills" {
  count = local.exports

  bucket = aws_s3_bucket.bills[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "bills" {
  count = local.exports

  bucket = aws_s3_bucket.bills[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.bills[0].arn, "${aws_s3_bucket.bills[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Delivery"
        Effect    = "Allow"
        Principal = { Service = ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"] }
        Action    = ["s3:GetBucketPolicy", "s3:PutObject"]
        Resource  = [aws_s3_bucket.bills[0].arn, "${aws_s3_bucket.bills[0].arn}/*"]
        Condition = {
          StringLike = {
            "aws:SourceAccount" = var.account
            "aws:SourceArn" = [
              "arn:${data.aws_partition.current.partition}:bcm-data-exports:${local.exports_from}:${var.account}:export/*",
              "arn:${data.aws_partition.current.partition}:cur:${local.exports_from}:${var.account}:definition/*",
            ]
          }
        }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.bills]
}

resource "aws_bcmdataexports_export" "bills" {
  for_each = local.exported

  region = local.exports_from

  export {
    name        = "${var.name}-${each.key}"
    description = "Bills of the account, for the hub ${var.name}"

    data_query {
      query_statement      = each.value.query
      table_configurations = each.value.tables
    }

    destination_configurations {
      s3_destination {
        s3_bucket = aws_s3_bucket.bills[0].bucket
        s3_prefix = each.key
        s3_region = var.region

        s3_output_configurations {
          format      = "PARQUET"
          compression = "PARQUET"
          output_type = "CUSTOM"
          # A month is written anew as it goes on, and each of its lines is there once.
          overwrite = "OVERWRITE_REPORT"
        }
      }
    }

    refresh_cadence {
      frequency = "SYNCHRONOUS"
    }
  }

  # The delivery is tried when an export is made.
  depends_on = [aws_s3_bucket_policy.bills]
}
