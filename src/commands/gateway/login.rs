//! By which login a gateway is asked. What is secret stays where it is until it is sent.

use frazil_gateway::{Login, Secret, SecretString};

use super::told;
use crate::cli::gateway::Which;
use crate::commands::Run;
use crate::config::{HubDocument, SecretRef};
use crate::error::{Error, Result};
use crate::provision::references::resolve;

/// The variable with a person's token in a hub's terminal, by JupyterHub.
const TOKEN: &str = "JUPYTERHUB_API_TOKEN";

/// A login by a token of a hub, which knows the gateway by this name.
pub(super) fn by_token(run: &Run<'_>, which: &Which, service: Option<String>) -> Result<Login> {
    let token = match named(run, which)? {
        Some(secret) => secret,
        None => of_variable(run, TOKEN).map_err(|_| {
            Error::failed("no token for the gateway: JUPYTERHUB_API_TOKEN is not set")
                .hint("make one on the hub's page (Token), with the scope access:services if it asks for scopes")
                .hint("then name where it is: `--secret-file FILE` or `--secret-env VARIABLE`")
        })?,
    };
    Ok(Login::JupyterHub { token, service })
}

/// A login by user and password: the secret that the arguments name, or else another.
pub(super) fn by_password(
    run: &Run<'_>,
    which: &Which,
    other: impl FnOnce() -> Result<Secret>,
) -> Result<Login> {
    let password = named(run, which)?.map_or_else(other, Ok)?;
    // On a hub the system's user is the same for everybody.
    let of_hub = run.context.variable("JUPYTERHUB_USER").filter(|name| !name.is_empty()).map(str::to_owned);
    let user = which.user.clone().or(of_hub).unwrap_or_else(|| run.context.person());
    Login::basic(user, password).map_err(told)
}

/// The error of a login by password without one.
pub(super) fn no_password() -> Error {
    Error::failed("the gateway takes user and password, and no password is named")
        .hint("name where it is: `--secret-file FILE` or `--secret-env VARIABLE`")
}

/// The secret that the arguments name.
pub(super) fn named(run: &Run<'_>, which: &Which) -> Result<Option<Secret>> {
    match (&which.secret_file, &which.secret_env) {
        (Some(path), _) => Ok(Some(Secret::file(path))),
        (None, Some(name)) => of_variable(run, name).map(Some),
        (None, None) => Ok(None),
    }
}

/// What a variable holds.
pub(super) fn of_variable(run: &Run<'_>, name: &str) -> Result<Secret> {
    let text = run.context.variable(name).filter(|text| !text.is_empty()).ok_or_else(|| {
        Error::failed(format!("the variable {name} is not set"))
            .hint(format!("set it before the call: `read -rs {name}; export {name}`"))
    })?;
    Ok(given(format!("the variable {name}"), SecretString::from(text)))
}

/// What a reference of a hub file leads to.
pub(super) fn of_reference(
    run: &Run<'_>,
    document: &HubDocument,
    reference: &SecretRef,
    key: &str,
) -> Result<Secret> {
    let text = resolve(run.context, document, reference, key)?;
    Ok(given(format!("`{key}` of {}", document.path.display()), SecretString::from(text)))
}

/// A secret that was read already.
pub(super) fn given(place: String, text: SecretString) -> Secret {
    Secret::by(place, move || Ok(text.clone()))
}
