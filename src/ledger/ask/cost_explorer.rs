//! Asks Cost Explorer for a month of an account.
//!
//! An answer is told apart by two keys at most, a line of the ledger by five: hub, pool, service, usage type
//! and record type. So the month is asked for by pairs of hub and pool, each of which has few services, and
//! what is no usage by service; one answer over all of it says whether the parts belong together.

mod cache;
mod lines;
mod questions;

use std::path::PathBuf;

use frazil_units::Amount;
use jiff::Timestamp;
use jiff::civil::Date;

use self::cache::Cache;
use self::lines::{Answers, Part};
use super::{Answered, Expense, Told};
use crate::catalog::{Provider, Region};
use crate::cloud::aws::{Aws, CostAnswer, CostQuestion};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::ledger::Month;

/// Months before this one that Cost Explorer keeps ("Analyzing your costs and usage with AWS Cost Explorer").
const KEPT: u32 = 13;
const NAME: &str = "Cost Explorer";

/// Cost Explorer's view of an account.
#[derive(Clone, Debug)]
pub struct CostExplorer {
    account: String,
    cache: Cache,
    /// The day that it is.
    today: Date,
}

/// What was asked so far.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    asked: u64,
    cached: u64,
}

impl CostExplorer {
    /// Of an account, by its twelve digits. Answers are kept in frazil's folder of caches.
    ///
    /// # Errors
    /// When that is no account, or there is no folder.
    pub fn open(context: &Context, account: &str) -> Result<Self> {
        Self::at(account, context.directories()?.cache.join("cost-explorer"), context.now(), context.today()?)
    }

    /// The same with a folder for answers, and a time.
    ///
    /// # Errors
    /// When that is no account.
    pub fn at(account: &str, folder: PathBuf, now: Timestamp, today: Date) -> Result<Self> {
        // An account that is not there would be answered with nothing, and billed.
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(
                Error::usage(format!("`{account}` is no account of AWS")).hint("it has twelve digits")
            );
        }
        Ok(Self { account: account.to_owned(), cache: Cache::new(folder, now), today })
    }

    /// Asks for a month. `told` hears twice what that costs: before the first request, at least so much; and
    /// once it is known into how many parts the month falls, all of it. It may stop it.
    ///
    /// # Errors
    /// When the month is not there, `told` stops it, the answers do not belong together, or the cloud refuses
    /// or does not answer.
    pub async fn month(&self, aws: &Aws, month: Month, told: Told<'_>) -> Result<Answered> {
        let span = questions::span(month, self.today, KEPT)?;
        let mut count = Count::default();
        let first = questions::over_all(&self.account, &span);
        let known = first.iter().filter(|question| self.cache.has(question, &self.account)).count();
        // One part there is always.
        told(&expense(first.len() as u64 - known as u64 + u64::from(known < first.len()), known as u64))?;
        let mut answers = Vec::new();
        for question in &first {
            answers.push(self.ask(aws, question, &mut count).await?);
        }
        let [services, pairs, regions]: [CostAnswer; 3] =
            answers.try_into().map_err(|_| Error::failed("Cost Explorer was asked for something else"))?;
        let records = lines::usage_records(&services);
        let mut parts = Vec::new();
        if !records.is_empty() {
            let asked: Vec<_> = lines::pairs(&pairs)
                .into_iter()
                .map(|pair| (questions::part(&self.account, &span, &pair, &records), pair))
                .collect();
            let known =
                asked.iter().filter(|(question, _)| self.cache.has(question, &self.account)).count() as u64;
            told(&expense(count.asked + asked.len() as u64 - known, count.cached + known))?;
            for (question, pair) in asked {
                parts.push(Part { answer: self.ask(aws, &question, &mut count).await?, pair });
            }
        }
        let answers = Answers { services, regions, parts };
        let (gathered, notes) = match lines::gather(&self.account, month, &answers) {
            Ok(gathered) => gathered,
            Err(error) => {
                self.cache.forget(&span);
                return Err(error);
            }
        };
        Ok(Answered { gathered, expense: expense(count.asked, count.cached), notes })
    }

    async fn ask(&self, aws: &Aws, question: &CostQuestion, count: &mut Count) -> Result<CostAnswer> {
        if let Some(answer) = self.cache.read(question, &self.account) {
            count.cached += 1;
            return Ok(answer);
        }
        let answer = aws.costs(question).await?;
        count.asked += u64::from(answer.pages);
        self.cache.write(question, &self.account, &answer)?;
        Ok(answer)
    }
}

fn expense(requests: u64, cached: u64) -> Expense {
    Expense::requests(NAME, requests, cached, price())
}

/// What a page of an answer costs, by the catalog.
fn price() -> Option<Amount> {
    let region = Region::open(Provider::Aws, "us-east-1").ok()?;
    region.item("cost_explorer_api_request").ok().map(|item| item.price.usd)
}
