//! Graph's replicas: for a number of reads after a write they still answer the old state.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// How far behind Graph's reads are, counted in reads so that runs repeat exactly.
#[derive(Debug, Default)]
pub struct Lag {
    reads: AtomicU32,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    objects: HashMap<String, u32>,
    edges: HashMap<(String, String), Edge>,
}

#[derive(Debug)]
struct Edge {
    was_member: bool,
    reads: u32,
}

impl Lag {
    /// Each later write stays unseen by the next `reads` reads that touch it; 0 is off (default).
    pub fn set(&self, reads: u32) {
        self.reads.store(reads, Ordering::Relaxed);
        if reads == 0 {
            *self.pending() = Pending::default();
        }
    }

    /// Notes that `oid` was just created.
    pub(crate) fn created(&self, oid: &str) {
        let reads = self.reads.load(Ordering::Relaxed);
        if reads > 0 {
            self.pending().objects.insert(oid.to_owned(), reads);
        }
    }

    /// Notes that `member` joined or left `group`; `was_member` is what stale reads go on saying.
    pub(crate) fn changed(&self, group: &str, member: &str, was_member: bool) {
        let reads = self.reads.load(Ordering::Relaxed);
        if reads > 0 {
            let key = (group.to_owned(), member.to_owned());
            self.pending().edges.insert(key, Edge { was_member, reads });
        }
    }

    /// Whether this read must not see `oid` yet; uses up one of its stale reads.
    pub(crate) fn hides(&self, oid: &str) -> bool {
        if self.reads.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut pending = self.pending();
        let Some(left) = pending.objects.get_mut(oid) else { return false };
        *left -= 1;
        if *left == 0 {
            pending.objects.remove(oid);
        }
        true
    }

    /// What this read must say about the membership if it is stale; uses up one stale read.
    pub(crate) fn stale(&self, group: &str, member: &str) -> Option<bool> {
        if self.reads.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let key = (group.to_owned(), member.to_owned());
        let mut pending = self.pending();
        let edge = pending.edges.get_mut(&key)?;
        edge.reads -= 1;
        let said = edge.was_member;
        if edge.reads == 0 {
            pending.edges.remove(&key);
        }
        Some(said)
    }

    /// Members of `group` that stale reads may still list although they left.
    pub(crate) fn departed(&self, group: &str) -> Vec<String> {
        let pending = self.pending();
        let of_group = pending.edges.iter().filter(|((g, _), edge)| g == group && edge.was_member);
        of_group.map(|((_, member), _)| member.clone()).collect()
    }

    /// Groups that stale reads may still list for `member` although it left them.
    pub(crate) fn left_by(&self, member: &str) -> Vec<String> {
        let pending = self.pending();
        let of_member =
            pending.edges.iter().filter(|((_, m), edge)| m == member && edge.was_member);
        of_member.map(|((group, _), _)| group.clone()).collect()
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
