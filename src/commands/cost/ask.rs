//! Bills asked of clouds: Cost Explorer, Athena, `BigQuery`. What asking costs is told first.

use frazil_units::Amount;
use jiff::civil::Date;

use crate::cli::cost::AskArgs;
use crate::commands::Run;
use crate::error::{Error, Result};
use crate::ledger::ask::{Answered, Expense};
use crate::ledger::{Gathered, Month};
use crate::view::Progress;

/// What clouds answered, and what asking came to.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) gathered: Vec<Gathered>,
    pub(super) expenses: Vec<Expense>,
    pub(super) notes: Vec<String>,
}

impl Asked {
    fn add(&mut self, answered: Answered) {
        self.gathered.push(answered.gathered);
        self.expenses.push(answered.expense);
        self.notes.extend(answered.notes);
    }

    fn spent(&self) -> Amount {
        self.expenses.iter().filter_map(|expense| expense.usd).sum()
    }
}

/// Asks for each month what was named.
///
/// # Errors
/// When there is nobody to ask, it would cost more than it may, or a cloud refuses or does not answer.
pub(super) async fn ask(run: &Run<'_>, args: &AskArgs) -> Result<Asked> {
    let mut asked = Asked::default();
    if !args.is_any() {
        return if args.month.is_empty() {
            Ok(asked)
        } else {
            Err(Error::usage("who should be asked for a month?")
                .hint("name `--cost-explorer`, `--athena` or `--bigquery`; files are of the month they tell"))
        };
    }
    let mut progress = run.printer.progress();
    for month in months(args, run.context.today()?)? {
        if let Some(account) = &args.cost_explorer {
            progress.step(&format!("Cost Explorer, {month}"));
            let answered = cost_explorer(run, account, month, &mut limit(&mut progress, args, &asked)).await;
            asked.add(known(answered, &mut progress)?);
        }
        if args.athena.is_some() {
            progress.step(&format!("Athena, {month}"));
            let answered = athena(run, args, month, &mut limit(&mut progress, args, &asked)).await;
            asked.add(known(answered, &mut progress)?);
        }
        if args.bigquery.is_some() {
            progress.step(&format!("BigQuery, {month}"));
            let answered = bigquery(run, args, month, &mut limit(&mut progress, args, &asked)).await;
            asked.add(known(answered, &mut progress)?);
        }
    }
    progress.finish();
    Ok(asked)
}

fn known(answered: Result<Answered>, progress: &mut Progress) -> Result<Answered> {
    answered.map_err(|error| {
        progress.abandon();
        error.hint("nothing was taken in: the ledger is as it was")
    })
}

fn months(args: &AskArgs, today: Date) -> Result<Vec<Month>> {
    if !args.month.is_empty() {
        let mut months = args.month.clone();
        months.sort_unstable();
        months.dedup();
        return Ok(months);
    }
    let this = Month::from_text(&today.strftime("%Y-%m").to_string());
    this.map(|month| vec![month]).ok_or_else(|| Error::bug(format!("{today} is in no month")))
}

/// Tells what asking will cost, and stops what would cost more than it may, with all that was asked before.
fn limit<'a>(
    progress: &'a mut Progress,
    args: &AskArgs,
    asked: &Asked,
) -> impl FnMut(&Expense) -> Result<()> + Send + use<'a> {
    let (most, spent) = (args.most, asked.spent());
    move |expense| {
        progress.line(&expense.to_string());
        match expense.usd.map(|usd| usd + spent) {
            Some(all) if all > most => {
                let all = all.rounded(4);
                Err(Error::failed(format!("asking would come to {all} USD, which is more than it may cost"))
                    .hint(format!("if that is all right: `--most {all}`")))
            }
            _ => Ok(()),
        }
    }
}

type Told<'a> = crate::ledger::ask::Told<'a>;

#[cfg(feature = "aws")]
async fn cost_explorer(run: &Run<'_>, account: &str, month: Month, told: Told<'_>) -> Result<Answered> {
    // It answers from one region for all (AWS General Reference, "Cost Explorer endpoints").
    let aws = crate::cloud::aws::Aws::open(run.context, "us-east-1").await?;
    crate::ledger::ask::CostExplorer::open(run.context, account)?.month(&aws, month, told).await
}

#[cfg(feature = "aws")]
async fn athena(run: &Run<'_>, args: &AskArgs, month: Month, told: Told<'_>) -> Result<Answered> {
    let table = args.athena.clone().ok_or_else(|| Error::bug("no table of Athena"))?;
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let said =
        variables.iter().find_map(|name| run.context.variable(name).filter(|region| !region.is_empty()));
    let region = args.region.as_deref().or(said).ok_or_else(|| {
        Error::usage(format!("in which region is the table {table}?")).hint("name it: `--region us-east-1`")
    })?;
    let aws = crate::cloud::aws::Aws::open(run.context, region).await?;
    let athena =
        crate::ledger::ask::Athena { table, workgroup: args.workgroup.clone(), output: args.answers.clone() };
    athena.month(&aws, month, told).await
}

#[cfg(feature = "gcp")]
async fn bigquery(run: &Run<'_>, args: &AskArgs, month: Month, told: Told<'_>) -> Result<Answered> {
    let (export, gcp) = export(run, args)?;
    export.month(&gcp, month, told).await
}

/// When the table of `BigQuery` last changed; none where that is not told.
///
/// # Errors
/// When the table is missing, or the cloud refuses or does not answer.
#[cfg(feature = "gcp")]
pub(in crate::commands) async fn modified(run: &Run<'_>, args: &AskArgs) -> Result<Option<String>> {
    let (export, gcp) = export(run, args)?;
    export.modified(&gcp).await
}

#[cfg(feature = "gcp")]
fn export(
    run: &Run<'_>,
    args: &AskArgs,
) -> Result<(crate::ledger::ask::BigQueryExport, crate::cloud::gcp::Gcp)> {
    let table = args.bigquery.clone().ok_or_else(|| Error::bug("no table of BigQuery"))?;
    let project = args.project.clone().unwrap_or_else(|| table.project().to_owned());
    let gcp = crate::cloud::gcp::Gcp::open(run.context, &project, "")?;
    Ok((crate::ledger::ask::BigQueryExport { table }, gcp))
}

#[cfg(not(feature = "gcp"))]
pub(in crate::commands) async fn modified(_: &Run<'_>, _: &AskArgs) -> Result<Option<String>> {
    Err(Error::failed("this frazil was built without Google Cloud"))
}

#[cfg(not(feature = "aws"))]
async fn cost_explorer(_: &Run<'_>, _: &str, _: Month, _: Told<'_>) -> Result<Answered> {
    Err(Error::failed("this frazil was built without AWS"))
}

#[cfg(not(feature = "aws"))]
async fn athena(_: &Run<'_>, _: &AskArgs, _: Month, _: Told<'_>) -> Result<Answered> {
    Err(Error::failed("this frazil was built without AWS"))
}

#[cfg(not(feature = "gcp"))]
async fn bigquery(_: &Run<'_>, _: &AskArgs, _: Month, _: Told<'_>) -> Result<Answered> {
    Err(Error::failed("this frazil was built without Google Cloud"))
}
