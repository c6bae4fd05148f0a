//! App settings in values: `%NAME%`, and time spans as .NET writes them.

use std::collections::BTreeMap;
use std::time::Duration;

/// The settings of the app: those given to the host, over those of the host's own environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    pub fn new(given: &BTreeMap<String, String>) -> Self {
        let mut settings: BTreeMap<_, _> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        settings.extend(given.clone());
        Self(settings)
    }

    /// Replaces every `%NAME%`. `Err` names the first setting that does not exist.
    pub fn resolve(&self, text: &str) -> Result<String, String> {
        self.expand(text, |name| Err(name.to_owned()))
    }

    /// Replaces every `%NAME%`, an unknown one by nothing, as command lines are treated.
    pub fn resolve_or_drop(&self, text: &str) -> String {
        self.expand(text, |_| Ok(String::new())).unwrap_or_default()
    }

    fn expand(
        &self,
        text: &str,
        unknown: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('%') else {
                out.push('%');
                rest = after;
                continue;
            };
            match self.0.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&unknown(name)?),
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// `[d.]hh:mm[:ss[.fraction]]`, the form of time spans in host.json.
pub(crate) fn time_span(text: &str) -> Option<Duration> {
    let (clock, fraction) = match text.rsplit_once(':') {
        Some((head, tail)) => match tail.split_once('.') {
            Some((seconds, fraction)) => (format!("{head}:{seconds}"), fraction),
            None => (text.to_owned(), ""),
        },
        None => return None,
    };
    let (days, clock) = clock.split_once('.').unwrap_or(("0", &clock));
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let days: u64 = days.parse().ok()?;
    Some(Duration::new(((days * 24 + hours) * 60 + minutes) * 60 + seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_have_days_and_fractions() {
        assert_eq!(time_span("00:05:00"), Some(Duration::from_secs(300)));
        assert_eq!(time_span("1.02:00:00.5"), Some(Duration::from_millis(93_600_500)));
        assert_eq!(time_span("02:30"), Some(Duration::from_secs(9000)));
        assert_eq!(time_span("5"), None);
        assert_eq!(time_span("25:00:00"), None);
    }

    #[test]
    fn settings_are_replaced_and_an_unknown_one_is_named_or_dropped() {
        let settings = Settings(BTreeMap::from([("Q".to_owned(), "people".to_owned())]));
        assert_eq!(settings.resolve("%Q%-in"), Ok("people-in".to_owned()));
        assert_eq!(settings.resolve("%NOPE%"), Err("NOPE".to_owned()));
        assert_eq!(settings.resolve_or_drop("a %NOPE%b 5%"), "a b 5%");
    }
}
