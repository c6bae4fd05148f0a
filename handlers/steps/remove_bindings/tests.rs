//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::{
    access::WhoKind,
    drift::{Story, Stray, Straying},
    policy::OnDrift,
};

use super::{super::fixtures as f, *};

#[test]
fn a_binding_of_strangers_alone_is_deleted_and_others_lose_only_theirs() {
    assert_snapshot!(decide(|_| {}), @"
    - ClusterRole/view in retail-aks/dev from user 1, group 2
    - user 1 from binding mixed in retail-aks/dev
    ");
}

#[test]
fn who_stays_keeps_the_binding() {
    let stays = |facts: &mut Facts| {
        for (stray, astray) in facts.look.straying.strays.values_mut() {
            let Astray::Bound(.., who) = astray else { continue };
            if who.kind == WhoKind::Group {
                stray.rule = OnDrift::Report;
            }
        }
    };
    assert_snapshot!(decide(stays), @"
    - user 1 from binding all in retail-aks/dev
    - user 1 from binding mixed in retail-aks/dev
    ");
}

#[test]
fn a_cluster_that_cannot_be_seen_is_named() {
    let blind = |facts: &mut Facts| {
        facts.look.straying = Straying::default();
        facts.look.unseen = Some("no answer".into());
    };
    assert_snapshot!(decide(blind), @"! bindings in private-aks could not be seen: no answer");
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let (user, group) = (Subject::User("somebody".into()), Subject::Group("a group".into()));
    let robot = Subject::ServiceAccount("dev/robot".into());
    let all = f::binding("all", "view", vec![user.clone(), group.clone()]);
    let mixed = f::binding("mixed", "edit", vec![robot, user.clone()]);
    let mut straying = Straying::default();
    let subjects = [
        (&all, &user, WhoKind::User),
        (&all, &group, WhoKind::Group),
        (&mixed, &user, WhoKind::User),
    ];
    for (binding, subject, kind) in subjects {
        let id = if kind == WhoKind::User { "1" } else { "2" };
        let who = Who { person: None, kind, id: id.into() };
        let found = Found::binding(binding, subject);
        let (what, rule) = (String::new(), OnDrift::Remove);
        let stray = Stray { found: found.clone(), what, rule, by_hand: None };
        let astray = Astray::Bound(binding.clone(), subject.clone(), who);
        straying.strays.insert(found, (stray, astray));
    }
    let sides = vec![Side::Kubernetes];
    let look = Look { straying, story: Story::default(), sides, unseen: None };
    let mut facts = Facts { policy: f::policy(), look };
    change(&mut facts);
    RemoveBindings::decide(&f::request(include_str!("example.json")), &facts, f::now())
}
