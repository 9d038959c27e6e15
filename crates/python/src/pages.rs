//! Memory of large arrays in huge pages: the kernel gives a page of 2 MiB where it would give 512 of 4 KiB one by
//! one, each when it is written to first. numpy asks for the same for its own arrays.

use std::alloc::{GlobalAlloc, Layout, System};

/// What is as large as this is asked to be in huge pages: two of them, of which one lies inside wherever it begins.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// The system's memory, the large parts of it in huge pages where there are any.
pub(crate) struct Pages;

#[expect(unsafe_code, reason = "the trait is unsafe, and to give advice is a call of the C library")]
// SAFETY: every call is `System`'s own, with the arguments as they came, and what it gives is given: its promises
// are kept if `advised` does nothing to memory, which it does not.
unsafe impl GlobalAlloc for Pages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` wants.
        advised(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `alloc`.
        advised(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as for `alloc`; `memory` is `System`'s, as all that is given here.
        advised(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as for `realloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// The memory, and the kernel told what pages it should have. What the kernel says to that changes nothing.
#[cfg(target_os = "linux")]
fn advised(memory: *mut u8, size: usize) -> *mut u8 {
    /// Pages are no smaller on any machine; the kernel refuses other beginnings where they are larger.
    const PAGE: usize = 4096;
    if size >= LARGE && !memory.is_null() {
        let ahead = memory.align_offset(PAGE);
        #[expect(unsafe_code, reason = "a call of the C library")]
        // SAFETY: `ahead` is less than a page, and the memory has `LARGE` bytes at least, so all of the range lies
        // in it. This advice changes neither what memory holds nor what may be done with it (madvise(2)).
        unsafe {
            libc::madvise(memory.add(ahead).cast(), size - ahead, libc::MADV_HUGEPAGE);
        }
    }
    memory
}

#[cfg(not(target_os = "linux"))]
fn advised(memory: *mut u8, _: usize) -> *mut u8 {
    memory
}
