//! The live timeline: what came in, what was planned, what each step did, when a case closed.

use std::{collections::BTreeMap, io::Write as _, time::Instant};

use latchkey_core::case::{CaseRecord, Outcome as Ended};

use crate::outcome::{Case, Outcome};

/// Prints records of cases as they appear.
#[derive(Debug)]
pub struct Timeline {
    began: Instant,
    seen: BTreeMap<String, usize>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { began: Instant::now(), seen: BTreeMap::new() }
    }
}

impl Timeline {
    /// Prints a line.
    pub fn say(&self, line: &str) {
        let at = self.began.elapsed().as_secs_f64();
        print(&format!("{at:9.3}s  {line}"));
    }

    /// Prints the records of a case that are new.
    pub fn follow(&mut self, id: &str, about: &str, records: &[CaseRecord]) {
        let seen = self.seen.insert(id.to_owned(), records.len()).unwrap_or(0);
        for line in records.iter().skip(seen).flat_map(lines) {
            self.say(&format!("{id}  {about:<18} {line}"));
        }
    }
}

fn lines(record: &CaseRecord) -> Vec<String> {
    match record {
        CaseRecord::Opened { cause, .. } => vec![match cause {
            latchkey_core::case::Cause::Event { kind, id, late, .. } => {
                format!("event   {kind} ({id}){}", if *late { ", late" } else { "" })
            }
            other => format!("event   {other:?}"),
        }],
        CaseRecord::Requested { step, reason, .. } => vec![format!("asked   {step}: {reason}")],
        CaseRecord::Planned { attempt: 0, plan, .. } => {
            vec![format!("doors   {}", plan.join(", "))]
        }
        CaseRecord::Planned { attempt, plan, residue, ms, .. } => {
            let mut lines = vec![format!("plan {attempt}  {} ({ms} ms)", plan.join(", "))];
            lines.extend(residue.iter().map(|left| format!("        ! {left}")));
            lines
        }
        CaseRecord::Evidence(evidence) => {
            let ops = match (evidence.ops.as_slice(), &evidence.why) {
                ([], Some(why)) => why.clone(),
                ([], None) => "nothing to do".into(),
                (ops, _) => ops.join(", "),
            };
            let mark = if evidence.outcome == Ended::Applied { "" } else { " *" };
            vec![format!("step    {}: {ops} ({} ms){mark}", evidence.step, evidence.ms)]
        }
        CaseRecord::Paths { found, gone, .. } => {
            let found = found.iter().map(|path| format!("found   {path}"));
            found.chain(gone.iter().map(|path| format!("gone    {path}"))).collect()
        }
        CaseRecord::Overdue { paths, .. } => {
            vec![format!("OVERDUE {}", paths.join("; "))]
        }
        CaseRecord::AwaitsApproval(ask) => {
            let (by, hash) = (&ask.by, &ask.plan_hash);
            let mut lines = vec![format!("awaits  approval by {by}: cargo xtask approve {hash}")];
            lines.extend(ask.lines.iter().map(|line| format!("        {line}")));
            lines
        }
        CaseRecord::Approved { approver, .. } => vec![format!("approved by {approver}")],
        CaseRecord::Began { .. } => vec!["carries out what was approved".to_owned()],
        CaseRecord::Paused { app, by, lines, .. } => {
            vec![format!("paused  app {app} by {by}: {}", lines.join(", "))]
        }
        CaseRecord::Waiting { until } => vec![format!("waits   until {until}")],
        CaseRecord::Stuck { why } => vec![format!("STUCK   {}", why.join("; "))],
        // The first line of a receipt says that it is closed.
        CaseRecord::Closed { receipt, signed } => {
            let notes = receipt.iter().skip(1).map(|note| format!("        {note}"));
            let signed = signed.iter().map(|digest| format!("        receipt {digest}"));
            std::iter::once("closed".to_owned()).chain(notes).chain(signed).collect()
        }
    }
}

/// Prints who has what and why.
pub fn table(outcome: &Outcome) {
    print("\nWho has what, through which path, and why");
    for (person, told) in &outcome.people {
        print(&format!("\n{person} ({})", told["state"].as_str().unwrap_or("?")));
        let rows = told["holdings"].as_array().map(Vec::as_slice).unwrap_or_default();
        if rows.is_empty() {
            print("    nothing");
        }
        for row in rows {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            let place = format!("{}/{}", text("cluster"), text("namespace"));
            print(&format!(
                "    {:<11} {place:<26} {:<22} via {:<20} {}",
                text("path"),
                text("role"),
                text("via"),
                text("why")
            ));
        }
    }
    summary(outcome);
}

fn summary(outcome: &Outcome) {
    let closed = outcome.cases.iter().filter(|case| case.closed).count();
    let waiting: Vec<&Case> = outcome.cases.iter().filter(|c| c.waiting.is_some()).collect();
    print(&format!("\n{closed} of {} cases closed", outcome.cases.len()));
    for case in waiting {
        let until = case.waiting.as_deref().unwrap_or_default();
        print(&format!("{} ({}) waits until {until}", case.case_id, case.event));
    }
    for parked in &outcome.parked {
        print(&format!("parked at {}: {}", parked["door"], parked["cause"]));
    }
    for reason in &outcome.reasons {
        print(&format!("NOT CONVERGED: {reason}"));
    }
}

/// Prints a line; a reader that went away is nobody's fault.
pub fn print(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}
