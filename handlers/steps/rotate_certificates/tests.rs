//! Decisions of this step, as values.

use insta::assert_snapshot;

use super::{super::fixtures as f, *};

#[test]
fn the_outage_is_stated() {
    assert_snapshot!(
        decide(|_| {}),
        @"- certificates of private-aks issued so far (up to 30 minutes of outage)"
    );
}

#[test]
fn a_rotation_that_was_begun_and_shows_no_effect_is_made() {
    assert_snapshot!(
        decide(|facts| facts.replaces = Some("old".into())),
        @"- certificates of private-aks issued so far (up to 30 minutes of outage)"
    );
}

#[test]
fn one_reference_rotates_once() {
    let done = |facts: &mut Facts| {
        facts.replaces = Some("older".into());
        facts.stopped = true;
    };
    assert_snapshot!(decide(done), @"nothing to do");
}

#[test]
fn a_stopped_cluster_is_refused() {
    assert_snapshot!(
        decide(|facts| facts.stopped = true),
        @"refused: private-aks: it is stopped: start it first"
    );
}

fn decide(change: impl FnOnce(&mut Facts)) -> Decision {
    let asked: request::Rotation = f::request(include_str!("example.json"));
    let mut facts =
        Facts { asked: asked.clone(), stopped: false, authority: "old".into(), replaces: None };
    change(&mut facts);
    RotateCertificates::decide(&asked, &facts, f::now())
}
