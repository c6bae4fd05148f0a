//! A pause that comes between a step's decision and its write stops the write.

use latchkey_core::{
    CaseId, Decision, Op, Timestamp,
    case::CaseRecord,
    message::{About, StepMessage},
    request,
};
use latchkey_runtime::{
    Cx, Entry, Need, PersonView, Step, StepError, case,
    deliver::{Delivered, deliver},
    pause::{self, AppRecord},
};
use serde_json::json;

use super::stage::Stage;

/// Joins the frontend team; the pause comes when it has decided. It bears the name of a real step,
/// whose app is `directory`.
struct Overtaken;

impl Step for Overtaken {
    const NAME: &'static str = "join_groups";
    const NEEDS: &'static [Need] = &[];
    const EXAMPLE: &'static str = "{}";
    type Request = request::Person;
    type Facts = Op;

    async fn observe(cx: &Cx, request: &request::Person) -> Result<Op, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let user = view.user(cx).await?.expect("Pat has a user").id;
        let name: latchkey_core::GroupName = "Ops_Frontend_team".parse().expect("a name");
        let found = cx.graph().groups_by_name(std::slice::from_ref(&name)).await?;
        let group = found[&name].id.clone();
        Ok(Op::JoinGroup { person: request.person_id.clone(), user, name, group })
    }

    fn decide(_: &request::Person, op: &Op, _: Timestamp) -> Decision {
        Decision::from_ops([op.clone()])
    }

    async fn reserve(cx: &Cx, _: &Op) -> Result<(), StepError> {
        let by = "00000000-0000-4000-8000-0000000000aa".parse().expect("an id");
        let paused = AppRecord::Paused { by, reason: "INC-9".into() };
        cx.ledger().append_always(&pause::stream("directory"), cx.now(), &paused).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_pause_that_comes_after_the_decision_stops_the_write() {
    let stage = Stage::new().await;
    let message = StepMessage {
        case_id: CaseId::of(&["overtaken"]),
        about: About::Person("1042".parse().unwrap()),
        step: "join_groups".into(),
        attempt: 0,
        request: json!({ "personId": "1042" }),
        tries: 0,
    };
    let (before, cx) = (stage.sandbox.world.snapshot(), stage.cx("join_groups"));
    for _ in 0..2 {
        let delivered = deliver(&cx, &Entry::of::<Overtaken>(), &message, 1).await.unwrap();
        assert!(matches!(delivered, Delivered::Later(_)), "{delivered:?}");
    }
    assert_eq!(stage.sandbox.world.snapshot(), before);
    let records = case::read(&cx, &message.case_id).await.unwrap();
    let paused = records.iter().filter(|record| matches!(record, CaseRecord::Paused { .. }));
    assert!(paused.count() >= 1, "{records:?}");
    let again = sandbox::bus::Entity::subscription("steps", "join_groups");
    assert_eq!(stage.sandbox.world.bus.counts()[&again].scheduled, 1, "put off once");
}
