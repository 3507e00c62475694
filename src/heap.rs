//! Counts what this library holds of the heap, so that a remote's answer can be given up before it
//! takes the machine's memory: what a driver makes of an answer is many times as large as the answer
//! where somebody wants it to be. PostgreSQL's own memory is not in it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static HELD: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// Bytes that are allocated at this moment.
pub fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

// SAFETY: everything is the system allocator's; a number is kept beside it.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promised.
        counted(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promised.
        counted(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promised.
        let moved = unsafe { System.realloc(memory, layout, size) };
        if !moved.is_null() {
            HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        counted(moved, size)
    }
}

fn counted(memory: *mut u8, bytes: usize) -> *mut u8 {
    if !memory.is_null() {
        HELD.fetch_add(bytes, Ordering::Relaxed);
    }
    memory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allocated_and_freed_is_counted() {
        // Other tests allocate meanwhile, but not as much.
        let before = held();
        let mut bytes = vec![0u8; 8 << 20];
        bytes.reserve_exact(8 << 20);
        assert!(held() > before + (12 << 20));
        drop(bytes);
        assert!(held() < before + (4 << 20));
    }
}
