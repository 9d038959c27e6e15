//! Entries: who may log in, and who belongs to which group.

rules! {
    AUTH_PROVIDER: "auth-provider", Error, silenceable: false,
        summary: "The login works where the hub runs.",
        why: "Accounts of the machine and shared passwords are for one machine; GitHub, CILogon and OpenID Connect need a public address to come back to.",
        action: "Choose one of the logins that the message names.";
    NO_AUTH: "no-auth", Error, silenceable: true,
        summary: "A hub that others reach has a login.",
        why: "JupyterHub lets nobody in whom no rule allows (since 5.0, `allow_all` is off). Without `auth` the cluster comes up, costs money, and its login page refuses everyone.",
        action: "Say `auth`; `auth: native` needs nothing from outside: people open accounts and an admin lets them in.";
    NO_ADMIN: "no-admin", Warning, silenceable: true,
        summary: "A hub on a cluster has an admin.",
        why: "Only admins stop other people's servers, let in new accounts and are told of the budget. On one machine the person who starts the hub is the admin; on a cluster nobody is.",
        action: "Name someone in `admins`, as the login writes their name.";
    OPEN_LOGIN: "open-login", Warning, silenceable: true,
        summary: "Not everyone on the internet may log in.",
        why: "Open hubs are found and used to mine coins and to attack others (pangeo-data/pangeo-binder#188, #195, jupyterhub/binderhub#1523). With `native: { open: true }`, or an OpenID Connect provider without `allow`, everyone who can open an account there is let in.",
        action: "Leave `open` out and let people in by hand, or list them in `allow`.";
    CILOGON_EVERYONE: "cilogon-everyone", Warning, silenceable: true,
        summary: "CILogon's providers are institutions, not providers that give everyone an account.",
        why: "CILogon passes on Google, GitHub, ORCID and Microsoft accounts as well as those of universities (CILogon, \"Identity providers\"). Whoever opens such an account is let in.",
        action: "Name the entity IDs of your institutions, or use the login `github` with an organization.";
    NO_DOMAIN: "no-domain", Warning, silenceable: true,
        summary: "A hub on a cloud has a domain.",
        why: "A certificate is issued for a name. Without one the hub answers at its balancer's address over http, and passwords, tokens and cookies cross the internet in clear.",
        action: "Say `domain`, and point that name at the hub once it is up.";
    GITHUB_NAME: "github-name", Error, silenceable: true,
        summary: "Organizations and teams of GitHub are written as GitHub writes them.",
        why: "An organization has at most 39 characters. Of a team's name GitHub makes a slug: lower case, with hyphens for spaces, dots and other signs (REST API, \"Get a team by name\"). A team that is written otherwise lets nobody in, which people find out when the event begins (2i2c-org/infrastructure#1114).",
        action: "Take organization and team from the team's address: github.com/orgs/ORG/teams/TEAM.";
    REPEATED_ALLOW: "repeated-allow", Warning, silenceable: true,
        summary: "Every organization and team is allowed once.",
        why: "GitHub does not tell upper from lower case, so two spellings are one team. The second is often meant to be another team, which then stays outside.",
        action: "Write the team that was meant, or remove the second.";
    UNKNOWN_GROUP: "unknown-group", Error, silenceable: false,
        summary: "Somebody is in the groups that sizes are kept for.",
        why: "Where the login brings no groups, they are those of the file. A size for a group of nobody can never be started.",
        action: "Say who is in the group, or correct its name.";
    GROUP_NEVER: "group-never", Error, silenceable: false,
        summary: "The GitHub login can bring the groups that sizes are kept for.",
        why: "People get in by the organizations of `auth.github.allow`, and their groups are teams of those. A size for a team of another organization can never be started by anyone whom that organization alone would bring.",
        action: "Allow the organization too, take a team of an allowed one, or list people under `groups`.";
    NO_OPEN_SIZE: "no-open-size", Warning, silenceable: true,
        summary: "Everyone who may log in can start some size.",
        why: "People outside all groups would log in and find nothing to start, without a word that says why.",
        action: "Leave `groups` out of one size.";
}
