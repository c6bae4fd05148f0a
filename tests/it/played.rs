//! A stage with its doors, for tests that play events and look at what became of them.

use std::sync::{Arc, Mutex};

use dev_host::{Invocation, Outcome};
use latchkey_core::case::CaseRecord;
use latchkey_runtime::{case, park};
use serde_json::{Value, json};
use xtask::{
    doors::{Answer, Doors},
    options::StageOptions,
    outcome,
    play::plan_all,
    ready::Ready,
    scratch::Scratch,
    stage::Stage,
};

/// A stage with its doors, and every line that the handler prints.
pub struct Played {
    /// What runs.
    pub stage: Stage,
    /// Its doors, for a reader.
    pub doors: Doors,
    /// Where it serves.
    pub ready: Ready,
    /// What the handler printed.
    pub lines: Arc<Mutex<Vec<String>>>,
    _files: Scratch,
}

impl Played {
    pub async fn start() -> Self {
        Self::with(|_, options| options).await
    }

    /// With the groups and namespaces of the policy's teams in place.
    pub async fn with_teams() -> Self {
        let played = Self::start().await;
        plan_all(&played.stage).await.expect("sent");
        played.settled().await;
        played
    }

    pub async fn with(change: impl FnOnce(&Scratch, StageOptions) -> StageOptions) -> Self {
        let files = Scratch::new().expect("files");
        let options = change(&files, files.options());
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&lines);
        let keep = move |line: dev_host::Line| seen.lock().expect("lines").push(line.text);
        let stage = Stage::start(&options, keep).await.expect("the stage is set");
        let ready = Ready::of(&stage);
        let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"]);
        Self { stage, doors: doors.expect("doors"), ready, lines, _files: files }
    }

    pub async fn send(&self, event: &Value) -> Answer {
        self.doors.hr(event.to_string().as_bytes()).await.expect("the door answers")
    }

    /// Waits until nothing is left to deliver, and holds that nothing was dead-lettered.
    pub async fn settled(&self) {
        self.stage.host.settled(false).await;
        let counts = self.stage.sandbox.world.bus.counts();
        assert!(counts.values().all(|count| count.dead == 0), "{counts:?}");
    }

    pub async fn parked(&self) -> Vec<park::Parked> {
        park::list(&self.stage.cx()).await.expect("the ledger is readable")
    }

    pub async fn cases_of(&self, person: &str) -> Vec<outcome::Case> {
        let cases = outcome::cases(&self.stage).await.expect("the ledger is readable");
        cases.into_iter().filter(|case| case.person_id.as_deref() == Some(person)).collect()
    }

    /// The last receipt of a person's cases.
    pub async fn receipt(&self, person: &str) -> Vec<String> {
        let mut receipt = Vec::new();
        for told in self.cases_of(person).await {
            let id = latchkey_core::CaseId::new(&told.case_id).expect("a case id");
            for record in case::read(&self.stage.cx(), &id).await.expect("readable") {
                if let CaseRecord::Closed { receipt: lines, .. } = record {
                    receipt = lines;
                }
            }
        }
        receipt
    }

    /// Deliveries of messages with this id.
    pub fn deliveries(&self, message_id: &str) -> Vec<Arc<Invocation>> {
        let mut all = self.stage.host.invocations();
        all.retain(|invocation| invocation.trigger == message_id);
        all
    }

    /// How often a function was invoked.
    pub fn deliveries_of(&self, function: &str) -> usize {
        self.stage.host.invocations().iter().filter(|i| i.function == function).count()
    }

    /// One delivery, and it succeeded: nothing loops.
    pub fn delivered_once(&self, message_id: &str) {
        let seen = self.deliveries(message_id);
        let told: Vec<_> = seen.iter().map(|i| (i.attempt, i.outcome.clone())).collect();
        assert_eq!(told, [(1, Outcome::Success)], "{message_id}");
    }

    pub fn snapshot(&self) -> String {
        self.stage.sandbox.world.snapshot()
    }
}

/// A hire that nothing is wrong with.
pub fn hire(person: &str, department: &str) -> Value {
    event(
        "person.hired.v1",
        person,
        1,
        json!({ "attributes": {
            "department": department,
            "userPrincipalName": format!("p{person}@contoso.onmicrosoft.com"),
            "displayName": "Robin Example",
        }}),
    )
}

/// An event, in effect for years.
#[expect(clippy::needless_pass_by_value, reason = "callers write the members in place")]
pub fn event(kind: &str, person: &str, revision: u64, more: Value) -> Value {
    let mut data = json!({
        "personId": person,
        "spellId": format!("s-{person}"),
        "effectiveFrom": "2024-01-02T09:00:00",
        "tz": "Europe/Paris",
        "sourceRevision": revision,
    });
    let members = more.as_object().cloned().unwrap_or_default();
    data.as_object_mut().expect("an object").extend(members);
    json!({
        "specversion": "1.0",
        "id": format!("{kind}-{person}-{revision}"),
        "source": "//hr/contoso",
        "type": kind,
        "subject": format!("person/{person}"),
        "data": data,
    })
}

/// The fields a problem names.
pub fn fields(answer: &Answer) -> Vec<String> {
    let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().filter_map(|error| error["field"].as_str().map(str::to_owned)).collect()
}
