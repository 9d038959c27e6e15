//! The verbs: context and arguments in, a report out.

pub mod catalog;
mod cost;
mod data;
mod docs;
mod doctor;
mod down;
mod drift;
mod egress;
mod explain;
mod gateway;
mod image;
mod init;
mod kubeconfig;
mod ledger;
mod load;
mod nodes;
mod open;
mod plan;
mod record;
mod render;
mod report;
mod serve;
mod status;
mod up;
mod validate;

use crate::cli::{Cli, Verb};
use crate::context::Context;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::view::Printer;

/// What a verb needs beside its arguments.
#[derive(Debug)]
pub struct Run<'a> {
    /// The surroundings.
    pub context: &'a Context,
    /// Where reports and progress go.
    pub printer: &'a Printer,
}

/// Runs the verb of a command line.
///
/// # Errors
/// Whatever stopped the verb; the error knows its exit code.
pub async fn run(cli: &Cli, context: &Context, printer: &Printer) -> Result<Outcome> {
    let run = Run { context, printer };
    match &cli.verb {
        Verb::Init(args) => init::init(&run, args),
        Verb::Validate(args) => validate::validate(&run, args),
        Verb::Explain(args) => explain::explain(&run, args),
        Verb::Schema => docs::schema(),
        Verb::Catalog(args) => catalog::catalog(&run, args),
        Verb::Cost(args) => cost::cost(&run, args).await,
        Verb::Egress(args) => egress::egress(&run, args).await,
        Verb::Data(args) => data::data(&run, args).await,
        Verb::Gateway(args) => Box::pin(gateway::gateway(&run, args)).await,
        Verb::Image(args) => image::image(&run, args),
        Verb::Record(args) => record::record(&run, args).await,
        Verb::Render(args) => render::render(&run, args),
        Verb::Report(args) => report::report(&run, args),
        Verb::Serve(args) => serve::serve(&run, args).await,
        Verb::Plan(args) => plan::plan(&run, args).await,
        Verb::Up(args) => up::up(&run, args).await,
        Verb::Drift(args) => drift::drift(&run, args).await,
        Verb::Down(args) => down::down(&run, args).await,
        Verb::Status(args) => Box::pin(status::status(&run, args)).await,
        Verb::Nodes(args) => nodes::nodes(&run, args).await,
        Verb::Open(args) => open::open(&run, args).await,
        Verb::Kubeconfig(args) => kubeconfig::kubeconfig(&run, args).await,
        Verb::Doctor(args) => doctor::doctor(&run, args).await,
        Verb::Completions { shell } => docs::completions(*shell),
        Verb::Man { out } => docs::man(&run, out),
    }
}
