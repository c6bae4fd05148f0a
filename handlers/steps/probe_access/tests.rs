//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn every_verdict_is_a_line_and_all_must_be_as_expected() {
    assert_snapshot!(decide(|_| {}), @"
    ok: list pods at private-aks/frontend is allowed by RoleBinding ours in frontend of ClusterRole/view to 1004
    ok: list nodes at private-aks is denied
    ");
    assert!(as_expected(&decide(|_| {})));
}

#[test]
fn a_verdict_that_must_not_be_stands_out() {
    let found = decide(|facts| facts.answers[1].allowed = true);
    assert_snapshot!(found, @"
    ok: list pods at private-aks/frontend is allowed by RoleBinding ours in frontend of ClusterRole/view to 1004
    NOT AS EXPECTED: list nodes at private-aks is allowed, in words that tell no way
    ");
    assert!(!as_expected(&found));
}

#[test]
fn a_denial_that_a_young_azure_role_explains_is_pending_and_waits() {
    let found = decide(|facts| {
        facts.answers[0].allowed = false;
        facts.answers[0].pending = Some(f::now());
    });
    assert_snapshot!(found, @"
    PENDING until 2026-08-21T12:00:00Z: list pods at private-aks/frontend is denied
    ok: list nodes at private-aks is denied
    waits until 2026-08-21T12:00:00Z
    ");
    let beside_a_real_one = decide(|facts| {
        facts.answers[0].allowed = false;
        facts.answers[0].pending = Some(f::now());
        facts.answers[1].allowed = true;
    });
    assert!(matches!(beside_a_real_one, Decision::Report { as_expected: false, .. }));
}

#[test]
fn nobody_is_asked_for_while_a_role_settles() {
    let found = decide(|facts| facts.settles = Some(f::now()));
    assert_snapshot!(found, @"
    an Azure role was given just now: asking would pin a denial
    waits until 2026-08-21T12:00:00Z
    ");
    let given = |seconds: i64| {
        let held = f::held(AzureRole::RbacReader, "/cluster");
        let created = f::now() - SignedDuration::from_secs(seconds);
        settles(&[RoleAssignment { created: Some(created), ..held }], f::now())
    };
    assert_eq!(given(59), Some(f::now() + SignedDuration::from_secs(1)));
    assert_eq!(given(60), None);
    assert_eq!(settles(&[f::held(AzureRole::RbacReader, "/cluster")], f::now()), None);
}

#[test]
fn with_more_groups_than_a_token_carries_a_line_says_so() {
    let found = decide(|facts| {
        facts.answers.truncate(1);
        facts.groups = 201;
    });
    assert_snapshot!(found, @"
    ok: list pods at private-aks/frontend is allowed by RoleBinding ours in frontend of ClusterRole/view to 1004
    ! 201 groups: above 200 a token carries none
    ");
    assert!(as_expected(&found));
    assert!(!decide(|facts| facts.groups = 200).to_string().contains("200"));
}

#[test]
fn when_there_is_nobody_to_ask_for_the_probe_is_refused() {
    let why = "1004 has no Entra user".into();
    let nobody = Refusal::Field { field: "personId".into(), why };
    assert_snapshot!(decide(|facts| facts.nobody = Some(nobody)), @"refused: personId is missing or unusable: 1004 has no Entra user");
}

fn as_expected(decision: &Decision) -> bool {
    matches!(decision, Decision::Report { as_expected: true, .. })
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let request: Probe = f::request(include_str!("example.json"));
    let way = |way: Option<&str>| (way.is_some(), way.map(str::to_owned));
    let answers =
        [way(Some("RoleBinding ours in frontend of ClusterRole/view to 1004")), way(None)];
    let answers = request.expect.iter().cloned().zip(answers);
    let answers =
        answers.map(|(expected, (allowed, way))| Answer { expected, allowed, way, pending: None });
    let mut facts = Facts { answers: answers.collect(), groups: 1, ..Facts::default() };
    change(&mut facts);
    ProbeAccess::decide(&request, &facts, f::now())
}
