//! Logins by Kerberos: a KDC of its own on loopback, and a real Dask Gateway with `KerberosAuthenticator`. It runs with
//! the feature `kerberos`, where krb5kdc and a Python with pykerberos are: Debian's krb5-kdc, krb5-admin-server and
//! krb5-user; `PYTHON` names the Python.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start a KDC and a gateway, and stop at the first surprise"
)]

#[path = "../../../tests/support/skips.rs"]
mod skips;

use std::fs::{File, Permissions};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use frazil_gateway::{Error, Gateway, Health, Login, Settings};

const REALM: &str = "FRAZIL.TEST";
/// Whoever waits longer than this waits for ever.
const PATIENCE: Duration = Duration::from_mins(3);
/// Where the inner test finds the gateway, and what it is to see.
const ADDRESS: &str = "FRAZIL_TEST_ADDRESS";
const WANTED: &str = "FRAZIL_TEST_WANTED";

const KRB5: &str = "
[libdefaults]
  default_realm = FRAZIL.TEST
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  FRAZIL.TEST = {
    kdc = 127.0.0.1:PORT
  }
";
const KDC: &str = "
[kdcdefaults]
  kdc_listen = 127.0.0.1:PORT
  kdc_tcp_listen = 127.0.0.1:PORT
[realms]
  FRAZIL.TEST = {
    database_name = FOLDER/principal
    key_stash_file = FOLDER/stash
    acl_file = FOLDER/acl
  }
";
const GATEWAY: &str = r#"
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.KerberosAuthenticator"
c.KerberosAuthenticator.keytab = "FOLDER/http.keytab"
c.DaskGateway.address = "127.0.0.1:API_PORT"
c.Proxy.address = "127.0.0.1:GATEWAY_PORT"
c.UnsafeLocalBackend.clusters_directory = "FOLDER"
"#;

/// Programs that end with it, the last started first.
struct World {
    started: Vec<Child>,
    folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        for child in self.started.iter_mut().rev() {
            rustix::process::kill_process(
                rustix::process::Pid::from_child(child),
                rustix::process::Signal::TERM,
            )
            .ok();
            let end = Instant::now() + Duration::from_secs(20);
            while Instant::now() < end && matches!(child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(50));
            }
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program with this world's Kerberos, and tickets in a cache of this name.
    fn program(&self, name: &Path, tickets: &str) -> Command {
        let mut command = Command::new(name);
        command
            .current_dir(self.folder.path())
            .env("KRB5_CONFIG", self.path("krb5.conf"))
            .env("KRB5_KDC_PROFILE", self.path("kdc.conf"))
            .env("KRB5CCNAME", self.path(tickets))
            .env("KRB5RCACHEDIR", self.folder.path());
        command
    }

    fn run(&self, name: &Path, arguments: &[&str], input: &str) {
        let mut command = self.program(name, "tickets");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{name:?} {arguments:?}: {output:?}");
    }

    fn start(&mut self, mut command: Command, port: u16) {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.started.push(command.spawn().unwrap());
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Runs the inner test with tickets of this name.
    fn within(&self, address: &str, tickets: &str, wanted: &str) {
        let mut command = self.program(&std::env::current_exe().unwrap(), tickets);
        command.args(["--ignored", "--exact", "inner"]).env(ADDRESS, address).env(WANTED, wanted);
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{wanted}: {told}{}", self.log());
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program of Kerberos, which Debian keeps where only root looks.
fn tool(name: &str) -> Option<PathBuf> {
    let found = ["/usr/sbin", "/usr/bin", "/usr/lib/mit/sbin", "/usr/lib/mit/bin"]
        .map(|folder| Path::new(folder).join(name))
        .into_iter()
        .find(|path| path.exists());
    if found.is_none() {
        skips::skipped(format_args!("no {name} (Debian: krb5-kdc krb5-admin-server krb5-user)"));
    }
    found
}

fn python() -> Option<PathBuf> {
    let named = std::env::var_os("PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let has = ["-c", "import dask_gateway_server, kerberos, sqlalchemy"];
    let runs = Command::new(&named).args(has).output().is_ok_and(|output| output.status.success());
    if !runs {
        skips::skipped("no Python with dask-gateway-server and pykerberos; PYTHON names one");
    }
    runs.then_some(named)
}

/// A realm with one person, whose tickets are in the cache `tickets`, and a gateway; and where that answers.
fn world() -> Option<(World, String)> {
    let (kdc, database, admin, kinit) =
        (tool("krb5kdc")?, tool("kdb5_util")?, tool("kadmin.local")?, tool("kinit")?);
    let python = python()?;
    let folder = tempfile::tempdir().unwrap();
    let mut world = World { started: Vec::new(), folder };
    let at = world.folder.path().to_str().unwrap().to_owned();
    let [port, gateway, api] = [(); 3].map(|()| free_port());
    let fill = |text: &str| {
        let text = text.replace("API_PORT", &api.to_string()).replace("GATEWAY_PORT", &gateway.to_string());
        text.replace("PORT", &port.to_string()).replace("FOLDER", &at)
    };
    for (name, text) in [("krb5.conf", KRB5), ("kdc.conf", KDC), ("gateway.py", GATEWAY)] {
        std::fs::write(world.path(name), fill(text)).unwrap();
    }
    world.run(&database, &["create", "-s", "-r", REALM, "-P", "of the database"], "");
    for query in [
        "addprinc -pw tell-no-one ada",
        "addprinc -randkey HTTP/localhost",
        "ktadd -k http.keytab HTTP/localhost",
    ] {
        world.run(&admin, &["-r", REALM, "-q", query], "");
    }
    std::fs::set_permissions(world.path("http.keytab"), Permissions::from_mode(0o600)).unwrap();
    let mut command = world.program(&kdc, "tickets");
    command.args(["-n", "-r", REALM]);
    world.start(command, port);
    world.run(&kinit, &["ada"], "tell-no-one\n");
    let mut command = world.program(&python, "none");
    command.args(["-m", "dask_gateway_server", "-f"]).arg(world.path("gateway.py"));
    world.start(command, gateway);
    Some((world, format!("http://localhost:{gateway}")))
}

#[test]
fn tickets_open_a_gateway_that_proves_itself_and_no_other() {
    let Some((world, address)) = world() else { return };
    world.within(&address, "tickets", "in");
    world.within(&address, "none", "no ticket");
    world.within(&address.replace("localhost", "127.0.0.1"), "tickets", "no ticket");
    // One who has not the key says yes to everybody.
    let impostor = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = impostor.local_addr().unwrap().port();
    std::thread::spawn(move || impostor.incoming().flatten().for_each(|stream| yes(stream, "")));
    world.within(&format!("http://localhost:{port}"), "tickets", "unproven");
    let impostor = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = impostor.local_addr().unwrap().port();
    let made_up = "WWW-Authenticate: Negotiate YIGeBgkqhkiG9xIBAgICAG+BjjCBi6ADAgEF\r\n";
    std::thread::spawn(move || impostor.incoming().flatten().for_each(|stream| yes(stream, made_up)));
    world.within(&format!("http://localhost:{port}"), "tickets", "unproven");
}

/// An answer with no clusters in it.
fn yes(mut stream: TcpStream, header: &str) {
    use std::io::Read;
    let mut asked = Vec::new();
    let mut piece = [0; 4096];
    while !asked.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(count @ 1..) => asked.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
    let answer = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}");
    stream.write_all(answer.as_bytes()).ok();
}

/// What a process with those tickets sees.
#[test]
#[ignore = "the other test runs it with tickets"]
fn inner() {
    let (address, wanted) = (std::env::var(ADDRESS).unwrap(), std::env::var(WANTED).unwrap());
    let settings = Settings { pause: Duration::from_millis(20), ..Settings::default() };
    let gateway = Gateway::new(address.parse().unwrap(), Login::Kerberos, settings).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listed = gateway.list(&[]).await;
        match wanted.as_str() {
            "in" => {
                let end = Instant::now() + PATIENCE;
                let mut listed = listed;
                // The proxy listens before it knows of the gateway behind it.
                while matches!(
                    listed,
                    Err(Error::Unavailable { .. } | Error::Connection { .. } | Error::NoGateway { .. })
                ) && Instant::now() < end
                {
                    listed = gateway.list(&[]).await;
                }
                assert!(listed.unwrap().is_empty());
                // Not by a cookie: each call proves itself.
                assert!(gateway.list(&[]).await.unwrap().is_empty());
                assert_eq!(gateway.health().await.unwrap(), Health::Pass);
                let told = gateway.cluster(&"deadbeef".parse().unwrap()).await.unwrap_err();
                assert!(matches!(told, Error::NoCluster { .. }), "{told}");
            }
            "no ticket" => {
                let told = listed.unwrap_err();
                assert!(matches!(told, Error::NoTicket { .. }) && told.advice().contains("kinit"), "{told}");
            }
            _ => {
                let told = listed.unwrap_err();
                assert!(matches!(told, Error::Unproven { .. }), "{told}");
            }
        }
    });
}
