//! Decisions of this step, as values.

use insta::assert_snapshot;
use latchkey_core::revocation::{Answer, Observed, Question, Seen, Write};

use super::{super::fixtures as f, *};

#[test]
fn nothing_held_writes_refused_and_denials_prove_it() {
    assert_snapshot!(decide(|_| {}), @"
    proven: true
    the directory, ARM and every cluster that was seen hold nothing
    retail-aks: a write as the leaver is refused by the admission policy
    list pods at retail-aks/shop is denied; a token that names the groups of before could until 2026-08-21T12:00:00Z
    ");
}

#[test]
fn one_path_one_write_or_one_answer_is_enough_to_prove_nothing() {
    let held = |facts: &mut Facts| {
        facts.observed.held = [Path::SignIn].into();
    };
    assert_snapshot!(decide(held), @"
    proven: false
    still there: sign-in
    retail-aks: a write as the leaver is refused by the admission policy
    list pods at retail-aks/shop is denied; a token that names the groups of before could until 2026-08-21T12:00:00Z
    ");
    let writes = |facts: &mut Facts| facts.observed.clusters[0].write = Write::WentThrough;
    assert_snapshot!(decide(writes), @"
    proven: false
    the directory, ARM and every cluster that was seen hold nothing
    retail-aks: A WRITE AS THE LEAVER WOULD BE DONE
    list pods at retail-aks/shop is denied; a token that names the groups of before could until 2026-08-21T12:00:00Z
    ");
    let no_guard = |facts: &mut Facts| facts.observed.clusters[0].write = Write::NoGuard;
    assert_snapshot!(decide(no_guard), @"
    proven: false
    the directory, ARM and every cluster that was seen hold nothing
    retail-aks: NO GUARD STANDS: a token of before could write
    list pods at retail-aks/shop is denied; a token that names the groups of before could until 2026-08-21T12:00:00Z
    ");
    let allowed = |facts: &mut Facts| facts.observed.clusters[0].answers[0].now = true;
    assert_snapshot!(decide(allowed), @"
    proven: false
    the directory, ARM and every cluster that was seen hold nothing
    retail-aks: a write as the leaver is refused by the admission policy
    list pods at retail-aks/shop IS STILL ALLOWED
    ");
    let unseen = |facts: &mut Facts| {
        facts.observed.clusters[0].unseen = vec!["no answer".into()];
        facts.observed.clusters[0].write = Write::NotTried;
    };
    assert_snapshot!(decide(unseen), @"
    proven: false
    the directory, ARM and every cluster that was seen hold nothing
    retail-aks could not be seen: no answer
    list pods at retail-aks/shop is denied; a token that names the groups of before could until 2026-08-21T12:00:00Z
    ");
}

#[test]
fn what_everybody_may_says_nothing_of_the_leaver() {
    let everybody = |facts: &mut Facts| {
        facts.observed.clusters[0].answers[0].now = true;
        facts.observed.clusters[0].answers[0].anybody = true;
    };
    assert_snapshot!(decide(everybody), @"
    proven: true
    the directory, ARM and every cluster that was seen hold nothing
    retail-aks: a write as the leaver is refused by the admission policy
    list pods at retail-aks/shop: everybody may who signs in
    ");
}

#[test]
fn when_no_token_can_live_no_write_need_be_refused() {
    let over = |facts: &mut Facts| {
        facts.observed.token_lives = false;
        facts.observed.clusters[0].write = Write::WentThrough;
    };
    assert_snapshot!(decide(over), @"
    proven: true
    the directory, ARM and every cluster that was seen hold nothing
    retail-aks: no write is refused any more: no token of before can live
    list pods at retail-aks/shop is denied; a token that names the groups of before could until 2026-08-21T12:00:00Z
    ");
}

#[test]
fn of_somebody_who_works_here_nothing_is_asked() {
    let refused = |facts: &mut Facts| {
        facts.refusal = Some(Refusal::NotALeaver { person: "1003".parse().unwrap() });
    };
    assert_snapshot!(decide(refused), @"refused: 1003 is not a leaver: access is taken by plan, not by this step");
}

/// What is decided, and whether that is a proof.
fn decide(change: impl FnOnce(&mut Facts)) -> String {
    let question =
        Question { namespace: "shop".parse().ok(), verb: "list".into(), resource: "pods".into() };
    let answers = vec![Answer { question, now: false, before: Some(true), anybody: false }];
    let cluster = "retail-aks".parse().unwrap();
    let seen = Seen { cluster, write: Write::Refused, answers, unseen: Vec::new() };
    let observed = Observed { held: [].into(), clusters: vec![seen], token_lives: true };
    let mut facts = Facts { refusal: None, observed, tokens_until: Some(f::now()) };
    change(&mut facts);
    let decision =
        ProveRevoked::decide(&f::request(include_str!("example.json")), &facts, f::now());
    match decision {
        Decision::Report { as_expected, .. } => format!("proven: {as_expected}\n{decision}"),
        other => other.to_string(),
    }
}
