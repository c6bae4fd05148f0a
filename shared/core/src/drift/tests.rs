//! What becomes of what was found: by the policy's word, in time, by the brake, and whom it spares.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use jiff::SignedDuration;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{
    Plan, Policy,
    access::{
        Observed, Permission, Role, WhoKind,
        observed::{self, Assignment, Principal, PrincipalKind, Tenure},
    },
    azure_role::AzureRole,
    case::PersonRecord,
    desired::Desired,
    fact::{Fact, FactKind},
    fixtures::{assignment, binding, fact, facts, group, holdings, hour, id, person, policy, team},
    fixtures::{user, with_department},
    holdings::{Group, Holdings, PrincipalType, RoleRef},
    invariants::Admins,
    plan::{Intent, plan_person, plan_strangers, plan_strays},
    policy::{Adoption, OnDrift},
    state::{PersonState, Standing},
};

fn adopt() -> OnDrift {
    OnDrift::Adopt(Adoption { owner: team("platform"), time: "P14D".to_owned() })
}

fn with(name: &str, drift: Option<OnDrift>) -> Policy {
    let mut policy = policy();
    policy.teams.get_mut(&team(name)).unwrap().drift = drift;
    policy
}

fn stranger(number: u32, kind: WhoKind) -> Stranger {
    Stranger { id: id(number), kind }
}

fn strangers(numbers: impl IntoIterator<Item = u32>) -> Vec<Stranger> {
    numbers.into_iter().map(|number| stranger(number, WhoKind::User)).collect()
}

/// A team's group, looked at again and again, and its story.
struct Team {
    policy: Policy,
    name: TeamName,
    group: Group,
    admins: Vec<Admins>,
    records: Vec<PersonRecord>,
}

impl Team {
    fn new(name: &str, drift: Option<OnDrift>) -> Self {
        let policy = with(name, drift);
        let (name, group) = (team(name), group(policy.teams[&team(name)].group.as_str()));
        Self { policy, name, group, admins: Vec::new(), records: Vec::new() }
    }

    /// What a look says; it is recorded.
    fn look(&mut self, strangers: &[Stranger], hours: i64) -> Plan {
        let story = Story::of(&self.records);
        let seen = (&self.group, strangers);
        let judged = judge_team(&self.policy, &self.name, seen, &self.admins, &story, hour(hours));
        let mut plan = Plan::default();
        plan_strangers(&mut plan, &self.name, judged);
        self.records.extend(plan.drift.clone());
        plan
    }

    fn evicts(&mut self, strangers: &[Stranger], hours: i64) -> bool {
        !self.look(strangers, hours).intents.is_empty()
    }
}

#[test]
fn without_a_word_strangers_are_told_once_and_left() {
    let mut team = Team::new("frontend", None);
    let found = [stranger(7, WhoKind::Guest), stranger(8, WhoKind::Group)];
    assert_snapshot!(team.look(&found, 1), @"
    note: guest 00000007-1111-4222-8333-444455556666 in group Ops_Frontend_team: not in the policy
    note: group 00000008-1111-4222-8333-444455556666 in group Ops_Frontend_team: not in the policy
    ");
    assert_eq!(team.records.len(), 2);
    assert!(team.look(&found, 2).is_done());
    assert_eq!(team.records.len(), 2, "what is told is recorded once");
}

#[test]
fn what_is_removed_is_over_when_it_is_gone_and_another_story_when_it_comes_again() {
    let mut team = Team::new("backend", Some(OnDrift::Remove));
    assert_snapshot!(team.look(&strangers([7]), 1), @"
    - strangers from backend
    note: user 00000007-1111-4222-8333-444455556666 in group Ops_Backend_team: to be taken away
    ");
    assert_eq!(team.look(&[], 2).to_string(), "nothing to do");
    assert!(matches!(team.records.last(), Some(PersonRecord::DriftOver { .. })));
    assert!(team.evicts(&strangers([7]), 3));
    let found = |record: &&PersonRecord| matches!(record, PersonRecord::Drift { .. });
    assert_eq!(team.records.iter().filter(found).count(), 2);
}

#[test]
fn an_exception_stands_until_its_end_and_is_not_made_again() {
    let mut team = Team::new("observers", Some(adopt()));
    let found = strangers([7]);
    assert_snapshot!(team.look(&found, 0), @"note: user 00000007-1111-4222-8333-444455556666 in group Ops_Observers: an exception of team platform until 2026-09-04T00:00:00Z");
    assert!(!team.evicts(&found, 14 * 24 - 1));
    assert_eq!(team.records.len(), 1, "it is recorded once");
    team.policy.teams.get_mut(&team.name).unwrap().drift = Some(OnDrift::Remove);
    assert!(!team.evicts(&found, 24), "what was given stands whatever the policy says now");
    team.policy.teams.get_mut(&team.name).unwrap().drift = Some(adopt());
    assert!(team.evicts(&found, 14 * 24));
    assert!(team.evicts(&found, 14 * 24 + 1), "what outlived its exception is no new one");
    assert!(!team.evicts(&[], 14 * 24 + 2));
    assert!(!team.evicts(&found, 14 * 24 + 3), "found again it is");
}

#[test]
fn what_is_told_is_removed_once_the_policy_says_so_and_left_once_it_does_not() {
    let mut team = Team::new("frontend", Some(OnDrift::Report));
    let found = strangers([7]);
    assert!(!team.evicts(&found, 1));
    team.policy.teams.get_mut(&team.name).unwrap().drift = Some(OnDrift::Remove);
    assert!(team.evicts(&found, 2));
    team.policy.teams.get_mut(&team.name).unwrap().drift = Some(OnDrift::Report);
    assert!(!team.evicts(&found, 3));
    assert_eq!(team.records.len(), 3);
}

fn released() -> PersonRecord {
    PersonRecord::Released { requester: "an operator".to_owned() }
}

#[test]
fn the_brake_holds_all_when_there_are_too_many_and_an_operator_lets_them_go() {
    let mut team = Team::new("backend", Some(OnDrift::Remove));
    let many = strangers(100..121);
    let plan = team.look(&many, 1);
    assert_eq!(
        plan.residue,
        [
            "limits.driftPerHour: 21 removals within an hour, 20 allowed: held until an operator orders evict_members"
        ]
    );
    assert!(plan.intents.is_empty());
    assert!(!team.evicts(&many[..2], 9), "held until somebody lets it go, however few are left");
    team.records.push(released());
    let plan = team.look(&many[..2], 10);
    assert_eq!((plan.intents.len(), plan.residue.len()), (1, 0));
    assert!(!team.evicts(&[], 10));
    assert!(team.evicts(&strangers(200..220), 10), "what was let go does not count");
    let one_more = team.look(&strangers(200..221), 10);
    assert_eq!(one_more.residue.len(), 1, "what came after it does");
}

#[test]
fn removals_count_for_an_hour() {
    let mut team = Team::new("backend", Some(OnDrift::Remove));
    assert!(team.evicts(&strangers(100..115), 1));
    let more = strangers(200..206);
    assert!(!team.look(&more, 1).residue.is_empty(), "15 and 6 within the hour are too many");
    let mut team = Team::new("backend", Some(OnDrift::Remove));
    assert!(team.evicts(&strangers(100..115), 1));
    assert!(team.evicts(&more, 2), "an hour later they are not");
}

#[test]
fn what_cannot_be_written_says_what_somebody_must_do_and_the_case_stays_open() {
    let mut team = Team::new("backend", Some(OnDrift::Remove));
    team.group.dynamic = true;
    assert_snapshot!(team.look(&strangers([7]), 1), @"! user 00000007-1111-4222-8333-444455556666 in group Ops_Backend_team: its members follow a rule: change the attribute that the rule looks at");
    (team.group.dynamic, team.group.synced) = (false, true);
    assert_snapshot!(team.look(&strangers([7]), 2), @"! user 00000007-1111-4222-8333-444455556666 in group Ops_Backend_team: its members come from the on-premises directory: take the member out there");
    (team.group.synced, team.group.role_assignable) = (false, true);
    assert_snapshot!(team.look(&strangers([7]), 3), @"! user 00000007-1111-4222-8333-444455556666 in group Ops_Backend_team: it is role-assignable: only a privileged administrator can take the member out");
    assert_eq!(team.records.len(), 1, "it is one finding");
    team.group.role_assignable = false;
    assert!(team.evicts(&strangers([7]), 4));
}

#[test]
fn the_last_admins_and_what_they_may_come_from_stay() {
    let mut team = Team::new("platform", Some(OnDrift::Remove));
    let admins = |members: &[u32]| Admins {
        cluster: "private-aks".parse().unwrap(),
        members_enabled: members.iter().copied().map(id).collect(),
        leaving_in_flight: BTreeSet::new(),
    };
    team.admins = vec![admins(&[1, 2, 3])];
    assert_snapshot!(team.look(&strangers([1, 2, 3]), 1), @"
    - strangers from platform
    ! user 00000002-1111-4222-8333-444455556666 in group ClusterAdminGroup: stays: private-aks would keep 1 usable admins, fewer than 2
    ! user 00000003-1111-4222-8333-444455556666 in group ClusterAdminGroup: stays: private-aks would keep 1 usable admins, fewer than 2
    note: user 00000001-1111-4222-8333-444455556666 in group ClusterAdminGroup: to be taken away
    ");
    team.admins = vec![admins(&[1])];
    let nested = [stranger(50, WhoKind::Group)];
    assert_snapshot!(team.look(&nested, 2), @"! group 00000032-1111-4222-8333-444455556666 in group ClusterAdminGroup: stays: private-aks would keep 1 usable admins, fewer than 2");
    team.admins = vec![admins(&[1, 2])];
    assert!(team.evicts(&nested, 3));
}

// People.

fn judged(policy: &Policy, facts: &[Fact], story: &Story, held: &Holdings, hours: i64) -> Plan {
    let state = PersonState::of(&person(), facts, hour(hours));
    let past = Past { facts, story: Some(story), open: false, cut: None };
    plan_person(policy, &state, held, past, &[], hour(hours)).unwrap()
}

fn member_of(names: &[&str]) -> Holdings {
    let groups = names.iter().map(|name| group(name)).collect();
    Holdings { user: Some(user(1)), groups, ..Holdings::default() }
}

#[test]
fn a_persons_stray_membership_follows_the_word_of_its_team() {
    let hired = [fact(FactKind::Hired, 1, 0)];
    let held = member_of(&["Ops_Frontend_team", "Ops_Backend_team"]);
    let plan = |drift| judged(&with("backend", drift), &hired, &Story::default(), &held, 1);
    assert_snapshot!(plan(None), @"- 0042 from backend");
    assert_snapshot!(plan(Some(OnDrift::Remove)), @"- 0042 from backend");
    assert_snapshot!(plan(Some(OnDrift::Report)), @"note: 0042 in group Ops_Backend_team: not in the policy");
    assert_snapshot!(plan(Some(adopt())), @"note: 0042 in group Ops_Backend_team: an exception of team platform until 2026-09-04T01:00:00Z");
}

#[test]
fn what_a_move_leaves_behind_is_no_drift() {
    let moved = with_department("Backend Ops", fact(FactKind::Changed, 2, 5));
    let facts = [fact(FactKind::Hired, 1, 0), moved];
    let policy = with("frontend", Some(adopt()));
    let held = member_of(&["Ops_Frontend_team", "Ops_Backend_team"]);
    let plan = judged(&policy, &facts, &Story::default(), &held, 6);
    assert_snapshot!(plan, @"- 0042 from frontend");
    assert_eq!(plan.drift, []);
}

#[test]
fn what_was_asked_for_and_is_over_is_no_drift() {
    let until = FactKind::AccessRequested { team: team("observers"), until: hour(4) };
    let facts = [fact(FactKind::Hired, 1, 0), fact(until, 2, 1)];
    let policy = with("observers", Some(adopt()));
    let held = member_of(&["Ops_Frontend_team", "Ops_Observers"]);
    assert_snapshot!(judged(&policy, &facts, &Story::default(), &held, 5), @"- 0042 from observers");
}

#[test]
fn an_exception_of_somebody_who_leaves_is_over_at_once() {
    let policy = with("backend", Some(adopt()));
    let held = member_of(&["Ops_Frontend_team", "Ops_Backend_team"]);
    let hired = [fact(FactKind::Hired, 1, 0)];
    let story = Story::of(&judged(&policy, &hired, &Story::default(), &held, 1).drift);
    assert_eq!(story.exceptions(hour(2)).count(), 1);
    let left = [fact(FactKind::Hired, 1, 0), fact(FactKind::Terminated, 2, 2)];
    let state = PersonState::of(&person(), &left, hour(3));
    let past = Past { facts: &left, story: Some(&story), open: false, cut: None };
    let admins: Vec<_> = policy
        .clusters
        .keys()
        .map(|cluster| Admins {
            cluster: cluster.clone(),
            members_enabled: BTreeSet::new(),
            leaving_in_flight: BTreeSet::new(),
        })
        .collect();
    let plan = plan_person(&policy, &state, &held, past, &admins, hour(3)).unwrap();
    assert!(plan.to_string().contains("- 0042 from every group"), "{plan}");
}

#[test]
fn nothing_gives_back_to_a_tombstoned_person_what_somebody_took() {
    let left = [fact(FactKind::Hired, 1, 0), fact(FactKind::Terminated, 2, 2)];
    let mut held = member_of(&[]);
    held.user.as_mut().unwrap().enabled = false;
    held.user.as_mut().unwrap().sessions_valid_from = Some(hour(3));
    for rule in [OnDrift::Remove, OnDrift::Report, adopt()] {
        let plan = judged(&with("frontend", Some(rule)), &left, &Story::default(), &held, 4);
        assert_eq!((plan.to_string().as_str(), plan.drift), ("nothing to do", vec![]));
    }
}

// Clusters.

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// private-aks, with something of everything.
fn around() -> Observed {
    let policy = policy();
    let cluster = &policy.clusters[&"private-aks".parse::<ClusterName>().unwrap()];
    let (at, inside) = (cluster.scope(None), cluster.scope(Some(&"frontend".parse().unwrap())));
    let above = at.rsplitn(5, '/').last().unwrap();
    let (frontend, own) = (group("Ops_Frontend_team"), |kind, held: RoleAssignment| Assignment {
        held: RoleAssignment { principal_type: kind, ..held },
        tenure: Tenure::default(),
        ours: false,
    });
    let owner = |scope: &str, to| RoleAssignment {
        role: OWNER.parse().unwrap(),
        id: format!("{scope}/owner/{to}"),
        ..assignment(AzureRole::RbacAdmin, scope, to)
    };
    let (user, app) = (PrincipalType::User, PrincipalType::ServicePrincipal);
    let protected = policy.protected.principals.first().unwrap();
    let assignments = vec![
        own(PrincipalType::Group, assignment(AzureRole::RbacWriter, &inside, &frontend.id)),
        own(PrincipalType::Group, assignment(AzureRole::RbacAdmin, &inside, &frontend.id)),
        own(PrincipalType::Group, owner(&at, &frontend.id)),
        own(user, assignment(AzureRole::RbacReader, &inside, &id(7))),
        own(app, owner(&inside, &id(8))),
        own(app, owner(above, &id(8))),
        own(user, owner(&at, protected)),
        own(user, owner(&at, &id(9))),
        own(app, RoleAssignment { role: uuid::Uuid::nil(), ..owner(&at, &id(8)) }),
    ];
    let mut observed = Observed {
        named: [(frontend.name.clone(), frontend.id.clone())].into(),
        groups: BTreeMap::from([(
            frontend.id,
            observed::Group { name: frontend.name, members: None },
        )]),
        clusters: vec![observed::Cluster {
            name: "private-aks".parse().unwrap(),
            settings: None,
            assignments,
            bindings: bindings(),
        }],
        ..Observed::default()
    };
    for role in AzureRole::ALL {
        observed.roles.insert(
            role.id(),
            allows(role.name(), "Microsoft.ContainerService/managedClusters/pods/*"),
        );
    }
    observed.roles.insert(OWNER.parse().unwrap(), allows("Owner", "*"));
    observed.roles.insert(uuid::Uuid::nil(), Role { name: "Nothing".into(), permissions: vec![] });
    for (number, person) in [(7, Some("0007")), (9, Some("0009")), (10, None)] {
        let upn = Some(format!("u{number}@contoso.example"));
        let person = person.map(|person| person.parse().unwrap());
        let known = Principal { kind: PrincipalKind::User, person, upn, enabled: true };
        observed.principals.insert(id(number), known);
    }
    observed
}

fn allows(name: &str, data: &str) -> Role {
    let permission = Permission { data_actions: vec![data.to_owned()], ..Permission::default() };
    Role { name: name.to_owned(), permissions: vec![permission] }
}

fn bindings() -> Vec<Binding> {
    let by_hand =
        |namespace: Option<&str>, name: &str, role: &str, subjects: Vec<Subject>| Binding {
            name: name.to_owned(),
            role: RoleRef::ClusterRole(role.to_owned()),
            subjects,
            managed: false,
            ..binding("private-aks", namespace, Subject::User(String::new()))
        };
    let named = |name: &str| Subject::User(name.to_owned());
    let protected = policy().protected.principals.first().unwrap().to_string();
    let mut reserved =
        by_hand(None, "aks-own", "cluster-admin", vec![named("u10@contoso.example")]);
    reserved.reserved = true;
    vec![
        by_hand(
            Some("shop"),
            "mixed",
            "edit",
            vec![
                named("u10@contoso.example"),
                Subject::ServiceAccount("shop/robot".into()),
                Subject::Group("system:masters".into()),
                named("system:kube-proxy"),
                named(&protected.to_uppercase()),
            ],
        ),
        by_hand(
            None,
            "team",
            "cluster-admin",
            vec![Subject::Group(group("Ops_Frontend_team").id.to_string())],
        ),
        by_hand(None, "left", "view", vec![named("u9@contoso.example")]),
        by_hand(None, "unknown", "view", vec![named("nobody@contoso.example")]),
        Binding {
            managed: true,
            ..by_hand(None, "ours", "view", vec![named("u7@contoso.example")])
        },
        reserved,
    ]
}

fn straying(policy: &Policy, admins: &[u32]) -> Straying {
    let admins = Admins {
        cluster: "private-aks".parse().unwrap(),
        members_enabled: admins.iter().copied().map(id).collect(),
        leaving_in_flight: BTreeSet::new(),
    };
    let left = ["0009".parse().unwrap()].into();
    strays_of_cluster(policy, &admins.cluster, &around(), &left, &admins)
}

fn plan_around(drift: Option<OnDrift>, admins: &[u32]) -> Plan {
    let mut policy = policy();
    let name = "private-aks".parse().unwrap();
    policy.clusters.get_mut(&name).unwrap().drift = drift;
    let straying = straying(&policy, admins);
    let judged = straying.judge(&policy, &Story::default(), |_| true, hour(0));
    let mut plan = Plan::default();
    plan_strays(&mut plan, &name, &straying, judged);
    plan
}

#[test]
fn in_a_cluster_what_nothing_explains_is_found_and_nothing_else() {
    assert_snapshot!(plan_around(None, &[1, 2]), @"
    note: Azure role Owner at private-aks/frontend of service principal 00000008-1111-4222-8333-444455556666: not in the policy
    note: Azure role Azure Kubernetes Service RBAC Reader at private-aks/frontend of user 00000007-1111-4222-8333-444455556666: not in the policy
    note: Azure role Owner at private-aks of group e49be836-1111-4222-8333-444455556666: not in the policy
    note: ClusterRoleBinding team to ClusterRole/cluster-admin in private-aks of group e49be836-1111-4222-8333-444455556666: not in the policy
    note: ClusterRoleBinding unknown to ClusterRole/view in private-aks of unknown name-6a09b9bb: not in the policy
    note: RoleBinding mixed to ClusterRole/edit in private-aks/shop of user 0000000a-1111-4222-8333-444455556666: not in the policy
    note: 0009 has left and holds something here: their plan takes it
    ");
    assert_snapshot!(plan_around(Some(OnDrift::Remove), &[1, 2]), @"
    - stray Azure roles in private-aks
    - stray bindings in private-aks
    note: Azure role Owner at private-aks/frontend of service principal 00000008-1111-4222-8333-444455556666: to be taken away
    note: Azure role Azure Kubernetes Service RBAC Reader at private-aks/frontend of user 00000007-1111-4222-8333-444455556666: to be taken away
    note: Azure role Owner at private-aks of group e49be836-1111-4222-8333-444455556666: to be taken away
    note: ClusterRoleBinding team to ClusterRole/cluster-admin in private-aks of group e49be836-1111-4222-8333-444455556666: to be taken away
    note: ClusterRoleBinding unknown to ClusterRole/view in private-aks of unknown name-6a09b9bb: to be taken away
    note: RoleBinding mixed to ClusterRole/edit in private-aks/shop of user 0000000a-1111-4222-8333-444455556666: to be taken away
    note: 0009 has left and holds something here: their plan takes it
    ");
}

#[test]
fn what_makes_an_admin_stays_while_there_are_too_few() {
    assert_snapshot!(plan_around(Some(OnDrift::Remove), &[1]), @"
    - stray Azure roles in private-aks
    - stray bindings in private-aks
    ! Azure role Owner at private-aks/frontend of service principal 00000008-1111-4222-8333-444455556666: stays: private-aks would keep 1 usable admins, fewer than 2
    ! Azure role Owner at private-aks of group e49be836-1111-4222-8333-444455556666: stays: private-aks would keep 1 usable admins, fewer than 2
    ! ClusterRoleBinding team to ClusterRole/cluster-admin in private-aks of group e49be836-1111-4222-8333-444455556666: stays: private-aks would keep 1 usable admins, fewer than 2
    note: Azure role Azure Kubernetes Service RBAC Reader at private-aks/frontend of user 00000007-1111-4222-8333-444455556666: to be taken away
    note: ClusterRoleBinding unknown to ClusterRole/view in private-aks of unknown name-6a09b9bb: to be taken away
    note: RoleBinding mixed to ClusterRole/edit in private-aks/shop of user 0000000a-1111-4222-8333-444455556666: to be taken away
    note: 0009 has left and holds something here: their plan takes it
    ");
}

#[test]
fn what_was_not_looked_at_is_not_over() {
    let policy = policy();
    let straying = straying(&policy, &[1, 2]);
    let all = straying.judge(&policy, &Story::default(), |_| true, hour(0));
    let story = Story::of(&all.news);
    let nothing = Straying::default();
    assert_eq!(nothing.judge(&policy, &story, |_| false, hour(1)).news, []);
    let seen = |found: &Found| matches!(found, Found::Binding { .. });
    let over = nothing.judge(&policy, &story, seen, hour(1)).news;
    assert!(
        over.iter()
            .all(|record| matches!(record, PersonRecord::DriftOver { found, .. } if seen(found)))
    );
    assert_eq!(over.len(), story.iter().filter(|(found, _)| seen(found)).count());
}

// For all.

fn team_is_by_pim(policy: &Policy, name: &TeamName) -> bool {
    group(policy.teams[name].group.as_str()).role_assignable
}

fn rules() -> impl Strategy<Value = Option<OnDrift>> {
    select(vec![None, Some(OnDrift::Remove), Some(OnDrift::Report), Some(adopt())])
}

proptest! {
    /// Looks at a group whose strangers come and go; after each look that evicts somebody they are
    /// gone.
    #[test]
    fn every_stranger_is_removed_excepted_told_held_or_left_to_somebody(
        rule in rules(),
        looks in vec((vec(1_u32..40, 0..30), 0_i64..400, any::<bool>()), 1..8),
        protected in 1_u32..40,
    ) {
        let mut team = Team::new("backend", rule);
        team.policy.protected.principals.insert(id(protected));
        let mut now = 0;
        for (numbers, later, lets_go) in looks {
            now += later;
            if lets_go {
                team.records.push(released());
            }
            let here: BTreeSet<u32> = numbers.into_iter().collect();
            let found = strangers(here.iter().copied());
            let before = Story::of(&team.records);
            let plan = team.look(&found, now);
            let story = Story::of(&team.records);
            let evicted = story.iter().filter(|(_, known)| known.response == Response::Removed);
            let evicted: BTreeSet<_> = evicted.map(|(found, _)| found.clone()).collect();
            prop_assert_eq!(!evicted.is_empty(), !plan.intents.is_empty());
            let of = |number| Found::member(&team.group.id, &id(number));
            prop_assert!(story.get(&of(protected)).is_none(), "the protected are nobody's business");
            for number in here.iter().copied().filter(|number| *number != protected) {
                prop_assert!(story.get(&of(number)).is_some(), "{number} is in no story");
                let stood = before.exceptions(hour(now)).any(|(known, _)| *known == of(number));
                prop_assert!(!(stood && evicted.contains(&of(number))), "{number} was justified");
            }
            let left: Vec<_> = here.into_iter().filter(|n| !evicted.contains(&of(*n))).collect();
            let rest = team.look(&strangers(left.iter().copied()), now);
            prop_assert!(rest.intents.is_empty(), "{}", rest);
            let again = team.records.len();
            team.look(&strangers(left), now);
            prop_assert_eq!(team.records.len(), again, "nothing new is recorded twice");
        }
    }

    #[test]
    fn no_more_strangers_go_within_an_hour_than_the_policy_allows(
        looks in vec((vec(1_u32..90, 0..40), 0_i64..40), 1..10),
    ) {
        let mut team = Team::new("backend", Some(OnDrift::Remove));
        let (mut minutes, mut gone) = (0, Vec::new());
        for (numbers, later) in looks {
            minutes += later;
            let story = Story::of(&team.records);
            let now = hour(0) + SignedDuration::from_mins(minutes);
            let found = strangers(numbers.into_iter().collect::<BTreeSet<_>>());
            let judged = judge_team(&team.policy, &team.name, (&team.group, &found), &[], &story, now);
            // Who is not evicted yet is no further removal.
            let new = judged.remove.iter().filter(|stray| {
                story.get(&stray.found).is_none_or(|known| known.response != Response::Removed)
            });
            gone.extend(new.map(|_| minutes));
            team.records.extend(judged.news);
            let recent = gone.iter().filter(|at| **at > minutes - 60).count();
            prop_assert!(recent <= 20, "{recent} within an hour");
        }
    }

    #[test]
    fn a_persons_plan_with_any_words_about_drift_leaves_an_empty_plan(
        facts in facts(),
        held in holdings(),
        now in 0_i64..60,
        rule in rules(),
    ) {
        let mut policy = policy();
        for team in policy.teams.values_mut() {
            team.drift.clone_from(&rule);
        }
        let state = PersonState::of(&person(), &facts, hour(now));
        let desired = Desired::of(&policy, &state, hour(now));
        let admins: Vec<_> = policy.clusters.keys().map(|cluster| Admins {
            cluster: cluster.clone(),
            members_enabled: (1..10).map(id).collect(),
            leaving_in_flight: BTreeSet::new(),
        }).collect();
        let story = Story::default();
        let past = Past { facts: &facts, story: Some(&story), open: false, cut: None };
        let Ok(plan) = plan_person(&policy, &state, &held, past, &admins, hour(now)) else { return Ok(()) };
        let leaves = |name: &TeamName| plan.intents.iter().any(|intent| match intent {
            Intent::LeaveGroups(asked) => asked.everything || asked.teams.contains(name),
            // Membership of a role-assignable group ends through PIM.
            Intent::EndJustInTime(asked) => asked.team == *name && team_is_by_pim(&policy, name),
            _ => false,
        });
        for (name, team) in &policy.teams {
            let member = held.groups.iter().any(|group| group.name == team.group);
            match state.standing() {
                Standing::Left => prop_assert!(!member || leaves(name), "{name}: {plan}"),
                Standing::Active if desired.teams.contains_key(name) => prop_assert!(!leaves(name)),
                _ => {}
            }
        }
        prop_assert!(state.standing() == Standing::Active || plan.drift.is_empty(), "{plan}");
        let kept = Story::of(&plan.drift);
        let kept: Vec<_> = kept.iter().filter(|(_, known)| known.response != Response::Removed).collect();
        prop_assert!(kept.is_empty() || !matches!(rule, None | Some(OnDrift::Remove)));
    }
}
