//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn every_verdict_is_a_line_and_all_must_be_as_expected() {
    assert_snapshot!(decide(|_| {}), @r#"
    ok: list pods at private-aks/frontend is allowed (a binding)
    ok: list nodes at private-aks is denied (no reason given)
    "#);
    assert!(as_expected(&decide(|_| {})));
}

#[test]
fn a_verdict_that_must_not_be_stands_out() {
    let found = decide(|facts| facts.verdicts[1].1.allowed = true);
    assert_snapshot!(found, @r#"
    ok: list pods at private-aks/frontend is allowed (a binding)
    NOT AS EXPECTED: list nodes at private-aks is allowed (no reason given)
    "#);
    assert!(!as_expected(&found));
}

#[test]
fn with_more_groups_than_a_token_carries_a_line_says_so() {
    let found = decide(|facts| {
        facts.verdicts.truncate(1);
        facts.groups = 201;
    });
    assert_snapshot!(found, @r#"
    ok: list pods at private-aks/frontend is allowed (a binding)
    ! 201 groups: above 200 a token carries none
    "#);
}

#[test]
fn when_there_is_nobody_to_ask_for_that_is_not_as_expected() {
    let found = decide(|facts| facts.nobody = Some("1004 has no Entra user to ask for".into()));
    assert_snapshot!(found, @"1004 has no Entra user to ask for");
    assert!(!as_expected(&found));
}

#[test]
fn the_policy_says_what_a_team_must_and_must_not_see() {
    let lines = |team: &str| -> String {
        let (team, cluster) = (team.parse().unwrap(), "private-aks".parse().unwrap());
        let all = expected(&f::policy(), &team, &cluster).expect("the policy has both");
        let line = |e: Expectation| {
            let at = place(&cluster, e.namespace.as_ref());
            format!("{} at {at}: {}\n", e.resource, e.allowed)
        };
        all.into_iter().map(line).collect()
    };
    assert_snapshot!(lines("frontend"), @"
    pods at private-aks/backend: false
    pods at private-aks/frontend: true
    pods at private-aks: false
    nodes at private-aks: false
    ");
    assert_snapshot!(lines("platform"), @"
    pods at private-aks/backend: true
    pods at private-aks/frontend: true
    pods at private-aks: true
    nodes at private-aks: true
    ");
}

fn as_expected(decision: &Decision) -> bool {
    matches!(decision, Decision::Report { as_expected: true, .. })
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let request: Probe = f::request(include_str!("example.json"));
    let verdict = |allowed, reason: Option<&str>| Verdict {
        allowed,
        denied: false,
        reason: reason.map(str::to_owned),
        path: None,
        evaluation_error: None,
    };
    let verdicts = [verdict(true, Some("a binding")), verdict(false, None)];
    let mut facts = Facts {
        verdicts: request.expect.iter().cloned().zip(verdicts).collect(),
        groups: 1,
        nobody: None,
    };
    change(&mut facts);
    ProbeAccess::decide(&request, &facts, f::now())
}
