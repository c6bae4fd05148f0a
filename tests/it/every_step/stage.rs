//! A world, our real clients in it, and what goes over the wire.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use latchkey_azure::{
    http::{Http, HttpOptions},
    token::Tokens,
};
use latchkey_core::{
    CaseId, ObjectId,
    approval::Ask,
    case::{CaseRecord, Cause, Evidence, SentStep, case_stream},
    message::{About, PLANS, STEPS, StepMessage},
};
use latchkey_runtime::{
    Clients, Clock, Config, Cx, Next, Run, StepError, case,
    deliver::{Delivered, deliver},
    run::Look,
};
use sandbox::{Rights, Sandbox, Service, bus::EntityOptions, faults::Rule};
use serde_json::Value;
use tempfile::TempDir;
use xtask::tenant;

use super::{
    case::{Case, root},
    world,
};

/// No message is delivered or sent again more often than this.
const MOST_DELIVERIES: u32 = 30;

/// A case's world and our clients.
pub struct Stage {
    pub case: Case,
    pub sandbox: Sandbox,
    pub message: StepMessage,
    clients: Arc<Clients>,
    writes: Arc<Mutex<Vec<(Service, String)>>>,
    files: TempDir,
}

impl Stage {
    /// Sets the stage for a case: nothing but the step's needs is granted, and what needs an
    /// approval has it.
    pub async fn set(case: &Case) -> Self {
        Self::set_with(case, true).await
    }

    /// The same without any approval.
    pub async fn unapproved(case: &Case) -> Self {
        Self::set_with(case, false).await
    }

    async fn set_with(case: &Case, approved: bool) -> Self {
        let config = sandbox::Config { clusters: Vec::new(), ..sandbox::Config::default() };
        let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
        let files = TempDir::new().expect("a directory");
        fs::write(files.path().join("ca.pem"), &sandbox.ca_pem).expect("it can be written");
        let clients = Arc::new(connect(&sandbox, &files));
        let cx = Cx::new(Arc::clone(&clients), case.entry.name);
        world::fill(&sandbox, &cx, case.change).await;
        for topic in [STEPS, PLANS] {
            let options = EntityOptions::default().detecting_duplicates();
            sandbox.world.bus.declare_topic(topic, options);
        }
        let message = message(case);
        let stage =
            Self { case: case.clone(), sandbox, message, clients, writes: Arc::default(), files };
        stage.plan(&cx).await;
        if approved {
            stage.approve(&cx).await;
        }
        stage.grant(tenant::rights(&[case.entry.needs, handlers::EVERY_STEP].concat()));
        stage.disturb(sandbox::faults::none());
        stage
    }

    /// The case of the message, as a planner leaves it.
    async fn plan(&self, cx: &Cx) {
        let StepMessage { case_id, about, step, .. } = &self.message;
        case::open(cx, case_id, about, Cause::Sweep).await.expect("the ledger takes it");
        let sent = SentStep { step: step.clone(), message_id: self.message.id() };
        let planned = CaseRecord::Planned {
            attempt: self.message.attempt,
            plan: Vec::new(),
            steps: vec![sent],
            residue: Vec::new(),
            plan_hash: String::new(),
            ms: 0,
        };
        let written = cx.ledger().append_always(&case_stream(case_id), cx.now(), &planned).await;
        written.expect("the ledger takes it");
    }

    /// Somebody approves what the step would do, where that needs an approval. What that is shows
    /// in a world of its own: a look in this one would leave traces of reads.
    async fn approve(&self, cx: &Cx) {
        let Some(ask) = plan_of(&self.case).await else { return };
        let plan_hash = ask.plan_hash.clone();
        let approver = ObjectId::new("00000000-0000-4000-8000-0000000000aa").expect("an id");
        let reason = "the harness agrees".to_owned();
        let approved = CaseRecord::Approved { plan_hash, approver, reason };
        let stream = case_stream(&self.message.case_id);
        for record in [CaseRecord::AwaitsApproval(ask), approved] {
            let written = cx.ledger().append_always(&stream, cx.now(), &record).await;
            written.expect("the ledger takes it");
        }
    }

    /// What the step may do from here on.
    pub fn grant(&self, rights: Rights) {
        self.sandbox.world.grant(self.case.entry.name, rights);
    }

    /// What goes wrong from here on; writes are counted anew.
    pub fn disturb(&self, rule: Rule) {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.sandbox.world.faults.set(rule);
        let writes = Arc::clone(&self.writes);
        self.sandbox.world.faults.add(Box::new(move |seen| {
            if seen.write {
                let what = format!("{} {}", seen.method, seen.path);
                let mut writes = writes.lock().unwrap_or_else(PoisonError::into_inner);
                writes.push((seen.service, what));
            }
            None
        }));
    }

    /// Every write since the last disturbance.
    pub fn writes(&self) -> Vec<(Service, String)> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The writes that change what anybody may do: a dry run does not.
    pub fn changes(&self) -> Vec<String> {
        let changes = self.writes().into_iter().filter(|(to, _)| *to != Service::ServiceBus);
        changes.map(|(_, what)| what).filter(|what| !what.contains("dryRun=All")).collect()
    }

    /// What anybody may do.
    pub fn state(&self) -> String {
        world::state(&self.sandbox.world)
    }

    /// The step's view.
    pub fn cx(&self) -> Cx {
        Cx::new(Arc::clone(&self.clients), self.case.entry.name)
    }

    /// The step alone, without a message.
    pub async fn run(&self) -> Result<Run, StepError> {
        (self.case.entry.run)(self.cx(), self.message.clone()).await
    }

    /// Delivers the message as the host and the queue do, until there is evidence.
    pub async fn deliver(&self, message: &StepMessage) -> Evidence {
        let (cx, mut message, mut deliveries) = (self.cx(), message.clone(), 1);
        for _ in 0..MOST_DELIVERIES {
            match deliver(&cx, self.case.entry, &message, deliveries).await {
                Ok(Delivered::Done(evidence)) => return evidence,
                Ok(Delivered::Later(_)) => {
                    message.tries += 1;
                    deliveries = 1;
                }
                Err(error) => {
                    let again = matches!(error.next(), Next::Look | Next::Redeliver { .. });
                    assert!(again, "{}: a delivery is lost on {error}", self.case.name());
                    deliveries += 1;
                }
            }
        }
        panic!("{}: still no evidence after {MOST_DELIVERIES} deliveries", self.case.name());
    }

    /// The process dies and another takes its place: of ours, only the ledger is still there.
    pub fn restart(&mut self) {
        let ledger = self.clients.ledger.clone();
        self.clients = Arc::new(Clients { ledger, ..connect(&self.sandbox, &self.files) });
    }

    /// The evidence in the ledger that answers the message.
    pub async fn evidence(&self) -> Vec<Evidence> {
        let records = case::read(&self.cx(), &self.message.case_id).await.expect("it is readable");
        let evidence = records.into_iter().filter_map(|record| match record {
            CaseRecord::Evidence(evidence) => Some(evidence),
            _ => None,
        });
        evidence.filter(|evidence| evidence.message_id == self.message.id()).collect()
    }
}

/// The plan that a case's step asks approval for, if it does. Worlds are made alike, so it is the
/// same in each of them.
async fn plan_of(case: &Case) -> Option<Ask> {
    static KNOWN: Mutex<BTreeMap<String, Option<Ask>>> = Mutex::new(BTreeMap::new());
    let name = case.name();
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
    if let Some(known) = known {
        return known;
    }
    let stage = Box::pin(Stage::unapproved(case)).await;
    let look = (case.entry.look)(stage.cx(), case.request.clone()).await;
    let Look { decision, approval } = look.expect("a look in a calm world succeeds");
    let ask = approval.map(|by| Ask::of(&stage.message, &decision, by, &[]));
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(name, ask.clone());
    ask
}

fn about(request: &Value) -> About {
    let named = |of: &Value| of.as_str().map(ToOwned::to_owned);
    let person = named(&request["personId"]).or_else(|| named(&request["holder"]["person"]));
    let team = named(&request["team"]).or_else(|| named(&request["holder"]["team"]));
    match (person, team) {
        (Some(person), _) => About::Person(person.parse().expect("an id")),
        (None, Some(team)) => About::Team(team.parse().expect("a name")),
        (None, None) => {
            let cluster = named(&request["cluster"]).expect("it is about something");
            About::Cluster(cluster.parse().expect("a name"))
        }
    }
}

fn message(case: &Case) -> StepMessage {
    let about = about(&case.request);
    StepMessage {
        case_id: CaseId::of(&[case.entry.name]),
        about,
        step: case.entry.name.to_owned(),
        attempt: 1,
        request: case.request.clone(),
        tries: 0,
    }
}

fn connect(sandbox: &Sandbox, files: &TempDir) -> Clients {
    let ends = &sandbox.endpoints;
    let policy = root().join("access.yaml").display().to_string();
    let ca_file = files.path().join("ca.pem");
    let get = |key: &str| {
        Some(match key {
            "LATCHKEY_POLICY" => policy.clone(),
            "LATCHKEY_TENANT" => sandbox.world.config.tenant_id.clone(),
            "LATCHKEY_AUTHORITY" => ends.authority.to_string(),
            "LATCHKEY_AUDIENCE" => "api://latchkey".to_owned(),
            "LATCHKEY_GRAPH" => ends.graph.to_string(),
            "LATCHKEY_ARM" => ends.arm.to_string(),
            "LATCHKEY_SERVICE_BUS" => ends.service_bus.to_string(),
            "LATCHKEY_LEDGER" => "memory:".to_owned(),
            _ => return None,
        })
    };
    let config = Config::read(get).expect("all is set");
    let options = HttpOptions {
        ca_file: Some(ca_file),
        first_backoff: Duration::from_millis(1),
        ..HttpOptions::default()
    };
    let http = Http::new(options).expect("the CA is readable");
    let endpoint = ends.managed_identity.clone();
    let tokens = Tokens::from_identity_endpoint(&http, endpoint, &ends.identity_header, None);
    Clients::with_tokens(config, Clock::system(), &http, &tokens).expect("the policy is valid")
}
