//! The long-lived programs of a hub on this machine, and what each is
//! started from.

use std::ffi::OsString;

use super::environment::Environment;
use super::folders::Folders;
use super::identity::Identity;
use super::secrets::{Secrets, fingerprint};
use crate::context::Context;
use crate::error::Result;
use crate::observe::{DIGEST, HUB_ID, PART, Part};
use crate::render::Tree;
use crate::render::local::REPORT_FILE;
use crate::serve::NAME;
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
    /// Whether there is the page of costs.
    pub report: bool,
    /// Where it reads bills, as `frazil serve` is told; nothing where a person reads them in.
    pub bills: &'a [OsString],
}

impl Sources<'_> {
    /// The programs, in the order in which they depend on each other.
    ///
    /// # Errors
    /// When the system does not say where this program is.
    pub(super) fn programs(&self) -> Result<Vec<Program>> {
        let mut programs = vec![self.proxy(), self.hub()];
        programs.extend(self.gateway.map(|tree| self.gateway_program(tree)));
        if self.report {
            programs.push(self.report_program()?);
        }
        Ok(programs)
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
            &secrets.report_token,
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

    /// This program itself, as a service of the hub. Another version of it is started anew; the hub file it reads
    /// whenever that changes.
    fn report_program(&self) -> Result<Program> {
        let program = self.context.own_program()?;
        let token = &self.secrets.report_token;
        let ports = self.identity.ports;
        let ledger = self.context.directories()?.data.join("ledger.sqlite");
        let changed = std::fs::metadata(&program).and_then(|file| file.modified()).ok();
        let digest = self.digest(&[
            "report",
            &program.to_string_lossy(),
            &format!("{changed:?}"),
            &ledger.to_string_lossy(),
            &ports.report.to_string(),
            &ports.hub.to_string(),
            token,
            &format!("{:?}", self.bills),
        ]);
        let prefix = format!("/services/{NAME}/");
        let call = Call::new(program)
            .arguments(["serve", "--listen", &format!("127.0.0.1:{}", ports.report), "--rendered"])
            .arguments([self.folders.report_config().join(REPORT_FILE)])
            .arguments([OsString::from("--ledger"), ledger.into_os_string()])
            .arguments(self.bills)
            .variable("JUPYTERHUB_API_URL", format!("http://127.0.0.1:{}/hub/api", ports.hub))
            .variable("JUPYTERHUB_BASE_URL", "/")
            .variable("JUPYTERHUB_SERVICE_PREFIX", &prefix)
            .variable("JUPYTERHUB_CLIENT_ID", format!("service-{NAME}"))
            .variable("JUPYTERHUB_OAUTH_CALLBACK_URL", format!("{prefix}oauth_callback"))
            .variable("JUPYTERHUB_OAUTH_ACCESS_SCOPES", format!("[\"access:services!service={NAME}\"]"))
            .folder(&self.folders.state);
        let mut program = self.program(Part::Report, digest, call);
        // After the one that this process may have as a program in somebody's server.
        program.call = program.call.variable("JUPYTERHUB_API_TOKEN", token);
        Ok(program)
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
