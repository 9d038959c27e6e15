//! `frazil init`: a hub file, by a few questions or by flags.

use std::path::PathBuf;
use std::str::FromStr;

use frazil_units::{Money, UnitError};
use inquire::validator::{Validation, ValueRequiredValidator};
use inquire::{Select, Text};
use serde_json::{Value, json};

use super::Run;
use crate::cli::{InitArgs, ProviderKind};
use crate::config::{Account, Domain, HubName, PersonName, Project, Provider, Region, check_bytes, flow};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::render::write_changed;
use crate::view::{Layout, Report};

/// Writes a hub file.
///
/// # Errors
/// When a file is there already, something needed was not said, or the answers make no usable file.
pub(super) fn init(run: &Run<'_>, args: &InitArgs) -> Result<Outcome> {
    if args.out.exists() && !args.overwrite {
        return Err(Error::failed(format!("{} is there already", args.out.display()))
            .hint("write to another file with `--out PATH`, or replace it with `--overwrite`"));
    }
    let ask = Ask { interactive: run.context.interactive };
    let text = hub_text(&ask, args)?;
    let mut checked = check_bytes(text.clone().into_bytes(), &args.out, run.context.today()?);
    let Some(document) = checked.document.take() else {
        return Err(Error::hub_file(checked));
    };
    write_changed(&args.out, text.as_bytes(), false)?;
    run.printer.report(&Written {
        path: args.out.clone(),
        local: matches!(document.hub.provider, Provider::Local(_)),
    })?;
    Ok(Outcome::Done)
}

/// Asks on a terminal; elsewhere says which flag was missing.
struct Ask {
    interactive: bool,
}

/// Whether an answer will do, checked while it can still be mended.
type Check = fn(&str) -> std::result::Result<(), UnitError>;

fn parses<T: FromStr<Err = UnitError>>(text: &str) -> std::result::Result<(), UnitError> {
    text.parse::<T>().map(|_| ())
}

/// Names separated by commas.
fn people_names(text: &str) -> std::result::Result<(), UnitError> {
    text.split(',').try_for_each(|name| parses::<PersonName>(name.trim()))
}

fn one_line(text: &str) -> std::result::Result<(), UnitError> {
    if text.trim().is_empty() { Err(UnitError::new(text, "an answer", "text")) } else { Ok(()) }
}

/// A question with an example of its answer.
fn question<'a>(words: &'a str, example: &'a str, check: Check) -> Text<'a, 'a> {
    Text::new(words).with_placeholder(example).with_validator(move |answer: &str| {
        Ok(match check(answer) {
            Err(error) if !answer.is_empty() => Validation::Invalid(error.to_string().into()),
            _ => Validation::Valid,
        })
    })
}

impl Ask {
    fn text(
        &self,
        given: Option<&String>,
        flag: &str,
        words: &str,
        example: &str,
        check: Check,
    ) -> Result<String> {
        match given {
            Some(given) => Ok(given.clone()),
            None if self.interactive => {
                let needed = ValueRequiredValidator::new("this cannot be left out");
                question(words, example, check).with_validator(needed).prompt().map_err(|_| stopped())
            }
            None => Err(missing(flag, example)),
        }
    }

    /// Like [`Ask::text`], but nothing is an answer.
    fn optional(
        &self,
        given: Option<&String>,
        words: &str,
        example: &str,
        check: Check,
    ) -> Result<Option<String>> {
        match given {
            Some(given) => Ok(Some(given.clone())),
            None if self.interactive => {
                let answer =
                    question(words, example, check).with_help_message("Enter leaves it out").prompt();
                Ok(Some(answer.map_err(|_| stopped())?).filter(|answer| !answer.is_empty()))
            }
            None => Ok(None),
        }
    }

    /// Several answers, separated by commas.
    fn list(&self, given: &[String], words: &str, example: &str, check: Check) -> Result<Vec<String>> {
        if !given.is_empty() {
            return Ok(given.to_vec());
        }
        let answer = self.optional(None, words, example, check)?.unwrap_or_default();
        Ok(answer.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    fn provider(&self, given: Option<ProviderKind>) -> Result<ProviderKind> {
        if let Some(given) = given {
            return Ok(given);
        }
        if !self.interactive {
            return Err(missing("provider", "local"));
        }
        let ways = [
            "this machine",
            "Amazon Web Services (EKS)",
            "Google Cloud (GKE)",
            "a Kubernetes cluster that exists",
        ];
        let chosen =
            Select::new("Where shall the hub run?", ways.to_vec()).raw_prompt().map_err(|_| stopped())?;
        Ok([ProviderKind::Local, ProviderKind::Aws, ProviderKind::Gcp, ProviderKind::Kubernetes]
            [chosen.index])
    }
}

fn stopped() -> Error {
    Error::interrupted("nothing was written")
}

fn missing(flag: &str, example: &str) -> Error {
    Error::failed(format!("`--{flag}` is missing, and nobody can be asked here"))
        .hint(format!("for example: frazil init --{flag} {example}"))
}

/// The file's text.
fn hub_text(ask: &Ask, args: &InitArgs) -> Result<String> {
    let provider = ask.provider(args.provider)?;
    let name =
        ask.text(args.name.as_ref(), "name", "What is the hub called?", "icesat2-2026", parses::<HubName>)?;
    let mut text = String::from(
        "# Every key is explained by `frazil explain KEY`; `frazil validate` checks the file.\n",
    );
    text += &line("name", &json!(name));
    text += &line("provider", &provider_value(ask, args, provider)?);
    if provider == ProviderKind::Local {
        text += &people(ask, args)?;
        text +=
            "sizes:\n  - { name: small, memory: 2 GiB, default: true }\n  - { name: large, memory: 4 GiB }\n";
        text += "gateway:\n  workers: { cores: 1, memory: 1 GiB, max: 4 }\n";
        return Ok(text);
    }
    if let Some(domain) = ask.optional(
        args.domain.as_ref(),
        "Which address shall people type?",
        "hub.example.org",
        parses::<Domain>,
    )? {
        text += &line("domain", &json!(domain));
    }
    text += &people(ask, args)?;
    text += &login(ask, args)?;
    text +=
        "sizes:\n  - { name: small, memory: 8 GiB, default: true }\n  - { name: large, memory: 32 GiB }\n";
    text += "gateway:\n  workers: { spot: true, max: 100 }\n  per_user: { cores: 40, memory: 320 GiB }\n";
    text += "storage:\n  homes: { quota: 20 GiB, backup: daily }\n";
    if let Some(budget) = ask.optional(
        args.budget.as_ref(),
        "What may it cost in a month, or for the whole event?",
        "1000 USD",
        parses::<Money>,
    )? {
        text += &line("budget", &json!({ "total": budget }));
    }
    Ok(text)
}

fn line(key: &str, value: &Value) -> String {
    format!("{key}: {}\n", flow(value))
}

fn provider_value(ask: &Ask, args: &InitArgs, provider: ProviderKind) -> Result<Value> {
    Ok(match provider {
        ProviderKind::Local => json!({ "local": {} }),
        ProviderKind::Kubernetes => {
            json!({ "kubernetes": { "context": ask.text(args.context.as_ref(), "context", "Which context of the kubeconfig?", "kind-kind", one_line)? } })
        }
        ProviderKind::Aws => json!({ "aws": {
            "account": ask.text(args.account.as_ref(), "account", "Which AWS account pays?", "123456789012", parses::<Account>)?,
            "region": ask.text(args.region.as_ref(), "region", "In which region?", "us-west-2", parses::<Region>)?,
        } }),
        ProviderKind::Gcp => json!({ "gcp": {
            "project": ask.text(args.project.as_ref(), "project", "Which Google Cloud project?", "icesat2-2026", parses::<Project>)?,
            "region": ask.text(args.region.as_ref(), "region", "In which region?", "us-central1", parses::<Region>)?,
        } }),
    })
}

fn people(ask: &Ask, args: &InitArgs) -> Result<String> {
    let words = "Who administers it? (names at the login, separated by commas)";
    let admins = ask.list(&args.admins, words, "octocat", people_names)?;
    Ok(if admins.is_empty() { String::new() } else { line("admins", &json!(admins)) })
}

fn login(ask: &Ask, args: &InitArgs) -> Result<String> {
    let words = "Whose GitHub accounts may log in? (ORG or ORG:TEAM, separated by commas)";
    let allow = ask.list(&args.github_allow, words, "ICESAT-2HackWeek:2026", one_line)?;
    if allow.is_empty() {
        // Needs nothing from outside: people open accounts, and an admin lets them in.
        return Ok(line("auth", &json!("native")));
    }
    let id = ask.text(
        args.github_client_id.as_ref(),
        "github-client-id",
        "The client ID of the GitHub OAuth app?",
        "Iv1.8a61",
        one_line,
    )?;
    let github =
        json!({ "allow": allow, "client_id": id, "client_secret": { "env": "GITHUB_CLIENT_SECRET" } });
    Ok(line("auth", &json!({ "github": github })))
}

struct Written {
    path: PathBuf,
    local: bool,
}

impl Report for Written {
    fn schema(&self) -> &'static str {
        "frazil.init/v1"
    }

    fn data(&self) -> Value {
        json!({ "file": self.path })
    }

    fn text(&self, _layout: Layout) -> String {
        let path = self.path.display();
        let next =
            if self.local { format!("frazil up {path}") } else { format!("frazil explain pools {path}") };
        format!("wrote {path}\n\nnext: frazil validate {path}, then {next}\n")
    }
}
