//! The login fits the place where the hub runs.

use super::Subject;
use crate::config::auth::Auth;
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// Some logins need what only one machine has, some need a public address.
pub(super) fn fits_provider(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(auth) = &subject.hub.auth else {
        return Vec::new();
    };
    let local = matches!(subject.hub.provider, Provider::Local(_));
    let help = match auth {
        Auth::Pam(_) if !local => {
            "`pam` is for a hub on one machine: use `github`, `cilogon`, `oidc` or `native`"
        }
        Auth::Password(_) if !local && subject.hub.hub => {
            "`password` is for one machine and for gateway-only clusters: use `github`, `cilogon`, `oidc` or `native`"
        }
        Auth::Hub(_) if local || subject.hub.hub => {
            "`hub` is for gateway-only clusters: use `github`, `cilogon`, `oidc` or `native`"
        }
        Auth::Github(_) | Auth::Cilogon(_) | Auth::Oidc(_) | Auth::Native(_) if local => {
            "a hub on one machine has `password` and `pam`"
        }
        _ => return Vec::new(),
    };
    let key = auth.key();
    let message =
        format!("the login `{key}` does not work with the provider `{}`", subject.hub.provider.key());
    vec![subject.key("auth-provider", &format!("auth.{key}"), message).help(help)]
}

/// A hub that others reach needs a login.
pub(super) fn somebody_can_log_in(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    if hub.auth.is_some() || !hub.hub || matches!(hub.provider, Provider::Local(_)) {
        return Vec::new();
    }
    let problem = subject.key("no-auth", "provider", "nobody can log in: the file has no `auth`").warning();
    vec![problem.help("say how people log in: `auth` takes `github`, `cilogon`, `oidc` or `native`")]
}
