//! Puts rows together: who, through whom, how it stands, since when, why.

use std::{cell::RefCell, collections::BTreeMap};

use super::{
    can::Can,
    link::Link,
    observed::{Observed, Tenure},
    reach::{self, Reached},
    row::{Row, Since, Standing, State, Who, WhoKind},
    why::{Given, Reasons},
};
use crate::{
    Policy, Timestamp,
    ids::{ClusterName, NamespaceName, ObjectId},
};

/// What is given, where, and by what: everything of a row but to whom.
#[derive(Debug, Clone)]
pub(super) struct Right<'a> {
    pub cluster: &'a ClusterName,
    pub namespace: Option<NamespaceName>,
    pub can: Can,
    /// What gives it: the end of every path to it.
    pub by: Vec<Link>,
    /// Since when that is there.
    pub since: Option<Timestamp>,
    /// What keeps it from working.
    pub dormant: Option<&'static str>,
    /// What of the policy gives it.
    pub given: Given,
}

/// Makes rows of rights.
pub(super) struct Paths<'a> {
    pub reasons: Reasons<'a>,
    members: RefCell<BTreeMap<ObjectId, Option<Vec<Reached>>>>,
}

impl<'a> Paths<'a> {
    pub fn new(policy: &'a Policy, observed: &'a Observed) -> Self {
        Self { reasons: Reasons { policy, observed }, members: RefCell::default() }
    }

    pub fn observed(&self) -> &'a Observed {
        self.reasons.observed
    }

    /// Rows of a right that a group has: one for each way of each member, or one of the group
    /// itself when nobody is seen in it or the directory does not know it.
    pub fn of_group(&self, right: &Right<'_>, group: &ObjectId, rows: &mut Vec<Row>) {
        let mut cache = self.members.borrow_mut();
        let members =
            cache.entry(group.clone()).or_insert_with(|| reach::members(self.observed(), group));
        match members.as_deref() {
            Some([]) => rows.push(self.bare(right, group, "nobody is in it")),
            None if self.observed().groups.contains_key(group) => {
                rows.push(self.bare(right, group, "its members could not be seen"));
            }
            None => rows.push(self.row(right, group, &[])),
            Some(reached) => {
                rows.extend(
                    reached.iter().map(|reached| self.row(right, &reached.who, &reached.way)),
                );
            }
        }
    }

    /// The row of a right that a user or service principal has itself.
    pub fn of_principal(&self, right: &Right<'_>, id: &ObjectId) -> Row {
        self.row(right, id, &[])
    }

    fn bare(&self, right: &Right<'_>, group: &ObjectId, note: &'static str) -> Row {
        let why = self.reasons.why(&right.given, group, None, &[]);
        let who = Who { person: None, kind: WhoKind::Group, id: group.to_string() };
        let tenure = Tenure::default();
        let name = reach::group_name(self.observed(), group);
        let way = [Link::Group { id: group.clone(), name, tenure }];
        let mut row = row(right, who, &way, why);
        row.since = right.since.map_or(Since::Unknown, Since::Exactly);
        row.standing.note = row.standing.note.or(Some(note));
        row
    }

    fn row(&self, right: &Right<'_>, id: &ObjectId, way: &[Link]) -> Row {
        let Some(found) = self.observed().principals.get(id) else {
            let who = Who { person: None, kind: WhoKind::Unknown, id: id.to_string() };
            let gone = Some("the directory does not know it any more");
            let right = Right { dormant: right.dormant.or(gone), ..right.clone() };
            return row(&right, who, way, self.reasons.why(&right.given, id, None, way));
        };
        let person = found.person.as_ref();
        let why = self.reasons.why(&right.given, id, person, way);
        let who = Who { person: person.cloned(), kind: found.kind.into(), id: id.to_string() };
        let mut row = row(right, who, way, why);
        if !found.enabled {
            row.standing.note = row.standing.note.or(Some("the account may not sign in"));
        }
        row
    }
}

/// A row of a right, of somebody who came to it by these groups.
pub(super) fn row(right: &Right<'_>, who: Who, way: &[Link], why: String) -> Row {
    let begun = way.iter().map(|link| tenure(link).and_then(|tenure| tenure.since));
    let since = Since::of(begun.chain([right.since]));
    let through: Vec<Link> = way.iter().cloned().chain(right.by.iter().cloned()).collect();
    Row {
        cluster: right.cluster.clone(),
        namespace: right.namespace.clone(),
        who,
        can: right.can.clone(),
        standing: standing(&through, right.dormant),
        since,
        through,
        why,
    }
}

fn standing(through: &[Link], dormant: Option<&'static str>) -> Standing {
    let tenures = || through.iter().filter_map(tenure);
    let state = match (dormant, tenures().any(|tenure| tenure.eligible)) {
        (Some(_), _) => State::Dormant,
        (None, true) => State::Eligible,
        (None, false) => State::Active,
    };
    Standing { state, until: tenures().filter_map(|tenure| tenure.until).min(), note: dormant }
}

fn tenure(link: &Link) -> Option<Tenure> {
    match link {
        Link::Group { tenure, .. } | Link::Role { tenure, .. } => Some(*tenure),
        _ => None,
    }
}
