//! Who may ask `ops` for what, and what does it answer? Through the host, with real tokens.

use std::sync::PoisonError;

use latchkey_core::{
    CaseId,
    case::CaseRecord,
    message::{About, StepMessage},
};
use latchkey_runtime::case;
use reqwest::Method;
use sandbox::{Who, bus::Message};
use serde_json::{Value, json};
use xtask::{
    doors::{Answer, Doors},
    ready::Ready,
    scratch::Scratch,
    stage::{AUDIENCE, HR_SECRETS, Stage},
};

/// A stage with somebody who may operate and somebody who may read.
struct Ops {
    stage: Stage,
    operator: Doors,
    reader: Doors,
    _scratch: Scratch,
}

impl Ops {
    async fn open() -> Self {
        let scratch = Scratch::new().expect("a scratch directory");
        let stage = Stage::start(&scratch.options(), |_| {}).await.expect("everything starts");
        let ready = Ready::of(&stage);
        let doors = |who| Doors::new(&ready.functions, HR_SECRETS[0], &ready.tokens[who]);
        let (operator, reader) = (doors("operator").expect("TLS"), doors("reader").expect("TLS"));
        Self { stage, operator, reader, _scratch: scratch }
    }

    async fn get(&self, path: &str) -> Answer {
        self.reader.ops(Method::GET, path, None).await.expect("an answer")
    }

    async fn post(&self, doors: &Doors, path: &str, body: &Value) -> Answer {
        doors.ops(Method::POST, path, Some(body)).await.expect("an answer")
    }

    /// A hire of somebody who is the operator, as far as Entra is concerned.
    async fn hire_the_operator(&self) {
        let upn = {
            let world = &self.stage.sandbox.world;
            let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
            directory.user(&self.stage.cast.operator).expect("the operator exists").upn.clone()
        };
        let event = json!({
            "specversion": "1.0", "id": "hr-self", "source": "//hr/contoso",
            "type": "person.hired.v1", "subject": "person/7001",
            "data": {
                "personId": "7001", "spellId": "s-7001-1", "workerType": "employee",
                "effectiveFrom": "2026-08-03T09:00:00", "tz": "Europe/Paris", "sourceRevision": 1,
                "attributes": { "department": "Frontend Ops", "userPrincipalName": upn }
            }
        });
        let answer = self.operator.hr(event.to_string().as_bytes()).await.expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.complaint());
        self.stage.host.settled(false).await;
    }
}

fn order(request: &Value) -> Value {
    json!({ "request": request, "reason": "ticket 4711" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_looks_first_then_acts_and_is_named() {
    let ops = Ops::open().await;
    let wanted = order(&json!({ "team": "frontend" }));
    let before = ops.stage.sandbox.world.snapshot();

    let look = ops.post(&ops.reader, "steps/create_group?plan=true", &wanted).await;
    assert_eq!(look.status, 200, "{}", look.complaint());
    assert_eq!(look.body["lines"], json!(["+ group Ops_Frontend_team of team frontend"]));
    assert_eq!(ops.stage.sandbox.world.snapshot(), before, "a dry run changes nothing");

    let refused = ops.post(&ops.reader, "steps/create_group", &wanted).await;
    assert_eq!(refused.status, 403, "a reader does not operate");

    let done = ops.post(&ops.operator, "steps/create_group", &wanted).await;
    assert_eq!(done.status, 200, "{}", done.complaint());
    assert_eq!(done.body["evidence"]["outcome"], "applied");
    assert!(ops.stage.sandbox.world.snapshot().contains("Ops_Frontend_team"));

    let id = done.body["caseId"].as_str().expect("a case").to_owned();
    let told = ops.get(&format!("cases/{id}")).await;
    assert_eq!((told.status, &told.body["closed"]), (200, &json!(true)));
    let records = case::read(&ops.stage.cx(), &id.parse().expect("a case id")).await;
    let by_whom = records.expect("readable").into_iter().find_map(|record| match record {
        CaseRecord::Requested { requester, reason, .. } => Some((requester, reason)),
        _ => None,
    });
    let operator = ops.stage.cast.operator.clone();
    assert_eq!(by_whom, Some((operator, "ticket 4711".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_token_for_this_door_opens_it() {
    let ops = Ops::open().await;
    let world = &ops.stage.sandbox.world;
    let who = |roles: &[&str]| Who::Operator {
        user: ops.stage.cast.operator.clone(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    let elsewhere = world.token_for(&who(&["Access.Operate"]), "api://somebody-else");
    let nobody = world.token_for(&who(&[]), AUDIENCE);
    let stranger = world.token_for(&who(&["Access.Everything"]), AUDIENCE);
    for (token, status) in
        [("", 401), ("not-a-token", 401), (&elsewhere, 401), (&nobody, 403), (&stranger, 403)]
    {
        let doors = ops.operator.with_token(token);
        let answer = doors.ops(Method::GET, "steps", None).await.expect("an answer");
        assert_eq!(answer.status, status, "{}", answer.complaint());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_operates_on_themselves() {
    let ops = Ops::open().await;
    ops.hire_the_operator().await;
    let wanted = order(&json!({ "personId": "7001", "teams": ["frontend"] }));
    let answer = ops.post(&ops.operator, "steps/join_groups", &wanted).await;
    assert_eq!(answer.status, 403, "{}", answer.complaint());
    assert!(answer.complaint().contains("nobody operates on themselves"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_exists_is_listed_and_what_does_not_is_said() {
    let ops = Ops::open().await;
    let steps = ops.get("steps").await;
    let steps = steps.body["steps"].as_array().expect("a list").clone();
    for entry in handlers::STEPS {
        let listed = steps.iter().find(|step| step["step"] == entry.name);
        let listed = listed.unwrap_or_else(|| panic!("{} is not listed", entry.name));
        let validator = jsonschema::validator_for(&listed["schema"]).expect("a JSON Schema");
        assert!(validator.is_valid(&listed["example"]), "{}: {}", entry.name, listed["example"]);
    }
    assert_eq!(ops.get("people/nobody").await.status, 404);
    assert_eq!(ops.get("cases/c-0000000000000000").await.status, 404);
    assert_eq!(ops.get("people").await.body, json!({ "people": [] }));

    let unknown = ops.post(&ops.operator, "steps/open_everything", &order(&json!({}))).await;
    assert_eq!(unknown.status, 404);
    let outside = order(&json!({ "team": "no-such-team" }));
    let outside = ops.post(&ops.operator, "steps/create_group?plan=true", &outside).await;
    assert_eq!(outside.status, 422, "{}", outside.complaint());
    assert!(outside.complaint().contains("no-such-team"), "{}", outside.complaint());
    let shapeless = ops.post(&ops.operator, "steps/create_group", &json!({ "reason": "x" })).await;
    assert_eq!(shapeless.status, 400);
    assert!(shapeless.complaint().contains("request"), "{}", shapeless.complaint());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_sent_again_and_is_done_then() {
    let ops = Ops::open().await;
    let bus = &ops.stage.sandbox.world.bus;
    let message = StepMessage {
        case_id: CaseId::of(&["dead"]),
        about: About::Team("frontend".parse().expect("a team")),
        step: "create_group".into(),
        attempt: 0,
        request: json!({ "team": "frontend" }),
        tries: 0,
    };
    // Without a session no function ever gets it.
    let body = serde_json::to_vec(&message).expect("JSON");
    bus.send("steps", Message::new(body).id("lost").label("create_group")).expect("sent");
    let health = ops.get("health").await;
    assert_eq!(health.body["deadLetters"]["in"], json!(["create_group"]), "{:?}", health.body);

    let why = json!({ "reason": "INC-9" });
    let sent = ops.post(&ops.operator, "dead-letters/create_group/replay", &why).await;
    assert_eq!(sent.status, 200, "{}", sent.complaint());
    ops.stage.host.settled(false).await;
    assert!(ops.stage.sandbox.world.snapshot().contains("Ops_Frontend_team"));
    let records = case::read(&ops.stage.cx(), &message.case_id).await.expect("readable");
    assert!(case::has_answer(&records, &message.id()), "{records:?}");
    assert_eq!(ops.get("dead-letters").await.body["deadLetters"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_tells_of_every_protected_account_and_cluster() {
    let ops = Ops::open().await;
    let drill = ops.get("drill").await;
    assert_eq!(drill.status, 200, "{}", drill.complaint());
    let findings = drill.body["findings"].as_array().expect("a list");
    let told = |account: &str, text: &str| {
        let about = |finding: &&Value| finding["account"] == account && finding["text"] == text;
        findings.iter().any(|finding| about(&finding))
    };
    let policy = ops.stage.cx().policy().clone();
    for account in &policy.protected.principals {
        assert!(told(account.as_str(), "exists and may sign in"), "{}", drill.body);
    }
    for cluster in policy.clusters.keys() {
        let told = findings.iter().any(|finding| finding["cluster"] == json!(cluster));
        assert!(told, "{cluster}: {}", drill.body);
    }
    let id = policy.protected.principals.first().expect("an account").to_string();
    {
        let world = &ops.stage.sandbox.world;
        let mut directory = world.directory.write().unwrap_or_else(PoisonError::into_inner);
        let changed = directory.change_user(&id, |user| user.account_enabled = false);
        assert!(changed.expect("it exists").is_ok());
    }
    let after = ops.get("drill").await;
    assert_eq!(after.body["ready"], false);
    let fails = json!({ "standing": "fails", "account": id, "text": "may not sign in" });
    assert!(after.body["findings"].as_array().expect("a list").contains(&fails), "{}", after.body);
}
