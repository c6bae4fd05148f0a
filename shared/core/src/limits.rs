//! Brakes: what goes faster than the policy expects waits for an operator.

use crate::{Policy, Refusal};

/// Whether one more leaver may be worked on, given how many (this one included) came within the
/// last hour. Somebody else's mistake in HR must not lock out a whole company.
///
/// # Errors
/// [`Refusal::TooManyLeavers`] beyond `limits.leaversPerHour`.
pub fn may_proceed(policy: &Policy, recent_leavers: u32) -> Result<(), Refusal> {
    let limit = policy.limits.leavers_per_hour;
    if recent_leavers > limit {
        return Err(Refusal::TooManyLeavers { count: recent_leavers, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::may_proceed;
    use crate::{Refusal, fixtures::policy};

    #[test]
    fn the_brake_holds_the_first_leaver_beyond_the_limit() {
        let policy = policy();
        assert_eq!(may_proceed(&policy, 20), Ok(()));
        assert_eq!(may_proceed(&policy, 21), Err(Refusal::TooManyLeavers { count: 21, limit: 20 }));
    }
}
