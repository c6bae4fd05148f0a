//! What a subscription needs, and whether its feed is silent: values in, values out.

use jiff::SignedDuration;
use latchkey_azure::graph::Subscription;
use latchkey_core::{Timestamp, ids::digest};
use latchkey_runtime::{Config, hearing::Hearing};
use url::Url;

/// How long a subscription lives: a day less than Graph allows, for clocks differ.
pub(super) const LIFE: SignedDuration = SignedDuration::from_hours(28 * 24);
/// A change is found by a poll now and then before Graph tells it. A feed is silent when it still
/// is after this long.
const GRACE: SignedDuration = SignedDuration::from_mins(15);

/// Where notifications go, and what they carry.
pub(super) struct Address {
    pub url: String,
    pub secret: String,
    /// Another one for another address or secret.
    pub digest: String,
}

impl Address {
    /// None when the settings do not say both.
    pub fn of(config: &Config) -> Option<Self> {
        let url = config.notification_url.clone()?;
        let secret = config.entra_secrets.first()?.clone();
        let digest = digest(&["subscription", &url, &secret]);
        Some(Self { digest: digest[..16].to_owned(), url, secret })
    }

    /// Whether a subscription goes to this place, whatever key or secret it was made with.
    pub fn is_of(&self, subscription: &Subscription) -> bool {
        let place = |text: &str| {
            let mut url = Url::parse(text).ok()?;
            url.set_query(None);
            Some(url)
        };
        place(&self.url).is_some() && place(&self.url) == place(&subscription.notification_url)
    }
}

/// What a subscription needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upkeep {
    /// Nothing.
    Nothing,
    /// Graph asked for an authorization.
    Authorize,
    /// Half of its life is over.
    Renew,
    /// It is not there, or goes elsewhere.
    Make,
}

/// What the subscription needs that is live until `expires`, if there is one.
pub(super) fn decide(
    hearing: &Hearing,
    address: &Address,
    expires: Option<Timestamp>,
    now: Timestamp,
) -> Upkeep {
    let Some(expires) = expires.filter(|expires| *expires > now) else { return Upkeep::Make };
    if hearing.kept.made_with != address.digest {
        Upkeep::Make
    } else if expires.duration_since(now) < LIFE / 2 {
        Upkeep::Renew
    } else if hearing.heard.asked > hearing.kept.authorized {
        Upkeep::Authorize
    } else {
        Upkeep::Nothing
    }
}

/// Writes down since when the feed is suspect, and whether that is too long.
pub(super) fn judge(hearing: &mut Hearing, limit: SignedDuration, now: Timestamp) {
    let since = hearing.kept.suspect.unwrap_or(now);
    hearing.kept.suspect = hearing.is_suspect(limit).then_some(since);
    hearing.kept.silent =
        hearing.kept.suspect.is_some_and(|since| now.duration_since(since) >= GRACE);
}

#[cfg(test)]
mod tests {
    use latchkey_runtime::hearing::{Heard, Kept, Polled};

    use super::*;

    fn day(days: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)
    }

    fn address() -> Address {
        let (url, secret) = ("https://latchkey.example.com/hook?code=k", "s");
        Address { url: url.into(), secret: secret.into(), digest: "d".into() }
    }

    fn hearing(asked: Option<Timestamp>) -> Hearing {
        let kept = Kept {
            made_with: "d".into(),
            since: Some(day(0)),
            authorized: Some(day(0)),
            ..Kept::default()
        };
        Hearing { heard: Heard { heard: None, asked }, kept, polled: Polled::default() }
    }

    #[test]
    fn a_subscription_is_renewed_at_half_its_life_and_made_anew_when_it_is_over() {
        let at = |now| decide(&hearing(None), &address(), Some(day(28)), now);
        assert_eq!(at(day(1)), Upkeep::Nothing);
        assert_eq!(at(day(14)), Upkeep::Nothing);
        assert_eq!(at(day(15)), Upkeep::Renew);
        assert_eq!(at(day(28)), Upkeep::Make);
        assert_eq!(decide(&hearing(None), &address(), None, day(1)), Upkeep::Make);
    }

    #[test]
    fn an_authorization_that_was_asked_for_is_given_once() {
        let asked = hearing(Some(day(2)));
        assert_eq!(decide(&asked, &address(), Some(day(28)), day(3)), Upkeep::Authorize);
        assert_eq!(decide(&asked, &address(), Some(day(15)), day(3)), Upkeep::Renew, "does both");
        let mut given = asked;
        given.kept.authorized = Some(day(3));
        assert_eq!(decide(&given, &address(), Some(day(28)), day(3)), Upkeep::Nothing);
    }

    #[test]
    fn another_address_or_secret_needs_another_subscription() {
        let mut moved = hearing(None);
        moved.kept.made_with = "of the old secret".into();
        assert_eq!(decide(&moved, &address(), Some(day(28)), day(1)), Upkeep::Make);
    }

    #[test]
    fn a_subscription_of_ours_is_known_by_its_place_whatever_the_key() {
        let of = |url: &str| Subscription {
            id: String::new(),
            resource: "groups".into(),
            notification_url: url.into(),
            expires: day(1),
        };
        assert!(address().is_of(&of("https://latchkey.example.com/hook?code=older")));
        assert!(!address().is_of(&of("https://latchkey.example.com/other?code=k")));
        assert!(!address().is_of(&of("EventGrid:?azuresubscriptionid=x")));
    }

    #[test]
    fn a_feed_is_silent_only_when_it_stays_suspect() {
        let limit = SignedDuration::from_hours(24);
        let mut told = hearing(None);
        told.polled.changed = Some(day(2));
        let now = day(2) + SignedDuration::from_mins(1);
        judge(&mut told, limit, now);
        assert_eq!((told.kept.suspect, told.kept.silent), (Some(now), false));
        let mut late = told.clone();
        judge(&mut late, limit, now + GRACE);
        assert!(late.kept.silent);
        told.heard.heard = Some(now);
        judge(&mut told, limit, now + GRACE);
        assert_eq!((told.kept.suspect, told.kept.silent), (None, false), "it came after all");
    }
}
