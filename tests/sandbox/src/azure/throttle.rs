//! A token bucket on the sandbox clock.

use jiff::{SignedDuration, Timestamp};

/// Tokens that refill one by one.
#[derive(Debug, Clone)]
pub struct Bucket {
    capacity: u32,
    every: SignedDuration,
    tokens: u32,
    since: Timestamp,
}

impl Bucket {
    /// A full bucket that regains one token each `every`.
    pub fn new(capacity: u32, every: SignedDuration, now: Timestamp) -> Self {
        Self { capacity, every, tokens: capacity, since: now }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// The seconds until the next token, at least one.
    pub fn take(&mut self, now: Timestamp) -> Result<(), u32> {
        self.refill(now);
        if self.tokens > 0 {
            self.tokens -= 1;
            return Ok(());
        }
        let next = self.since.checked_add(self.every).unwrap_or(now);
        let wait = next.duration_since(now).as_secs() + 1;
        Err(u32::try_from(wait).unwrap_or(1))
    }

    fn refill(&mut self, now: Timestamp) {
        while self.tokens < self.capacity {
            match self.since.checked_add(self.every) {
                Ok(next) if next <= now => {
                    self.since = next;
                    self.tokens += 1;
                }
                _ => return,
            }
        }
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_capacity_and_then_one_each_interval() {
        let start = Timestamp::UNIX_EPOCH;
        let minute = SignedDuration::from_secs(60);
        let mut bucket = Bucket::new(2, minute, start);
        assert_eq!([bucket.take(start), bucket.take(start)], [Ok(()), Ok(())]);
        assert_eq!(bucket.take(start), Err(61));
        assert_eq!(bucket.take(start + minute), Ok(()));
        assert_eq!(bucket.take(start + minute), Err(61));
    }
}
