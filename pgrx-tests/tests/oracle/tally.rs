//! What was done and what struck, over all programs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Counts by name.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    pub fn count(&self, what: impl Into<String>) {
        self.add(what, 1);
    }

    pub fn add(&self, what: impl Into<String>, times: u64) {
        *self.0.lock().expect("no panic while counting").entry(what.into()).or_default() += times;
    }

    pub fn of(&self, what: &str) -> u64 {
        self.0.lock().expect("no panic while counting").get(what).copied().unwrap_or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.lock().expect("no panic while counting");
        counts.iter().try_for_each(|(what, times)| writeln!(f, "{times:>8}  {what}"))
    }
}
