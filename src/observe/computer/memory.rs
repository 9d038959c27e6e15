//! Memory as `free` shows it (procps 4): what programs hold and what the system only borrows.

use serde::Serialize;

use super::Tree;

/// The memory of a machine, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// All of it.
    pub total_bytes: u64,
    /// What cannot be had: total less available.
    pub used_bytes: u64,
    /// Files that are kept because there was room: page cache, buffers, reclaimable slab.
    pub page_cache_bytes: u64,
    /// Memory that processes share (tmpfs, `/dev/shm`): a part of the page cache that stays.
    pub shared_bytes: u64,
    /// What nothing was kept in yet.
    pub free_bytes: u64,
    /// What a program can have without swapping, by the kernel's own estimate.
    pub available_bytes: u64,
    /// Swap.
    pub swap_total_bytes: u64,
    /// Swap in use.
    pub swap_used_bytes: u64,
}

impl Memory {
    pub(super) fn look(tree: &Tree<'_>) -> Self {
        Self::read(&tree.text("proc/meminfo").unwrap_or_default())
    }

    /// Reads /proc/meminfo, whose kB are kibibytes.
    fn read(meminfo: &str) -> Self {
        let get = |name: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
        };
        let (total, free, available) = (get("MemTotal"), get("MemFree"), get("MemAvailable"));
        Self {
            total_bytes: total,
            used_bytes: total.saturating_sub(available),
            page_cache_bytes: get("Buffers") + get("Cached") + get("SReclaimable"),
            shared_bytes: get("Shmem"),
            free_bytes: free,
            available_bytes: available,
            swap_total_bytes: get("SwapTotal"),
            swap_used_bytes: get("SwapTotal").saturating_sub(get("SwapFree")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn page_cache_is_not_in_use() {
        let text = "MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable:  70 kB\nBuffers: 5 kB\nCached: 50 kB\n\
                    SwapCached: 9 kB\nShmem: 3 kB\nSReclaimable: 15 kB\nSwapTotal: 8 kB\nSwapFree: 6 kB\n";
        let memory = Memory::read(text);
        let kibibytes =
            [memory.total_bytes, memory.used_bytes, memory.page_cache_bytes, memory.available_bytes];
        assert_eq!(kibibytes.map(|bytes| bytes >> 10), [100, 30, 70, 70]);
        assert_eq!((memory.swap_used_bytes, memory.shared_bytes), (2 << 10, 3 << 10));
        assert_eq!(Memory::read("no such file"), Memory::default());
    }
}
