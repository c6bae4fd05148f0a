//! How long leavers really keep their access: figures over cases, and the story of each.

mod case;
mod spread;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use case::{Leaver, Line, ReceiptState, Standing, Told};
use jiff::SignedDuration;
pub use spread::Spread;

use crate::{Timestamp, policy::Revocation, revocation::Path};

/// What is reported on.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// When it was made.
    pub at: Option<Timestamp>,
    /// Cases of leavers, the newest event first.
    pub leavers: Vec<Leaver>,
    /// Whether there are more than were read.
    pub more: bool,
}

/// From an event to what, over all leavers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// To what.
    pub to: &'static str,
    /// How long it took.
    pub spread: Spread,
}

/// How long one kind of path stayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindClock {
    /// The kind.
    pub kind: &'static str,
    /// From the event until it was taken away.
    pub gone: Spread,
    /// From the event until it could not work any more.
    pub out: Spread,
    /// From the event until that was proven.
    pub proven: Spread,
}

impl Report {
    /// The report on these cases; those that are no leavers' are left out.
    pub fn of(cases: Vec<Told>, revocation: &Revocation, now: Timestamp) -> Self {
        let mut leavers: Vec<_> =
            cases.into_iter().filter_map(|told| Leaver::of(told, revocation, now)).collect();
        leavers.sort_by(|one, other| (other.since, &other.id).cmp(&(one.since, &one.id)));
        Self { at: Some(now), leavers, more: false }
    }

    /// From the event to doors, writes, the last way in, and the proof.
    pub fn clocks(&self) -> [Clock; 4] {
        let clock = |to, at: fn(&Leaver) -> Option<Timestamp>| {
            let took = self.leavers.iter().filter_map(|leaver| leaver.after(at(leaver)));
            Clock { to, spread: Spread::of(took) }
        };
        [
            clock("doors shut", |leaver| leaver.doors_at),
            clock("writes cut", |leaver| leaver.cut_at),
            clock("out", |leaver| leaver.out_at),
            clock("proven", |leaver| leaver.proven_at),
        ]
    }

    /// The same for each kind of path.
    pub fn kinds(&self) -> Vec<KindClock> {
        let mut all: BTreeMap<&'static str, [Vec<SignedDuration>; 3]> = BTreeMap::new();
        for leaver in &self.leavers {
            for path in &leaver.paths {
                let out = path.out_by.filter(|at| *at <= leaver.now);
                let proven = path.proof.as_ref().map(|(at, _)| *at);
                let times = all.entry(kind(&path.path)).or_default();
                for (times, at) in times.iter_mut().zip([path.gone_at, out, proven]) {
                    times.extend(leaver.after(at));
                }
            }
        }
        let clock = |(kind, [gone, out, proven]): (&'static str, [Vec<SignedDuration>; 3])| {
            let [gone, out, proven] = [gone, out, proven].map(Spread::of);
            KindClock { kind, gone, out, proven }
        };
        all.into_iter().map(clock).collect()
    }
}

/// The kind of a path, for figures: words of ours, nobody's names.
pub fn kind(path: &Path) -> &'static str {
    match path {
        Path::SignIn => "sign-in",
        Path::Sessions => "sessions",
        Path::Writes => "writes",
        Path::Group { .. } => "group",
        Path::Owner { .. } => "group owner",
        Path::Pim { .. } => "PIM",
        Path::AzureRole { .. } => "Azure role",
        Path::Binding { .. } => "binding",
        Path::AdminCredential { .. } => "admin credential",
    }
}
