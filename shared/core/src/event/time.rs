//! Local times with an IANA zone, as HR systems say them.
//!
//! The zone rules are those bundled with the program, so the same event means the same instant
//! on every host.

use std::sync::LazyLock;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::{TimeZone, TimeZoneDatabase},
};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Which instant a local time names, where that leaves a choice: a date without a time, a time
/// that a clock change repeats or skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Something is given: the start of the day, the later reading.
    Start,
    /// Something is taken away at once: the start of the day, the earlier reading.
    Cut,
    /// Something runs out: the end of the day, the earlier reading.
    End,
}

/// A zone by its IANA name.
pub(super) fn zone(name: &str) -> Result<TimeZone, &'static str> {
    ZONES.get(name).map_err(|_| "must be an IANA time zone, such as Europe/Paris")
}

/// Reads a local date, or date and time. None when the zone is not known: that is an error
/// already.
pub(super) fn read(
    text: &str,
    zone: Option<&TimeZone>,
    edge: Edge,
) -> Result<Option<Timestamp>, &'static str> {
    const FORM: &str =
        "must be a local time without offset, such as 2026-08-21T17:00:00, or a date";
    let is_date = text.len() == "2026-08-21".len();
    if is_date {
        let date: Date = text.parse().map_err(|_| FORM)?;
        return zone.map(|zone| day(date, zone, edge)).transpose();
    }
    // Offsets and zones of its own would contradict `tz`; jiff would read past some of them.
    let time = text.get("2026-08-21T".len()..).ok_or(FORM)?;
    if !time.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.') {
        return Err(FORM);
    }
    let local: DateTime = text.parse().map_err(|_| FORM)?;
    zone.map(|zone| instant(local, zone, edge)).transpose()
}

/// Reads an end: an instant with offset, or as [`read`] does.
pub(super) fn read_until(
    text: &str,
    zone: Option<&TimeZone>,
) -> Result<Option<Timestamp>, &'static str> {
    match text.parse() {
        Ok(instant) => Ok(Some(instant)),
        Err(_) => read(text, zone, Edge::End),
    }
}

fn day(date: Date, zone: &TimeZone, edge: Edge) -> Result<Timestamp, &'static str> {
    const RANGE: &str = "is out of range";
    let date = match edge {
        Edge::End => date.tomorrow().map_err(|_| RANGE)?,
        Edge::Start | Edge::Cut => date,
    };
    let start = date.to_zoned(zone.clone()).map_err(|_| RANGE)?;
    Ok(start.timestamp())
}

fn instant(local: DateTime, zone: &TimeZone, edge: Edge) -> Result<Timestamp, &'static str> {
    let either = zone.to_ambiguous_timestamp(local);
    let chosen = match edge {
        Edge::Start => either.later(),
        Edge::Cut | Edge::End => either.earlier(),
    };
    chosen.map_err(|_| "is out of range")
}
