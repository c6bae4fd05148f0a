//! One leaver's time as a picture: for each way in when it was open, when it could still work,
//! and when it was proven to be gone. The scale is logarithmic, from a second to weeks.

use latchkey_core::{Timestamp, report::Leaver, revocation::Tracked};
use maud::{Markup, html};

use super::page::{safe, took};

/// Instants that the axis names, in seconds.
const TICKS: [(f64, &str); 8] = [
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (14_400.0, "4 h"),
    (86_400.0, "1 d"),
    (604_800.0, "1 w"),
];

/// How many per cent of the width two names need between them.
const APART: f64 = 14.0;

pub(super) fn timeline(leaver: &Leaver) -> Markup {
    let scale = Scale::of(leaver);
    html! {
        figure {
            @for path in &leaver.paths {
                div.label { (safe(&path.path.to_string())) }
                (bar(leaver, path, &scale))
            }
            svg.axis width="100%" height="18" role="img" aria-label="time since the event, logarithmic" {
                @for (at, name) in scale.ticks() {
                    line x1={ (percent(at)) } x2={ (percent(at)) } y1="0" y2="4" {}
                    text x={ (percent(at)) } y="15" text-anchor="middle" { (name) }
                }
                text x="0%" y="15" text-anchor="start" { "event" }
            }
            figcaption {
                span { i.open {} "open" } " " span { i.living {} "taken away, old tokens may still work" }
                " " span { i.out {} "out" } " " span { i.proven {} "proven" }
            }
        }
    }
}

fn bar(leaver: &Leaver, path: &Tracked, scale: &Scale) -> Markup {
    let proven = path.proof.as_ref().map(|(at, _)| *at);
    let now = leaver.now;
    let (found, gone) = (scale.place(leaver.since), scale.place(path.gone_at.unwrap_or(now)));
    let out = scale.place(path.out_by.unwrap_or(now)).max(gone);
    let end = scale.place(proven.unwrap_or(now).max(path.out_by.unwrap_or(now))).max(out);
    let told = format!(
        "open until {}, out after {}, proven after {}",
        took(leaver.after(path.gone_at)),
        took(leaver.after(path.out_by)),
        took(leaver.after(proven)),
    );
    html! {
        svg.bar width="100%" height="16" role="img" aria-label=(told) {
            title { (told) }
            rect.track x="0%" y="4" width="100%" height="8" {}
            rect.open x=(percent(found)) y="3" width=(percent(gone - found)) height="10" {}
            @if path.gone_at.is_some() {
                rect.living x=(percent(gone)) y="5" width=(percent(out - gone)) height="6" {}
                @if path.out_by.is_some_and(|by| by <= now) {
                    rect.out x=(percent(out)) y="6" width=(percent(end - out)) height="4" {}
                }
            }
            @if proven.is_some() { circle.proven cx=(percent(end)) cy="8" r="5" {} }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{share:.2}%")
}

/// From instants to per cent of the width.
struct Scale {
    since: Timestamp,
    /// Seconds at the right end.
    end: f64,
}

impl Scale {
    fn of(leaver: &Leaver) -> Self {
        let proofs = leaver.paths.iter().filter_map(|path| path.proof.as_ref().map(|(at, _)| *at));
        let outs = leaver.paths.iter().filter_map(|path| path.out_by);
        let is_open = leaver.proven_at.is_none();
        let last = proofs.chain(outs).chain(is_open.then_some(leaver.now)).max();
        let last = last.unwrap_or(leaver.now);
        // Room for the last mark.
        let end = last.duration_since(leaver.since).as_secs_f64().max(10.0) * 1.6;
        Self { since: leaver.since, end }
    }

    fn place(&self, at: Timestamp) -> f64 {
        self.share(at.duration_since(self.since).as_secs_f64())
    }

    fn share(&self, seconds: f64) -> f64 {
        100.0 * (1.0 + seconds.max(0.0)).ln() / (1.0 + self.end).ln()
    }

    /// As many names as have room, the first one right of the event's.
    fn ticks(&self) -> Vec<(f64, &'static str)> {
        let mut last = 0.0;
        let all = TICKS.iter().map(|(seconds, name)| (self.share(*seconds), *name));
        all.filter(|(at, _)| {
            let has_room = *at - last >= APART && *at < 100.0 - APART / 2.0;
            if has_room {
                last = *at;
            }
            has_room
        })
        .collect()
    }
}
