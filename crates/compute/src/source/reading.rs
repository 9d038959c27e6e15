//! Reads on a tokio runtime, for those who wait on a thread.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::cancellation::Cancellation;
use crate::error::{Error, Result};

/// How often whoever waits looks whether the run is to end.
const PERIOD: Duration = Duration::from_millis(50);

/// A read that ends when nobody waits for it any more.
pub(super) struct Reading<T> {
    task: JoinHandle<()>,
    told: Receiver<frazil_data::Result<T>>,
}

impl<T: Send + 'static> Reading<T> {
    /// Begins to read.
    pub(super) fn begin(
        runtime: &Handle,
        read: impl Future<Output = frazil_data::Result<T>> + Send + 'static,
    ) -> Self {
        let (tell, told) = channel();
        let task = runtime.spawn(async move {
            // Nobody hears of what is not waited for.
            drop(tell.send(read.await));
        });
        Self { task, told }
    }

    /// What was read. Blocks until it is there, or the run is to end.
    ///
    /// # Errors
    /// [`Error::Source`] of what is called so; [`Error::Cancelled`].
    pub(super) fn wait(self, cancellation: &Cancellation, what: impl Fn() -> String) -> Result<T> {
        loop {
            match self.told.recv_timeout(PERIOD) {
                Ok(read) => return read.map_err(|error| unread(what(), error)),
                Err(RecvTimeoutError::Timeout) if cancellation.is_cancelled() => {
                    return Err(Error::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Source {
                        what: what(),
                        advice: "call again; if it stays so, tell those who keep this program".to_owned(),
                        source: "the read ended before its time".into(),
                    });
                }
            }
        }
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// That something could not be read.
pub(crate) fn unread(what: String, error: frazil_data::Error) -> Error {
    let advice = error.advice();
    Error::Source { what, advice, source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn name() -> String {
        "`t`".to_owned()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn nobody_waits_for_an_answer_that_does_not_come_when_the_run_is_to_end() {
        let cancellation = Cancellation::new();
        let reading = Reading::<()>::begin(&Handle::current(), std::future::pending());
        let waiting = thread::spawn({
            let cancellation = cancellation.clone();
            move || reading.wait(&cancellation, name)
        });
        thread::sleep(2 * PERIOD);
        assert!(!waiting.is_finished());
        cancellation.cancel();
        assert!(matches!(waiting.join().unwrap(), Err(Error::Cancelled)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_was_read_is_told_and_a_panic_too() {
        let wait = |reading: Reading<u8>| reading.wait(&Cancellation::new(), name);
        let reading = Reading::begin(&Handle::current(), async { Ok(7) });
        assert_eq!(thread::spawn(move || wait(reading)).join().unwrap().unwrap(), 7);
        let reading = Reading::begin(&Handle::current(), async { Ok("odd".parse::<u8>().unwrap()) });
        let error = thread::spawn(move || wait(reading)).join().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "cannot read `t`");
    }
}
