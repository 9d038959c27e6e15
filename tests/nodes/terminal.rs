//! The live view on a terminal of 80 columns: drawn in its place, ended by a key, given back.

use std::process::Command;

use super::scratch::Scratch;
use crate::skips::skipped;

/// Runs the program on a terminal of its own, presses a key when it is drawn, and prints how it
/// ended and what it wrote.
const TERMINAL: &str = r"
import fcntl, os, pty, select, struct, sys, termios, time
key = sys.argv[1].encode().decode('unicode_escape').encode()
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
before = termios.tcgetattr(fd)
text, pressed, end = b'', False, time.time() + 60
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            more = os.read(fd, 65536)
        except OSError:
            break
        if not more:
            break
        text += more
    elif not pressed and b'available' in text:
        pressed = True
        os.write(fd, key)
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status))
sys.stdout.flush()
sys.stdout.buffer.write(text)
";

#[test]
fn a_live_view_gives_the_terminal_back() {
    let machine = Scratch::new();
    let program = assert_cmd::cargo::cargo_bin("frazil");
    for key in ["q", "\\x03", "\\x1b"] {
        let run = Command::new("python3")
            .args(["-c", TERMINAL, key])
            .arg(&program)
            .args(["nodes", "--local", "--watch", "--interval", "1 s"])
            .env("TERM", "xterm-256color")
            .current_dir(machine.path())
            .output();
        let Ok(output) = run else {
            skipped("no python3, which makes a terminal");
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (code, screen) = text.split_once('\n').unwrap_or_default();
        assert_eq!(code, "0", "{key}: {}{text}", String::from_utf8_lossy(&output.stderr));
        let (enter, leave) = (screen.find("\u{1b}[?1049h").unwrap(), screen.rfind("\u{1b}[?1049l").unwrap());
        assert!(
            enter < leave && screen.rfind("\u{1b}[?25h") > screen.rfind("\u{1b}[?25l"),
            "the cursor is shown"
        );
        assert!(!screen.contains("\u{1b}[2J"), "nothing is cleared before it is written");
    }
}
