//! Every root against its leaves, and the leaves against the streams.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::call::CallError;
use latchkey_ledger::{Ledger, Record};

use super::{LastRoot, Report, Trust, streams::Streams, trust::Signed};
use crate::{
    LEAVES, Leaf, Merkle, Part, ROOTS, Root, SealedRoot, canonical,
    root::{is_covered, leaves_of},
};

/// Checks the roots, oldest first.
pub(super) async fn check(
    ledger: &Ledger,
    streams: &Streams,
    trust: &Trust,
    report: &mut Report,
) -> Result<(), CallError> {
    let mut roots = Roots { ledger, streams, sealed: BTreeMap::new(), named: BTreeSet::new() };
    report.roots = streams.roots.len() as u64;
    for record in &streams.roots {
        if let Some(root) = read(record, trust, report) {
            roots.check(&root, report).await?;
            let (root, at, hash) = (root.root, root.at, record.hash.clone());
            report.last_root = Some(LastRoot { root, at, hash });
        }
    }
    roots.unnamed(report).await?;
    roots.unsealed(report);
    let hash = trust.last_root.as_ref();
    if let Some(hash) = hash.filter(|hash| streams.roots.iter().all(|root| root.hash != **hash)) {
        let why = format!("the root with hash {hash} is not there");
        report.find(ROOTS, Some(report.roots), why);
    }
    Ok(())
}

/// The root in a record, if it is one and where it belongs.
fn read(record: &Record, trust: &Trust, report: &mut Report) -> Option<Root> {
    let place = Some(record.sequence);
    let Ok(sealed) = record.parse::<SealedRoot>() else {
        report.find(ROOTS, place, "it is no root");
        return None;
    };
    let signed = Signed {
        stream: ROOTS,
        record: record.sequence,
        value: &sealed.root,
        key_id: sealed.key_id.as_ref(),
        signature: sealed.signature.as_deref(),
    };
    trust.check(&signed, report);
    let Ok(root) = serde_json::from_value::<Root>(sealed.root) else {
        report.find(ROOTS, place, "it is no root");
        return None;
    };
    if root.root != record.sequence || root.previous != record.prev_hash {
        report.find(ROOTS, place, "it does not follow the root before it");
    }
    Some(root)
}

struct Roots<'a> {
    ledger: &'a Ledger,
    streams: &'a Streams,
    /// How many records of a stream the roots so far cover, and which root covered it last.
    sealed: BTreeMap<String, (u64, u64)>,
    /// The leaves that a root names.
    named: BTreeSet<String>,
}

impl Roots<'_> {
    async fn check(&mut self, root: &Root, report: &mut Report) -> Result<(), CallError> {
        self.named.insert(root.leaves.clone());
        self.named.extend(root.abandoned.iter().cloned());
        let (mut tree, mut records, mut is_complete) = (Merkle::default(), 0, false);
        let (mut hash, mut streams, mut last) = (String::new(), 0, String::new());
        let listed = self.streams.hashes.get(&root.leaves).map_or(0, |h| h.len() as u64);
        let ledger = self.ledger;
        let read = ledger.examine(&root.leaves, listed, |record| {
            hash.clone_from(&record.hash);
            let Ok(part) = record.parse::<Part>() else { return };
            is_complete = part.is_last;
            for leaf in part.leaves {
                tree.push(&canonical(&leaf).unwrap_or_default());
                records += leaf.1;
                streams += u64::from(leaf.0 > last);
                last.clone_from(&leaf.0);
                self.compare(root.root, leaf, report);
            }
        });
        let is_read = read.await?.is_none();
        let is_same = hash == root.leaves_hash && tree.root() == root.merkle;
        let is_counted = (records, streams) == (root.records, root.streams);
        let is_own = root.leaves.starts_with(&leaves_of(root.root));
        if !(is_read && is_complete && is_same && is_counted && is_own) {
            report.find(ROOTS, Some(root.root), format!("{} are not its leaves", root.leaves));
        }
        self.left_out(root, report);
        Ok(())
    }

    /// One leaf against the stream as it is now.
    fn compare(&mut self, root: u64, Leaf(name, records, hash): Leaf, report: &mut Report) {
        let before = self.sealed.get(&name).map_or(0, |(records, _)| *records);
        let Some(hashes) = self.streams.hashes.get(&name) else {
            report.find(
                &name,
                Some(0),
                format!("it is gone; root {root} covers {records} records"),
            );
            return;
        };
        let there = hashes.len() as u64;
        let head = records.checked_sub(1).and_then(|last| hashes.get(usize::try_from(last).ok()?));
        match head {
            Some(head) if hex::encode(head) == hash => {
                self.sealed.insert(name, (records.max(before), root));
            }
            Some(_) => {
                let why = format!(
                    "from here to record {} it is not what root {root} covers",
                    records - 1
                );
                report.find(&name, Some(before), why);
            }
            None => {
                let why =
                    format!("the stream ends before it; root {root} covers {records} records");
                report.find(&name, Some(there), why);
            }
        }
    }

    /// What a root covered, every later one covers too, or says why not.
    fn left_out(&self, root: &Root, report: &mut Report) {
        for (name, (_, by)) in &self.sealed {
            if *by != root.root && !root.broken.contains(name) && !report.is_blamed(name) {
                let why = format!("root {} does not cover it, root {by} did", root.root);
                report.find(name, None, why);
            }
        }
    }

    /// Leaves that no root names: their root was cut off, or never came about.
    async fn unnamed(&self, report: &mut Report) -> Result<(), CallError> {
        let folder = format!("{LEAVES}/");
        let leaves = self.streams.hashes.iter().filter(|(name, _)| name.starts_with(&folder));
        for (name, hashes) in leaves.filter(|(name, _)| !self.named.contains(*name)) {
            let last = (hashes.len() as u64).saturating_sub(1);
            let is_next = name.starts_with(&leaves_of(report.roots));
            let part = self.ledger.record_at(name, last).await;
            let is_complete =
                part.is_ok_and(|record| record.parse::<Part>().is_ok_and(|part| part.is_last));
            if is_next && !is_complete {
                report.notes.push(format!("{name}: sealing is under way, or was stopped"));
            } else {
                report.find(name, None, "the root of these leaves is not there");
            }
        }
        Ok(())
    }

    /// What no root covers yet.
    fn unsealed(&self, report: &mut Report) {
        let (mut streams, mut records) = (0_u64, 0_u64);
        for (name, hashes) in self.streams.hashes.iter().filter(|(name, _)| is_covered(name)) {
            let sealed = self.sealed.get(name).map_or(0, |(records, _)| *records);
            let since = (hashes.len() as u64).saturating_sub(sealed);
            if since > 0 && !self.named.contains(name) {
                streams += u64::from(sealed == 0);
                records += since;
            }
        }
        if records > 0 {
            let why = format!("not sealed yet: {records} records, {streams} streams of them new");
            report.notes.push(why);
        }
    }
}
