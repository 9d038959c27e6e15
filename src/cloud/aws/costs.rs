//! Cost Explorer: sums of the account's bill, by two keys at a time. Each page of an answer is billed.

use std::collections::BTreeMap;

use aws_sdk_costexplorer::config::retry::RetryConfig;
use aws_sdk_costexplorer::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_costexplorer::operation::get_cost_and_usage::{GetCostAndUsageError, GetCostAndUsageOutput};
use aws_sdk_costexplorer::types::{
    DateInterval, Dimension, DimensionValues, Expression, Granularity, GroupDefinition, GroupDefinitionType,
    MatchOption, TagValues,
};
use serde::{Deserialize, Serialize};

use super::session::Aws;
use crate::error::{Error, Result};

/// Tries of one request, the first included: it takes few requests a second.
const TRIES: u32 = 6;
/// Pages of one answer before something must be wrong.
const MOST_PAGES: u32 = 1_000;
/// The sums that are asked for: what the invoice says, what it is with plans spread over what they cover,
/// and how much was used.
const METRICS: [&str; 3] = [BILLED, EFFECTIVE, QUANTITY];
/// The metric of what the invoice says.
pub const BILLED: &str = "UnblendedCost";
/// The metric with plans spread over what they cover.
pub const EFFECTIVE: &str = "AmortizedCost";
/// The metric of what was used.
pub const QUANTITY: &str = "UsageQuantity";

/// By what sums are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostKey {
    /// A dimension, such as `SERVICE`.
    Dimension(&'static str),
    /// A cost allocation tag.
    Tag(&'static str),
}

/// What rows have to be of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostFilter {
    /// One of these values of a dimension.
    Dimension(&'static str, Vec<String>),
    /// This value of a tag; without one, no such tag.
    Tag(&'static str, Option<String>),
}

/// A question to Cost Explorer. It has one answer, so that it stands for it in the cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostQuestion {
    /// The first day, `YYYY-MM-DD`.
    pub start: String,
    /// The day after the last.
    pub end: String,
    /// Sums of days; else of months.
    pub daily: bool,
    /// By what sums are told apart.
    pub keys: [CostKey; 2],
    /// All of these hold.
    pub filters: Vec<CostFilter>,
}

/// What Cost Explorer answered, all pages in one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostAnswer {
    /// How many pages it had, each of which is billed.
    pub pages: u32,
    /// Days or months.
    pub periods: Vec<CostPeriod>,
}

/// Sums of a day or a month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostPeriod {
    /// Its first day.
    pub start: String,
    /// Whether the numbers may still change.
    pub estimated: bool,
    /// Sums by the keys.
    pub groups: Vec<CostGroup>,
}

/// Sums of one pair of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostGroup {
    /// Their values; of a tag `name$value`.
    pub keys: Vec<String>,
    /// Amounts as text and their units, by metric.
    pub metrics: BTreeMap<String, (String, String)>,
}

impl Aws {
    /// Asks Cost Explorer, page by page to the last (AWS Cost Explorer API, `GetCostAndUsage`).
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    pub async fn costs(&self, question: &CostQuestion) -> Result<CostAnswer> {
        let client = self.cost_explorer();
        let mut answer = CostAnswer::default();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let sent = request(&client, question)?.set_next_page_token(token).send().await;
            let page = sent.map_err(|error| explained(&error))?;
            answer.pages += 1;
            token = page.next_page_token.clone().filter(|token| !token.is_empty());
            add(&mut answer.periods, page);
            if token.is_none() {
                return Ok(answer);
            }
        }
        Err(Error::failed(format!("Cost Explorer has more than {MOST_PAGES} pages for one question")))
    }

    fn cost_explorer(&self) -> aws_sdk_costexplorer::Client {
        let retries = RetryConfig::standard().with_max_attempts(TRIES);
        let config = aws_sdk_costexplorer::config::Builder::from(self.sdk_config()).retry_config(retries);
        aws_sdk_costexplorer::Client::from_conf(config.build())
    }
}

type Request = aws_sdk_costexplorer::operation::get_cost_and_usage::builders::GetCostAndUsageFluentBuilder;

fn request(client: &aws_sdk_costexplorer::Client, question: &CostQuestion) -> Result<Request> {
    let cannot = || Error::failed("this cannot be asked of Cost Explorer");
    let period = DateInterval::builder().start(&question.start).end(&question.end).build();
    let granularity = if question.daily { Granularity::Daily } else { Granularity::Monthly };
    let mut request = client
        .get_cost_and_usage()
        .time_period(period.map_err(|error| cannot().because(error))?)
        .granularity(granularity)
        .set_metrics(Some(METRICS.map(str::to_owned).to_vec()))
        .set_filter(all_of(question.filters.iter().map(expression).collect()));
    for key in &question.keys {
        let (kind, name) = match key {
            CostKey::Dimension(name) => (GroupDefinitionType::Dimension, *name),
            CostKey::Tag(name) => (GroupDefinitionType::Tag, *name),
        };
        request = request.group_by(GroupDefinition::builder().r#type(kind).key(name).build());
    }
    Ok(request)
}

/// `And` takes two expressions at least.
fn all_of(mut all: Vec<Expression>) -> Option<Expression> {
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(Expression::builder().set_and(Some(all)).build()),
    }
}

fn expression(filter: &CostFilter) -> Expression {
    match filter {
        CostFilter::Dimension(name, values) => {
            let dimension = DimensionValues::builder().key(Dimension::from(*name));
            Expression::builder().dimensions(dimension.set_values(Some(values.clone())).build()).build()
        }
        CostFilter::Tag(name, value) => {
            let tag = TagValues::builder().key(*name);
            let tag = match value {
                // Without options, equal to the last letter's case.
                Some(value) => tag.values(value),
                None => tag.match_options(MatchOption::Absent),
            };
            Expression::builder().tags(tag.build()).build()
        }
    }
}

/// Adds a page. A day whose groups go on to the next page is there again.
fn add(periods: &mut Vec<CostPeriod>, page: GetCostAndUsageOutput) {
    for result in page.results_by_time.unwrap_or_default() {
        let start = result.time_period.map(|period| period.start).unwrap_or_default();
        let groups = result.groups.unwrap_or_default().into_iter().map(|group| CostGroup {
            keys: group.keys.unwrap_or_default(),
            metrics: group
                .metrics
                .unwrap_or_default()
                .into_iter()
                .map(|(name, value)| {
                    (name, (value.amount.unwrap_or_default(), value.unit.unwrap_or_default()))
                })
                .collect(),
        });
        match periods.last_mut().filter(|last| last.start == start) {
            Some(last) => {
                last.groups.extend(groups);
                last.estimated |= result.estimated;
            }
            None => periods.push(CostPeriod { estimated: result.estimated, groups: groups.collect(), start }),
        }
    }
}

/// What a refusal means, and what to do about it.
fn explained(error: &SdkError<GetCostAndUsageError>) -> Error {
    let code = error.code().unwrap_or_default().to_owned();
    let said = error.message().map(|text| text.trim_end_matches('.').to_owned());
    let said = said.unwrap_or_else(|| match code.as_str() {
        "" => DisplayErrorContext(error).to_string(),
        code => code.to_owned(),
    });
    let failed = Error::failed(format!("ce:GetCostAndUsage: {said}"));
    match code.as_str() {
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedException" => failed
            .hint("these credentials lack the right ce:GetCostAndUsage")
            .hint("IAM users and roles see bills only where the account's owner allows it: Account, IAM user and role access to billing information"),
        "DataUnavailableException" => failed
            .hint("Cost Explorer fills within a day after it was first switched on: open it once in the console"),
        "BillExpirationException" => {
            failed.hint("that month is older than Cost Explorer keeps: read a Cost and Usage Report instead")
        }
        "LimitExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
            failed.hint("Cost Explorer is asked too often now; the same call again goes on from there")
        }
        "ExpiredTokenException" | "ExpiredToken" => {
            failed.hint("the credentials have expired: log in again (`aws sso login`)")
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" => {
            failed.hint("AWS does not know these credentials: check the profile")
        }
        "" => failed.hint("check the network, proxy and VPN; the same call again goes on from there"),
        _ => failed,
    }
}
