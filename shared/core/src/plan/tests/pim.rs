//! Membership for a time.

use super::*;

fn pim(form: PimForm, name: &str, since: i64, until: i64) -> PimMembership {
    let (since, until) = (Some(hour(since)), Some(hour(until)));
    PimMembership { group: group(name), form, since, until }
}

#[test]
fn who_is_eligible_becomes_so_and_a_request_makes_a_member_for_a_time() {
    let hired = with_department("Site Reliability", fact(FactKind::Hired, 1, 0));
    assert_snapshot!(plan(std::slice::from_ref(&hired), &held(&[]), 1).unwrap(), @"+ 0042 eligible for on-call");
    let kind = FactKind::AccessRequested { team: team("on-call"), until: hour(5) };
    let facts = [hired, fact(kind, 2, 1)];
    let mut held = held(&[]);
    held.pim = vec![pim(PimForm::Eligible, "Frontend_on_call", 0, 9000)];
    assert_snapshot!(plan(&facts, &held, 1).unwrap(), @"+ 0042 into on-call until 2026-08-21T05:00:00Z");
    held.groups = vec![group("Frontend_on_call")];
    held.pim.push(pim(PimForm::Active, "Frontend_on_call", 1, 5));
    assert_snapshot!(plan(&facts, &held, 2).unwrap(), @"nothing to do");
}

#[test]
fn a_leaver_loses_eligibility_and_membership_for_a_time() {
    let mut held = held(&["Frontend_on_call", "ClusterAdminGroup", "Privileged_readers"]);
    held.groups[2].role_assignable = true;
    held.pim = vec![
        pim(PimForm::Eligible, "Frontend_on_call", 0, 9000),
        pim(PimForm::Active, "Frontend_on_call", 9, 13),
        pim(PimForm::Active, "ClusterAdminGroup", 9, 13),
        pim(PimForm::Eligible, "Somebody_elses", 9, 13),
    ];
    assert_snapshot!(plan(&leaver(), &held, 11).unwrap(), @"
    - sign-in of 0042
    - sessions of 0042
    - 0042 from every group
    - 0042 just in time from on-call
    ! 0042 is still in Privileged_readers: it is role-assignable: only a privileged administrator can take the member out
    ! PIM still keeps something of Somebody_elses for 0042: end it there
    when: doors shut first, writes cut within 1m, out within 1h 30m of that (the life of a token)
    ");
}

#[test]
fn a_group_of_the_wrong_kind_gets_nothing_and_somebody_is_told() {
    let (policy, on_call) = (policy(), team("on-call"));
    let fresh = plan_team(&policy, &on_call, &TeamHoldings::default()).unwrap();
    assert_snapshot!(fresh, @"
    + role-assignable group of team on-call
    + namespace private-aks/frontend
    ");
    let mut group = group("Frontend_on_call");
    group.role_assignable = false;
    let frontend = ("private-aks".parse().unwrap(), "frontend".parse().unwrap());
    let held =
        TeamHoldings { group: Some(group), namespaces: vec![frontend], ..Default::default() };
    let plan = plan_team(&policy, &on_call, &held).unwrap();
    assert_snapshot!(plan, @"! group Frontend_on_call is not role-assignable and cannot become so: rename or delete it");
}
