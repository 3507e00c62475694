//! What a request may take.

use std::time::Duration;

/// How long and how much a source may take for one request.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until the connection stands.
    pub connect_timeout: Duration,
    /// From the request to the last byte of the answer.
    pub request_timeout: Duration,
    /// Longest answer that is accepted.
    pub max_response_bytes: usize,
}

impl Limits {
    /// The longest row, and the most bytes of values that are kept of one answer: 10 MB of 32. To store them takes
    /// PostgreSQL almost four times as much beside them (measured), and the whole is to be less than twice the longest
    /// answer.
    pub fn longest_row(&self) -> usize {
        (self.max_response_bytes / 16 * 5).max(10 << 20).min(self.max_response_bytes)
    }
}
