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
