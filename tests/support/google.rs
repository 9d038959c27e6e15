//! fake-gcs-server with objects in it.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::skips::skipped;
use crate::tools;

/// A running fake-gcs-server. It ends when this is dropped.
pub(crate) struct Google {
    child: Child,
    /// Its address, as `STORAGE_EMULATOR_HOST` takes it.
    pub(crate) endpoint: String,
    /// What it began with.
    _objects: tempfile::TempDir,
}

impl Google {
    /// Serves objects, each with bucket and key; none where there is no such server.
    pub(crate) fn start(objects: &[(&str, &str, &[u8])]) -> Option<Self> {
        let program = tools::cache().join("bin/fake-gcs-server");
        if !program.exists() {
            skipped("no fake-gcs-server (tests/tools.sh builds one)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        for (bucket, key, bytes) in objects {
            let path = folder.path().join(bucket).join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let child = Command::new(program)
            .args(["-scheme", "http", "-host", "127.0.0.1", "-port", &port.to_string(), "-backend", "memory"])
            .args(["-public-host", &host, "-data", folder.path().to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, endpoint: format!("http://{host}"), _objects: folder };
        for _ in 0..200 {
            if TcpStream::connect(&host).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("fake-gcs-server does not listen");
    }
}

impl Drop for Google {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
