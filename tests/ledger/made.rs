//! Made bills, in each format that they can be delivered in.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{
    Float64Builder, ListBuilder, MapBuilder, StringBuilder, StructBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

/// A row of a Cost and Usage Report.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Hours since the month began.
    pub(crate) hour: u32,
    pub(crate) kind: &'static str,
    pub(crate) product: &'static str,
    pub(crate) usage_type: &'static str,
    pub(crate) resource: String,
    pub(crate) amount: f64,
    pub(crate) billed: f64,
    pub(crate) list: f64,
    pub(crate) plan: Option<f64>,
    pub(crate) tags: Vec<(&'static str, String)>,
    /// Node, reserved, used, allocated.
    pub(crate) split: Option<(String, f64, Option<f64>, f64)>,
}

impl Row {
    /// Rows of machines and pods, with a savings plan, tax and a credit.
    pub(crate) fn some(count: usize) -> Vec<Self> {
        (0..count).map(Self::one).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn one(number: usize) -> Self {
        let machine = number / 7 % 40;
        let row = Self {
            hour: u32::try_from(number / 50 % 720).unwrap(),
            kind: "Usage",
            product: "AmazonEC2",
            usage_type: "USW2-BoxUsage:r7i.2xlarge",
            resource: format!("i-0ab{machine:04}"),
            amount: 1.0,
            billed: 0.5292 + (number % 13) as f64 / 7.0,
            list: 0.5292,
            plan: None,
            tags: vec![
                ("user_frazil_hub", "lab".to_owned()),
                ("user_frazil_pool", format!("pool{}", machine % 3)),
            ],
            split: None,
        };
        let pod = Self {
            product: "AmazonEC2",
            resource: format!("arn:aws:eks:us-west-2:1:pod/lab/lab/jupyter-{machine}/uid{machine}"),
            billed: 0.0,
            list: 0.0,
            tags: vec![
                ("aws_eks_namespace", "lab".to_owned()),
                ("user_hub_jupyter_org_username", format!("person{machine}")),
            ],
            ..row.clone()
        };
        let node = format!("i-0ab{machine:04}");
        match number % 7 {
            1 => Self { kind: "SavingsPlanCoveredUsage", plan: Some(row.billed * 0.7), ..row },
            2 => Self { kind: "SavingsPlanNegation", billed: -row.billed, tags: Vec::new(), ..row },
            3 => Self {
                usage_type: "USW2-EKS-EC2-vCPU-Hours",
                split: Some((node, 0.25, machine.is_multiple_of(2).then_some(0.1 + 0.2), 0.3)),
                ..pod
            },
            4 => {
                Self { usage_type: "USW2-EKS-EC2-GB-Hours", split: Some((node, 8.0, Some(3.7), 8.0)), ..pod }
            }
            6 if number.is_multiple_of(5) => {
                Self { kind: "Tax", resource: String::new(), tags: Vec::new(), list: 0.0, ..row }
            }
            _ => row,
        }
    }

    fn time(&self) -> String {
        format!("2026-11-{:02}T{:02}:00:00Z", self.hour / 24 + 1, self.hour % 24)
    }
}

const CUR: [&str; 22] = [
    "bill_billing_period_start_date",
    "bill_payer_account_id",
    "line_item_usage_start_date",
    "line_item_line_item_type",
    "line_item_usage_account_id",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_operation",
    "product_region_code",
    "line_item_resource_id",
    "pricing_unit",
    "line_item_currency_code",
    "line_item_usage_amount",
    "line_item_unblended_cost",
    "pricing_public_on_demand_cost",
    "savings_plan_savings_plan_effective_cost",
    "reservation_effective_cost",
    "split_line_item_parent_resource_id",
    "split_line_item_reserved_usage",
    "split_line_item_actual_usage",
    "split_line_item_split_usage",
    "resource_tags",
];

const LEGACY: [&str; 21] = [
    "bill/BillingPeriodStartDate",
    "bill/PayerAccountId",
    "lineItem/UsageStartDate",
    "lineItem/LineItemType",
    "lineItem/UsageAccountId",
    "lineItem/ProductCode",
    "lineItem/UsageType",
    "lineItem/Operation",
    "product/regionCode",
    "lineItem/ResourceId",
    "pricing/unit",
    "lineItem/CurrencyCode",
    "lineItem/UsageAmount",
    "lineItem/UnblendedCost",
    "pricing/publicOnDemandCost",
    "savingsPlan/SavingsPlanEffectiveCost",
    "reservation/EffectiveCost",
    "splitLineItem/ParentResourceId",
    "splitLineItem/ReservedUsage",
    "splitLineItem/ActualUsage",
    "splitLineItem/SplitUsage",
];

fn written(number: Option<f64>) -> String {
    number.map(|number| format!("{number}")).unwrap_or_default()
}

/// A row's values, without its tags.
fn values(row: &Row) -> Vec<String> {
    let split = row.split.as_ref();
    vec![
        "2026-11-01T00:00:00.000Z".to_owned(),
        "111122223333".to_owned(),
        row.time(),
        row.kind.to_owned(),
        "111122223333".to_owned(),
        row.product.to_owned(),
        row.usage_type.to_owned(),
        "RunInstances".to_owned(),
        "us-west-2".to_owned(),
        row.resource.clone(),
        "Hrs".to_owned(),
        "USD".to_owned(),
        written(Some(row.amount)),
        written(Some(row.billed)),
        written(Some(row.list)),
        written(row.plan),
        String::new(),
        split.map(|split| split.0.clone()).unwrap_or_default(),
        written(split.map(|split| split.1)),
        written(split.and_then(|split| split.2)),
        written(split.map(|split| split.3)),
    ]
}

fn finish(writer: csv::Writer<Vec<u8>>) -> String {
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// A CUR 2.0 as CSV.
pub(crate) fn cur_csv(rows: &[Row]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(CUR).unwrap();
    for row in rows {
        let tags: serde_json::Map<_, _> =
            row.tags.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let mut values = values(row);
        values.push(Value::Object(tags).to_string());
        writer.write_record(values).unwrap();
    }
    finish(writer)
}

/// A legacy report as CSV: its tags have columns of their own, with the keys that people wrote.
pub(crate) fn legacy_csv(rows: &[Row]) -> String {
    let tags = [
        ("user_frazil_hub", "resourceTags/user:frazil:hub"),
        ("user_frazil_pool", "resourceTags/user:frazil:pool"),
        ("aws_eks_namespace", "resourceTags/aws:eks:namespace"),
        ("user_hub_jupyter_org_username", "resourceTags/user:hub.jupyter.org/username"),
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(LEGACY.iter().copied().chain(tags.iter().map(|(_, column)| *column))).unwrap();
    for row in rows {
        let mut values = values(row);
        for (key, _) in tags {
            let value = row.tags.iter().find(|(tag, _)| *tag == key).map(|(_, value)| value.clone());
            values.push(value.unwrap_or_default());
        }
        writer.write_record(values).unwrap();
    }
    finish(writer)
}

fn properties(group: usize) -> WriterProperties {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_compression(Compression::SNAPPY)
        .build()
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    // Empty values are null, as AWS writes them.
    Arc::new(values.map(|value| (!value.is_empty()).then_some(value)).collect::<StringArray>())
}

fn numbers(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

fn times(hours: impl Iterator<Item = u32>) -> ArrayRef {
    // 2026-11-01.
    let mut builder = TimestampMicrosecondBuilder::new();
    hours.for_each(|hour| builder.append_value((1_793_491_200 + i64::from(hour) * 3_600) * 1_000_000));
    Arc::new(builder.finish())
}

fn save(path: &Path, columns: Vec<(&str, ArrayRef)>, group: usize) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties(group))).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// A CUR 2.0 as Parquet, in row groups of so many rows.
pub(crate) fn cur_table(path: &Path, rows: &[Row], group: usize) {
    let all: Vec<_> = rows.iter().map(values).collect();
    let mut columns = Vec::new();
    for (at, name) in CUR[..21].iter().enumerate() {
        columns.push((*name, texts(all.iter().map(|values| values[at].as_str()))));
    }
    let of = |get: fn(&Row) -> Option<f64>| numbers(rows.iter().map(get));
    columns[0].1 = times(rows.iter().map(|_| 0));
    columns[2].1 = times(rows.iter().map(|row| row.hour));
    columns[12].1 = of(|row| Some(row.amount));
    columns[13].1 = of(|row| Some(row.billed));
    columns[14].1 = of(|row| Some(row.list));
    columns[15].1 = of(|row| row.plan);
    columns[16].1 = of(|_| None);
    columns[18].1 = of(|row| row.split.as_ref().map(|split| split.1));
    columns[19].1 = of(|row| row.split.as_ref().and_then(|split| split.2));
    columns[20].1 = of(|row| row.split.as_ref().map(|split| split.3));
    let mut tags = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in rows {
        for (key, value) in &row.tags {
            tags.keys().append_value(key);
            tags.values().append_value(value);
        }
        tags.append(true).unwrap();
    }
    columns.push((CUR[21], Arc::new(tags.finish())));
    save(path, columns, group);
}

/// A row of Google's detailed export, as BigQuery writes it in JSON.
pub(crate) fn google(count: u32) -> Vec<Value> {
    let one = |number: u32| {
        let credits = match number % 4 {
            0 => {
                json!([{ "name": "Sustained Usage Discount", "amount": -0.1, "type": "SUSTAINED_USAGE_DISCOUNT" },
                        { "name": "Research credits", "amount": -0.012_345_678_901_234_5, "type": "PROMOTION" }])
            }
            _ => json!([]),
        };
        let labels = match number % 3 {
            0 => json!([{ "key": "frazil-hub", "value": "lab" }, { "key": "k8s-namespace", "value": "lab" }]),
            1 => json!([{ "key": "frazil-hub", "value": "" }]),
            _ => json!([]),
        };
        json!({
            "billing_account_id": "0A-1B-2C",
            "service": { "id": "6F81", "description": "Compute Engine" },
            "sku": { "id": "0001", "description": format!("N2 \"Core\",\n{}", number % 5) },
            "usage_start_time": format!("2026-11-{:02} 07:00:00 UTC", number % 30 + 1),
            "project": { "id": "lab-project" },
            "labels": labels,
            "system_labels": [{ "key": "compute.googleapis.com/cores", "value": "8" }],
            "location": { "location": "us-central1", "region": "us-central1" },
            "resource": { "name": format!("gke-lab-user-{}", number % 7) },
            "cost": f64::from(number) / 7.0,
            "currency": if number.is_multiple_of(11) { "EUR" } else { "USD" },
            "usage": { "amount": f64::from(number * 3_600), "unit": "seconds" },
            "credits": credits,
            "invoice": { "month": "202611" },
            "cost_type": if number % 9 == 8 { "tax" } else { "regular" },
            "cost_at_list": f64::from(number) / 6.0,
        })
    };
    (0..count).map(one).collect()
}

/// A field by its path.
fn get<'a>(row: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(row, |value, part| &value[part])
}

const GOOGLE: [&str; 14] = [
    "billing_account_id",
    "service.id",
    "service.description",
    "sku.description",
    "usage_start_time",
    "project.id",
    "location.location",
    "location.region",
    "resource.name",
    "currency",
    "usage.unit",
    "invoice.month",
    "cost_type",
    "sku.id",
];

/// The same flattened to CSV, lists as JSON.
pub(crate) fn google_csv(rows: &[Value]) -> String {
    let numbers = ["cost", "usage.amount", "cost_at_list"];
    let lists = ["labels", "system_labels", "credits"];
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = GOOGLE.iter().chain(&numbers).chain(&lists);
    writer.write_record(names.map(|name| name.replace('.', "_"))).unwrap();
    for row in rows {
        let texts = GOOGLE.iter().map(|path| get(row, path).as_str().unwrap().to_owned());
        let others = numbers.iter().chain(&lists).map(|path| get(row, path).to_string());
        writer.write_record(texts.chain(others)).unwrap();
    }
    finish(writer)
}

/// The same as Parquet, records as records.
pub(crate) fn google_table(path: &Path, rows: &[Value]) {
    let text = |path: &str| texts(rows.iter().map(|row| get(row, path).as_str().unwrap()));
    let number = |path: &str| numbers(rows.iter().map(|row| get(row, path).as_f64()));
    let record = |name: &str, fields: &[&str]| {
        let made = fields.iter().map(|field| {
            let array = match *field {
                "amount" => number(&format!("{name}.{field}")),
                _ => text(&format!("{name}.{field}")),
            };
            (Arc::new(Field::new(*field, array.data_type().clone(), true)), array)
        });
        Arc::new(StructArray::from(made.collect::<Vec<_>>())) as ArrayRef
    };
    let hours = rows.iter().map(|row| {
        let day: u32 = row["usage_start_time"].as_str().unwrap()[8..10].parse().unwrap();
        (day - 1) * 24 + 7
    });
    let columns = vec![
        ("billing_account_id", text("billing_account_id")),
        ("service", record("service", &["id", "description"])),
        ("sku", record("sku", &["id", "description"])),
        ("usage_start_time", times(hours)),
        ("project", record("project", &["id"])),
        ("labels", list(rows, "labels", &["key", "value"])),
        ("system_labels", list(rows, "system_labels", &["key", "value"])),
        ("location", record("location", &["location", "region"])),
        ("resource", record("resource", &["name"])),
        ("cost", number("cost")),
        ("currency", text("currency")),
        ("usage", record("usage", &["amount", "unit"])),
        ("credits", list(rows, "credits", &["name", "amount", "type"])),
        ("invoice", record("invoice", &["month"])),
        ("cost_type", text("cost_type")),
        ("cost_at_list", number("cost_at_list")),
    ];
    save(path, columns, 100);
}

fn list(rows: &[Value], name: &str, fields: &[&str]) -> ArrayRef {
    let types = fields.iter().map(|field| {
        let of = if *field == "amount" { DataType::Float64 } else { DataType::Utf8 };
        Field::new(*field, of, true)
    });
    let mut builder = ListBuilder::new(StructBuilder::from_fields(types.collect::<Fields>(), rows.len()));
    for row in rows {
        for each in row[name].as_array().unwrap() {
            let record = builder.values();
            for (at, field) in fields.iter().enumerate() {
                if *field == "amount" {
                    let number = each[*field].as_f64();
                    record.field_builder::<Float64Builder>(at).unwrap().append_option(number);
                } else {
                    let text = each[*field].as_str();
                    record.field_builder::<StringBuilder>(at).unwrap().append_option(text);
                }
            }
            record.append(true);
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// Columns of FOCUS that came with a version.
fn focus_columns(version: &str) -> Vec<&'static str> {
    let mut columns = vec![
        "BilledCost",
        "BillingAccountId",
        "BillingCurrency",
        "BillingPeriodStart",
        "ChargeCategory",
        "ChargeDescription",
        "ChargePeriodStart",
        "ConsumedQuantity",
        "ConsumedUnit",
        "EffectiveCost",
        "ListCost",
        "ProviderName",
        "RegionId",
        "ResourceId",
        "ServiceName",
        "SubAccountId",
        "Tags",
    ];
    if version != "1.0" {
        columns.extend(["ServiceSubcategory", "SkuMeter"]);
    }
    if version == "1.2" {
        columns.extend(["InvoiceId", "PricingCurrency"]);
    }
    columns
}

fn focus_value(number: u32, column: &str) -> String {
    match column {
        "BilledCost" => format!("{}.{:011}", number % 9, number * 7),
        "EffectiveCost" => format!("{}.5", number % 9),
        "ListCost" => format!("{}", number % 9 + 1),
        "BillingAccountId" => "111122223333".into(),
        "BillingCurrency" => "USD".into(),
        "BillingPeriodStart" => "2026-11-01 00:00:00".into(),
        "ChargePeriodStart" => format!("2026-11-{:02} 00:00:00", number % 30 + 1),
        "ChargeCategory" => ["Usage", "Usage", "Purchase", "Tax", "Credit"][number as usize % 5].into(),
        "ChargeDescription" => "$0.09 per GB".into(),
        "ConsumedQuantity" | "SubAccountId" if number % 5 == 3 => String::new(),
        "ConsumedQuantity" => format!("{number}"),
        "ConsumedUnit" => "GB".into(),
        "ProviderName" => "AWS".into(),
        "RegionId" => "us-west-2".into(),
        "ResourceId" => format!("i-{}", number % 17),
        "ServiceName" => "Amazon Elastic Compute Cloud".into(),
        "SubAccountId" => "444455556666".into(),
        "Tags" if number.is_multiple_of(3) => String::new(),
        "Tags" => r#"{"user_frazil_hub": "lab", "Team": "ice"}"#.into(),
        _ => "something".into(),
    }
}

/// A FOCUS export as CSV; what is not there is written as `null`.
pub(crate) fn focus_csv(version: &str, count: u32, null: &str) -> String {
    let columns = focus_columns(version);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns).unwrap();
    for number in 0..count {
        let or_null = |value: String| if value.is_empty() { null.to_owned() } else { value };
        writer.write_record(columns.iter().map(|column| or_null(focus_value(number, column)))).unwrap();
    }
    finish(writer)
}

/// The same as Parquet, tags as a map.
pub(crate) fn focus_table(path: &Path, version: &str, count: u32) {
    let made = focus_columns(version).into_iter().map(|name| {
        let values: Vec<_> = (0..count).map(|number| focus_value(number, name)).collect();
        let array = match name {
            "BilledCost" | "EffectiveCost" | "ListCost" | "ConsumedQuantity" => {
                numbers(values.iter().map(|value| value.parse().ok()))
            }
            "BillingPeriodStart" => times((0..count).map(|_| 0)),
            "ChargePeriodStart" => times((0..count).map(|number| number % 30 * 24)),
            "Tags" => {
                let mut tags = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
                for value in &values {
                    if !value.is_empty() {
                        tags.keys().append_value("user_frazil_hub");
                        tags.values().append_value("lab");
                        tags.keys().append_value("Team");
                        tags.values().append_value("ice");
                    }
                    tags.append(!value.is_empty()).unwrap();
                }
                Arc::new(tags.finish())
            }
            _ => texts(values.iter().map(String::as_str)),
        };
        (name, array)
    });
    save(path, made.collect(), 64);
}
