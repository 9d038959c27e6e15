//! Text that must be text: handlebars templates, in which a value is never
//! written but through the helper that quotes it for its language.

#[cfg(test)]
mod lint;

use std::sync::LazyLock;

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
};
use serde::Serialize;
use serde_json::Value;

use super::quote::ascii_json;

/// A template by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Terraform's backend block.
    Backend,
    /// The gateway's settings, in its configuration.
    GatewaySettings,
    /// What is what in a rendered tree.
    Notes,
}

impl Template {
    /// All templates.
    pub const ALL: [Self; 3] = [Self::Backend, Self::GatewaySettings, Self::Notes];

    /// Its file's name, without folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend.tf.hbs",
            Self::GatewaySettings => "settings.py.hbs",
            Self::Notes => "README.md.hbs",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Backend => include_str!("../../templates/terraform/backend.tf.hbs"),
            Self::GatewaySettings => include_str!("../../templates/gateway/settings.py.hbs"),
            Self::Notes => include_str!("../../templates/notes/README.md.hbs"),
        }
    }
}

/// A template that could not be filled: our bug, since the build checks them all.
#[derive(Debug, thiserror::Error)]
#[error("the template {name} cannot be filled")]
pub struct TemplateError {
    name: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

static TEMPLATES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(handlebars::no_escape);
    handlebars.register_helper("hcl", quoting(hcl));
    handlebars.register_helper("line", quoting(line));
    handlebars.register_helper("python", quoting(|value| Some(ascii_json(&ascii_json(value).into()))));
    handlebars.register_helper("word", quoting(word));
    handlebars
});

/// Fills a template.
///
/// # Errors
/// When the context lacks a name, or a value cannot be written in the template's language.
pub fn fill(template: Template, context: &impl Serialize) -> Result<String, TemplateError> {
    TEMPLATES
        .render_template(template.text(), context)
        .map_err(|error| TemplateError { name: template.name(), source: Box::new(error) })
}

type Quote = fn(&Value) -> Option<String>;

/// A helper that writes its one value as `quote` does, and fails where that gives nothing.
fn quoting(quote: Quote) -> Box<dyn HelperDef + Send + Sync> {
    Box::new(
        move |helper: &Helper<'_>,
              _: &Handlebars<'_>,
              _: &Context,
              _: &mut RenderContext<'_, '_>,
              out: &mut dyn Output|
              -> HelperResult {
            // Strict mode looks at paths that are written bare, not at a helper's.
            let there = helper.param(0).filter(|param| !param.is_value_missing());
            let text = there.and_then(|param| quote(param.value())).ok_or_else(|| {
                RenderErrorReason::Other(format!("`{}` cannot write this value", helper.name()))
            })?;
            out.write(&text)?;
            Ok(())
        },
    )
}

/// A string of HCL: JSON's escapes, and `${` and `%{` doubled, behind which Terraform sees code.
fn hcl(value: &Value) -> Option<String> {
    let text = value.as_str()?.replace("${", "$${").replace("%{", "%%{");
    Some(ascii_json(&text.into()))
}

/// Plain words on one line of Markdown, for people to read.
fn line(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(text.chars().map(|c| if c.is_control() || c == '|' || c == '`' { ' ' } else { c }).collect())
}

/// A name of letters, digits and a few marks that no language here takes for anything else.
fn word(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    (!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_quoted_for_their_language() {
        assert_eq!(hcl(&json!("a${b}%{c}\"\n")).unwrap(), r#""a$${b}%%{c}\"\n""#);
        assert_eq!(word(&json!("a b")), None);
        assert_eq!(word(&json!("")), None);
        assert_eq!(line(&json!("a|b\nc`")).unwrap(), "a b c ");
    }

    fn problems(text: &str, context: &Value) -> Vec<String> {
        lint::lint(&handlebars::Template::compile(text).unwrap(), context)
    }

    #[test]
    fn every_template_fits_its_filled_context() {
        for template in Template::ALL {
            let name = template.name().trim_end_matches(".hbs");
            let path = format!("{}/templates/contexts/{name}.json", env!("CARGO_MANIFEST_DIR"));
            let context: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            assert_eq!(problems(template.text(), &context), Vec::<String>::new(), "{name}");
            fill(template, &context).unwrap();
        }
    }

    #[test]
    fn what_strict_mode_lets_pass_is_found_when_frazil_is_built() {
        let context = json!({ "a": { "b": "x" }, "list": [{ "c": "x" }] });
        for good in ["{{word a.b}}", "{{#if a.b}}x{{/if}}", "{{#each list}}{{word c}}{{/each}}"] {
            assert_eq!(problems(good, &context), Vec::<String>::new(), "{good}");
        }
        for bad in ["{{a.b}}", "{{{word a.b}}}", "{{#if a.c}}x{{/if}}", "{{#each list}}{{word b}}{{/each}}"] {
            assert_eq!(problems(bad, &context).len(), 1, "{bad}");
        }
        assert_eq!(problems("{{#with a}}{{word b}}{{/with}}", &context).len(), 1);
    }

    #[test]
    fn a_missing_name_is_an_error() {
        assert!(fill(Template::GatewaySettings, &json!({})).is_err());
    }
}
