//! Who may log in, and whether the login fits the place where the hub runs.

use super::Subject;
use super::table::login::{AUTH_PROVIDER, CILOGON_EVERYONE, NO_ADMIN, NO_AUTH, NO_DOMAIN, OPEN_LOGIN};
use crate::config::auth::Auth;
use crate::config::lower::clip;
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// Identity providers of CILogon that give everyone an account, by their entity IDs
/// (<https://cilogon.org/idplist/>).
const FOR_EVERYONE: [(&str, &str); 5] = [
    ("google.com/accounts/o8/id", "Google"),
    ("accounts.google.com/o/oauth2/auth", "Google"),
    ("github.com/login/oauth/authorize", "GitHub"),
    ("orcid.org/oauth/authorize", "ORCID"),
    ("login.microsoftonline.com/common/oauth2/v2.0/authorize", "Microsoft"),
];

/// Some logins need what only one machine has, some need a public address.
pub(super) fn fits_provider(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(auth) = &subject.hub.auth else {
        return Vec::new();
    };
    let local = subject.is_local();
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
    vec![subject.key(&AUTH_PROVIDER, &format!("auth.{key}"), message).help(help)]
}

/// A hub that others reach needs a login.
pub(super) fn somebody_can_log_in(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.hub.auth.is_some() || !others_reach(subject) {
        return Vec::new();
    }
    let problem = subject.key(&NO_AUTH, "provider", "nobody can log in: the file has no `auth`");
    vec![problem.help(
        "say how people log in: `auth` takes `github`, `cilogon`, `oidc` or `native`; `auth: native` needs nothing more",
    )]
}

/// A hub on a cluster has somebody who administers it.
pub(super) fn somebody_administers(subject: &Subject<'_>) -> Vec<Problem> {
    if !subject.hub.admins.is_empty() || !others_reach(subject) || !subject.trusts("admins") {
        return Vec::new();
    }
    let problem = subject.value(&NO_ADMIN, "admins", "nobody administers this hub: the file has no `admins`");
    vec![problem.help("write for example `admins: [octocat]`, as the login writes the name")]
}

/// Not everyone who can open an account somewhere may log in.
pub(super) fn not_everyone(subject: &Subject<'_>) -> Vec<Problem> {
    if !others_reach(subject) {
        return Vec::new();
    }
    let (path, message, help) = match &subject.hub.auth {
        Some(Auth::Native(native)) if native.open => (
            "auth.native.open",
            "everyone on the internet may open an account and start servers".to_owned(),
            "leave `open` out: then an admin lets people in",
        ),
        Some(Auth::Oidc(oidc)) if oidc.allow.is_empty() => (
            "auth.oidc",
            format!("everyone with an account at {} may log in", clip(&oidc.issuer)),
            "name people in `allow`; if the provider knows your group only, silence this rule and say so",
        ),
        _ => return Vec::new(),
    };
    vec![subject.key(&OPEN_LOGIN, path, message).help(help)]
}

/// CILogon lets in people of institutions.
pub(super) fn institutions_only(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(Auth::Cilogon(cilogon)) = &subject.hub.auth else {
        return Vec::new();
    };
    let open = cilogon.idps.iter().enumerate().filter_map(|(index, idp)| {
        let bare = idp.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
        let (_, maker) = FOR_EVERYONE.iter().find(|(id, _)| *id == bare)?;
        Some((index, maker))
    });
    open.map(|(index, maker)| {
        let message = format!("everyone with an account at {maker} may log in");
        subject
            .value(&CILOGON_EVERYONE, &format!("auth.cilogon.idps[{index}]"), message)
            .label("gives everyone an account")
            .help("name your institutions: https://cilogon.org/idplist/ has their entity IDs")
    })
    .collect()
}

/// A hub on a cloud has a name to get a certificate for.
pub(super) fn has_a_domain(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    let on_cloud = matches!(hub.provider, Provider::Aws(_) | Provider::Gcp(_));
    if !hub.hub || !on_cloud || hub.domain.is_some() || !subject.trusts("domain") {
        return Vec::new();
    }
    let message = "without a `domain` passwords and cookies cross the internet in clear";
    let help = "write for example `domain: hub.example.org`, a name whose DNS record you can set";
    vec![subject.value(&NO_DOMAIN, "domain", message).help(help)]
}

/// Whether there is a hub that people reach over a network.
fn others_reach(subject: &Subject<'_>) -> bool {
    subject.hub.hub && !subject.is_local()
}
