//! Watches the tenant itself: when each leaver's doors are shut, their writes are cut in each
//! cluster, and the last way in is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use latchkey_core::gate::{self, id_key};
use sandbox::World;

use crate::company::{Leaver, binding};

/// What was seen of one leaver, and how long after the event.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Sign-in is off and sessions from before are void.
    pub shut: Option<Duration>,
    /// By cluster: the list refuses the leaver's writes.
    pub cut: BTreeMap<String, Duration>,
    /// Memberships, roles and bindings are gone, in the clusters that are watched.
    pub gone: Option<Duration>,
}

/// Watches leavers from an event on.
pub struct Watch<'a> {
    world: &'a World,
    leavers: &'a [Leaver],
    keys: Vec<String>,
    clusters: &'a BTreeSet<String>,
    since: Timestamp,
    began: Instant,
    /// In the order of the leavers.
    pub seen: Vec<Seen>,
}

impl<'a> Watch<'a> {
    /// From now on, in these clusters.
    ///
    /// # Errors
    /// When a user's id is none.
    pub fn new(
        world: &'a World,
        leavers: &'a [Leaver],
        clusters: &'a BTreeSet<String>,
    ) -> anyhow::Result<Self> {
        let keys = leavers.iter().map(|leaver| Ok(id_key(&leaver.user.parse()?)));
        Ok(Self {
            world,
            leavers,
            keys: keys.collect::<anyhow::Result<_>>()?,
            clusters,
            since: world.clock.now(),
            began: Instant::now(),
            seen: vec![Seen::default(); leavers.len()],
        })
    }

    /// Whether everything was seen that is waited for.
    pub fn is_over(&self) -> bool {
        self.seen.iter().all(|seen| {
            seen.shut.is_some() && seen.gone.is_some() && seen.cut.len() == self.clusters.len()
        })
    }

    /// What is still missing, in a line.
    pub fn missing(&self) -> String {
        let count = |wanted: &dyn Fn(&Seen) -> bool| self.seen.iter().filter(|s| wanted(s)).count();
        let (shut, gone) = (count(&|s| s.shut.is_none()), count(&|s| s.gone.is_none()));
        let cut = count(&|s| s.cut.len() < self.clusters.len());
        let after = self.began.elapsed().as_secs();
        format!(
            "after {after} s {shut} have open doors, {cut} write somewhere, {gone} hold something"
        )
    }

    /// Looks once.
    pub fn look(&mut self) {
        let after = self.began.elapsed();
        self.look_at_lists(after);
        for at in 0..self.leavers.len() {
            if self.seen[at].shut.is_none() && self.is_shut(at) {
                self.seen[at].shut = Some(after);
            }
            if self.seen[at].gone.is_none() && self.is_gone(at) {
                self.seen[at].gone = Some(after);
            }
        }
    }

    fn look_at_lists(&mut self, after: Duration) {
        let clusters = self.world.clusters.read().unwrap_or_else(PoisonError::into_inner);
        for name in self.clusters {
            let list = clusters[name].object("leaverlists", gate::NAMESPACE, gate::LEAVERS);
            let Some(entries) = list.and_then(|list| list["spec"]["entries"].as_object()) else {
                continue;
            };
            for (seen, key) in self.seen.iter_mut().zip(&self.keys) {
                if entries.contains_key(key) && !seen.cut.contains_key(name) {
                    seen.cut.insert(name.clone(), after);
                }
            }
        }
    }

    fn is_shut(&self, at: usize) -> bool {
        let directory = self.world.directory.read().unwrap_or_else(PoisonError::into_inner);
        let user = directory.user(&self.leavers[at].user);
        user.is_some_and(|user| !user.account_enabled && user.sessions_valid_from >= self.since)
    }

    fn is_gone(&self, at: usize) -> bool {
        let leaver = &self.leavers[at];
        let member = {
            let directory = self.world.directory.read().unwrap_or_else(PoisonError::into_inner);
            directory.direct_groups_of(&leaver.user).next().is_some()
        };
        if member {
            return false;
        }
        let azure = self.world.azure.read().unwrap_or_else(PoisonError::into_inner);
        azure.assignments.get(&leaver.role).is_none() && !self.is_bound(leaver)
    }

    fn is_bound(&self, leaver: &Leaver) -> bool {
        let clusters = self.world.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let mut bound = leaver.bound.iter().filter(|name| self.clusters.contains(*name));
        bound.any(|name| {
            let binding =
                clusters[name].object("clusterrolebindings", "", &binding(&leaver.person));
            let subjects = binding.and_then(|binding| binding["subjects"].as_array());
            subjects.is_some_and(|subjects| !subjects.is_empty())
        })
    }
}
