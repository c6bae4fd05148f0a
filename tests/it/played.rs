//! A stage with its doors, for tests that play events and look at what became of them.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use dev_host::{Invocation, Outcome};
use jiff::SignedDuration;
use latchkey_core::case::CaseRecord;
use latchkey_runtime::{Clients, Clock, Cx, case, park};
use reqwest::Method;
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

/// What the handler printed.
type Lines = Arc<Mutex<Vec<String>>>;

/// A stage with its doors, and every line that the handler prints.
pub struct Played {
    /// What runs.
    pub stage: Stage,
    /// Its doors, for a reader.
    pub doors: Doors,
    /// Where it serves.
    pub ready: Ready,
    /// What the handler printed.
    pub lines: Lines,
    files: Scratch,
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

    /// With a policy of one's own, and with what is in its tenant before (`{}` for nothing).
    pub async fn of(policy: &str, before: &str) -> Self {
        Self::with(|files, _| {
            let options = options_of(files, policy);
            fs::write(options.policy.with_extension("before.json"), before).expect("written");
            options
        })
        .await
    }

    pub async fn with(change: impl FnOnce(&Scratch, StageOptions) -> StageOptions) -> Self {
        let files = Scratch::new().expect("files");
        let options = change(&files, files.options());
        let (lines, keep) = kept();
        let stage = Stage::start(&options, keep).await.expect("the stage is set");
        Self::on(stage, lines, files)
    }

    /// The same tenant and ledger under another policy.
    pub async fn under(self, policy: &str) -> Self {
        let Self { stage: Stage { sandbox, host, cast, .. }, files, .. } = self;
        host.stop().await;
        let (lines, keep) = kept();
        let options = options_of(&files, policy);
        let stage = Stage::over(sandbox, cast, &options, keep).await.expect("the stage is set");
        Self::on(stage, lines, files)
    }

    fn on(stage: Stage, lines: Lines, files: Scratch) -> Self {
        let ready = Ready::of(&stage);
        let doors = Doors::new(&ready.functions, &ready.hr_secret, &ready.tokens["reader"]);
        Self { stage, doors: doors.expect("doors"), ready, lines, files }
    }

    pub async fn send(&self, event: &Value) -> Answer {
        self.doors.hr(event.to_string().as_bytes()).await.expect("the door answers")
    }

    /// Sends an event that nothing is wrong with, and waits for what comes of it.
    pub async fn tell(&self, event: &Value) {
        let answer = self.send(event).await;
        assert_eq!(answer.status, 202, "{}", answer.complaint());
        self.settled().await;
    }

    /// The doors for somebody of `ready.tokens`.
    pub fn doors_of(&self, who: &str) -> Doors {
        self.doors.with_token(&self.ready.tokens[who])
    }

    /// The directory of the ledger.
    pub fn ledger(&self) -> PathBuf {
        let url: reqwest::Url = self.stage.clients.config.ledger.parse().expect("a URL");
        url.to_file_path().expect("a directory")
    }

    /// Runs the binary as somebody at a terminal does.
    pub fn latchkey(&self, arguments: &[&str], settings: &[(&str, &str)]) -> std::process::Output {
        let mut command = std::process::Command::new(self.files.binary());
        command.env_clear().envs(settings.iter().copied()).args(arguments);
        command.output().expect("the binary runs")
    }

    /// What a reader gets to see.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.doors.ops(Method::GET, path, None).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.complaint());
        answer.body
    }

    /// The operator orders a step or a look.
    pub async fn order(&self, step: &str, request: &Value) -> Answer {
        let body = json!({ "request": request, "reason": "ticket 4711" });
        let door = self.doors_of("operator");
        let path = format!("steps/{step}");
        let answer = door.ops(Method::POST, &path, Some(&body)).await.expect("an answer");
        self.settled().await;
        answer
    }

    /// The plan that an order of the operator awaits approval of.
    pub async fn asked(&self, step: &str, request: &Value) -> Value {
        let answer = self.order(step, request).await;
        let plan = answer.body["awaitsApproval"].clone();
        assert!(plan.is_object(), "{step}: {} {}", answer.complaint(), answer.body);
        plan
    }

    /// How the plan stands that is told in brief.
    pub async fn plan(&self, brief: &Value) -> Value {
        let path = format!("plans/{}", brief["planHash"].as_str().expect("a hash"));
        let door = self.doors_of("operator");
        door.ops(Method::GET, &path, None).await.expect("an answer").body
    }

    /// Somebody approves a plan. Gives the status.
    pub async fn approve(&self, who: &str, plan: &Value) -> u16 {
        let hash = plan["planHash"].as_str().expect("a plan");
        let answer = self.doors_of(who).approve(hash, "I know of it").await.expect("an answer");
        self.settled().await;
        answer.status
    }

    /// Waits until nothing is left to deliver, and holds that nothing was dead-lettered.
    pub async fn settled(&self) {
        self.stage.host.settled(false).await;
        let counts = self.stage.sandbox.world.bus.counts();
        assert!(counts.values().all(|count| count.dead == 0), "{counts:?}");
    }

    /// The view of a function by the sandbox's clock; the binary's own is not turned.
    pub fn turned_cx(&self, function: &'static str) -> Cx {
        let (at, clock) = (&self.stage.clients, self.stage.sandbox.world.clock.clone());
        let clients = Clients {
            config: at.config.clone(),
            policy: at.policy.clone(),
            policy_digest: at.policy_digest.clone(),
            clock: Clock::from_fn(move || clock.now()),
            http: at.http.clone(),
            graph: at.graph.clone(),
            arm: at.arm.clone(),
            clusters: at.clusters.clone(),
            bus: at.bus.clone(),
            ledger: at.ledger.clone(),
            cells: at.cells.clone(),
            signer: at.signer.clone(),
        };
        Cx::new(Arc::new(clients), function)
    }

    /// Lets every bound pass, so that what was taken from leavers can be proven to be gone.
    pub async fn proven(&self) {
        self.stage.sandbox.world.clock.advance(SignedDuration::from_mins(95));
        self.settled().await;
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

    /// The lines of the snapshot that hold a text.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        self.snapshot().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    pub fn snapshot(&self) -> String {
        self.stage.sandbox.world.snapshot()
    }
}

/// Keeps the lines that the handler prints.
fn kept() -> (Lines, impl Fn(dev_host::Line) + Send + Sync + 'static) {
    let lines = Lines::default();
    let seen = Arc::clone(&lines);
    (lines, move |line| seen.lock().expect("lines").push(line.text))
}

/// The stage's options with this policy, written beside its other files.
fn options_of(files: &Scratch, policy: &str) -> StageOptions {
    let file = files.dir().join("policy.yaml");
    fs::write(&file, policy).expect("written");
    StageOptions { policy: file, ..files.options() }
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
