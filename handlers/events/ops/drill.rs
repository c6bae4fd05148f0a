//! The break-glass drill: looks at the protected accounts and the ways they have into the clusters.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_azure::{
    MemberKind, Object,
    graph::{DevicePolicy, PolicyState},
};
use latchkey_core::{
    CaseId, ClusterName, ObjectId, PersonId,
    access::{self, Can, Filter, Observed, Row, State, view},
    approval::awaiting,
    case::CaseRecord,
    drill::{Account, AccountState, Path, Report, Seen, Spared, judge},
    message::About,
};
use latchkey_runtime::{Cx, StepError, approvals};

use super::access::observe;

/// How the names of the Conditional Access policies begin that we made.
const OURS: &str = "Latchkey: ";

/// What the drill comes to. Nothing fails: what cannot be seen is said.
pub(super) async fn drill(cx: &Cx) -> Report {
    let ids: Vec<_> = cx.policy().protected.principals.iter().cloned().collect();
    let everything = Filter::default();
    let (observed, objects, policies, pending) = futures::join!(
        observe(cx, &everything),
        cx.graph().objects(&ids),
        policies(cx, &ids),
        pending(cx),
    );
    let rows = view(cx.policy(), &observed).rows;
    let mut unseen: Vec<String> = observed.unseen.iter().map(told).collect();
    let objects = keep(objects.map_err(StepError::from), "the accounts", &mut unseen);
    let policies = keep(policies, "Conditional Access policies", &mut unseen);
    let pending = keep(pending, "plans that await an approval", &mut unseen).unwrap_or_default();
    let look = |id: &ObjectId| Account {
        id: id.clone(),
        state: state(objects.as_ref().map(|objects| objects.get(id))),
        person: objects.as_ref().and_then(|objects| person(objects.get(id)?)),
        policies: spared(policies.as_ref(), id),
        admin: admin(&rows, id),
        pending: naming(&pending, id),
    };
    judge(&Seen {
        accounts: ids.iter().map(look).collect(),
        local_accounts: local_accounts(cx, &observed),
        unseen,
    })
}

fn keep<T>(looked: Result<T, StepError>, what: &str, unseen: &mut Vec<String>) -> Option<T> {
    looked.map_err(|error| unseen.push(format!("{what}: {}", error.reason()))).ok()
}

fn told(unseen: &access::Unseen) -> String {
    match &unseen.cluster {
        Some(cluster) => format!("{} of {cluster}: {}", unseen.what, unseen.why),
        None => format!("{}: {}", unseen.what, unseen.why),
    }
}

fn state(object: Option<Option<&Object>>) -> AccountState {
    match object {
        None => AccountState::Unseen,
        Some(None) => AccountState::Missing,
        Some(Some(object)) if !matches!(object.kind, MemberKind::User | MemberKind::Guest) => {
            AccountState::NoUser
        }
        Some(Some(object)) => match object.enabled {
            Some(true) => AccountState::Enabled,
            Some(false) => AccountState::Disabled,
            None => AccountState::Unseen,
        },
    }
}

fn person(object: &Object) -> Option<PersonId> {
    PersonId::new(object.employee_id.as_deref()?).ok()
}

/// Our policies, and who of the accounts is in a group that each leaves alone.
type Policies = Vec<(DevicePolicy, BTreeSet<ObjectId>)>;

async fn policies(cx: &Cx, ids: &[ObjectId]) -> Result<Policies, StepError> {
    let mut all = Vec::new();
    for policy in cx.graph().device_policies().await? {
        if !policy.name.starts_with(OURS) {
            continue;
        }
        let mut through = BTreeSet::new();
        for id in ids.iter().filter(|id| !policy.except_users.contains(*id)) {
            for group in &policy.except_groups {
                if cx.graph().is_member(id, group).await? {
                    through.insert(id.clone());
                }
            }
        }
        all.push((policy, through));
    }
    Ok(all)
}

fn spared(policies: Option<&Policies>, id: &ObjectId) -> BTreeMap<String, Spared> {
    let policies = policies.into_iter().flatten();
    let judged = policies.map(|(policy, through)| {
        let spared = if policy.except_users.contains(id) || through.contains(id) {
            Spared::Yes
        } else if policy.state == PolicyState::Enabled {
            Spared::No
        } else {
            Spared::NotButHarmless
        };
        (policy.name.clone(), spared)
    });
    judged.collect()
}

/// The ways in that make an admin of a whole cluster; what would only lead to one is none.
fn admin(rows: &[Row], id: &ObjectId) -> BTreeMap<ClusterName, Vec<Path>> {
    let mut admin = BTreeMap::<ClusterName, Vec<Path>>::new();
    for row in rows.iter().filter(|row| row.who.id == id.as_str() && row.namespace.is_none()) {
        if row.can != Can::ClusterAdmin || row.standing.state == State::Dormant {
            continue;
        }
        let links: Vec<_> = row.through.iter().map(ToString::to_string).collect();
        let path = Path { text: links.join(", "), active: row.standing.state == State::Active };
        admin.entry(row.cluster.clone()).or_default().push(path);
    }
    admin
}

fn local_accounts(cx: &Cx, observed: &Observed) -> BTreeMap<ClusterName, Option<bool>> {
    let seen = |name: &ClusterName| {
        let cluster = observed.clusters.iter().find(|cluster| cluster.name == *name)?;
        cluster.settings.as_ref().map(|settings| settings.local_accounts)
    };
    cx.policy().clusters.keys().map(|name| (name.clone(), seen(name))).collect()
}

/// The lines of every plan of a team or a cluster that awaits an approval. The planners refuse to
/// plan anything about a protected principal, and `apply` refuses to write it.
async fn pending(cx: &Cx) -> Result<Vec<Pending>, StepError> {
    let policy = cx.policy();
    let teams = policy.teams.keys().cloned().map(About::Team);
    let clusters = policy.clusters.keys().cloned().map(About::Cluster);
    let mut lines = Vec::new();
    for about in teams.chain(clusters) {
        for (id, records) in approvals::resting(cx, &about).await? {
            lines.extend(asked(&id, &records));
        }
    }
    Ok(lines)
}

/// A plan that awaits an approval.
struct Pending {
    /// What it is asked about, in which a principal may be named.
    asked: String,
    /// Its lines, with the case.
    lines: Vec<String>,
}

fn asked(id: &CaseId, records: &[CaseRecord]) -> Vec<Pending> {
    let asks = awaiting(records).map(|ask| Pending {
        asked: format!("{} {}", ask.request, ask.lines.join(" ")),
        lines: ask.lines.iter().map(|line| format!("{line} ({id})")).collect(),
    });
    asks.collect()
}

fn naming(pending: &[Pending], id: &ObjectId) -> Vec<String> {
    let naming = pending.iter().filter(|plan| plan.asked.contains(id.as_str()));
    naming.flat_map(|plan| plan.lines.iter().cloned()).collect()
}
