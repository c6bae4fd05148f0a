//! Which rows are asked for.

use super::{
    Observed, Unseen, View,
    link::Link,
    row::{Row, WhoKind},
};
use crate::{
    Policy,
    ids::{ClusterName, NamespaceName, ObjectId, PersonId, TeamName},
};

/// Which rows are asked for: those that meet everything given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only in this cluster.
    pub cluster: Option<ClusterName>,
    /// Only what reaches this namespace: also what reaches the whole cluster.
    pub namespace: Option<NamespaceName>,
    /// Only of somebody.
    pub who: Option<Whom>,
    /// Only through the group of this team.
    pub team: Option<TeamName>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// A person.
    Person(PersonId),
    /// Whatever has this object id.
    Object(ObjectId),
}

impl Filter {
    /// The rows asked for, and of what could not be seen all but other clusters'.
    #[must_use]
    pub fn apply(&self, policy: &Policy, observed: &Observed, mut view: View) -> View {
        let group = self.team.as_ref().and_then(|team| policy.teams.get(team));
        let group = group.and_then(|team| observed.named.get(&team.group));
        view.rows.retain(|row| self.keeps(row) && (self.team.is_none() || is_through(row, group)));
        view.unseen.retain(|unseen| self.concerns(unseen));
        view
    }

    fn keeps(&self, row: &Row) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| row.cluster == *cluster)
            && (self.namespace.is_none()
                || row.namespace.is_none()
                || row.namespace == self.namespace)
            && self.who.as_ref().is_none_or(|whom| is(row, whom))
    }

    fn concerns(&self, unseen: &Unseen) -> bool {
        self.cluster.is_none() || unseen.cluster.is_none() || unseen.cluster == self.cluster
    }
}

/// Whether a row is of somebody. What everybody can do, they can do too.
fn is(row: &Row, whom: &Whom) -> bool {
    let named = match whom {
        Whom::Person(person) => row.who.person.as_ref() == Some(person),
        Whom::Object(id) => row.who.id == id.as_str(),
    };
    named || row.who.kind == WhoKind::Everybody
}

fn is_through(row: &Row, group: Option<&ObjectId>) -> bool {
    let of = |link: &Link| matches!(link, Link::Group { id, .. } if Some(id) == group);
    row.through.iter().any(of)
}
