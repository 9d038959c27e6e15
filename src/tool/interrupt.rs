//! Ctrl-C while a program runs that has to end in order: it is told, and this process waits for it.

use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process_group};

/// The process group of the program that has to end in order, and how often it was told.
static RUNNING: Mutex<Option<(i32, u32)>> = Mutex::new(None);

/// Remembers such a program until the value is dropped.
pub(super) struct Gentle;

impl Gentle {
    pub(super) fn begin(group: u32) -> Self {
        set(i32::try_from(group).ok().map(|group| (group, 0)));
        Self
    }

    /// Whether the program was told to end.
    #[expect(clippy::unused_self, reason = "there is only one, while this value lives")]
    pub(super) fn was_told(&self) -> bool {
        get().is_some_and(|(_, told)| told > 0)
    }
}

impl Drop for Gentle {
    fn drop(&mut self) {
        set(None);
    }
}

fn get() -> Option<(i32, u32)> {
    RUNNING.lock().ok().and_then(|running| *running)
}

fn set(value: Option<(i32, u32)>) {
    if let Ok(mut running) = RUNNING.lock() {
        *running = value;
    }
}

/// Passes Ctrl-C on to a program that has to end in order; how often it has been told by now, or
/// `None` when there is none and this process may end at once. Terraform ends what it is at and
/// gives its lock back when it is told once, and aborts when it is told twice.
pub fn interrupt() -> Option<u32> {
    let (group, told) = get()?;
    let pid = Pid::from_raw(group)?;
    // A program that is gone already needs no signal.
    let _gone = kill_process_group(pid, Signal::INT);
    set(Some((group, told + 1)));
    Some(told + 1)
}
