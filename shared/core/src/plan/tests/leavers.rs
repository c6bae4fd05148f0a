//! Plans for somebody who has left.

use super::*;

#[test]
fn a_leaver_loses_the_doors_first_and_then_every_path() {
    let mut held = held(&["Ops_Frontend_team", "Book_club"]);
    held.assignments.push(assignment(AzureRole::RbacReader, "/subscriptions/x", &id(1)));
    held.bindings.push(binding(
        "retail-aks",
        None,
        Subject::User("alex.kim@contoso.example".into()),
    ));
    assert_snapshot!(plan(&leaver(), &held, 11).unwrap(), @"
    - sign-in of 0042
    - sessions of 0042
    - 0042 from every group
    - Azure roles of 0042
    - bindings of 0042
    when: doors shut first, writes cut within 1m, out within 1h 30m of that (the life of a token)
    ");
}

fn shut(listed: bool, until: Option<i64>) -> Shut {
    Shut { listed, until: until.map(hour) }
}

#[test]
fn a_leavers_writes_are_refused_until_their_last_token_has_expired() {
    let mut held = stripped(); // sessions ended at hour 11
    let mut plan = |now, retail| {
        held.cut = ["private-aks", "retail-aks"].map(|c| (c.parse().unwrap(), retail)).into();
        held.cut.insert("private-aks".parse().unwrap(), shut(true, Some(13)));
        plan(&leaver(), &held, now)
            .unwrap()
            .intents
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let cut = vec!["- writes of 0042".to_owned()];
    let nothing = Vec::<String>::new();
    assert_eq!(plan(12, shut(false, None)), cut);
    assert_eq!(plan(12, shut(true, Some(12))), cut, "it ends before the last token");
    assert_eq!(plan(12, shut(true, Some(13))), nothing);
    assert_eq!(plan(13, shut(false, None)), nothing, "no token of theirs lives any more");
}

#[test]
fn the_writes_of_somebody_who_came_back_are_restored_and_looked_after_while_an_entry_may_stand() {
    let facts = [fact(FactKind::Hired, 1, 0)];
    let policy = policy();
    let state = PersonState::of(&person(), &facts, hour(1));
    let mut held = held(&["Ops_Frontend_team"]);
    held.cut.insert("retail-aks".parse().unwrap(), shut(true, None));
    held.unseen.insert("private-aks".parse().unwrap(), "no answer".into());
    let past = Past { cut: Some(hour(2)), ..Past::default() };
    assert_snapshot!(plan_person(&policy, &state, &held, past, &[], hour(1)).unwrap(), @"
    + writes of 0042
    ! cluster private-aks could not be seen: no answer
    note: cluster private-aks could not be seen: no answer
    ");
    held.unseen.clear();
    held.cut.insert("retail-aks".parse().unwrap(), shut(false, None));
    assert!(plan_person(&policy, &state, &held, past, &[], hour(1)).unwrap().is_done());
}

#[test]
fn what_no_step_can_take_from_a_leaver_is_told_with_whom_to_ask() {
    let mut held = held(&["Canteen"]);
    let group = group("Ops_Frontend_team");
    held.nested.push(Nested { group: group.clone(), through: "Canteen".parse().unwrap() });
    held.owned.push(Owned { group, last: false });
    held.owned.push(Owned { group: crate::fixtures::group("ClusterAdminGroup"), last: true });
    let contributor = uuid::Uuid::from_u128(7);
    let role = |scope: &str| RoleAssignment {
        role: contributor,
        ..assignment(AzureRole::RbacReader, scope, &id(1))
    };
    held.assignments.push(role("/subscriptions/x"));
    held.eligible.push(role("/subscriptions/y"));
    held.doors.insert(contributor, [AdminDoor::ClusterWrite, AdminDoor::RunCommand].into());
    held.handed.push(HandedOut { cluster: "retail-aks".parse().unwrap(), at: hour(3) });
    held.unread.push("who was handed admin credentials: no answer".into());
    held.user.as_mut().unwrap().guest = true;
    let plan = plan(&leaver(), &held, 11).unwrap();
    assert_snapshot!(plan, @"
    - sign-in of 0042
    - 0042 from every group
    - ownerships of 0042
    - Azure roles of 0042
    ! 0042 is the last owner of group ClusterAdminGroup, whom Graph keeps: name another owner first
    ! eligibility for Azure role 00000000-0000-0000-0000-000000000007 at /subscriptions/y (changes the cluster, runs commands) of 0042: end it in PIM, or ask who administers it
    ! 0042 was handed the admin credential of retail-aks at 2026-08-21T03:00:00Z, which works until its certificates are rotated: order rotate_certificates
    ! could not be read: who was handed admin credentials: no answer
    when: doors shut first, writes cut within 1m, out within 1h 30m of that (the life of a token)
    note: the user is a guest: sessions end with its home tenant
    note: Azure role 00000000-0000-0000-0000-000000000007 at /subscriptions/x (changes the cluster, runs commands) of 0042
    ");
    assert_snapshot!(plan.not_visible.join("\n"), @"
    sessions of the guest in its home tenant: ask there
    service-account tokens, and kubeconfigs with credentials of others, copied before: Kubernetes does not tell who took them
    SSH keys on nodes: rotate them where people had access to nodes
    ");
    let paths = Path::of(&held);
    assert!(paths.iter().any(|path| path.step() == "disown_groups"));
    assert_eq!(paths.len(), 8, "{paths:#?}");
}

/// A leaver from whom everything was taken.
fn stripped() -> Holdings {
    let mut held = held(&[]);
    let user = held.user.as_mut().unwrap();
    (user.enabled, user.sessions_valid_from) = (false, Some(hour(11)));
    held
}

#[test]
fn a_leavers_user_is_deleted_when_due_and_not_before() {
    let month = 30 * 24;
    assert!(plan(&leaver(), &stripped(), 10 + month - 1).unwrap().is_done());
    assert_snapshot!(plan(&leaver(), &stripped(), 10 + month).unwrap(), @"- Entra user of 0042");
}

#[test]
fn no_user_is_deleted_while_anything_is_left_or_the_law_forbids_it() {
    let late = 10 + 31 * 24;
    let deletes = |facts: &[Fact], held: &Holdings| {
        let plan = plan(facts, held, late).unwrap();
        plan.intents.iter().any(|step| matches!(step, Intent::DeleteUser(_)))
    };
    assert!(deletes(&leaver(), &stripped()));
    let mut held_by_law = leaver();
    held_by_law[1].legal_hold = Some("matter 7".into());
    assert!(!deletes(&held_by_law, &stripped()));
    let but = |change: fn(&mut Holdings)| {
        let mut held = stripped();
        change(&mut held);
        deletes(&leaver(), &held)
    };
    assert!(!but(|held| held.user.as_mut().unwrap().enabled = true));
    assert!(!but(|held| held.groups.push(group("Book_club"))));
    assert!(!but(|held| held.bindings.push(binding(
        "retail-aks",
        None,
        Subject::User("x".into())
    ))));
    assert!(!but(|held| drop(held.unseen.insert("retail-aks".parse().unwrap(), "?".into()))));
    assert!(!but(|held| held.groups.push(Group { synced: true, ..group("Old") })));
    assert!(but(|held| held.groups.push(Group { dynamic: true, ..group("Everybody") })));
}

#[test]
fn a_protected_leavers_user_is_never_deleted() {
    let mut policy = policy();
    policy.protected.principals.insert(id(1));
    let late = hour(10 + 31 * 24);
    let state = PersonState::of(&person(), &leaver(), late);
    assert!(
        plan_person(&policy, &state, &stripped(), Past::default(), &[], late).unwrap().is_done()
    );
}

#[test]
fn reserved_bindings_of_a_leaver_stay() {
    let mut held = held(&[]);
    held.user.as_mut().unwrap().enabled = false;
    held.user.as_mut().unwrap().sessions_valid_from = Some(hour(10));
    let mut reserved =
        binding("retail-aks", None, Subject::User("alex.kim@contoso.example".into()));
    reserved.reserved = true;
    held.bindings.push(reserved);
    assert_snapshot!(plan(&leaver(), &held, 11).unwrap(), @"nothing to do");
}

#[test]
fn sessions_of_a_guest_are_its_home_tenants() {
    let mut held = held(&[]);
    held.user.as_mut().unwrap().guest = true;
    assert_snapshot!(plan(&leaver(), &held, 11).unwrap(), @"
    - sign-in of 0042
    when: doors shut first, writes cut within 1m, out within 5m of that (the end of sign-in)
    note: the user is a guest: sessions end with its home tenant
    ");
}

#[test]
fn a_leaver_among_the_last_admins_waits_for_an_operator() {
    let policy = policy();
    let state = PersonState::of(&person(), &leaver(), hour(11));
    let held = held(&["ClusterAdminGroup"]);
    let refused = |members: &[u32]| {
        let admins = admins(&policy, members.iter().copied());
        plan_person(&policy, &state, &held, Past::default(), &admins, hour(11))
            .map(|plan| plan.to_string())
    };
    let err = refused(&[1, 2]).unwrap_err();
    assert_snapshot!(err, @"private-aks would keep 1 usable admins, fewer than 2");
    assert!(refused(&[1, 2, 3]).is_ok());
    let unseen = plan_person(&policy, &state, &held, Past::default(), &[], hour(11)).unwrap_err();
    assert_snapshot!(unseen, @"private-aks: who else can administer it was not observed");
}
