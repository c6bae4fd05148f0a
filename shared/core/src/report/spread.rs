//! How durations are spread.

use jiff::SignedDuration;

/// Percentiles by the nearest rank: each is a duration that was really measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread(Vec<SignedDuration>);

impl Spread {
    /// Of these durations.
    pub fn of(durations: impl IntoIterator<Item = SignedDuration>) -> Self {
        let mut sorted: Vec<_> = durations.into_iter().collect();
        sorted.sort();
        Self(sorted)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that so many percent do not exceed; none where nothing was measured.
    pub fn percentile(&self, percent: usize) -> Option<SignedDuration> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }
}
