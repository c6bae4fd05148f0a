//! What happened between two places of the log, per object.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Of;
use super::token::Token;
use crate::directory::{Change, What};
use crate::graph::call::Call;

/// What happened to one object.
#[derive(Debug, Default)]
pub struct Happened {
    /// The selected properties that changed; none when all count as changed.
    pub properties: Option<BTreeSet<String>>,
    /// Members by whether they left.
    pub members: BTreeMap<String, bool>,
}

/// What happened, in the order in which objects were first touched.
#[derive(Debug, Default)]
pub struct Window {
    /// Numbers of the changes: after this one.
    pub from: u64,
    /// Up to this one.
    pub to: u64,
    /// The objects.
    pub objects: Vec<(String, Happened)>,
    places: HashMap<String, usize>,
}

impl Window {
    /// Reads the log after change `from` up to change `to`.
    pub fn read(
        call: &Call<'_>,
        of: Of,
        token: &Token,
        members: bool,
        from: u64,
        to: u64,
    ) -> Window {
        let mut window = Window { from, to, ..Window::default() };
        let mut log = call.log();
        let changes = log.changes_since(from);
        for change in changes.iter().take_while(|change| change.seq <= to) {
            window.add(of, token, members, change);
        }
        window
    }

    fn add(&mut self, of: Of, token: &Token, members: bool, change: &Change) {
        match (&change.what, of) {
            (What::UserWritten(id), Of::Users) | (What::GroupWritten(id), Of::Groups) => {
                self.written(token, id, change.properties.as_ref());
            }
            (What::UserDeleted(id) | What::UserPurged(id), Of::Users)
            | (What::GroupDeleted(id) | What::GroupPurged(id), Of::Groups) => {
                self.written(token, id, None);
            }
            (What::MemberAdded { group, member }, Of::Groups) if members => {
                self.member(token, group, member, false);
            }
            (What::MemberRemoved { group, member, .. }, Of::Groups) if members => {
                self.member(token, group, member, true);
            }
            _ => {}
        }
    }

    fn written(&mut self, token: &Token, id: &str, properties: Option<&BTreeSet<String>>) {
        let Some(properties) = properties else {
            if let Some(happened) = self.object(token, id) {
                happened.properties = None;
            }
            return;
        };
        let selected: Vec<&String> = properties.iter().filter(|name| token.selects(name)).collect();
        if selected.is_empty() {
            return;
        }
        if let Some(happened) = self.object(token, id)
            && let Some(known) = &mut happened.properties
        {
            known.extend(selected.into_iter().cloned());
        }
    }

    fn member(&mut self, token: &Token, group: &str, member: &str, left: bool) {
        if let Some(happened) = self.object(token, group) {
            happened.members.insert(member.to_owned(), left);
        }
    }

    fn object(&mut self, token: &Token, id: &str) -> Option<&mut Happened> {
        if !token.is_about(id) {
            return None;
        }
        let place = *self.places.entry(id.to_owned()).or_insert(self.objects.len());
        if place == self.objects.len() {
            let happened = Happened { properties: Some(BTreeSet::new()), ..Happened::default() };
            self.objects.push((id.to_owned(), happened));
        }
        self.objects.get_mut(place).map(|(_, happened)| happened)
    }
}
