//! Pages that say why there is nothing to see, and what to do.

use super::person::READ_ALL;
use super::service::Service;
use crate::report::{MonthLink, Notice};

fn way(text: &str, to: &str) -> MonthLink {
    MonthLink { text: text.to_owned(), to: to.to_owned(), current: false }
}

/// Somebody whom the hub knows and who may see nothing here.
pub(super) fn forbidden(service: &Service) -> Notice {
    let scope = service.access.first().map(String::as_str).unwrap_or_default();
    Notice {
        title: "You may not see this page".to_owned(),
        paragraphs: vec![format!(
            "Ask whoever administers the hub for the scope {scope}, with which you see what is yours; and for \
             {READ_ALL} beside it, if you are to see everything."
        )],
        ways: vec![way("Back to the hub", &service.hub)],
        logout: format!("{}logout", service.prefix),
    }
}

/// A login that cannot be gone on with.
pub(super) fn no_login(service: &Service) -> Notice {
    Notice {
        title: "This login did not work".to_owned(),
        paragraphs: vec![
            "It took longer than ten minutes, was begun in another browser, or was used already. Nothing is wrong \
             with your account."
                .to_owned(),
        ],
        ways: vec![way("Log in again", &service.prefix), way("Back to the hub", &service.hub)],
        logout: String::new(),
    }
}

/// A browser that does not say who asks, so that a script of another person's server could.
pub(super) fn unsaid(service: &Service) -> Notice {
    Notice {
        title: "This page needs HTTPS".to_owned(),
        paragraphs: vec![
            "Your browser does not say whether you or a script of somebody's server asks for this page. Browsers say it \
             where the hub is served by HTTPS, and old ones never. Open the hub by its address with https://, or tell \
             whoever administers the hub."
                .to_owned(),
        ],
        ways: vec![way("Back to the hub", &service.hub)],
        logout: format!("{}logout", service.prefix),
    }
}

/// After a logout.
pub(super) fn left(service: &Service) -> Notice {
    Notice {
        title: "You are logged out here".to_owned(),
        paragraphs: vec![
            "You are still logged in at the hub, and this page opens again for whoever uses this browser until you \
             log out there."
                .to_owned(),
        ],
        ways: vec![
            way("Log out of the hub", &format!("{}logout", service.hub)),
            way("Open the page again", &service.prefix),
        ],
        logout: String::new(),
    }
}

/// The hub does not answer, so that nobody can be let in.
pub(super) fn away(service: &Service) -> Notice {
    Notice {
        title: "The hub does not answer".to_owned(),
        paragraphs: vec![
            "Whether you may see this page is for the hub to say. Try again in a minute; if it lasts, tell whoever \
             administers the hub."
                .to_owned(),
        ],
        ways: vec![way("Try again", &service.prefix)],
        logout: String::new(),
    }
}

/// The page could not be made; why is in the log.
pub(super) fn failed(service: &Service) -> Notice {
    Notice {
        title: "The page could not be made".to_owned(),
        paragraphs: vec!["The log of the service says why: tell whoever administers the hub.".to_owned()],
        ways: vec![way("Try again", &service.prefix)],
        logout: format!("{}logout", service.prefix),
    }
}

/// Too many people ask at once.
pub(super) fn busy(service: &Service) -> Notice {
    Notice {
        title: "The page is being made".to_owned(),
        paragraphs: vec!["It takes longer than usual. Try again in a minute.".to_owned()],
        ways: vec![way("Try again", &service.prefix)],
        logout: String::new(),
    }
}

/// There is no such page.
pub(super) fn nowhere(service: &Service) -> Notice {
    Notice {
        title: "There is no such page".to_owned(),
        paragraphs: Vec::new(),
        ways: vec![way("What there is", &service.prefix)],
        logout: String::new(),
    }
}
