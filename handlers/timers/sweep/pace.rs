//! No more than so many requests in a second.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lets requests pass one after the other.
#[derive(Debug)]
pub struct Pace {
    each: Duration,
    next: Instant,
}

impl Pace {
    /// So many in a second, at least one.
    pub fn of(per_second: u32) -> Self {
        Self { each: Duration::from_secs(1) / per_second.max(1), next: Instant::now() }
    }

    /// Waits until so many requests may be sent.
    pub async fn turn(&mut self, requests: usize) {
        sleep_until(self.next).await;
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.next = Instant::now() + self.each.saturating_mul(requests);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_paid_for_before_the_next_request() {
        let (mut pace, began) = (Pace::of(20), Instant::now());
        pace.turn(1).await;
        pace.turn(40).await;
        assert_eq!(began.elapsed().as_millis(), 50);
        pace.turn(1).await;
        assert_eq!(began.elapsed().as_millis(), 2_050);
    }
}
