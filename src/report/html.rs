//! A page as one HTML file: no script, nothing fetched, and a policy by which browsers refuse both.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
    html_escape,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::charts::{ChartError, Markup};
use super::page::Page;
use super::sections::{View, view};
use super::words::plain;

const TEMPLATE: &str = include_str!("../../templates/report/page.html.hbs");
const NOTICE: &str = include_str!("../../templates/report/notice.html.hbs");
const STYLE: &str = include_str!("../../templates/report/page.css");

/// A page that could not be written: our bug, whatever it tells.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A chart could not be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The template could not be filled.
    #[error("the template {name} cannot be filled")]
    Fill {
        /// The template.
        name: &'static str,
        /// Why.
        #[source]
        source: Box<handlebars::RenderError>,
    },
}

/// What a page has beside its chapters when it is served: who looks at it, and other months.
#[derive(Clone, Debug, Serialize)]
pub struct Live {
    /// Who looks at it, where it has what is theirs and nothing else.
    pub who: String,
    /// Whether it has.
    pub own: bool,
    /// The path that ends the session.
    pub logout: String,
    /// Months that the ledger has, the last first.
    pub months: Vec<MonthLink>,
    /// Until when bills were read, or why not; empty where nobody reads them.
    pub read: String,
}

/// A month, and the page of it.
#[derive(Clone, Debug, Serialize)]
pub struct MonthLink {
    /// The month in words.
    pub text: String,
    /// The way to its page.
    pub to: String,
    /// Whether it is the page's own.
    pub current: bool,
}

/// A page that says one thing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Notice {
    /// What it is about.
    pub title: String,
    /// What it says.
    pub paragraphs: Vec<String>,
    /// Where to go next.
    pub ways: Vec<MonthLink>,
    /// The path that ends the session; empty without one.
    pub logout: String,
}

/// What the template reads.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    view: View,
    several: bool,
    live: Option<&'a Live>,
    #[serde(flatten)]
    frame: Frame,
}

/// What every page has.
#[derive(Serialize)]
struct Frame {
    style: Markup,
    /// The digest of the style, by which the policy knows it (Content Security Policy Level 3, 2.3.1).
    digest: String,
    /// Where forms of the page may lead.
    forms: &'static str,
}

impl Frame {
    fn new(forms: &'static str) -> Self {
        Self { style: Markup(STYLE.to_owned()), digest: BASE64_STANDARD.encode(Sha256::digest(STYLE)), forms }
    }
}

#[derive(Serialize)]
struct NoticeDocument<'a> {
    #[serde(flatten)]
    notice: &'a Notice,
    #[serde(flatten)]
    frame: Frame,
}

static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_helper("html", writing(|value| value.as_str().map(|text| html_escape(&plain(text)))));
    handlebars.register_helper("markup", writing(|value| value.get("markup")?.as_str().map(str::to_owned)));
    handlebars
});

/// A page as HTML.
///
/// # Errors
/// When a chart or the template fails, which would be a bug.
pub fn html(page: &Page) -> Result<String, TemplateError> {
    written(page, None)
}

/// A page as it is served.
///
/// # Errors
/// When a chart or the template fails, which would be a bug.
pub fn live(page: &Page, live: &Live) -> Result<String, TemplateError> {
    written(page, Some(live))
}

/// A page that says one thing.
///
/// # Errors
/// When the template fails, which would be a bug.
pub fn notice(notice: &Notice) -> Result<String, TemplateError> {
    fill("notice.html.hbs", NOTICE, &NoticeDocument { notice, frame: Frame::new("'self'") })
}

/// The policy of served pages, as a header: as in the page, and no other page frames them.
pub fn policy() -> String {
    let digest = Frame::new("'self'").digest;
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

fn written(page: &Page, live: Option<&Live>) -> Result<String, TemplateError> {
    let view = view(page)?;
    let frame = Frame::new(if live.is_some() { "'self'" } else { "'none'" });
    let document = Document { several: view.chapters.len() > 1, view, live, frame };
    fill("page.html.hbs", TEMPLATE, &document)
}

fn fill(name: &'static str, template: &str, data: &impl Serialize) -> Result<String, TemplateError> {
    let filled = TEMPLATES.render_template(template, data);
    filled.map_err(|source| TemplateError::Fill { name, source: Box::new(source) })
}

type Write = fn(&Value) -> Option<String>;

/// A helper that writes its one value, and fails on any other kind of value.
fn writing(write: Write) -> Box<dyn HelperDef + Send + Sync> {
    Box::new(
        move |helper: &Helper<'_>,
              _: &Handlebars<'_>,
              _: &Context,
              _: &mut RenderContext<'_, '_>,
              out: &mut dyn Output|
              -> HelperResult {
            let there = helper.param(0).filter(|param| !param.is_value_missing());
            let text = there.and_then(|param| write(param.value())).ok_or_else(|| {
                RenderErrorReason::Other(format!("`{}` cannot write this value", helper.name()))
            })?;
            out.write(&text)?;
            Ok(())
        },
    )
}

#[cfg(test)]
mod tests;
