//! Strings that Newtonsoft.Json takes for dates, and how it writes them again.

use jiff::{
    Timestamp,
    civil::DateTime,
    fmt::strtime,
    tz::{Offset, TimeZone},
};

/// A date read from a string, on a host whose zone is UTC.
pub(super) struct Date {
    /// Local time, or UTC where there was a zone.
    time: DateTime,
    zone: &'static str,
}

impl Date {
    /// Reads `2024-01-01T10:00:00`, with or without fraction, `Z` or offset, and `/Date(ms)/`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(inside) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
            let instant = Timestamp::from_millisecond(inside.parse().ok()?).ok()?;
            return Some(Self { time: Offset::UTC.to_datetime(instant), zone: "Z" });
        }
        let (time, rest) = split(text)?;
        let time: DateTime = time.parse().ok()?;
        match rest {
            "" => Some(Self { time, zone: "" }),
            "Z" => Some(Self { time, zone: "Z" }),
            offset => {
                let zone = TimeZone::fixed(read_offset(offset)?);
                let instant = time.to_zoned(zone).ok()?.timestamp();
                Some(Self { time: Offset::UTC.to_datetime(instant), zone: "+00:00" })
            }
        }
    }

    /// As Newtonsoft writes it in JSON.
    pub(super) fn to_json(&self) -> String {
        let date = self.format("%Y-%m-%dT%H:%M:%S");
        let fraction = format!("{:07}", self.time.subsec_nanosecond() / 100);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{date}{point}{fraction}{}", self.zone)
    }

    /// As .NET's `ToString()` writes it in the invariant culture.
    pub(super) fn to_text(&self) -> String {
        self.format("%m/%d/%Y %H:%M:%S")
    }

    fn format(&self, format: &str) -> String {
        strtime::format(format, self.time).unwrap_or_default()
    }
}

/// The date with time and the zone, if the text has that form throughout.
fn split(text: &str) -> Option<(&str, &str)> {
    let (seconds, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let fits = seconds.bytes().zip(b"0000-00-00T00:00:00").all(|(found, form)| match form {
        b'0' => found.is_ascii_digit(),
        separator => found == *separator,
    });
    let digits = match rest.strip_prefix('.') {
        Some(fraction) => 1 + fraction.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    (fits && digits != 1 && digits <= 8).then(|| text.split_at(seconds.len() + digits))
}

fn read_offset(text: &str) -> Option<Offset> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let two = |part: &str| (part.len() == 2).then(|| part.parse::<i32>().ok()).flatten();
    let seconds = two(hours)? * 3600 + two(minutes)? * 60;
    match sign {
        "+" => Offset::from_seconds(seconds).ok(),
        "-" => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}
