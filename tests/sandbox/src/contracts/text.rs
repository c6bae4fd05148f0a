//! Formats of strings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{Timestamp, civil};

/// What a string must be.
#[derive(Clone, Debug)]
pub enum Text {
    /// Any string.
    Any,
    /// An instant of RFC 3339.
    Instant,
    /// A calendar day.
    Day,
    /// A time of day.
    Clock,
    /// A GUID with hyphens.
    Guid,
    /// A duration of ISO 8601.
    Duration,
    /// Base64 with padding.
    Base64,
    /// A match of this expression, from and to these numbers of characters.
    Limited(Option<regex::Regex>, usize, usize),
}

impl Text {
    /// Whether `text` is of this format.
    pub fn is(&self, text: &str) -> bool {
        match self {
            Text::Any => true,
            Text::Instant => text.parse::<Timestamp>().is_ok(),
            Text::Day => text.parse::<civil::Date>().is_ok(),
            Text::Clock => text.parse::<civil::Time>().is_ok(),
            Text::Guid => text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(),
            Text::Duration => is_duration(text),
            Text::Base64 => STANDARD.decode(text).is_ok(),
            Text::Limited(pattern, least, most) => {
                (*least..=*most).contains(&text.chars().count())
                    && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
            }
        }
    }

    /// What it is called in a violation.
    pub fn name(&self) -> &'static str {
        match self {
            Text::Any => "string",
            Text::Instant => "RFC 3339 date and time",
            Text::Day => "date",
            Text::Clock => "time of day",
            Text::Guid => "GUID",
            Text::Duration => "ISO 8601 duration",
            Text::Base64 => "base64 string",
            Text::Limited(..) => "string of the contract's pattern and length",
        }
    }
}

/// ISO 8601 without a limit: `P10675199DT2H48M5.4775807S` is Service Bus's way to say never.
fn is_duration(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let Some(text) = text.strip_prefix('P') else { return false };
    let (days, time) = text.split_once('T').map_or((text, None), |(days, time)| (days, Some(time)));
    let time_fits = time.is_none_or(|time| !time.is_empty() && counts(time, "HMS"));
    !text.is_empty() && counts(days, "YMWD") && time_fits
}

/// Numbers, each followed by one of `units`, which come in this order.
fn counts(mut text: &str, mut units: &str) -> bool {
    while let Some(end) = text.find(|letter: char| letter != '.' && !letter.is_ascii_digit()) {
        let unit = text[end..].chars().next().unwrap_or_default();
        let (Some(place), Ok(_)) = (units.find(unit), text[..end].parse::<f64>()) else {
            return false;
        };
        units = &units[place + 1..];
        text = &text[end + unit.len_utf8()..];
    }
    text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_of_iso_8601() {
        for text in ["PT8H", "P365D", "P10675199DT2H48M5.4775807S", "-P1Y2M3W4DT1.5S"] {
            assert!(Text::Duration.is(text), "{text}");
        }
        for text in ["", "P", "PT", "8H", "P1H", "PT1H1H", "P1.D.2", "PTM", "P1D1"] {
            assert!(!Text::Duration.is(text), "{text}");
        }
    }

    #[test]
    fn instants_need_their_offset() {
        assert!(Text::Instant.is("2016-11-22T18:23:45.9356913Z"));
        assert!(Text::Instant.is("2025-02-02T11:00:00+00:00"));
        assert!(!Text::Instant.is("2025-02-02T11:00:00"));
    }
}
