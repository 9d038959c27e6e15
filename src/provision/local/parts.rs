//! The three long-lived programs of a hub on this machine, and what each is
//! started from.

use std::ffi::OsString;

use super::environment::Environment;
use super::folders::Folders;
use super::identity::Identity;
use super::secrets::{Secrets, fingerprint};
use crate::context::Context;
use crate::observe::{DIGEST, HUB_ID, PART, Part};
use crate::render::Tree;
use crate::tool::Call;

/// A program to keep running.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Which part of the hub it is.
    pub part: Part,
    /// The digest of all it is started from: when it differs, the program is started anew.
    pub digest: String,
    /// How to start it.
    pub call: Call,
}

/// What the programs are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    /// The surroundings.
    pub context: &'a Context,
    /// The hub's folders.
    pub folders: &'a Folders,
    /// The installed programs.
    pub environment: &'a Environment,
    /// The hub's identity.
    pub identity: &'a Identity,
    /// The hub's secrets.
    pub secrets: &'a Secrets,
    /// The hub's configuration.
    pub hub: &'a Tree,
    /// The gateway's configuration; `None` when there is no gateway.
    pub gateway: Option<&'a Tree>,
}

impl Sources<'_> {
    /// The programs, in the order in which they depend on each other.
    pub(super) fn programs(&self) -> Vec<Program> {
        let mut programs = vec![self.proxy(), self.hub()];
        programs.extend(self.gateway.map(|tree| self.gateway_program(tree)));
        programs
    }

    fn digest(&self, parts: &[&str]) -> String {
        let environment = self.environment.folder.to_string_lossy();
        let mut all = vec![environment.as_ref()];
        all.extend(parts);
        fingerprint(&self.identity.id, &all)
    }

    fn program(&self, part: Part, digest: String, call: Call) -> Program {
        let log = self.folders.logs().join(format!("{}.log", part.name()));
        let call = call
            .variable("PATH", self.path())
            .variable(HUB_ID, &self.identity.id)
            .variable(PART, part.name())
            .variable(DIGEST, &digest)
            .variable("PYTHONDONTWRITEBYTECODE", "1")
            .without("JUPYTERHUB_API_TOKEN")
            .without("NODE_OPTIONS")
            .without_python_variables()
            .log(log);
        Program { part, digest, call }
    }

    fn path(&self) -> OsString {
        let mut path = self.environment.bin().into_os_string();
        if let Some(rest) = self.context.variable("PATH") {
            path.push(":");
            path.push(rest);
        }
        path
    }

    fn proxy(&self) -> Program {
        let Identity { port, ports, .. } = self.identity;
        let digest = self.digest(&[
            "proxy",
            &port.to_string(),
            &ports.proxy_api.to_string(),
            &ports.hub.to_string(),
            &self.secrets.proxy_token,
        ]);
        let call = Call::new(&self.environment.node)
            .arguments([self.environment.proxy()])
            .arguments(["--ip", "127.0.0.1", "--port", &port.to_string()])
            .arguments(["--api-ip", "127.0.0.1", "--api-port", &ports.proxy_api.to_string()])
            .arguments([
                "--log-level",
                "warn",
                "--error-target",
                &format!("http://127.0.0.1:{}/hub/error", ports.hub),
            ])
            .variable("CONFIGPROXY_AUTH_TOKEN", &self.secrets.proxy_token)
            .folder(&self.folders.state);
        self.program(Part::Proxy, digest, call)
    }

    fn hub(&self) -> Program {
        let secrets = self.secrets;
        let user_password = secrets.user_password.clone().unwrap_or_default();
        let digest = self.digest(&[
            "hub",
            &self.hub.digest(),
            &secrets.proxy_token,
            &secrets.cookie_secret,
            &secrets.gateway_token,
            &secrets.frazil_token,
            &secrets.admin_password,
            &user_password,
        ]);
        let call = Call::new(self.environment.bin().join("python"))
            .arguments(["-m", "jupyterhub", "--config"])
            .arguments([self.folders.hub_config().join("jupyterhub_config.py")])
            .variable("FRAZIL_SECRETS", self.folders.secrets())
            .folder(&self.folders.data);
        self.program(Part::Hub, digest, call)
    }

    fn gateway_program(&self, tree: &Tree) -> Program {
        let digest = self.digest(&[
            "gateway",
            &tree.digest(),
            &self.secrets.gateway_token,
            &self.secrets.gateway_db_key,
        ]);
        let call = Call::new(self.environment.bin().join("python"))
            .arguments(["-m", "dask_gateway_server", "--config"])
            .arguments([self.folders.gateway_config().join("dask_gateway_config.py")])
            .variable("FRAZIL_SECRETS", self.folders.secrets())
            .folder(&self.folders.data);
        self.program(Part::Gateway, digest, call)
    }
}
