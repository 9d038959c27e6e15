//! Who asks, and what they may see. Pure.

use serde::Deserialize;

/// The scope whose holder sees everything.
pub const READ_ALL: &str = "custom:report:read-all";
/// A scope that administrators have, and with it their tokens that are not limited.
const ADMINISTERS: &str = "admin:users";

/// What of the ledger somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// Everything of the hub.
    All,
    /// What is one's own.
    Own,
    /// Nothing at all.
    Nothing,
}

/// Whoever a token is of, as the hub's `GET /user` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// `user` or `service`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Whether it is an administrator of the hub.
    #[serde(default)]
    pub admin: bool,
    /// What the token may do, expanded.
    #[serde(default)]
    pub scopes: Vec<String>,
}

impl Person {
    /// What they may see, by the scopes that let in, and whether they came by the hub's login page.
    ///
    /// An administrator who logs in sees everything. A token that a program brings does no more than its scopes
    /// say, whoever it is of.
    pub fn sees(&self, access: &[String], by_login: bool) -> Sees {
        let is_user = self.kind == "user";
        if !access.iter().any(|scope| self.holds(scope)) {
            Sees::Nothing
        } else if self.holds(READ_ALL) || self.holds(ADMINISTERS) || (by_login && is_user && self.admin) {
            Sees::All
        } else if is_user && !self.name.is_empty() {
            Sees::Own
        } else {
            Sees::Nothing
        }
    }

    /// Whether the token has a scope, or the same without a filter.
    fn holds(&self, scope: &str) -> bool {
        let unfiltered = scope.split('!').next().unwrap_or(scope);
        self.scopes.iter().any(|own| own == scope || own == unfiltered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sees(kind: &str, admin: bool, scopes: &[&str], by_login: bool) -> Sees {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let person = Person { kind: kind.into(), name: "ada".into(), admin, scopes };
        person.sees(&["access:services!service=report".to_owned()], by_login)
    }

    #[test]
    fn nobody_sees_anything_without_the_services_scope() {
        for scopes in [
            &[][..],
            &["admin:users"],
            &[READ_ALL],
            &["access:services!service=other"],
            &["access:services!user=ada"],
            &["access:servers"],
        ] {
            for admin in [false, true] {
                assert_eq!(sees("user", admin, scopes, true), Sees::Nothing, "{scopes:?}");
                assert_eq!(sees("service", admin, scopes, false), Sees::Nothing, "{scopes:?}");
            }
        }
    }

    #[test]
    fn admins_see_all_and_tokens_no_more_than_their_scopes() {
        let own = "access:services!service=report";
        assert_eq!(sees("user", false, &[own], true), Sees::Own);
        assert_eq!(sees("user", true, &[own], true), Sees::All);
        assert_eq!(sees("user", true, &[own], false), Sees::Own);
        assert_eq!(sees("user", true, &["access:services", "admin:users"], false), Sees::All);
        assert_eq!(sees("user", false, &[own, "admin:users!group=a"], false), Sees::Own);
        assert_eq!(sees("user", false, &[own, READ_ALL], false), Sees::All);
        assert_eq!(sees("service", false, &[own, READ_ALL], false), Sees::All);
        assert_eq!(sees("service", true, &[own], true), Sees::Nothing);
    }
}
