//! What comes back of what was taken.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{
    case::Cause,
    drift::Past,
    fixtures::{self, fact, group, hour, of_spell},
    holdings::{PimForm, RoleRef},
    message::About,
    policy::OnDrift,
    revocation::{Doors, Membership},
};

fn member(name: &str) -> Path {
    Path::member(&group(name))
}

fn by(name: &str, membership: Membership) -> Path {
    let group = group(name);
    Path::Group { group: group.id, name: group.name, membership }
}

fn owner(name: &str) -> Path {
    let group = group(name);
    Path::Owner { group: group.id, name: group.name }
}

fn pim(name: &str, form: PimForm, until: i64) -> Path {
    let group = group(name);
    Path::Pim { group: group.id, name: group.name, form, until: Some(hour(until)) }
}

fn role(scope: &str, eligible: bool) -> Path {
    Path::AzureRole {
        id: format!("{scope}/x"),
        role: crate::azure_role::AzureRole::RbacWriter.id(),
        scope: scope.to_owned(),
        eligible,
        doors: Doors::default(),
    }
}

fn bound(cluster: &str, namespace: Option<&str>, role: &str) -> Path {
    Path::Binding {
        cluster: cluster.parse().unwrap(),
        namespace: namespace.map(|name| name.parse().unwrap()),
        name: "by-hand".to_owned(),
        role: RoleRef::ClusterRole(role.to_owned()),
        by_id: false,
    }
}

/// One of each kind that there is.
fn all() -> Vec<Path> {
    vec![
        member("Ops_Frontend_team"),
        member("Ops_Backend_team"),
        member("Ops_Observers"),
        member("Retail_dev_team"),
        member("ClusterAdminGroup"),
        member("Platform_leads"),
        member("Canteen"),
        member("Frontend_on_call"),
        by("Everybody", Membership::Dynamic),
        by("Synced_staff", Membership::Synced),
        by("Role_admins", Membership::RoleAssignable),
        by("Canteen_guests", Membership::Nested { through: "Canteen".parse().unwrap() }),
        owner("Ops_Backend_team"),
        pim("Frontend_on_call", PimForm::Eligible, 1),
        pim("Frontend_on_call", PimForm::Active, 1),
        pim("Somebody_elses", PimForm::Active, 100),
        role("/subscriptions/1", false),
        role("/subscriptions/1", true),
        bound("private-aks", Some("frontend"), "edit"),
        bound("retail-aks", Some("shop"), "edit"),
        bound("retail-aks", Some("shop"), "cluster-admin"),
        bound("retail-aks", None, "view"),
        bound("former-aks", None, "view"),
        Path::AdminCredential { cluster: "retail-aks".parse().unwrap(), at: hour(0) },
    ]
}

/// Somebody of Frontend Ops whose end at hour 2 is taken back at hour 4.
fn back() -> Vec<Fact> {
    vec![
        fact(FactKind::Hired, 1, 0),
        fact(FactKind::Terminated, 2, 2),
        fact(FactKind::TerminationRescinded, 3, 4),
    ]
}

fn judged(policy: &Policy, facts: &[Fact], taken: &[Taken], at: i64) -> Vec<(Path, Return)> {
    let state = PersonState::of(&fixtures::person(), facts, hour(at));
    let past = Past { facts, ..Past::default() };
    Terms::new(policy, &state, past, hour(at)).all(taken).into_iter().collect()
}

fn taken(paths: Vec<Path>) -> Vec<Taken> {
    let taken = |path| Taken { path, found_at: hour(2), at: hour(3), ours: true };
    paths.into_iter().map(taken).collect()
}

fn told(judged: &[(Path, Return)]) -> String {
    let line = |(path, becomes): &(Path, Return)| match becomes {
        Return::Not(why) => format!("{path}: not: {why}"),
        other => format!("{path}: {other:?}"),
    };
    judged.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_way_in_comes_back_as_the_policy_lets_it() {
    let policy = fixtures::policy();
    assert_snapshot!(told(&judged(&policy, &back(), &taken(all()), 5)), @"
    synced group Synced_staff: not: nobody gives it: it comes back with what it follows from
    group Platform_leads: Approved
    dynamic group Everybody: not: nobody gives it: it comes back with what it follows from
    group ClusterAdminGroup: not: the policy does not give it and would have it taken away again
    group Ops_Backend_team: not: the policy does not give it and would have it taken away again
    group Canteen: Back
    group Retail_dev_team: not: the policy does not give it and would have it taken away again
    (through Canteen) group Canteen_guests: not: nobody gives it: it comes back with what it follows from
    role-assignable group Role_admins: not: ask who administers it: Latchkey may not give it
    group Ops_Observers: not: it was an exception, which ends with the employment
    role-assignable group Frontend_on_call: not: ask who administers it: Latchkey may not give it
    group Ops_Frontend_team: ByPolicy
    ownership of group Ops_Backend_team: Approved
    activation of Somebody_elses: not: ask for it in PIM
    eligibility for Frontend_on_call: not: its time is over
    activation of Frontend_on_call: not: its time is over
    Azure role a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb at /subscriptions/1: not: ask who administers it: Latchkey may not give it
    eligibility for Azure role a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb at /subscriptions/1: not: ask for it in PIM
    binding by-hand to ClusterRole/view at former-aks: not: the policy does not give it and would have it taken away again
    binding by-hand to ClusterRole/edit at private-aks/frontend: not: the policy does not give it and would have it taken away again
    binding by-hand to ClusterRole/view at retail-aks: Approved
    binding by-hand to ClusterRole/cluster-admin at retail-aks/shop: Approved
    binding by-hand to ClusterRole/edit at retail-aks/shop: Back
    admin credential of retail-aks, handed out 2026-08-21T00:00:00Z: not: a credential stays void
    ");
}

#[test]
fn what_was_asked_for_and_is_over_does_not_come_back() {
    let policy = fixtures::policy();
    let team = "observers".parse().unwrap();
    let mut facts = back();
    facts.insert(1, fact(FactKind::AccessRequested { team, until: hour(10) }, 2, 1));
    let observers = || taken(vec![member("Ops_Observers")]);
    assert_snapshot!(told(&judged(&policy, &facts, &observers(), 5)), @"group Ops_Observers: ByPolicy");
    assert_snapshot!(told(&judged(&policy, &facts, &observers(), 11)), @"group Ops_Observers: not: its time is over");
}

#[test]
fn what_was_gone_before_we_came_does_not_come_back() {
    let mut gone = taken(vec![member("Canteen"), member("Ops_Frontend_team")]);
    gone.iter_mut().for_each(|taken| taken.ours = false);
    let policy = fixtures::policy();
    assert_snapshot!(told(&judged(&policy, &back(), &gone, 5)), @"
    group Canteen: not: it was gone before Latchkey came: ask its owner
    group Ops_Frontend_team: ByPolicy
    ");
}

#[test]
fn a_team_whose_members_administer_a_cluster_needs_an_approval() {
    let mut policy = fixtures::policy();
    let platform = policy.teams.get_mut(&fixtures::team("platform")).unwrap();
    platform.drift = Some(OnDrift::Report);
    let admins = taken(vec![member("ClusterAdminGroup")]);
    assert_snapshot!(told(&judged(&policy, &back(), &admins, 5)), @"group ClusterAdminGroup: Approved");
}

#[test]
fn only_the_employment_that_had_ended_runs_again() {
    let again = |facts: &[Fact], now| runs_again(&fixtures::person(), facts, hour(3), hour(now));
    assert!(again(&back(), 5));
    assert!(!again(&back()[..2], 5), "it has ended");
    let hired = of_spell("s2", fact(FactKind::Hired, 5, 6));
    let new = [&back()[..2], &[hired]].concat();
    assert!(!again(&new, 7), "it is another one");
    let mut both = new;
    both.push(fact(FactKind::TerminationRescinded, 9, 8));
    assert!(again(&both, 9));
    let mut corrected = back();
    corrected[2] = fact(FactKind::TerminationCorrected, 3, 90);
    corrected[2].recorded = hour(4);
    assert!(again(&corrected, 5) && !again(&corrected, 91), "it ends later");
    let mut quick = back();
    quick[2].recorded = hour(3) - SignedDuration::from_secs(1);
    assert!(again(&quick, 5), "who looked had not heard of it");
}

fn opened() -> CaseRecord {
    let about = About::Person(fixtures::person());
    CaseRecord::Opened { about, cause: Cause::Sweep, since: None, trace: None }
}

fn evidence(step: &str, at: i64, outcome: Outcome, ops: &[&str]) -> CaseRecord {
    CaseRecord::Evidence(Evidence {
        step: step.to_owned(),
        message_id: step.to_owned(),
        attempt: 1,
        at: Some(hour(at)),
        outcome,
        ops: ops.iter().map(ToString::to_string).collect(),
        residue: Vec::new(),
        why: None,
        ms: 1,
    })
}

#[test]
fn what_was_taken_is_known_before_anybody_looks_again() {
    let policy = fixtures::policy();
    let found = vec![member("Canteen"), owner("Ops_Backend_team")];
    let mut records = vec![
        opened(),
        CaseRecord::Paths { at: hour(1), found: found.clone(), gone: Vec::new() },
        evidence("leave_groups", 2, Outcome::Applied, &["- 0042 from group Canteen"]),
    ];
    let paths = |records: &[CaseRecord]| {
        let taken = Taken::of(&policy, records);
        taken.into_iter().map(|taken| (taken.path.to_string(), taken.ours)).collect::<Vec<_>>()
    };
    let canteen = ("group Canteen".to_owned(), true);
    assert_eq!(paths(&records), std::slice::from_ref(&canteen));
    records.push(CaseRecord::Paths { at: hour(3), found: Vec::new(), gone: found });
    let gone = ("ownership of group Ops_Backend_team".to_owned(), false);
    assert_eq!(paths(&records), [canteen, gone]);
}

#[test]
fn a_receipt_and_the_records_agree_on_what_was_taken() {
    let policy = fixtures::policy();
    let found = vec![member("Canteen"), role("/subscriptions/1", false)];
    let records = [
        opened(),
        CaseRecord::Paths { at: hour(1), found: found.clone(), gone: Vec::new() },
        evidence("leave_groups", 2, Outcome::Applied, &["- 0042 from group Canteen"]),
        CaseRecord::Paths { at: hour(3), found: Vec::new(), gone: found },
        evidence(crate::revocation::PROOF, 9, Outcome::AsExpected, &[]),
    ];
    let (case, beside) = (CaseId::of(&["undo"]), crate::revocation::Beside::default());
    let of = (&case, &fixtures::person());
    let receipt = crate::revocation::Receipt::of(&policy, of, &records, beside, hour(9));
    let receipt = receipt.expect("all is proven").paths.into_iter();
    let told = receipt.map(|path| (path.path, path.revoked_at, !path.writes.is_empty()));
    let taken = Taken::of(&policy, &records).into_iter();
    let taken: Vec<_> = taken.map(|taken| (taken.path, taken.at, taken.ours)).collect();
    assert_eq!(told.collect::<Vec<_>>(), taken);
    assert_eq!(taken.iter().map(|(.., ours)| *ours).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_request_is_done_once_whichever_look_asked() {
    let case = CaseId::of(&["undo"]);
    let request = serde_json::json!({ "personId": "0042", "caseId": case });
    let CaseRecord::Evidence(done) = evidence("rejoin_groups", 1, Outcome::Applied, &[]) else {
        panic!("it is evidence");
    };
    let id = |attempt| StepMessage::id_of(&case, "rejoin_groups", &request, attempt, 0);
    let with = |outcome| {
        let done = Evidence { message_id: id(7), attempt: 7, outcome, ..done.clone() };
        is_done(&case, &[CaseRecord::Evidence(done)], "rejoin_groups", &request)
    };
    assert!(with(Outcome::Applied) && with(Outcome::Nothing));
    assert!(!with(Outcome::Waiting) && !with(Outcome::Failed) && !with(Outcome::Unconfirmed));
    let unseen = vec!["cluster retail-aks could not be seen: no answer".to_owned()];
    let blind = Evidence { message_id: id(7), attempt: 7, residue: unseen, ..done.clone() };
    assert!(!is_done(&case, &[CaseRecord::Evidence(blind)], "rejoin_groups", &request));
    let other = serde_json::json!({ "personId": "0042", "caseId": case, "privileged": true });
    let done = CaseRecord::Evidence(Evidence { message_id: id(1), ..done });
    assert!(!is_done(&case, &[done], "rejoin_groups", &other));
}

proptest! {
    /// Never more than was taken, never what is over, and the same in whatever order.
    #[test]
    fn nothing_comes_back_that_was_not_taken(
        picked in proptest::collection::vec((0..24_usize, any::<bool>()), 0..12),
        at in 5..200_i64,
    ) {
        let policy = fixtures::policy();
        let mut some: Vec<_> = picked.iter().map(|(n, ours)| Taken {
            path: all().swap_remove(*n), found_at: hour(2), at: hour(3), ours: *ours,
        }).collect();
        some.sort_by(|a, b| a.path.cmp(&b.path));
        some.dedup_by(|a, b| a.path == b.path);
        let judged_of = |taken: &[Taken]| judged(&policy, &back(), taken, at);
        let first = judged_of(&some);
        let back: BTreeSet<_> = first.iter()
            .filter(|(_, becomes)| matches!(becomes, Return::Back | Return::Approved))
            .map(|(path, _)| path.clone()).collect();
        let ours: BTreeSet<_> =
            some.iter().filter(|taken| taken.ours).map(|taken| taken.path.clone()).collect();
        prop_assert!(back.is_subset(&ours));
        let over = |path: &Path| matches!(path, Path::Pim { until: Some(until), .. } if *until <= hour(at));
        prop_assert!(!back.iter().any(over));
        some.reverse();
        prop_assert_eq!(judged_of(&some), first);
    }
}
