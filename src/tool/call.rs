//! A program to start: waited for, asked for its output, or left running.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use process_wrap::std::{ChildWrapper, CommandWrap, ProcessGroup, ProcessSession};

use super::interrupt::Gentle;
use crate::error::Error;

/// How many of a program's last lines an error shows.
const SHOWN_LINES: usize = 12;
/// How often a program that writes to a file is looked after.
const LOOKED_AFTER: Duration = Duration::from_millis(20);

/// A program with its arguments and surroundings.
#[derive(Clone)]
pub struct Call {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, Option<OsString>)>,
    folder: Option<PathBuf>,
    log: Option<PathBuf>,
    input: Option<Vec<u8>>,
    held: Option<Arc<File>>,
    gently: bool,
}

/// Why a program could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It could not be started.
    #[error("{program} cannot be started")]
    NotStarted {
        /// The program's path.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ended with an error.
    #[error("{program} ended with {status}")]
    Failed {
        /// The program's path.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines that it wrote.
        lines: Vec<String>,
    },
    /// The person stopped it, and it ended in order.
    #[error("{program} was stopped by Ctrl-C")]
    Interrupted {
        /// The program's path.
        program: String,
    },
    /// Its log could not be written.
    #[error("the log {path} cannot be written")]
    Log {
        /// The log's path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A program that is running.
#[derive(Debug)]
pub struct Started {
    child: Box<dyn ChildWrapper>,
    program: String,
    log: Option<PathBuf>,
    log_start: u64,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// A call of a program by its path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            log: None,
            input: None,
            held: None,
            gently: false,
        }
    }

    /// Adds arguments. Never a secret: everyone on the machine can read them.
    #[must_use]
    pub fn arguments<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Removes a variable that this process has.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.push((name.to_owned(), None));
        self
    }

    /// Removes the variables that change what a Python loads and from where.
    #[must_use]
    pub fn without_python_variables(self) -> Self {
        const NAMES: [&str; 6] = [
            "PYTHONPATH",
            "PYTHONHOME",
            "PYTHONSTARTUP",
            "PYTHONUSERBASE",
            "PYTHONPLATLIBDIR",
            "__PYVENV_LAUNCHER__",
        ];
        NAMES.iter().fold(self, |call, name| call.without(name))
    }

    /// Sets the working folder.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Appends what the program writes to a file, which only its owner may read.
    #[must_use]
    pub fn log(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// What the program reads from its standard input: the way for secrets, which no file and no
    /// list of processes shows.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// A file that the program, and whatever it starts, holds open as its standard input: a lock on it
    /// lasts as long as any of them.
    #[must_use]
    pub fn holding(mut self, file: Arc<File>) -> Self {
        self.held = Some(file);
        self
    }

    /// The program has to end in order: it gets a process group of its own, so that Ctrl-C reaches it
    /// through [`super::interrupt`] only, and with a log it tells its lines by a file, so that it goes
    /// on to its end when this process is killed. A pipe that nobody reads would end it at once.
    #[must_use]
    pub fn gently(mut self) -> Self {
        self.gently = true;
        self
    }

    fn name(&self) -> String {
        self.program.display().to_string()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let held = self.held.as_ref().and_then(|file| file.try_clone().ok());
        let input = match (&self.input, held) {
            (Some(_), _) => Stdio::piped(),
            (None, Some(file)) => Stdio::from(file),
            (None, None) => Stdio::null(),
        };
        command.args(&self.arguments).stdin(input);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn not_started(&self, source: io::Error) -> ToolError {
        ToolError::NotStarted { program: self.name(), source }
    }

    /// The command with its output going to the log, and the log's length so far.
    fn logged(&self) -> Result<(Command, u64), ToolError> {
        let mut command = self.command();
        let Some(path) = &self.log else {
            command.stdout(Stdio::null()).stderr(Stdio::null());
            return Ok((command, 0));
        };
        let fail = |source| ToolError::Log { path: path.clone(), source };
        let file = open_log(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        command.stdout(file.try_clone().map_err(fail)?).stderr(file);
        Ok((command, length))
    }

    /// Starts the program; it ends with this process's terminal session.
    ///
    /// # Errors
    /// When it cannot be started or its log cannot be written.
    pub fn start(&self) -> Result<Started, ToolError> {
        let (mut command, log_start) = self.logged()?;
        let mut child = command.spawn().map_err(|error| self.not_started(error))?;
        self.give_input(child.stdin.take());
        Ok(self.started(Box::new(child), log_start))
    }

    /// Writes the input beside the program, which may end before it has read all of it.
    fn give_input(&self, pipe: Option<ChildStdin>) {
        if let (Some(mut pipe), Some(input)) = (pipe, self.input.clone()) {
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
    }

    fn started(&self, child: Box<dyn ChildWrapper>, log_start: u64) -> Started {
        Started { child, program: self.name(), log: self.log.clone(), log_start }
    }

    /// Starts the program in a session of its own: it goes on when the terminal closes.
    ///
    /// # Errors
    /// When it cannot be started or its log cannot be written.
    pub fn detach(&self) -> Result<Started, ToolError> {
        let (command, log_start) = self.logged()?;
        let mut command = CommandWrap::from(command);
        command.wrap(ProcessSession);
        let child = command.spawn().map_err(|error| self.not_started(error))?;
        Ok(self.started(child, log_start))
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    /// When it cannot be started or ends with an error.
    pub fn run(&self) -> Result<(), ToolError> {
        self.start()?.wait()
    }

    /// Runs the program and hands over each line of its standard output as it comes; what it wrote
    /// to standard error goes to the log, if there is one.
    ///
    /// # Errors
    /// When it cannot be started or ends with an error, which has the last lines of both.
    pub fn each_line(&self, mut line: impl FnMut(&str)) -> Result<(), ToolError> {
        let (mut command, log_start) = self.logged()?;
        let told = self.told()?;
        match &told {
            Some(file) => command.stdout(file.try_clone().map_err(|error| self.not_started(error))?),
            None => command.stdout(Stdio::piped()),
        };
        let mut child = self.spawn(command)?;
        let gentle = self.gently.then(|| Gentle::begin(child.id()));
        self.give_input(child.stdin().take());
        let mut last = VecDeque::new();
        let mut each = |text: String| {
            line(&text);
            last.push_back(text);
            if last.len() > SHOWN_LINES {
                last.pop_front();
            }
        };
        if let Some(file) = &told {
            let ended = |child: &mut Box<dyn ChildWrapper>| !matches!(child.try_wait(), Ok(None));
            lines_of_file(file, || ended(&mut child), &mut each).map_err(|error| self.not_started(error))?;
        } else if let Some(stdout) = child.stdout().take() {
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(&mut each);
        }
        let mut started = self.started(child, log_start);
        let status = started.child.wait().map_err(|error| self.not_started(error))?;
        if status.success() {
            return Ok(());
        }
        if gentle.is_some_and(|gentle| gentle.was_told()) {
            return Err(ToolError::Interrupted { program: self.name() });
        }
        let mut lines = last_lines(&started.written());
        lines.extend(last);
        Err(ToolError::Failed { program: self.name(), status, lines })
    }

    /// The file by which a program tells its lines that is to outlive this process.
    fn told(&self) -> Result<Option<File>, ToolError> {
        let Some(log) = self.log.as_ref().filter(|_| self.gently) else { return Ok(None) };
        let path = log.with_extension("out");
        let open =
            OpenOptions::new().create(true).truncate(true).read(true).write(true).mode(0o600).open(&path);
        open.map(Some).map_err(|source| ToolError::Log { path, source })
    }

    fn spawn(&self, command: Command) -> Result<Box<dyn ChildWrapper>, ToolError> {
        let mut command = CommandWrap::from(command);
        if self.gently {
            command.wrap(ProcessGroup::leader());
        }
        command.spawn().map_err(|error| self.not_started(error))
    }

    /// Runs the program and returns what it wrote to standard output, without white space around it.
    ///
    /// # Errors
    /// When it cannot be started or ends with an error.
    pub fn output(&self) -> Result<String, ToolError> {
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.not_started(error))?;
        self.give_input(child.stdin.take());
        let output = child.wait_with_output().map_err(|error| self.not_started(error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(ToolError::Failed { program: self.name(), status: output.status, lines: last_lines(&text) })
    }
}

impl Started {
    /// Waits for the program's end.
    ///
    /// # Errors
    /// When it ends with an error.
    pub fn wait(mut self) -> Result<(), ToolError> {
        let status = self
            .child
            .wait()
            .map_err(|source| ToolError::NotStarted { program: self.program.clone(), source })?;
        if status.success() { Ok(()) } else { Err(self.failure(status)) }
    }

    /// How the program ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<Result<(), ToolError>> {
        match self.child.try_wait() {
            Ok(Some(status)) if status.success() => Some(Ok(())),
            Ok(Some(status)) => Some(Err(self.failure(status))),
            _ => None,
        }
    }

    /// What this run of the program wrote to its log.
    pub fn written(&self) -> String {
        let Some(path) = &self.log else {
            return String::new();
        };
        let bytes = std::fs::read(path).unwrap_or_default();
        let start = usize::try_from(self.log_start).unwrap_or(0).min(bytes.len());
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }

    fn failure(&self, status: ExitStatus) -> ToolError {
        ToolError::Failed { program: self.program.clone(), status, lines: last_lines(&self.written()) }
    }
}

impl From<ToolError> for Error {
    fn from(error: ToolError) -> Self {
        let message = error.to_string();
        match error {
            ToolError::NotStarted { source, .. } | ToolError::Log { source, .. } => {
                Self::failed(message).because(source)
            }
            ToolError::Interrupted { .. } => {
                Self::interrupted(message).hint("the same call again goes on from there")
            }
            ToolError::Failed { lines, .. } => Self::failed(message).output(lines),
        }
    }
}

/// Hands over the lines that a program writes to a file, until it has ended.
fn lines_of_file(
    file: &File,
    mut ended: impl FnMut() -> bool,
    line: &mut impl FnMut(String),
) -> io::Result<()> {
    // The program writes at a place that its copy of the file shares with this one: reading has its own.
    let mut place = 0;
    let mut rest = Vec::new();
    loop {
        let over = ended();
        place += read_from(file, place, &mut rest)?;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let text: Vec<u8> = rest.drain(..=end).collect();
            line(String::from_utf8_lossy(&text).trim_end_matches('\n').to_owned());
        }
        if over {
            if !rest.is_empty() {
                line(String::from_utf8_lossy(&rest).into_owned());
            }
            return Ok(());
        }
        thread::sleep(LOOKED_AFTER);
    }
}

/// Reads what a file has from a place on, without moving the place at which others write to it.
fn read_from(file: &File, place: u64, into: &mut Vec<u8>) -> io::Result<u64> {
    let mut buffer = [0; 8192];
    let mut read = 0;
    loop {
        let more = file.read_at(&mut buffer, place + read)?;
        if more == 0 {
            return Ok(read);
        }
        into.extend_from_slice(&buffer[..more]);
        read += more as u64;
    }
}

/// A longer log is put aside before it goes on.
const LONG_LOG: u64 = 10 << 20;

fn open_log(path: &Path) -> io::Result<File> {
    if path.metadata().is_ok_and(|meta| meta.len() > LONG_LOG) {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// The last lines of a text that say something.
pub fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Call, lines_of_file};

    #[test]
    fn lines_of_a_file_come_as_they_are_written_and_the_last_one_without_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut writer = std::fs::File::create(&path).unwrap();
        let reader = std::fs::File::open(&path).unwrap();
        let mut looks = 0;
        let mut told = Vec::new();
        let mut next = || {
            looks += 1;
            writer.write_all([&b"one\ntw"[..], b"o\n", b"three"][looks - 1]).unwrap();
            looks == 3
        };
        lines_of_file(&reader, &mut next, &mut |line| told.push(line)).unwrap();
        assert_eq!(told, ["one", "two", "three"]);
    }

    #[test]
    fn a_lock_is_held_by_what_a_program_leaves_behind() {
        let folder = tempfile::tempdir().unwrap();
        let open = || std::fs::OpenOptions::new().create(true).append(true).open(folder.path().join("lock"));
        let file = std::sync::Arc::new(open().unwrap());
        file.try_lock().unwrap();
        // A shell gives what it starts in the background another standard input.
        let call = Call::new("/bin/sh").arguments(["-c", "exec 3<&0; sleep 2 <&3 >/dev/null 2>&1 &"]);
        call.holding(file).gently().each_line(|_| ()).unwrap();
        let again = open().unwrap();
        assert!(again.try_lock().is_err(), "the sleep still holds it");
        again.lock().unwrap();
    }
}
