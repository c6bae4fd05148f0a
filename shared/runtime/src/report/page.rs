//! The report as one HTML page: no script, nothing fetched, to be read on paper as well.

use jiff::{SignedDuration, Unit};
use latchkey_core::{
    Timestamp,
    report::{Leaver, Report, Spread, Standing},
    revocation::Tracked,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::timeline;

const STYLE: &str = include_str!("style.css");
/// Nothing is fetched and nothing runs, whatever a record says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
pub fn page(report: &Report) -> String {
    let needing = |leaver: &&Leaver| leaver.standing != Standing::Closed;
    let open: Vec<_> = report.leavers.iter().filter(needing).collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "Leavers: how long access really lasted" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(report, &open))
                main {
                    (clocks(report))
                    (needs_somebody(&open))
                    section {
                        h2 { "Cases" }
                        @if report.more { p.note { "There are more cases than this page has room for." } }
                        @if report.leavers.is_empty() { p { "Nobody left." } }
                        @for leaver in &report.leavers { (case(leaver)) }
                    }
                }
                footer { p {
                    "Made by Latchkey from its ledger. All times are UTC. A receipt is checked with "
                    code { "latchkey verify" } " and the public key, without Latchkey."
                } }
            }
        }
    }
    .into_string()
}

fn header(report: &Report, open: &[&Leaver]) -> Markup {
    let closed = report.leavers.len() - open.len();
    let signed = report.leavers.iter().filter(|leaver| is_signed(leaver)).count();
    html! {
        header {
            p.kicker { "Latchkey" }
            h1 { "Leavers: how long access really lasted" }
            p.made { "As of " (time(report.at)) }
            ul.tiles {
                li { b #cases { (report.leavers.len()) } " leavers" }
                li { b #closed { (closed) } " closed" }
                li.bad[!open.is_empty()] { b #open { (open.len()) } " not closed" }
                li { b #signed { (signed) } " signed receipts" }
            }
        }
    }
}

fn is_signed(leaver: &Leaver) -> bool {
    leaver.receipt.as_ref().is_some_and(|receipt| receipt.key_id.is_some())
}

fn clocks(report: &Report) -> Markup {
    html! {
        section {
            h2 { "From the event to …" }
            div.scroll { table #clocks {
                thead { tr { th { "" } th { "leavers" } th { "p50" } th { "p95" } th { "p99" } th { "longest" } } }
                tbody { @for clock in report.clocks() { tr {
                    th { (clock.to) } (cells(&clock.spread, &[50, 95, 99, 100]))
                } } }
            } }
            p.note {
                "Out means that no token issued before can work any more; proven, that it was looked at after that. "
                "A percentile is a duration that was measured, not one between two."
            }
            h2 { "By kind of way in" }
            div.scroll { table #kinds {
                thead {
                    tr { th rowspan="2" { "" } th colspan="3" { "taken away" } th colspan="3" { "out" } th colspan="3" { "proven" } }
                    tr { @for _ in 0..3 { th { "n" } th { "p50" } th { "p95" } } }
                }
                tbody { @for kind in report.kinds() { tr {
                    th { (kind.kind) }
                    (cells(&kind.gone, &[50, 95])) (cells(&kind.out, &[50, 95])) (cells(&kind.proven, &[50, 95]))
                } } }
            } }
        }
    }
}

fn cells(spread: &Spread, percents: &[usize]) -> Markup {
    html! {
        td { (spread.count()) }
        @for percent in percents { td { (took(spread.percentile(*percent))) } }
    }
}

fn needs_somebody(open: &[&Leaver]) -> Markup {
    html! {
        @if !open.is_empty() { section {
            h2 { "Not closed" }
            ul.waiting { @for leaver in open { li {
                a href={ "#" (leaver.id.as_str()) } { (leaver.person.as_str()) }
                " " (standing(&leaver.standing))
                @if let Some(whom) = leaver.ask() { " Ask " (safe(&whom)) "." }
                @for line in reasons(leaver) { div.why { (safe(&line)) } }
            } } }
        } }
    }
}

/// Why a case is not closed, each reason once.
fn reasons(leaver: &Leaver) -> Vec<String> {
    let mut reasons = match &leaver.standing {
        Standing::Stuck(why) => why.clone(),
        _ => Vec::new(),
    };
    reasons.extend(leaver.overdue.iter().map(|path| format!("not proven in time: {path}")));
    let more: Vec<_> = leaver.residue.iter().filter(|line| !reasons.contains(line)).collect();
    reasons.extend(more.into_iter().cloned().collect::<Vec<_>>());
    reasons
}

fn standing(standing: &Standing) -> Markup {
    let (class, told) = match standing {
        Standing::Open => ("open", "open".to_owned()),
        Standing::Waiting(until) => ("open", format!("looks again at {}", time(Some(*until)))),
        Standing::AwaitsApproval => ("open", "awaits an approval".to_owned()),
        Standing::Paused(_) => ("stuck", "paused".to_owned()),
        Standing::Stuck(_) => ("stuck", "stuck".to_owned()),
        Standing::Closed => ("closed", "closed".to_owned()),
    };
    html! { span class={ "badge " (class) } { (told) } }
}

fn case(leaver: &Leaver) -> Markup {
    html! {
        article id=(leaver.id.as_str()) {
            h3 { (leaver.person.as_str()) " " (standing(&leaver.standing)) }
            p.made {
                "Case " code { (leaver.id.as_str()) } ", event at " (time(Some(leaver.since)))
                @if let Some(late) = leaver.late_by {
                    ", " b { (took(Some(late))) " late" }
                }
            }
            dl {
                (fact("doors shut", leaver, leaver.doors_at))
                (fact("writes cut", leaver, leaver.cut_at))
                (fact("out", leaver, leaver.out_at))
                (fact("proven", leaver, leaver.proven_at))
            }
            (timeline::timeline(leaver))
            div.scroll { table {
                thead { tr { th { "way in" } th { "found" } th { "taken away" } th { "out by" } th { "proven" } } }
                tbody { @for path in &leaver.paths { (row(path)) } }
            } }
            @if !leaver.lines.is_empty() {
                h4 { "Evidence" }
                ol.evidence { @for line in &leaver.lines { li {
                    (time(line.at)) " " b { (line.step) } " " (safe(&line.what.join("; ")))
                } } }
            }
            p.receipt { (receipt(leaver)) }
        }
    }
}

fn fact(what: &str, leaver: &Leaver, at: Option<Timestamp>) -> Markup {
    html! { div { dt { (what) } dd { (took(leaver.after(at))) } } }
}

fn row(path: &Tracked) -> Markup {
    let proven = path.proof.as_ref().map(|(at, _)| *at);
    html! { tr {
        th { (safe(&path.path.to_string())) }
        td { (time(Some(path.found_at))) } td { (time(path.gone_at)) } td { (time(path.out_by)) } td { (time(proven)) }
    } }
}

fn receipt(leaver: &Leaver) -> Markup {
    match &leaver.receipt {
        None => html! { "No receipt." },
        Some(receipt) => html! {
            "Receipt " code { (receipt.hash) } ", "
            @match &receipt.key_id {
                Some(key) => { "signed with key " code { (key) } "." }
                None => { b.bad { "not signed" } "." }
            }
        },
    }
}

/// An instant to the second.
pub(super) fn time(at: Option<Timestamp>) -> String {
    let whole = |at: Timestamp| at.round(Unit::Second).unwrap_or(at);
    at.map_or_else(|| "–".to_owned(), |at| whole(at).to_string())
}

/// A duration as people say it: tenths of a second below a minute, then whole seconds and minutes.
pub(super) fn took(duration: Option<SignedDuration>) -> String {
    let Some(duration) = duration else { return "–".to_owned() };
    let seconds = duration.as_secs();
    match seconds {
        ..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A text of a record without addresses: nobody is named here but by their id.
pub(super) fn safe(text: &str) -> String {
    let words = text.split(' ').map(|word| if word.contains('@') { "(an address)" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
