//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts {
        policy: f::policy(),
        wanted: CompliantDevice::ReportOnly,
        groups: [f::id(2), f::id(3)].into(),
        missing: BTreeSet::new(),
        glass: Some(f::id(9)),
        users: [f::break_glass()].into(),
        found: Vec::new(),
    };
    change(&mut facts);
    facts
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let request = f::request(include_str!("example.json"));
    RequireCompliantDevice::decide(&request, &facts(change), f::now())
}

fn approval(change: impl FnOnce(&mut Facts)) -> Option<Approval> {
    RequireCompliantDevice::approval(&f::request(include_str!("example.json")), &facts(change))
}

/// A policy of somebody's that does what is wanted.
fn policy(change: impl FnOnce(&mut DevicePolicy)) -> DevicePolicy {
    let mut policy = DevicePolicy {
        id: f::id(20),
        name: "aks-policy".to_owned(),
        state: PolicyState::ReportOnly,
        asks_for_device: true,
        everybody: false,
        groups: [f::id(2), f::id(3), f::id(4)].into(),
        except_groups: [f::id(9)].into(),
        except_users: BTreeSet::new(),
        unconditional: true,
    };
    change(&mut policy);
    policy
}

fn ours(policy: &mut DevicePolicy) {
    policy.name = "Latchkey: compliant device for private-aks".to_owned();
}

fn with(change: impl FnOnce(&mut DevicePolicy)) -> Decision {
    decide(|facts| facts.found = vec![policy(change)])
}

fn op(decision: &Decision) -> &Op {
    let [op] = decision.ops() else { panic!("one write is wanted: {decision}") };
    op
}

#[test]
fn a_policy_that_only_reports_is_made_and_needs_nobody() {
    assert_snapshot!(decide(|_| {}), @"+ compliant device for sign-in to private-aks, report-only");
    assert_eq!(approval(|_| {}), None);
    let made = decide(|_| {});
    let Op::RequireCompliantDevice { groups, except_group, except, .. } = op(&made) else {
        panic!("{made}")
    };
    assert_eq!(groups, &[f::id(2), f::id(3)]);
    assert_eq!((except_group, &except[..]), (&Some(f::id(9)), &[f::break_glass()][..]));
}

#[test]
fn an_enforced_one_needs_a_second_operator() {
    let enforced = |facts: &mut Facts| facts.wanted = CompliantDevice::Enforced;
    assert_snapshot!(decide(enforced), @"+ compliant device for sign-in to private-aks, enforced");
    assert_eq!(approval(enforced), Some(Approval::Operator));
}

#[test]
fn a_policy_of_any_name_that_does_the_same_or_more_is_left_to_do_it() {
    assert_snapshot!(with(|_| {}), @"nothing to do");
    let more = |policy: &mut DevicePolicy| {
        policy.state = PolicyState::Enabled;
        policy.everybody = true;
        policy.groups.clear();
        policy.except_users = [f::break_glass()].into();
    };
    assert_snapshot!(with(more), @"nothing to do");
}

#[test]
fn a_policy_that_does_less_does_not_count() {
    let less: [fn(&mut DevicePolicy); 6] = [
        |policy| policy.state = PolicyState::Disabled,
        |policy| policy.asks_for_device = false,
        |policy| policy.unconditional = false,
        |policy| policy.groups = [f::id(2)].into(),
        |policy| policy.except_groups = [f::id(4)].into(),
        |policy| policy.except_users = [f::id(4)].into(),
    ];
    for less in less {
        let decision = with(less);
        assert!(matches!(op(&decision), Op::RequireCompliantDevice { id: None, .. }), "{decision}");
    }
}

#[test]
fn ours_is_made_stronger_and_never_weaker() {
    let lacking = |policy: &mut DevicePolicy| {
        ours(policy);
        policy.state = PolicyState::Enabled;
        policy.groups = [f::id(2), f::id(7)].into();
    };
    let decision = with(lacking);
    assert_snapshot!(decision, @"~ compliant device for sign-in to private-aks, enforced");
    let Op::RequireCompliantDevice { id, groups, enforced, .. } = op(&decision) else {
        panic!("{decision}")
    };
    assert_eq!((id, *enforced), (&Some(f::id(20)), true));
    assert_eq!(groups, &[f::id(2), f::id(3), f::id(7)]);
    let stronger = |policy: &mut DevicePolicy| {
        ours(policy);
        policy.state = PolicyState::Enabled;
        policy.except_users = [f::break_glass()].into();
    };
    assert_snapshot!(with(stronger), @"nothing to do");
}

#[test]
fn ours_always_spares_the_break_glass_accounts() {
    let harsh = |policy: &mut DevicePolicy| {
        ours(policy);
        policy.except_groups.clear();
    };
    assert_snapshot!(with(harsh), @"~ compliant device for sign-in to private-aks, report-only");
}

#[test]
fn a_policy_about_everybody_that_spares_nobody_is_told_and_not_touched() {
    let harsh = |policy: &mut DevicePolicy| {
        policy.state = PolicyState::Enabled;
        policy.everybody = true;
        policy.except_groups.clear();
    };
    assert_snapshot!(with(harsh), @"! Conditional Access policy 00000014-1111-4222-8333-444455556666 does not spare the break-glass accounts");
}

#[test]
fn without_anybody_to_spare_it_is_refused() {
    let nobody = |facts: &mut Facts| {
        facts.glass = None;
        facts.users.clear();
    };
    assert_snapshot!(decide(nobody), @"refused: private-aks: nobody of protected.group and protected.principals exists to be spared");
}

#[test]
fn a_group_to_spare_that_is_missing_is_told() {
    let missing = |facts: &mut Facts| {
        facts.policy.protected.group = Some("Break_glass".parse().unwrap());
        facts.glass = None;
    };
    assert_snapshot!(decide(missing), @"
    + compliant device for sign-in to private-aks, report-only
    ! protected.group: there is no group Break_glass
    ");
}

#[test]
fn without_a_group_there_is_nothing_to_ask_of() {
    let none = |facts: &mut Facts| {
        facts.groups.clear();
        facts.missing.insert("Ops_Auditors".parse().unwrap());
    };
    assert_snapshot!(decide(none), @"! group Ops_Auditors with access to private-aks must exist");
}

#[test]
fn a_cluster_that_does_not_ask_for_it_is_refused() {
    assert_snapshot!(decide(|facts| facts.wanted = CompliantDevice::No), @"refused: cluster: private-aks without requireCompliantDevice is not in the policy");
}
