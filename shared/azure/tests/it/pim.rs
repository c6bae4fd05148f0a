//! Memberships for a time and eligibility, through PIM for Groups.

use jiff::{SignedDuration, Timestamp};
use latchkey_azure::graph::PimEntry;
use latchkey_core::{CallError, GroupName, ObjectId, Reference, holdings::PimForm};
use sandbox::{Config, Fault, Service, faults};

use crate::stage::{Stage, object_id, stage_of};

const BOTH: [PimForm; 2] = [PimForm::Active, PimForm::Eligible];

struct Pim {
    stage: Stage,
    ada: ObjectId,
    team: ObjectId,
}

fn start() -> Timestamp {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

async fn pim() -> Pim {
    let stage = stage_of(Config { start: Some(start()), ..Config::default() }).await;
    let (ada, team) = (stage.person("ada", "1001"), stage.group("team"));
    Pim { stage, ada, team }
}

impl Pim {
    async fn grant(&self, hours: i64) -> Result<(), CallError> {
        let until = start() + SignedDuration::from_hours(hours);
        let (reference, now) =
            (Reference::new("CHG-7").unwrap(), self.stage.sandbox.world.clock.now());
        self.stage.graph.grant_until(&self.ada, &self.team, until, &reference, now).await
    }

    async fn held(&self) -> Vec<PimEntry> {
        self.stage.graph.pim_of(&self.ada, &BOTH).await.unwrap()
    }

    fn wait(&self, minutes: i64) {
        self.stage.sandbox.world.clock.advance(SignedDuration::from_mins(minutes));
    }

    fn is_member(&self) -> bool {
        self.stage.is_member(&self.team, &self.ada)
    }
}

fn entry(pim: &Pim, form: PimForm, hours: i64) -> PimEntry {
    let until = Some(start() + SignedDuration::from_hours(hours));
    PimEntry { group: pim.team.clone(), form, since: Some(start()), until }
}

#[tokio::test]
async fn a_membership_for_a_time_is_seen_made_longer_and_over_by_itself() {
    let pim = pim().await;
    pim.grant(2).await.unwrap();
    assert!(pim.is_member());
    assert_eq!(pim.held().await, [entry(&pim, PimForm::Active, 2)]);
    pim.grant(3).await.unwrap();
    assert_eq!(pim.held().await, [entry(&pim, PimForm::Active, 3)]);
    let shorter = pim.grant(1).await.unwrap_err();
    let kept = matches!(&shorter, CallError::Rejected { code, .. }
        if code == "InvalidRoleAssignmentRequestSchedule");
    assert!(kept, "{shorter}");
    pim.wait(180);
    assert!(!pim.is_member());
    assert!(pim.held().await.is_empty());
}

#[tokio::test]
async fn ending_waits_for_the_first_five_minutes_and_needs_nothing_to_end() {
    let pim = pim().await;
    pim.stage.graph.end_grant(&pim.ada, &pim.team).await.unwrap();
    pim.grant(2).await.unwrap();
    let early = pim.stage.graph.end_grant(&pim.ada, &pim.team).await.unwrap_err();
    let wait = matches!(early, CallError::Busy { retry_after: Some(wait), .. }
        if wait.as_secs() == 300);
    assert!(wait, "{early}");
    pim.wait(5);
    pim.stage.graph.end_grant(&pim.ada, &pim.team).await.unwrap();
    assert!(!pim.is_member());
}

#[tokio::test]
async fn eligibility_is_made_renewed_and_ended() {
    let pim = pim().await;
    let graph = &pim.stage.graph;
    graph.make_eligible(&pim.ada, &pim.team, start()).await.unwrap();
    assert_eq!(pim.held().await, [entry(&pim, PimForm::Eligible, 365 * 24)]);
    assert!(!pim.is_member());
    pim.wait(60);
    let now = pim.stage.sandbox.world.clock.now();
    graph.make_eligible(&pim.ada, &pim.team, now).await.unwrap();
    assert_eq!(pim.held().await, [entry(&pim, PimForm::Eligible, 365 * 24 + 1)]);
    for _ in 0..2 {
        graph.end_eligibility(&pim.ada, &pim.team).await.unwrap();
        assert!(pim.held().await.is_empty());
    }
}

#[tokio::test]
async fn an_ordinary_member_holds_nothing_in_pim() {
    let pim = pim().await;
    assert!(pim.stage.directory().add_member(pim.team.as_str(), pim.ada.as_str()));
    assert!(pim.held().await.is_empty());
}

#[tokio::test]
async fn what_pim_keeps_costs_one_request_however_much_it_is() {
    let pim = pim().await;
    for n in 0..250 {
        let group = pim.stage.group(&format!("group {n}"));
        assert!(pim.stage.directory().add_member(group.as_str(), pim.ada.as_str()));
    }
    pim.grant(2).await.unwrap();
    pim.stage.graph.make_eligible(&pim.ada, &pim.team, start()).await.unwrap();
    assert_eq!(pim.held().await.len(), 2, "pages are followed");
    let calls = &pim.stage.sandbox.world.calls;
    let before = calls.of(Service::Graph);
    let nobody = object_id("00000000-0000-4000-8000-00000000dead");
    assert!(pim.stage.graph.pim_of(&nobody, &BOTH).await.unwrap().is_empty());
    assert_eq!(calls.of(Service::Graph) - before, 1);
}

#[tokio::test]
async fn what_the_rules_forbid_is_rejected_with_their_names() {
    let pim = pim().await;
    let error = pim.grant(181 * 24).await.unwrap_err();
    let named = matches!(&error, CallError::Rejected { message, .. }
        if message.contains("ExpirationRule"));
    assert!(named, "{error}");
}

#[tokio::test]
async fn an_unknown_user_may_only_be_new() {
    let pim = pim().await;
    let nobody = object_id("00000000-0000-4000-8000-00000000dead");
    let error = pim.stage.graph.make_eligible(&nobody, &pim.team, start()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    pim.stage.graph.end_eligibility(&nobody, &pim.team).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_said_to_be_lost_and_never_sent_twice() {
    let pim = pim().await;
    pim.stage.sandbox.world.faults.set(faults::after_write(1));
    let lost = pim.grant(2).await.unwrap_err();
    assert!(matches!(lost, CallError::Lost { .. }), "{lost}");
    assert!(pim.is_member());
    pim.stage
        .sandbox
        .world
        .faults
        .set(Box::new(|seen| seen.write.then_some(Fault::ServerError(500))));
    let lost = pim.grant(3).await.unwrap_err();
    assert!(matches!(lost, CallError::Lost { .. }), "{lost}");
}

#[tokio::test]
async fn groups_are_found_by_id_and_say_what_they_are() {
    let pim = pim().await;
    let graph = &pim.stage.graph;
    let found = graph.groups_by_id(&[pim.team.clone(), pim.ada.clone()]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].id, found[0].name.as_str()), (&pim.team, "team"));
    let name = GroupName::new("admins").unwrap();
    let made = graph.create_group(&name, "admins", "Team admins", true).await.unwrap();
    let again = graph.create_group(&name, "admins", "Team admins", true).await.unwrap();
    assert!(made.role_assignable && made == again);
}
