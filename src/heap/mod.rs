//! Counts what this library holds of the heap, so that a remote's answer can be given up before it
//! takes the machine's memory: what a driver makes of an answer is many times as large as the answer
//! where somebody wants it to be. PostgreSQL's own memory is not in it.
//!
//! Without PostgreSQL nothing is counted: a program that uses the pure half has memory of its own.

#[cfg(any(feature = "pg", test))]
mod counted;

use std::sync::atomic::{AtomicUsize, Ordering};

static HELD: AtomicUsize = AtomicUsize::new(0);

/// Bytes that are allocated at this moment.
pub fn held() -> usize {
    HELD.load(Ordering::Relaxed)
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
