//! What fails for a passing reason is tried again, later and later.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::{Patience, Settings};
use crate::error::{Error, Kind, Result};

/// The waits between the attempts of one request.
pub(super) struct Waits {
    delays: <ExponentialBuilder as BackoffBuilder>::Backoff,
    limit: Duration,
    patience: Patience,
    tried: u32,
}

impl Waits {
    pub(super) fn new(settings: &Settings) -> Self {
        let further = settings.max_attempts.saturating_sub(1) as usize;
        let delays = ExponentialBuilder::new()
            .with_min_delay(settings.retry_base)
            .with_max_times(further)
            .with_jitter()
            .build();
        Waits { delays, limit: settings.retry_limit, patience: settings.patience.clone(), tried: 0 }
    }

    /// Waits until the next attempt, or gives back the error when there is to be none.
    pub(super) async fn after(&mut self, error: Error) -> Result<()> {
        self.tried += 1;
        // An answer that is too long stays too long, unless less is asked for.
        if !error.kind.is_transient() || error.kind == Kind::TooLarge {
            return Err(self.told(error));
        }
        let Some(delay) = self.delays.next() else { return Err(self.told(error)) };
        let asked = error.retry_after.unwrap_or_default().min(self.limit);
        let wait = delay.max(asked);
        self.patience.begins(wait, &error);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn told(&self, mut error: Error) -> Error {
        if self.tried > 1 {
            error.message = format!("{}, tried {} times", error.message, self.tried);
        }
        error
    }
}

/// Does `attempt` until it succeeds, fails for good, or was tried often enough.
pub(super) async fn retry<T>(settings: &Settings, mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let mut waits = Waits::new(settings);
    loop {
        match attempt().await {
            Err(error) => waits.after(error).await?,
            done => return done,
        }
    }
}
