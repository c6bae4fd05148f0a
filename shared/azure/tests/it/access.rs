//! What the view of access is made from: role definitions, members and what ids stand for.

use jiff::SignedDuration;
use latchkey_azure::MemberKind;
use latchkey_core::{ObjectId, holdings::PimForm};
use sandbox::{
    Service,
    azure::{Permission, RoleSchedule},
    directory::{AccessId, Form, Schedule},
};

use crate::stage::{object_id, stage};

#[tokio::test]
async fn a_built_in_role_is_read_once_and_one_of_the_tenant_every_time() {
    let stage = stage().await;
    let permission = Permission { actions: vec!["*/read".to_owned()], ..Permission::default() };
    let own = stage.azure().add_custom_role("Deployer", permission);
    let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635".parse().unwrap();
    for _ in 0..2 {
        let role = stage.arm.role_definition(&stage.cluster, owner).await.unwrap();
        assert_eq!((role.name.as_str(), role.allows("Any.Thing/at/all")), ("Owner", true));
        let role = stage.arm.role_definition(&stage.cluster, own.parse().unwrap()).await.unwrap();
        assert_eq!((role.name.as_str(), role.allows("Any.Thing/write")), ("Deployer", false));
    }
    assert_eq!(stage.sandbox.world.calls.of(Service::Arm), 3);
    let unknown = stage.arm.role_definition(&stage.cluster, uuid::Uuid::nil()).await.unwrap_err();
    assert!(unknown.is_not_found(), "{unknown}");
}

#[tokio::test]
async fn members_of_many_groups_are_told_by_what_they_are_however_many() {
    let stage = stage().await;
    let (outer, inner) = (stage.group("outer"), stage.group("inner"));
    let robot = stage.directory().add_managed_identity("robot", "client-robot");
    let person = stage.person("pat", "1042");
    for id in [robot.as_str(), person.as_str(), inner.as_str()] {
        assert!(stage.directory().add_member(outer.as_str(), id));
    }
    for number in 0..1_100 {
        let mut directory = stage.directory();
        let user = directory.add_user(&format!("u{number}"));
        directory.add_member(inner.as_str(), &user);
    }
    let gone = ObjectId::new("99999999-0000-4000-8000-000000000000").unwrap();
    let mut found = stage.graph.members_of_groups(&[outer, gone, inner.clone()]).await.into_iter();
    let mut first = found.next().unwrap().unwrap();
    first.sort_by_key(|object| object.kind);
    let kinds: Vec<_> = first.iter().map(|object| object.kind).collect();
    assert_eq!(kinds, [MemberKind::User, MemberKind::Group, MemberKind::ServicePrincipal]);
    assert_eq!((&first[0].id, first[0].employee_id.as_deref()), (&person, Some("1042")));
    assert_eq!(first[1].group_name.as_ref().unwrap().as_str(), "inner");
    assert_eq!(first[2].group_name, None);
    assert!(found.next().unwrap().unwrap_err().is_not_found());
    assert_eq!(found.next().unwrap().unwrap().len(), 1_100);
}

#[tokio::test]
async fn ids_and_names_are_told_and_what_does_not_exist_is_absent() {
    let stage = stage().await;
    let (person, group) = (stage.person("pat", "1042"), stage.group("team"));
    let robot = object_id(&stage.directory().add_managed_identity("robot", "client-robot"));
    let gone = ObjectId::new("99999999-0000-4000-8000-000000000000").unwrap();
    let ids = [person.clone(), group.clone(), robot.clone(), gone];
    let found = stage.graph.objects(&ids).await.unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(found[&robot].kind, MemberKind::ServicePrincipal);
    assert_eq!((found[&person].kind, found[&person].enabled), (MemberKind::User, Some(true)));
    assert!(!format!("{found:?}").contains("pat"));
    let upns = ["PAT@contoso.onmicrosoft.com", "o'hara+x@contoso.onmicrosoft.com"];
    let users = stage.graph.users_by_upn(&upns.map(str::to_owned)).await;
    assert_eq!(users[0].as_ref().unwrap().as_ref().map(|user| &user.id), Some(&person));
    assert_eq!(users[1].as_ref().unwrap(), &None);
}

#[tokio::test]
async fn azure_roles_under_pim_are_told_with_their_end_and_ordinary_ones_are_not() {
    let stage = stage().await;
    let person = stage.person("pat", "1042");
    let now = stage.sandbox.world.clock.now();
    let group = stage.cluster.split("/providers/").next().unwrap().to_owned();
    let end = Some(now + SignedDuration::from_hours(8));
    let schedule = |eligible, scope: &str, ends| RoleSchedule {
        eligible,
        role: "b24988ac-6180-42a0-ab88-20f7382dd24c".to_owned(),
        scope: scope.to_owned(),
        principal_type: "User".to_owned(),
        principal_id: person.to_string(),
        assignment: Some("/an/assignment".to_owned()),
        starts: now,
        ends,
    };
    stage.azure().schedules = vec![
        schedule(true, &group, None),
        schedule(false, &stage.cluster, end),
        schedule(false, &group, None),
        schedule(true, "/subscriptions/other", None),
    ];
    let roles = stage.arm.pim_roles(&stage.cluster).await.unwrap();
    let told: Vec<_> = roles.iter().map(|role| (role.form, role.until)).collect();
    assert_eq!(told, [(PimForm::Eligible, None), (PimForm::Active, end)]);
    assert_eq!((&roles[0].held.scope, &roles[0].held.principal), (&group, &person));
    assert_eq!(
        (roles[1].since, roles[1].assignment.as_deref()),
        (Some(now), Some("/an/assignment"))
    );
}

#[tokio::test]
async fn pim_of_groups_is_told_group_by_group_and_ordinary_members_are_not() {
    let stage = stage().await;
    let (timed, plain) = (stage.person("pat", "1042"), stage.person("sam", "1043"));
    let (one, two) = (stage.group("one"), stage.group("two"));
    let now = stage.sandbox.world.clock.now();
    let schedule = |form, group: &ObjectId| Schedule {
        id: format!("{group}_member_{form:?}"),
        group: group.to_string(),
        principal: timed.to_string(),
        access: AccessId::Member,
        form,
        created_using: String::new(),
        created: now,
        modified: None,
        starts: now,
        ends: Some(now + SignedDuration::from_hours(8)),
        activated_using: None,
    };
    {
        let mut directory = stage.directory();
        assert!(directory.add_member(one.as_str(), plain.as_str()));
        directory.put_schedule(schedule(Form::Active, &one)).unwrap();
        directory.put_schedule(schedule(Form::Eligible, &two)).unwrap();
    }
    let found = stage.graph.pim_of_groups(&[one, two]).await;
    let told = found.iter().map(|held| {
        let held = &held.as_ref().unwrap()[0];
        (held.id.clone(), held.form, held.until.is_some())
    });
    let expected = [PimForm::Active, PimForm::Eligible].map(|form| (timed.clone(), form, true));
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert!(found.iter().all(|held| held.as_ref().unwrap().len() == 1));
}
