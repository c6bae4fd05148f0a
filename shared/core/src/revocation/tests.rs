//! The story of a leaver, told by records.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    case::{CaseRecord, Cause, Evidence, Outcome},
    fixtures::{self, group, hour, id},
    message::About,
    policy::Revocation,
};

/// Minutes after the event.
fn at(minutes: i64) -> Timestamp {
    hour(0) + SignedDuration::from_mins(minutes)
}

fn opened() -> CaseRecord {
    CaseRecord::Opened {
        about: About::Person(fixtures::person()),
        cause: Cause::Sweep,
        since: Some(at(0)),
        trace: None,
    }
}

fn evidence(step: &str, minutes: i64, outcome: Outcome, ops: &[&str]) -> CaseRecord {
    CaseRecord::Evidence(Evidence {
        step: step.into(),
        message_id: format!("{step}-{minutes}"),
        attempt: 1,
        at: Some(at(minutes)),
        outcome,
        ops: ops.iter().map(ToString::to_string).collect(),
        residue: vec!["as it should be".into()],
        why: None,
        ms: 1,
    })
}

fn seen(minutes: i64, found: &[Path], gone: &[Path]) -> CaseRecord {
    CaseRecord::Paths { at: at(minutes), found: found.to_vec(), gone: gone.to_vec() }
}

fn member() -> Path {
    let group = group("Ops_Frontend_team");
    Path::Group { group: group.id, name: group.name, membership: Membership::Assigned }
}

fn role(scope: &str) -> Path {
    let role = crate::azure_role::AzureRole::RbacWriter.id();
    Path::AzureRole {
        id: format!("{scope}/x"),
        role,
        scope: scope.into(),
        eligible: false,
        doors: Doors::default(),
    }
}

/// Doors shut after a minute, a membership and a role found after two and gone after three.
fn until_gone() -> Vec<CaseRecord> {
    vec![
        opened(),
        evidence("disable_sign_in", 1, Outcome::Applied, &["- sign-in of 0042"]),
        evidence("end_sessions", 1, Outcome::Applied, &["- sessions of 0042"]),
        seen(2, &[member(), role("/subscriptions/1")], &[]),
        evidence("leave_groups", 3, Outcome::Applied, &["- 0042 from Ops_Frontend_team"]),
        evidence("revoke_role_assignments", 3, Outcome::Applied, &["- a role of 0042"]),
        seen(4, &[], &[member(), role("/subscriptions/1")]),
    ]
}

fn told(records: &[CaseRecord]) -> String {
    let story = Story::of(records, &Revocation::default());
    let minutes = |at: Option<Timestamp>| {
        at.map_or("-".to_owned(), |at| (at.duration_since(hour(0)).as_mins()).to_string())
    };
    let line = |tracked: &Tracked| {
        let proof = tracked.proof.as_ref().map(|(at, _)| *at);
        let (gone, out) = (minutes(tracked.gone_at), minutes(tracked.out_by));
        let (from, proven) = (minutes(tracked.provable_from), minutes(proof));
        format!("{}: gone {gone}, out {out}, to prove {from}, proven {proven}", tracked.path)
    };
    story.paths.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_path_is_out_when_its_bound_has_passed() {
    assert_snapshot!(told(&until_gone()), @"
    sign-in: gone 1, out 6, to prove 19, proven -
    sessions: gone 1, out 6, to prove 19, proven -
    group Ops_Frontend_team: gone 3, out 93, to prove 93, proven -
    Azure role a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb at /subscriptions/1: gone 3, out 21, to prove 21, proven -
    ");
}

#[test]
fn a_proof_counts_only_for_what_could_be_proven_then() {
    let mut records = until_gone();
    records.push(evidence(PROOF, 18, Outcome::AsExpected, &[]));
    assert_eq!(Story::of(&records, &Revocation::default()).next_proof(), Some(at(19)));
    records.push(evidence(PROOF, 21, Outcome::AsExpected, &[]));
    assert_eq!(Story::of(&records, &Revocation::default()).next_proof(), Some(at(93)));
    records.push(evidence(PROOF, 95, Outcome::Unexpected, &[]));
    assert_eq!(Story::of(&records, &Revocation::default()).next_proof(), Some(at(93)));
    records.push(evidence(PROOF, 96, Outcome::AsExpected, &[]));
    assert_eq!(Story::of(&records, &Revocation::default()).next_proof(), None);
}

#[test]
fn a_way_in_is_overdue_when_its_bound_has_passed_without_proof() {
    let revocation = Revocation::default();
    let overdue = |records: &[CaseRecord], minutes: i64| {
        let story = Story::of(records, &revocation);
        let late: Vec<_> =
            story.overdue(&revocation, at(minutes)).map(|late| late.path.to_string()).collect();
        late.join(", ")
    };
    let mut records = until_gone();
    assert_snapshot!(overdue(&records, 29), @"");
    assert_snapshot!(overdue(&records, 30), @"sign-in, sessions");
    assert_snapshot!(overdue(&records, 104), @"sign-in, sessions, group Ops_Frontend_team, Azure role a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb at /subscriptions/1");
    records.push(evidence(PROOF, 94, Outcome::AsExpected, &[]));
    assert_snapshot!(overdue(&records, 104), @"");
    let still_there = [seen(100, &[member()], &[])];
    records.extend(still_there);
    assert_snapshot!(overdue(&records, 200), @"");
    assert_snapshot!(overdue(&records, 201), @"group Ops_Frontend_team");
}

#[test]
fn what_comes_back_is_open_again_and_counts_anew() {
    let mut records = until_gone();
    records.push(seen(30, &[member()], &[]));
    let story = Story::of(&records, &Revocation::default());
    assert_eq!(story.open(), [&member()].into());
    records.push(seen(40, &[], &[member()]));
    let story = Story::of(&records, &Revocation::default());
    let back = story.paths.iter().find(|tracked| tracked.path == member()).unwrap();
    assert_eq!((back.gone_at, back.writes.len()), (Some(at(40)), 0), "somebody else took it");
}

#[test]
fn a_look_records_only_what_is_news() {
    let story = Story::of(&until_gone(), &Revocation::default());
    assert_eq!(story.news(&BTreeSet::new(), at(5)), None);
    let again = CaseRecord::Paths { at: at(5), found: vec![member()], gone: vec![] };
    assert_eq!(story.news(&[member()].into(), at(5)), Some(again));
}

#[test]
fn roles_above_subscriptions_and_tokens_of_continuous_evaluation_take_longest() {
    let above = role("/providers/Microsoft.Management/managementGroups/contoso");
    assert_eq!(above.bound(), Bound::AzureRoleAbove);
    assert_eq!(role("/subscriptions/1").bound(), Bound::AzureRole);
    let mut revocation = Revocation::default();
    let forecast = |revocation: &Revocation| {
        Forecast::of(&[member(), role("/subscriptions/1")], revocation).to_string()
    };
    assert_snapshot!(forecast(&revocation), @"doors shut first, writes cut within 1m, out within 1h 30m of that (the life of a token)");
    revocation.continuous_access_evaluation = true;
    revocation.cut_writes = false;
    assert_snapshot!(forecast(&revocation), @"doors shut first, out within 28h of that (the life of a token)");
}

#[test]
fn a_receipt_needs_every_path_proven() {
    let policy = fixtures::policy();
    let receipt = |records: &[CaseRecord]| {
        let case = crate::CaseId::of(&["receipt"]);
        let of = (&case, &fixtures::person());
        Receipt::of(&policy, of, records, Beside::default(), at(100))
    };
    let mut records = until_gone();
    records.push(evidence(PROOF, 50, Outcome::AsExpected, &[]));
    assert_eq!(receipt(&records), None);
    records.push(evidence(PROOF, 94, Outcome::AsExpected, &[]));
    let receipt = receipt(&records).expect("all is proven");
    let told: Vec<_> = receipt.paths.iter().map(|path| path.told.as_str()).collect();
    assert_eq!(told[..3], ["sign-in", "sessions", "group Ops_Frontend_team"]);
    let text = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), receipt);
    assert!(!text.contains(id(1).as_str()), "it names nobody");
}

#[test]
fn a_token_may_be_as_young_as_the_door_that_was_shut_last() {
    let mut records = until_gone();
    records[2] = evidence("end_sessions", 5, Outcome::Applied, &["- sessions of 0042"]);
    let story = Story::of(&records, &Revocation::default());
    assert_eq!(story.tokens_until(&Revocation::default()), Some(at(95)));
}

#[test]
fn authorizers_are_asked_when_they_have_forgotten_the_last_path_not_when_tokens_are_over() {
    let askable = |records: &[CaseRecord]| {
        Story::of(records, &Revocation::default()).askable_from(&Revocation::default())
    };
    assert_eq!(askable(&until_gone()[..3]), Some(at(19)), "the doors");
    assert_eq!(askable(&until_gone()), Some(at(21)), "the role and the membership");
    let mut records = until_gone()[..3].to_vec();
    records.push(seen(2, &[member()], &[]));
    records.push(evidence("leave_groups", 10, Outcome::Applied, &["- 0042 from a group"]));
    records.push(seen(11, &[], &[member()]));
    assert_eq!(askable(&records), Some(at(28)), "the membership alone");
}

#[test]
fn a_cluster_is_asked_what_the_ways_in_opened_there() {
    let policy = fixtures::policy();
    let story = Story::of(&until_gone(), &Revocation::default());
    let of = |cluster: &str| {
        let asked = questions(&policy, &story, &cluster.parse().unwrap());
        let place = |question: &Question| {
            let namespace = question.namespace.as_ref().map_or("*".into(), ToString::to_string);
            format!("{} {} at {namespace}", question.verb, question.resource)
        };
        asked.iter().map(place).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(of("private-aks"), @"
    create pods at frontend
    list pods at frontend
    ");
    assert_snapshot!(of("retail-aks"), @"");
}
