use super::{Account, Desired};
use crate::{fact::FactKind, fixtures::*, state::PersonState};

#[test]
fn a_membership_says_why() {
    let asked = FactKind::AccessRequested { team: team("observers"), until: hour(9) };
    let facts = [fact(FactKind::Hired, 1, 0), fact(asked, 2, 3)];
    let state = PersonState::of(&person(), &facts, hour(4));
    let desired = Desired::of(&policy(), &state, hour(4));
    let why =
        |name: &str| desired.teams[&team(name)].iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(desired.account, Account::Enabled);
    assert_eq!(why("frontend"), ["birthright: department = Frontend Ops"]);
    assert_eq!(why("observers"), ["requested until 2026-08-21T09:00:00Z"]);
    assert!(desired.findings.is_empty());
}

#[test]
fn a_request_for_what_is_not_requestable_is_a_finding() {
    let ask = |name| FactKind::AccessRequested { team: team(name), until: hour(9) };
    let facts =
        [fact(FactKind::Hired, 1, 0), fact(ask("platform"), 2, 3), fact(ask("nobody"), 3, 3)];
    let state = PersonState::of(&person(), &facts, hour(4));
    let desired = Desired::of(&policy(), &state, hour(4));
    assert_eq!(desired.teams.len(), 1);
    assert_eq!(
        desired.findings,
        [
            "data.request.team: no team is named nobody",
            "data.request.team: platform is not requestable",
        ]
    );
}

#[test]
fn a_missing_attribute_is_a_finding() {
    let mut hired = fact(FactKind::Hired, 1, 0);
    hired.attributes.department = None;
    let state = PersonState::of(&person(), &[hired], hour(4));
    let desired = Desired::of(&policy(), &state, hour(4));
    assert_eq!(
        desired.findings,
        ["data.attributes.department: is missing, and birthright rules look at it"]
    );
}
