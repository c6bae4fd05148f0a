//! What disturbs deliveries, and what became of them.

use std::time::Duration;

use jiff::SignedDuration;

/// How notifications are delivered; the defaults are a calm day. Durations of deliveries are on
/// the sandbox's clock, patience with a subscriber is real.
#[derive(Clone, Debug, PartialEq)]
pub struct Knobs {
    /// How long after a change its notification is sent.
    pub delay: SignedDuration,
    /// Share of notifications that are never sent, from 0 to 1.
    pub loss: f64,
    /// Share of notifications that are sent twice, from 0 to 1.
    pub duplication: f64,
    /// What is due at once is sent in any order.
    pub reorder: bool,
    /// What loss, duplication and order are drawn from.
    pub seed: u64,
    /// Most notifications in one request.
    pub batch: usize,
    /// Nothing is sent until it is let go, in one burst.
    pub held: bool,
    /// Only HTTPS is accepted, as by the real service; else also `http://` on this machine.
    pub https_only: bool,
    /// How long a subscriber may take for an answer: 3 s.
    pub patience: Duration,
    /// How long a subscriber may take for the handshake: 10 s.
    pub handshake: Duration,
    /// The first pause before something is sent again; it doubles.
    pub again_after: SignedDuration,
    /// How long before its end a subscriber is asked to authorize a subscription anew.
    pub authorize_before: SignedDuration,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs {
            delay: SignedDuration::ZERO,
            loss: 0.0,
            duplication: 0.0,
            reorder: false,
            seed: 0,
            batch: 20,
            held: false,
            https_only: false,
            patience: Duration::from_secs(3),
            handshake: Duration::from_secs(10),
            again_after: SignedDuration::from_secs(10),
            authorize_before: SignedDuration::from_hours(12),
        }
    }
}

/// What became of notifications so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that were sent.
    pub posts: u64,
    /// Notifications that a subscriber took.
    pub delivered: u64,
    /// Notifications that [`Knobs::loss`] took.
    pub lost: u64,
    /// Notifications that [`Knobs::duplication`] added.
    pub duplicated: u64,
    /// Notifications that were put off because a subscriber refused them or was slow.
    pub put_off: u64,
    /// Notifications discarded because a subscriber was too slow for too long.
    pub discarded: u64,
    /// Notifications given up after four hours of trying.
    pub given_up: u64,
}
