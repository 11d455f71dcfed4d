//! Counts what a thread holds of the heap, so that a case that asks for too much is seen.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counted by thread.
pub(crate) struct Counted;

fn took(n_bytes: usize) {
    // A thread that ends is no longer counted.
    let _ = HELD.try_with(|held| {
        held.set(held.get().saturating_add(n_bytes));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

fn gave(n_bytes: usize) {
    // What another thread took may be given back here.
    let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(n_bytes)));
}

#[expect(unsafe_code, reason = "an allocator can be written in no other way")]
// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: promised by the caller, here and below.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        gave(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, n_bytes: usize) -> *mut u8 {
        took(n_bytes);
        gave(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, n_bytes) }
    }
}

/// Returns the most bytes that this thread held at once beyond what it held before.
pub(crate) fn peak_of(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    PEAK.set(before);
    work();
    PEAK.get().saturating_sub(before)
}
