//! Figures over cases.

use jiff::SignedDuration;

use super::*;
use crate::{
    CaseId,
    case::{CaseRecord, Cause, Evidence, Outcome},
    fixtures::{self, hour},
    message::About,
};

fn at(seconds: i64) -> Timestamp {
    hour(0) + SignedDuration::from_secs(seconds)
}

fn evidence(step: &str, seconds: i64) -> CaseRecord {
    CaseRecord::Evidence(Evidence {
        step: step.into(),
        message_id: format!("{step}-{seconds}"),
        attempt: 0,
        at: Some(at(seconds)),
        outcome: Outcome::Applied,
        ops: vec![format!("- something of {step}")],
        residue: Vec::new(),
        why: None,
        ms: 1,
    })
}

/// A case whose doors were shut after so many seconds.
fn told(n: i64, doors: i64) -> Told {
    let about = About::Person(fixtures::person());
    let opened = CaseRecord::Opened { about, cause: Cause::Sweep, since: Some(at(0)), trace: None };
    let records =
        vec![opened, evidence("disable_sign_in", doors - 1), evidence("end_sessions", doors)];
    Told { id: CaseId::of(&["report", &n.to_string()]), records, receipt: None }
}

#[test]
fn a_percentile_is_a_duration_that_was_measured() {
    let spread = Spread::of((1..=200).rev().map(SignedDuration::from_secs));
    let seconds = |percent| spread.percentile(percent).map(|duration| duration.as_secs());
    assert_eq!(
        (seconds(50), seconds(95), seconds(99), seconds(100)),
        (Some(100), Some(190), Some(198), Some(200))
    );
    assert_eq!(
        Spread::of([SignedDuration::from_secs(7)]).percentile(50),
        Some(SignedDuration::from_secs(7))
    );
    assert_eq!((Spread::default().percentile(50), Spread::default().count()), (None, 0));
}

#[test]
fn doors_are_shut_when_both_are_and_only_leavers_are_counted() {
    let mut cases: Vec<_> = (1..=4).map(|n| told(n, 10 * n)).collect();
    let mut hire = told(5, 1);
    hire.records.truncate(1);
    let mut half = told(6, 1000);
    half.records.truncate(2);
    cases.extend([hire, half]);
    let report = Report::of(cases, &Revocation::default(), at(2000));
    assert_eq!(report.leavers.len(), 5);
    let doors = &report.clocks()[0].spread;
    assert_eq!((doors.count(), doors.percentile(50)), (4, Some(SignedDuration::from_secs(20))));
    let kinds: Vec<_> = report.kinds().iter().map(|kind| (kind.kind, kind.gone.count())).collect();
    assert_eq!(kinds, [("sessions", 4), ("sign-in", 5)]);
}

#[test]
fn a_leaver_is_neither_out_nor_proven_while_one_way_in_is_open() {
    let mut told = told(1, 10);
    let name = fixtures::group("Ops_Frontend_team");
    let membership = crate::revocation::Membership::Assigned;
    let path = Path::Group { group: name.id, name: name.name, membership };
    told.records.push(CaseRecord::Paths { at: at(20), found: vec![path], gone: vec![] });
    told.records.push(CaseRecord::Stuck { why: vec!["it cannot be seen".into()] });
    let report = Report::of(vec![told], &Revocation::default(), at(30));
    let leaver = &report.leavers[0];
    assert_eq!((leaver.out_at, leaver.proven_at), (None, None));
    assert_eq!(leaver.standing, Standing::Stuck(vec!["it cannot be seen".into()]));
    assert!(leaver.ask().is_some_and(|whom| whom.contains("operator")));
}

#[test]
fn what_was_recorded_ten_days_late_says_so() {
    let late_by = |effective: Option<Timestamp>| {
        let mut case = told(1, 3);
        let cause = Cause::Event {
            source: "//hr/contoso".into(),
            id: "left".into(),
            kind: "person.terminated.v1".into(),
            late: effective.is_some(),
            effective,
        };
        let about = About::Person(fixtures::person());
        case.records[0] = CaseRecord::Opened { about, cause, since: Some(at(0)), trace: None };
        Leaver::of(case, &Revocation::default(), at(10)).expect("a leaver").late_by
    };
    assert_eq!(late_by(None), None);
    assert_eq!(late_by(Some(at(-864_000))), Some(SignedDuration::from_hours(240)));
}
