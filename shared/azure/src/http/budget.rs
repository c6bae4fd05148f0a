//! How long one call may go on trying.

use std::time::{Duration, Instant};

use super::HttpOptions;

/// Longest wait between two attempts when the service names none.
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);

/// Attempts and time left for one call.
#[derive(Debug)]
pub struct Budget {
    until: Instant,
    attempts_left: u32,
    backoff: Duration,
}

impl Budget {
    /// A fresh budget; the first attempt is taken from it.
    pub(crate) fn new(options: &HttpOptions) -> Self {
        Self {
            until: Instant::now() + options.total_deadline,
            attempts_left: options.attempts.saturating_sub(1),
            backoff: options.first_backoff,
        }
    }

    /// Time left.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits before the next attempt: as long as the service asked, else longer each time and
    /// with jitter. `false` when no attempt is left or the wait would outlast the deadline;
    /// then nothing was waited.
    pub(crate) async fn wait(&mut self, asked: Option<Duration>) -> bool {
        let Some(attempts) = self.attempts_left.checked_sub(1) else { return false };
        let pause = asked.unwrap_or_else(|| jitter(self.backoff));
        if pause >= self.left() {
            return false;
        }
        self.attempts_left = attempts;
        self.backoff = (self.backoff * 2).min(LONGEST_BACKOFF);
        tokio::time::sleep(pause).await;
        true
    }
}

/// Between half of it and all of it, so that many callers do not come back at once.
fn jitter(backoff: Duration) -> Duration {
    backoff.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(attempts: u32) -> HttpOptions {
        HttpOptions { attempts, first_backoff: Duration::from_nanos(1), ..HttpOptions::default() }
    }

    #[tokio::test]
    async fn attempts_run_out() {
        let mut budget = Budget::new(&options(3));
        assert!(budget.wait(None).await);
        assert!(budget.wait(Some(Duration::ZERO)).await);
        assert!(!budget.wait(None).await);
    }

    #[tokio::test]
    async fn a_wait_that_outlasts_the_deadline_is_not_begun() {
        let mut budget = Budget::new(&options(3));
        assert!(!budget.wait(Some(Duration::from_secs(3600))).await);
        assert!(budget.wait(Some(Duration::ZERO)).await, "a refused wait costs no attempt");
    }
}
