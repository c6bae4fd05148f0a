//! Takes somebody who works here again off every cluster's list of leavers, so that what they write
//! is no longer refused.
//!
//! An entry goes only while it is what was seen, and the facts are read after the lists: a termination
//! that comes in between writes another entry, which stays.

use latchkey_core::{
    Decision, Names, Op, Refusal, Timestamp,
    gate::{Keys, Leavers},
    op::Gate,
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    PersonView, Step, StepError,
    gates::{self, Lists},
    people,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the person stands.
    pub standing: Standing,
    /// By what clusters know the person.
    pub names: Names,
    /// What the clusters list.
    pub lists: Lists,
}

/// The step.
#[derive(Debug)]
pub struct RestoreWrites;

impl Step for RestoreWrites {
    const NAME: &'static str = "restore_writes";
    const NEEDS: &'static [Need] = &[
        Graph("User.Read.All"),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("leaverlists", &["get", "patch"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Person;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
        let lists = gates::lists(cx, None).await;
        let view = PersonView::read(cx, &request.person_id).await?;
        let user = view.user(cx).await?;
        let standing = view.state(cx.now()).standing();
        Ok(Facts { standing, names: view.names(user.as_ref()), lists })
    }

    fn decide(request: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        if facts.standing != Standing::Active {
            return Decision::refuse(Refusal::Tombstoned { person: person.clone() });
        }
        let keys = Keys::of(&facts.names);
        let own = |list: &Leavers| Some(list.of(&keys)).filter(|own| !own.0.is_empty());
        let seen = facts.lists.seen.iter();
        let listed = seen.filter_map(|(cluster, list)| Some((cluster, own(list.as_ref()?)?)));
        let ops = listed.map(|(cluster, entries)| Op::Gate {
            cluster: cluster.clone(),
            change: Gate::Restore { person: person.clone(), entries },
        });
        let residue = people::unseen_lines(&facts.lists.unseen());
        Decision::Apply { ops: ops.collect(), residue }
    }
}

#[cfg(test)]
mod tests;
