//! `DuckDB` with sqlglot before it, in a Python of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

use crate::skips::skipped;

/// The running engine.
pub(crate) struct Engine {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Engine {
    /// Starts it; None, said on standard output, where there is no Python with what it needs.
    pub(crate) fn start() -> Option<Self> {
        let python = python()?;
        let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ask/engine.py");
        let mut command = Command::new(python);
        command.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let pipes = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, pipes: Mutex::new(pipes) })
    }

    /// Asks it.
    pub(crate) fn ask(&self, request: &Value) -> Value {
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.0, "{request}").unwrap();
        pipes.0.flush().unwrap();
        let mut line = String::new();
        pipes.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the engine failed at {request}"))
    }
}

fn python() -> Option<PathBuf> {
    let named = std::env::var_os("PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| PathBuf::from("python3"));
    let fits = Command::new(&python).args(["-c", "import duckdb, sqlglot"]).output();
    if fits.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skipped("no Python with duckdb and sqlglot (tests/requirements.txt); PYTHON names one");
    None
}
