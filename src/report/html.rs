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
const STYLE: &str = include_str!("../../templates/report/page.css");

/// A page that could not be written: our bug, whatever it tells.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A chart could not be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The template could not be filled.
    #[error("the template page.html.hbs cannot be filled")]
    Fill(#[source] Box<handlebars::RenderError>),
}

/// What the template reads.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    view: View,
    several: bool,
    style: Markup,
    /// The digest of the style, by which the policy knows it (Content Security Policy Level 3, 2.3.1).
    digest: String,
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
    let view = view(page)?;
    let document = Document {
        several: view.chapters.len() > 1,
        view,
        style: Markup(STYLE.to_owned()),
        digest: BASE64_STANDARD.encode(Sha256::digest(STYLE)),
    };
    TEMPLATES.render_template(TEMPLATE, &document).map_err(|error| TemplateError::Fill(Box::new(error)))
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
