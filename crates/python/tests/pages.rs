//! Memory of large arrays. `tests/run --long` runs it under valgrind.

#[path = "../src/pages.rs"]
mod pages;

use pages::Pages;

#[global_allocator]
static MEMORY: Pages = Pages;

const LARGE: usize = 16 << 20;

/// The flags of the mapping that holds an address (`VmFlags` of `proc_pid_smaps(5)`).
#[cfg(target_os = "linux")]
fn flags(address: usize) -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/smaps").ok()?;
    let holds = |line: &str| {
        let (from, to) = line.split_once(' ')?.0.split_once('-')?;
        let (from, to) = (usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?);
        Some((from..to).contains(&address))
    };
    let mut lines = maps.lines().skip_while(|line| holds(line) != Some(true));
    lines.find_map(|line| line.strip_prefix("VmFlags:")).map(str::to_owned)
}

#[cfg(target_os = "linux")]
#[test]
fn large_memory_is_asked_for_in_huge_pages() {
    // A kernel without huge pages refuses the advice, and keeps no flag.
    if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
        println!("skipped: this kernel has no huge pages");
        return;
    }
    let is_huge = |bytes: &[u8]| {
        flags(bytes.as_ptr() as usize + bytes.len() / 2).unwrap().split_whitespace().any(|flag| flag == "hg")
    };
    let mut grown = vec![1; LARGE / 2];
    grown.resize(LARGE, 2);
    assert!(is_huge(&vec![0; LARGE]) && is_huge(&vec![1; LARGE]) && is_huge(&grown));
}

#[test]
fn memory_holds_what_was_written_however_it_grows_and_shrinks() {
    let text: Vec<u8> = b"bytes ".iter().copied().cycle().take(LARGE).collect();
    let (zeros, sevens) = (vec![0; LARGE], vec![7; LARGE]);
    let sizes = [0, 1, 4095, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, LARGE];
    for size in sizes {
        assert!(vec![0; size] == zeros[..size]);
        for other in sizes {
            let mut bytes = text[..size].to_vec();
            bytes.resize(other, 7);
            bytes.shrink_to_fit();
            let kept = size.min(other);
            assert!(bytes[..kept] == text[..kept] && bytes[kept..] == sevens[kept..other]);
        }
    }
}

#[test]
fn memory_is_aligned_as_it_was_asked_for() {
    #[derive(Clone)]
    #[repr(align(16384))]
    struct Aligned([u8; 16384]);
    let many = vec![Aligned([3; 16384]); LARGE / 16384];
    assert_eq!(many.as_ptr() as usize % 16384, 0);
    assert!(many.iter().all(|one| one.0 == [3; 16384]));
}
