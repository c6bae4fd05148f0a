//! What holds of every plan.

use super::*;

/// What a team's group might hold: roles and bindings here and there, ours or not.
fn team_holdings(policy: &Policy, name: &str) -> impl Strategy<Value = TeamHoldings> + use<> {
    let own = group(policy.team(&team(name)).unwrap().group.as_str());
    let clusters: Vec<String> = policy.clusters.keys().map(ToString::to_string).collect();
    let scopes: Vec<String> = policy
        .clusters
        .values()
        .flat_map(|c| {
            let id = c.resource_id.to_uppercase();
            [c.scope(None), format!("{}/namespaces/web", c.resource_id), id]
        })
        .chain(["/subscriptions/elsewhere".to_owned()])
        .collect();
    let roles: Vec<_> =
        scopes.iter().flat_map(|scope| AzureRole::ALL.map(|role| (role, scope.clone()))).collect();
    let spaces = [None, Some("shop"), Some("web")];
    let places: Vec<_> =
        clusters.into_iter().flat_map(|c| spaces.map(|space| (c.clone(), space))).collect();
    (
        proptest::option::of(Just(own)),
        subsequence(roles, 0..12),
        proptest::collection::vec((sample::select(places), any::<bool>(), any::<bool>()), 0..6),
        any::<bool>(),
    )
        .prop_map(|(own, roles, bound, spaces)| {
            let Some(own) = own else { return TeamHoldings::default() };
            let roles =
                roles.iter().map(|(role, scope)| assignment(*role, scope, &own.id)).collect();
            let bindings = bound.into_iter().map(|((cluster, namespace), managed, reserved)| {
                let mut binding = binding(&cluster, namespace, Subject::Group(own.id.to_string()));
                (binding.managed, binding.reserved) = (managed, reserved);
                binding
            });
            let shop = ("retail-aks".parse().unwrap(), "shop".parse().unwrap());
            TeamHoldings {
                assignments: roles,
                bindings: bindings.collect(),
                namespaces: if spaces { vec![shop] } else { vec![] },
                group: Some(own),
                roles: vec![],
                unguarded: [].into(),
            }
        })
}

/// What is held after a team's plans are done; then nothing is left to do.
fn done(policy: &Policy, name: &str, held: TeamHoldings) -> Result<TeamHoldings, TestCaseError> {
    let mut held = held;
    // Group and namespaces first, what needs them second.
    for _ in 0..2 {
        let plan = plan_team(policy, &team(name), &held).unwrap();
        held = plan.intents.iter().fold(held, |held, step| team_after(held, step, policy));
    }
    let rest = plan_team(policy, &team(name), &held).unwrap();
    prop_assert!(rest.is_done(), "{rest}");
    Ok(held)
}

proptest! {
    #[test]
    fn a_persons_plan_done_leaves_an_empty_plan(
        facts in facts(),
        held in holdings(),
        now in 0_i64..1500,
        granted in subsequence(vec!["reader", "writer"], 0..=2),
    ) {
        let mut policy = policy();
        policy.grants = granted.iter().map(|role| grant("retail-aks", role)).collect();
        let state = PersonState::of(&person(), &facts, hour(now));
        let admins = admins(&policy, 1..10);
        let mut held = held;
        // A missing user is created at the first look, the rest follows at the second; a leaver's
        // user is deleted at the look that finds nothing else.
        for _ in 0..2 {
            let Ok(plan) = plan_person(&policy, &state, &held, Past::default(), &admins, hour(now)) else {
                // Only a user that cannot be created is refused here.
                prop_assert!(held.user.is_none());
                return Ok(());
            };
            prop_assert!(plan.intents.len() <= 9 + granted.len(), "{plan}");
            held = plan.intents.iter().fold(held, |held, step| {
                person_after(held, step, &policy, &state, hour(now))
            });
        }
        let rest = plan_person(&policy, &state, &held, Past::default(), &admins, hour(now)).unwrap();
        prop_assert!(rest.intents.is_empty(), "{rest}");
    }

    #[test]
    fn a_teams_plans_done_leave_an_empty_plan(held in team_holdings(&policy(), "retail")) {
        let held = done(&policy(), "retail", held)?;
        prop_assert!(held.bindings.iter().filter(|b| b.managed && !b.reserved).all(|b| b.namespace.is_some()));
    }

    #[test]
    fn on_both_planes_a_teams_plans_done_leave_an_empty_plan(
        (name, held) in sample::select(vec!["web", "night-watch", "admins"])
            .prop_flat_map(|name| (Just(name), team_holdings(&both_planes(), name))),
    ) {
        done(&both_planes(), name, held)?;
    }

    #[test]
    fn a_leavers_plan_is_done_only_when_no_way_in_is_left(facts in facts(), held in holdings(), now in 0_i64..60) {
        let policy = policy();
        let state = PersonState::of(&person(), &facts, hour(now));
        if let Ok(plan) = plan_person(&policy, &state, &held, Past::default(), &admins(&policy, 1..10), hour(now))
            && state.standing() == Standing::Left
            && plan.is_done()
        {
            prop_assert_eq!(Path::of(&held), [].into());
        }
    }

    #[test]
    fn no_plan_gives_anything_to_somebody_without_an_active_spell(facts in facts(), held in holdings(), now in 0_i64..60) {
        let policy = policy();
        let state = PersonState::of(&person(), &facts, hour(now));
        if let Ok(plan) = plan_person(&policy, &state, &held, Past::default(), &admins(&policy, 1..10), hour(now))
            && state.standing() != Standing::Active
        {
            let gives = |step: &Intent| matches!(
                step,
                Intent::CreateUser(_)
                    | Intent::JoinGroups(_)
                    | Intent::MakeEligible(_)
                    | Intent::GrantJustInTime(_)
                    | Intent::RestoreWrites(_)
            );
            prop_assert!(!plan.intents.iter().any(gives), "{plan}");
        }
    }

    #[test]
    fn no_plan_removes_the_last_admins_or_touches_the_protected(
        facts in facts(),
        held in holdings(),
        now in 0_i64..60,
        members in subsequence(vec![1_u32, 2, 3, 4], 0..=4),
        leaving in subsequence(vec![2_u32, 3, 4], 0..=3),
        protected in any::<bool>(),
    ) {
        let mut policy = policy();
        if protected {
            policy.protected.principals.insert(id(1));
        }
        let mut admins = admins(&policy, members.iter().copied());
        for cluster in &mut admins {
            cluster.leaving_in_flight = leaving.iter().copied().map(id).collect();
        }
        let state = PersonState::of(&person(), &facts, hour(now));
        let Ok(plan) = plan_person(&policy, &state, &held, Past::default(), &admins, hour(now)) else { return Ok(()) };
        prop_assert!(!protected || held.user.is_none() || plan.intents.is_empty());
        let removes = plan.intents.iter().any(|step| match step {
            Intent::DisableSignIn(_) => true,
            Intent::LeaveGroups(asked) => asked.everything || asked.teams.contains(&team("platform")),
            Intent::EndJustInTime(asked) => {
                let admins = group("ClusterAdminGroup").id;
                asked.team == team("platform") && held.pim_of(&admins, PimForm::Active).is_some()
            }
            _ => false,
        });
        if removes && members.contains(&1) && held.user.is_some() {
            let left = members.iter().filter(|m| **m != 1 && !leaving.contains(m)).count();
            prop_assert!(left >= 2, "{left} left by {plan}");
        }
    }
}

proptest! {
    #[test]
    fn after_a_leavers_plan_pim_keeps_nothing_of_a_team(facts in facts(), held in holdings(), now in 0_i64..60) {
        let policy = policy();
        let state = PersonState::of(&person(), &facts, hour(now));
        let Ok(plan) = plan_person(&policy, &state, &held, Past::default(), &admins(&policy, 1..10), hour(now)) else {
            return Ok(());
        };
        if state.standing() != Standing::Left {
            return Ok(());
        }
        let held = plan.intents.iter()
            .fold(held, |held, step| person_after(held, step, &policy, &state, hour(now)));
        for kept in &held.pim {
            prop_assert!(policy.team_of_group(&kept.group.name).is_none(), "{kept:?} after {plan}");
            let said = plan.residue.iter().any(|line| line.contains(kept.group.name.as_str()));
            prop_assert!(said, "{kept:?} is left and nobody is told: {plan}");
        }
    }

    #[test]
    fn nobody_is_granted_more_time_than_the_policy_allows(facts in facts(), held in holdings(), now in 0_i64..60) {
        let policy = policy();
        let state = PersonState::of(&person(), &facts, hour(now));
        let Ok(plan) = plan_person(&policy, &state, &held, Past::default(), &admins(&policy, 1..10), hour(now)) else {
            return Ok(());
        };
        for step in &plan.intents {
            let Intent::GrantJustInTime(asked) = step else { continue };
            let longest = policy.teams[&asked.team].just_in_time.as_ref().map(|jit| jit.longest());
            prop_assert!(longest.is_some_and(|most| asked.until.duration_since(hour(now)) <= most));
            prop_assert!(asked.until > hour(now));
        }
    }
}
