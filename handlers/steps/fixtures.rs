//! Values that the tests of the steps share. Everybody in them is fictitious.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use latchkey_core::{
    Holdings, ObjectId, Policy, TeamName, Timestamp,
    azure_role::AzureRole,
    cluster::Security,
    desired::{Account, Desired, Why},
    holdings::{
        Binding, Group, PimForm, PimMembership, PrincipalType, RoleAssignment, RoleRef, Subject,
        User,
    },
    invariants::Admins,
    op::Integration,
    state::Standing,
};
use latchkey_runtime::pim::Seat;
use serde::de::DeserializeOwned;

/// The example policy.
pub(super) fn policy() -> Policy {
    Policy::parse(include_str!("../../access.yaml")).expect("the example is valid")
}

/// A request.
pub(super) fn request<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("the example is a request")
}

pub(super) fn id(number: u32) -> ObjectId {
    ObjectId::new(format!("{number:08x}-1111-4222-8333-444455556666")).expect("an id")
}

/// The break-glass account of the example policy.
pub(super) fn break_glass() -> ObjectId {
    policy().protected.principals.first().expect("the example has one").clone()
}

pub(super) fn now() -> Timestamp {
    "2026-08-21T12:00:00Z".parse().expect("an instant")
}

/// The person's user, number 1, enabled.
pub(super) fn user() -> User {
    User {
        id: id(1),
        upn: "sam.reed@contoso.example".into(),
        employee_id: Some("1003".into()),
        enabled: true,
        sessions_valid_from: None,
        guest: false,
    }
}

/// A group that can be written; its id follows from the number.
pub(super) fn group(number: u32, name: &str) -> Group {
    Group {
        id: id(number),
        name: name.parse().expect("a name"),
        dynamic: false,
        synced: false,
        role_assignable: false,
    }
}

/// The place in team on-call of person 1005, whom the policy makes eligible and who is neither
/// eligible nor a member yet.
pub(super) fn seat(change: impl FnOnce(&mut Seat)) -> Seat {
    let team: TeamName = "on-call".parse().expect("a name");
    let matched = "department = Site Reliability".to_owned();
    let why = vec![Why::Birthright { rule: 3, matched }];
    let mut seat = Seat {
        policy: policy(),
        person: "1005".parse().expect("an id"),
        team: team.clone(),
        standing: Standing::Active,
        desired: Desired {
            account: Account::Enabled,
            teams: BTreeMap::new(),
            grants: BTreeSet::new(),
            eligible: [(team, why)].into(),
            just_in_time: BTreeMap::new(),
            over: BTreeMap::new(),
            findings: Vec::new(),
        },
        user: Some(user()),
        group: Some(Group { role_assignable: true, ..group(2, "Frontend_on_call") }),
        held: Holdings::default(),
    };
    change(&mut seat);
    seat
}

/// The person has left.
pub(super) fn gone(seat: &mut Seat) {
    seat.standing = Standing::Left;
    seat.desired.account = Account::Disabled { since: now() };
    seat.desired.eligible.clear();
}

/// PIM keeps this of the seat's group, from an hour ago for so many hours from now on.
pub(super) fn keep(seat: &mut Seat, form: PimForm, hours: i64) {
    let group = seat.group.clone().expect("there is a group");
    let at = |hours| Some(now() + SignedDuration::from_hours(hours));
    if form == PimForm::Active {
        seat.held.groups = vec![group.clone()];
    }
    seat.held.pim.push(PimMembership { group, form, since: at(-1), until: at(hours) });
}

/// A role of group number 2.
pub(super) fn held(role: AzureRole, scope: &str) -> RoleAssignment {
    RoleAssignment {
        id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", role.id()),
        scope: scope.to_owned(),
        role: role.id(),
        principal: id(2),
        principal_type: PrincipalType::Group,
        description: None,
        created: None,
        conditional: false,
    }
}

/// A binding of ours in retail-aks/dev.
pub(super) fn binding(name: &str, role: &str, subjects: Vec<Subject>) -> Binding {
    Binding {
        cluster: "retail-aks".parse().expect("a name"),
        namespace: Some("dev".parse().expect("a name")),
        name: name.to_owned(),
        role: RoleRef::ClusterRole(role.to_owned()),
        subjects,
        uid: format!("uid-{name}"),
        resource_version: "1".to_owned(),
        managed: true,
        reserved: false,
        created: None,
    }
}

/// The enabled admins of private-aks, and those about to leave.
pub(super) fn admins(enabled: &[u32], leaving: &[u32]) -> Admins {
    Admins {
        cluster: "private-aks".parse().expect("a name"),
        members_enabled: enabled.iter().copied().map(id).collect(),
        leaving_in_flight: leaving.iter().copied().map(id).collect(),
    }
}

/// A cluster without Entra, running and at rest.
pub(super) fn bare() -> Security {
    Security {
        integration: Integration::None,
        tenant: None,
        azure_rbac: false,
        admin_groups: BTreeSet::new(),
        local_accounts: true,
        changing: None,
        stopped: false,
        etag: Some("1".into()),
    }
}
