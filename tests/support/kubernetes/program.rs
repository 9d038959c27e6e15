//! A program that cannot outlive the test, however the test ends.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its standard input, a pipe that the test's process holds however it ends. It
/// also removes the folder: a test that is killed cannot.
const KEEPER: &str = r#"folder=$1; shift
"$@" & read -r _
kill -KILL $!; wait $!
[ -z "$folder" ] || rm -rf "$folder""#;

/// A running program; ended when dropped.
pub(crate) struct Program {
    keeper: Child,
}

impl Program {
    /// Starts it, with `home` as its home and working folder and its output in the file `log`.
    pub(crate) fn start(program: &Path, arguments: &[String], home: &Path, log: &Path) -> Self {
        Self::kept(program, arguments, home, log, None)
    }

    /// The same; the folder `with_it` goes when the program ends.
    pub(crate) fn start_owning(program: &Path, arguments: &[String], log: &Path, with_it: &Path) -> Self {
        Self::kept(program, arguments, with_it, log, Some(with_it))
    }

    fn kept(program: &Path, arguments: &[String], home: &Path, log: &Path, removed: Option<&Path>) -> Self {
        let output = File::options().create(true).append(true).open(log).unwrap();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(removed.unwrap_or(Path::new("")))
            .arg(program)
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            // An interrupt at the terminal is for the test; the keeper stays to clean up.
            .process_group(0)
            .spawn()
            .unwrap();
        Self { keeper }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let ended = self.keeper.wait();
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}
