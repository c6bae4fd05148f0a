//! What needs an approval is not done without it, and nobody approves for themselves.

use std::sync::Arc;

use http::StatusCode;
use latchkey_core::{
    Approval, CaseId, Decision, Op, Timestamp,
    approval::{asks, awaiting},
    case::{CaseRecord, Cause, Evidence, Outcome, SentStep},
    message::{About, PlanMessage, StepMessage},
    plan::Intent,
    request,
};
use latchkey_runtime::{
    Clients, Cx, Entry, Need, PersonView, Step, StepError, case,
    deliver::{Delivered, deliver},
};
use serde_json::{Value, json};

use super::stage::{Answer, Stage};

/// Joins the frontend team when an operator approves it. It bears the name of a real step for
/// the sake of the subscription.
struct Guarded;

/// The same, when a lead approves it.
struct GuardedByLeads;

struct Facts {
    member: bool,
    op: Op,
}

async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
    let view = PersonView::read(cx, &request.person_id).await?;
    let (user, groups) = view.user_with_groups(cx).await?.expect("Pat has a user");
    let name: latchkey_core::GroupName = "Ops_Frontend_team".parse().expect("a name");
    let found = cx.graph().groups_by_name(std::slice::from_ref(&name)).await?;
    let group = found[&name].id.clone();
    let member = groups.iter().any(|held| held.id == group);
    let op = Op::JoinGroup { person: request.person_id.clone(), user: user.id, name, group };
    Ok(Facts { member, op })
}

fn decide(facts: &Facts) -> Decision {
    Decision::from_ops((!facts.member).then(|| facts.op.clone()))
}

macro_rules! guarded {
    ($step:ident, $by:expr) => {
        impl Step for $step {
            const NAME: &'static str = "join_groups";
            const NEEDS: &'static [Need] = &[];
            const EXAMPLE: &'static str = "{}";
            type Request = request::Person;
            type Facts = Facts;
            async fn observe(cx: &Cx, request: &request::Person) -> Result<Facts, StepError> {
                observe(cx, request).await
            }
            fn decide(_: &request::Person, facts: &Facts, _: Timestamp) -> Decision {
                decide(facts)
            }
            fn approval(_: &request::Person, _: &Facts) -> Option<Approval> {
                Some($by)
            }
        }
    };
}
guarded!(Guarded, Approval::Operator);
guarded!(GuardedByLeads, Approval::MemberOf("Platform_leads".parse().expect("a name")));

fn message(attempt: u32) -> StepMessage {
    StepMessage {
        case_id: CaseId::of(&["approving"]),
        about: About::Person("1042".parse().unwrap()),
        step: "join_groups".into(),
        attempt,
        request: json!({ "personId": "1042" }),
        tries: 0,
    }
}

/// A case whose step was delivered once.
struct Asked {
    stage: Stage,
    entry: Entry,
    hash: String,
}

impl Asked {
    async fn of<S: Step>() -> Self {
        let stage = Stage::new().await;
        let entry = Entry::of::<S>();
        let (cx, about) = (stage.cx("join_groups"), message(0).about);
        let cause = Cause::Operator { requester: stage.olga.clone() };
        case::open(&cx, &message(0).case_id, &about, cause).await.unwrap();
        let mut asked = Self { stage, entry, hash: String::new() };
        let evidence = asked.run(&message(0)).await;
        assert_eq!((evidence.outcome, evidence.ops.len()), (Outcome::Waiting, 0));
        asked.hash = awaiting(&asked.records().await).next().unwrap().plan_hash.to_string();
        assert!(evidence.why.unwrap().ends_with(&asked.hash));
        assert!(!asked.is_member());
        asked
    }

    async fn run(&self, message: &StepMessage) -> Evidence {
        let cx = self.stage.cx("join_groups");
        match deliver(&cx, &self.entry, message, 1).await.unwrap() {
            Delivered::Done(evidence) => evidence,
            Delivered::Later(why) => panic!("put off: {why}"),
        }
    }

    async fn records(&self) -> Vec<CaseRecord> {
        case::read(&self.stage.cx("test"), &message(0).case_id).await.unwrap()
    }

    fn is_member(&self) -> bool {
        let directory = self.stage.sandbox.world.directory.read().unwrap();
        let group = directory.groups().find(|g| g.display_name == "Ops_Frontend_team").unwrap();
        directory.is_member(&group.id, &self.stage_user(&directory, "pat"))
    }

    fn stage_user(&self, directory: &sandbox::Directory, name: &str) -> String {
        let upn = format!("{name}@{}", self.stage.sandbox.world.config.tenant);
        directory.user(&upn).unwrap().id.clone()
    }

    async fn approve(&self, who: &str, roles: &[&str]) -> Answer {
        let token = self.stage.token_of(&self.stage.user(who), roles);
        let path = format!("plans/{}/approve", self.hash);
        self.stage.call("POST", &path, Some(&token), r#"{"reason":"ticket 7"}"#).await
    }

    async fn plan(&self) -> Value {
        let answer = self.stage.reader(&format!("plans/{}", self.hash)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

const OPERATE: &[&str] = &["Access.Operate"];

#[tokio::test]
async fn an_approved_decision_is_carried_out_once_and_a_replay_needs_another() {
    let asked = Asked::of::<Guarded>().await;
    let plan = asked.plan().await;
    assert_eq!(plan["state"], "awaiting");
    assert_eq!(plan["lines"], json!(["+ 1042 into group Ops_Frontend_team"]));
    assert_eq!(plan["by"], "a second operator");

    let unapproved = asked.run(&message(0)).await;
    assert_eq!(unapproved.outcome, Outcome::Waiting, "a replay changes nothing");
    assert_eq!(asks(&asked.records().await).count(), 1);

    let answer = asked.approve("quinn", OPERATE).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["state"], "approved");
    let sent: StepMessage = asked.stage.next("steps", "join_groups").await;
    assert_eq!((sent.attempt, sent.request.clone()), (1, message(0).request));
    assert_ne!(sent.id(), message(0).id(), "duplicate detection lets it pass");
    assert_eq!(asked.run(&sent).await.outcome, Outcome::Applied);
    assert!(asked.is_member());

    let again = asked.approve("quinn", OPERATE).await;
    assert_eq!((again.status, &again.body["state"]), (200, &json!("approved")));
    {
        let mut directory = asked.stage.sandbox.world.directory.write().unwrap();
        let group = directory.groups().find(|g| g.display_name == "Ops_Frontend_team").unwrap();
        let (group, pat) = (group.id.clone(), asked.stage_user(&directory, "pat"));
        directory.remove_from_group(&group, &pat).unwrap();
    }
    for attempt in [0, 1, 2] {
        let replayed = asked.run(&message(attempt)).await;
        assert_eq!(replayed.outcome, Outcome::Waiting, "the approval is used up");
    }
    assert!(!asked.is_member());
}

#[tokio::test]
async fn who_asked_whom_it_is_about_and_who_may_not_operate_cannot_approve() {
    let asked = Asked::of::<Guarded>().await;
    for (who, roles, detail) in [
        ("olga", OPERATE, "nobody approves what they asked for themselves"),
        ("pat", OPERATE, "nobody approves what is about themselves"),
        ("quinn", &["Access.Read"], "the token lacks the app role Access.Operate"),
        ("quinn", &["Access.Approve"], "the token lacks the app role Access.Operate"),
        ("quinn", &["Access.Else"], "the token lacks the app role Access.Approve"),
    ] {
        let answer = asked.approve(who, roles).await;
        assert_eq!(answer.status, u64::from(StatusCode::FORBIDDEN.as_u16()), "{who} {roles:?}");
        assert_eq!(answer.body["detail"], detail);
    }
    assert_eq!(asked.plan().await["state"], "awaiting");
}

#[tokio::test]
async fn a_member_of_the_group_approves_also_through_another_group() {
    let asked = Asked::of::<GuardedByLeads>().await;
    let stranger = {
        let mut directory = asked.stage.sandbox.world.directory.write().unwrap();
        directory.add_user("rene");
        "rene"
    };
    let answer = asked.approve(stranger, OPERATE).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.body["detail"], "only a member of Platform_leads approves it");
    let answer = asked.approve("quinn", &["Access.Approve"]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn of_two_who_approve_at_once_one_does() {
    let asked = Asked::of::<Guarded>().await;
    asked.stage.sandbox.world.directory.write().unwrap().add_user("rene");
    let (one, two) =
        futures::join!(asked.approve("quinn", OPERATE), asked.approve("rene", OPERATE));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let approvals = asked.records().await;
    let approvals = approvals.iter().filter(|r| matches!(r, CaseRecord::Approved { .. }));
    assert_eq!(approvals.count(), 1);
}

#[tokio::test]
async fn a_plan_nobody_asked_for_a_void_one_and_an_empty_reason_are_told_apart() {
    let asked = Asked::of::<Guarded>().await;
    let token = asked.stage.token_of(&asked.stage.user("quinn"), OPERATE);
    let post = |path: String, body: &'static str| {
        let (stage, token) = (&asked.stage, &token);
        async move { stage.call("POST", &path, Some(token), body).await }
    };
    let nobodys = format!("plans/{}/approve", "0".repeat(64));
    assert_eq!(post(nobodys, r#"{"reason":"x"}"#).await.status, 404);
    assert_eq!(post("plans/odd/approve".into(), r#"{"reason":"x"}"#).await.status, 404);
    let this = format!("plans/{}/approve", asked.hash);
    for body in ["{}", r#"{"reason":" "}"#, r#"{"reason":1}"#, r#"{"reason":"x","y":1}"#] {
        assert_eq!(post(this.clone(), body).await.status, 400, "{body}");
    }
    let closed = CaseRecord::Closed { receipt: Vec::new(), signed: None };
    note(&asked.stage.clients, &closed).await;
    assert_eq!(asked.plan().await["state"], "void");
    assert_eq!(post(this, r#"{"reason":"x"}"#).await.status, 409);
}

/// Appends a record to the case.
async fn note(clients: &Arc<Clients>, record: &CaseRecord) {
    let stream = latchkey_core::case::case_stream(&message(0).case_id);
    let now = Cx::new(Arc::clone(clients), "test").now();
    clients.ledger.append_always(&stream, now, record).await.unwrap();
}

#[tokio::test]
async fn a_planners_case_goes_on_with_a_look_at_once_even_when_it_rested_meanwhile() {
    let asked = Asked::of::<Guarded>().await;
    let planned = |attempt, steps| CaseRecord::Planned {
        attempt,
        plan: vec![
            Intent::EndSessions(request::Person { person_id: "1042".parse().unwrap() }).to_string(),
        ],
        steps,
        residue: Vec::new(),
        plan_hash: String::new(),
        ms: 0,
    };
    let sent = SentStep { step: "join_groups".into(), message_id: message(0).id() };
    note(&asked.stage.clients, &planned(1, vec![sent])).await;
    note(&asked.stage.clients, &planned(2, Vec::new())).await;
    assert_eq!(asked.approve("quinn", OPERATE).await.status, 200);
    let look: PlanMessage = asked.stage.next("plans", "plan_person").await;
    assert_eq!((look.attempt, look.case_id), (3, message(0).case_id));
}
