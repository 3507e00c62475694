//! Waiting for something, with a name and a limit.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Result, fail};

/// Asks again and again until the answer is yes. After `limit` it is an error that names
/// what was waited for.
pub fn wait_for(what: &str, limit: Duration, mut happened: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !happened() {
        if begun.elapsed() > limit {
            return fail(format!("waited {} s in vain for {what}", limit.as_secs_f32()));
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}
