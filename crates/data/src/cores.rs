//! The threads that decode: as many as there are cores, of this process.

use std::sync::{Arc, Mutex};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// The pool, and whose it is: of the threads of a process that forks, its child has none.
static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// The pool of this process.
///
/// # Errors
/// [`Error::Invalid`] where no threads can be had.
pub(crate) fn cores() -> Result<Arc<ThreadPool>> {
    // A fork may find the lock taken by a thread that is gone: nobody waits for it.
    let Ok(mut held) = POOL.try_lock() else { return pool() };
    let process = std::process::id();
    if let Some((of, pool)) = held.as_ref()
        && *of == process
    {
        return Ok(Arc::clone(pool));
    }
    let pool = pool()?;
    // The parent's is left as it is: its threads are not here to be ended.
    std::mem::forget(held.replace((process, Arc::clone(&pool))));
    Ok(pool)
}

fn pool() -> Result<Arc<ThreadPool>> {
    let built = ThreadPoolBuilder::new().thread_name(|number| format!("frazil-{number}")).build();
    built.map(Arc::new).map_err(|error| Error::Invalid {
        what: format!("there are no threads to decode with: {error}"),
        advice: "let this process have more threads".to_owned(),
    })
}

/// Work on the thread that asks. None where it panics: a file that a reader does not expect ends its own reading, as
/// on a thread of `spawn_blocking`.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_one_pool_and_none_waits_for_a_lock_that_is_taken() {
        let first = cores().unwrap();
        assert_eq!(first.install(|| (0..1000).sum::<u32>()), 499_500);
        let taken = POOL.lock().unwrap();
        let other = std::thread::spawn(|| cores().unwrap().current_num_threads()).join().unwrap();
        drop(taken);
        assert_eq!(other, first.current_num_threads());
        assert!(Arc::ptr_eq(&first, &cores().unwrap()));
    }
}
