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
    /// A line for all that has the same word in front of a colon.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let counts = self.0.lock().expect("no panic while counting");
        for (what, times) in counts.iter() {
            let (kind, name) = what.split_once(": ").unwrap_or(("all", what));
            lines.entry(kind).or_default().push(format!("{name} {times}"));
        }
        lines.iter().try_for_each(|(kind, counts)| writeln!(f, "{kind}: {}", counts.join(", ")))
    }
}
