//! What a check found, as it prints.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;

use super::Trust;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stream.
    pub stream: String,
    /// The first bad record of it, where a record is to blame.
    pub record: Option<u64>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            Some(record) => write!(f, "{} record {record}: {}", self.stream, self.why),
            None => write!(f, "{}: {}", self.stream, self.why),
        }
    }
}

/// The newest root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRoot {
    /// Which.
    pub root: u64,
    /// When the streams were listed.
    pub at: Timestamp,
    /// The hash of its record.
    pub hash: String,
}

/// What a check found. It prints as a line for each finding, a line for each note, and a summary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What is wrong: at most one finding for a stream.
    pub findings: Vec<Finding>,
    /// What a reader must know beside that.
    pub notes: Vec<String>,
    /// How many streams there are.
    pub streams: u64,
    /// How many of their records are good.
    pub records: u64,
    /// How many roots there are.
    pub roots: u64,
    /// How many receipts there are.
    pub receipts: u64,
    /// How many signatures were found good.
    pub signatures: u64,
    /// How many roots and receipts are not signed.
    pub unsigned: u64,
    /// The newest root.
    pub last_root: Option<LastRoot>,
    blamed: BTreeSet<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// Notes what is wrong with a stream; only the first is kept.
    pub(super) fn find(&mut self, stream: &str, record: Option<u64>, why: impl Into<String>) {
        if self.blamed.insert(stream.to_owned()) {
            self.findings.push(Finding { stream: stream.to_owned(), record, why: why.into() });
        }
    }

    /// Whether something is wrong with a stream.
    pub(super) fn is_blamed(&self, stream: &str) -> bool {
        self.blamed.contains(stream)
    }

    pub(super) fn tell_signatures(&mut self, trust: &Trust) {
        if trust.keys.is_empty() && self.roots + self.receipts > self.unsigned {
            self.notes.push("signatures were not checked: no public key was given".into());
        }
        if trust.keys.is_empty() && self.unsigned > 0 {
            self.notes.push(format!("{} of roots and receipts are not signed", self.unsigned));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "BAD  {finding}"))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note {note}"))?;
        let verdict = match self.findings.len() {
            0 => "good".to_owned(),
            n => format!("{n} bad"),
        };
        let Self { streams, records, roots, receipts, signatures, .. } = self;
        write!(f, "{verdict}: {streams} streams, {records} records, {roots} roots, ")?;
        write!(f, "{receipts} receipts, {signatures} good signatures; ")?;
        match &self.last_root {
            Some(last) => write!(f, "last root {} of {}, hash {}", last.root, last.at, last.hash),
            None => f.write_str("no root"),
        }
    }
}
