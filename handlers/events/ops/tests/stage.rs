//! A sandbox, the functions before it, and calls as the host makes them.

use std::{io::Write, sync::Arc, time::Duration};

use axum::body::{Body, to_bytes};
use http::Request;
use latchkey_azure::{Http, HttpOptions, Tokens};
use latchkey_core::{
    case::PersonRecord,
    fact::Fact,
    message::{PlanMessage, StepMessage},
};
use latchkey_runtime::{Clients, Clock, Config, Cx, Need, deliver::deliver};
use sandbox::{
    Rights, Sandbox, Who,
    bus::{Entity, EntityOptions},
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tower::ServiceExt;

use crate::{app, events::ops, needs, plans::plan_person, step};

/// The key of RFC 8410, 10.3.
const SIGNING_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";

const AUDIENCE: &str = "api://latchkey";
const POLICY: &str = "
tenant: contoso.onmicrosoft.com
clusters:
  aks-west:
    resourceId: RESOURCE
    authorization: azure-rbac
teams:
  frontend:
    group: Ops_Frontend_team
    access: [{ cluster: aks-west, namespace: frontend, role: writer }]
birthright:
  - { when: { department: Frontend Ops }, teams: [frontend] }
people: { match: employeeId, create: false }
protected: { principals: [], minimumClusterAdmins: 0 }
";

pub(in crate::events::ops) struct Stage {
    pub(in crate::events::ops) sandbox: Sandbox,
    pub(in crate::events::ops) clients: Arc<Clients>,
    /// Object id of the operator `olga`, who is person 7.
    pub(in crate::events::ops) olga: String,
    _files: (NamedTempFile, NamedTempFile),
}

/// What came back through the host's `http` output.
pub(in crate::events::ops) struct Answer {
    pub(in crate::events::ops) status: u64,
    pub(in crate::events::ops) headers: Value,
    pub(in crate::events::ops) body: Value,
}

impl Stage {
    /// Olga, an operator and person 7; Pat, person 1042, hired into the frontend team, whose group
    /// is there and empty.
    pub(in crate::events::ops) async fn new() -> Self {
        let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
        let files = (file(&sandbox.ca_pem), file(&policy(&sandbox)));
        let clients = clients(&sandbox, &files);
        let olga = populate(&sandbox);
        for (name, needs) in needs() {
            sandbox.world.grant(name, rights(&needs));
        }
        declare(&sandbox);
        let stage = Self { sandbox, clients, olga, _files: files };
        stage.hire("1042").await;
        stage
    }

    pub(in crate::events::ops) fn cx(&self, function: &'static str) -> Cx {
        Cx::new(Arc::clone(&self.clients), function)
    }

    async fn hire(&self, person: &str) {
        let event = json!({
            "specversion": "1.0", "id": format!("hire-{person}"), "source": "urn:example:hr",
            "type": "person.hired.v1", "subject": format!("person/{person}"),
            "time": "2026-01-05T08:00:00Z", "datacontenttype": "application/json",
            "data": {
                "personId": person, "spellId": "s-1", "workerType": "employee",
                "effectiveFrom": "2026-01-05T09:00:00", "tz": "Europe/Berlin",
                "sourceRevision": 1, "urgency": "scheduled",
                "attributes": { "department": "Frontend Ops" },
            },
        });
        let cx = self.cx("record_person_event");
        let fact = Fact::from_slice(event.to_string().as_bytes(), cx.now()).unwrap();
        self.note(person, &PersonRecord::Fact(fact)).await;
    }

    /// Appends a record to the person's stream.
    pub(in crate::events::ops) async fn note(&self, person: &str, record: &PersonRecord) {
        let stream = format!("people/{person}");
        self.clients.ledger.append_always(&stream, self.cx("test").now(), record).await.unwrap();
    }

    pub(in crate::events::ops) fn token(&self, roles: &[&str]) -> String {
        self.token_of(&self.olga, roles)
    }

    /// A token of somebody else, by object id.
    pub(in crate::events::ops) fn token_of(&self, user: &str, roles: &[&str]) -> String {
        let roles = roles.iter().map(ToString::to_string).collect();
        let who = Who::Operator { user: user.to_owned(), roles };
        self.sandbox.world.token_for(&who, AUDIENCE)
    }

    /// The object id of the user of this name.
    pub(in crate::events::ops) fn user(&self, name: &str) -> String {
        let directory = self.sandbox.world.directory.read().unwrap();
        let upn = format!("{name}@{}", self.sandbox.world.config.tenant);
        directory.user(&upn).unwrap().id.clone()
    }

    pub(in crate::events::ops) async fn operator(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        self.call(method, path, Some(&self.token(&["Access.Operate"])), &body.to_string()).await
    }

    pub(in crate::events::ops) async fn reader(&self, path: &str) -> Answer {
        self.call("GET", path, Some(&self.token(&["Access.Read"])), "").await
    }

    /// Calls `ops` through the custom-handler protocol, `path` being what follows `/api/`.
    pub(in crate::events::ops) async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &str,
    ) -> Answer {
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let mut parts = route.split('/');
        let (resource, id, action) = (parts.next(), parts.next(), parts.next());
        let query: serde_json::Map<String, Value> =
            query.split_once('=').map(|(k, v)| (k.to_owned(), json!(v))).into_iter().collect();
        let mut req = json!({
            "Url": format!("http://localhost/api/{path}"), "Method": method, "Query": query,
            "Headers": { "Content-Type": ["application/json"], "Idempotency-Key": ["k-1"] },
            "Params": { "resource": resource, "id": id, "action": action },
        });
        if let Some(token) = token {
            req["Headers"]["Authorization"] = json!([format!("Bearer {token}")]);
        }
        if !body.is_empty() {
            req["Body"] = json!(body);
        }
        self.invoke(json!({ "Data": { "req": req }, "Metadata": { "sys": {} } })).await
    }

    async fn invoke(&self, invocation: Value) -> Answer {
        let service = app::functions(&self.clients, |name| name == ops::NAME).into_service();
        let request = Request::post("/ops")
            .header("content-type", "application/json")
            .header("x-azure-functions-invocationid", "i-1")
            .body(Body::from(invocation.to_string()))
            .unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let bytes = to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap();
        let mut outer: Value = serde_json::from_slice(&bytes).unwrap();
        let mut res = outer["Outputs"]["res"].take();
        let body = res["body"].as_str().map_or(Value::Null, |b| serde_json::from_str(b).unwrap());
        let status = res["statusCode"].as_u64().unwrap();
        Answer { status, headers: res["headers"].take(), body }
    }

    /// Serves one message of `join_groups` as the step's function would.
    pub(in crate::events::ops) async fn serve_one_step(&self) {
        let message: StepMessage = self.next("steps", "join_groups").await;
        let (cx, entry) = (self.cx("join_groups"), step("join_groups").unwrap());
        deliver(&cx, entry, &message, 1).await.unwrap();
    }

    /// Serves one message of `plan_person` as the planner's function would.
    pub(in crate::events::ops) async fn serve_one_plan(&self) {
        let message: PlanMessage = self.next("plans", "plan_person").await;
        let latchkey_core::message::About::Person(person) = &message.about else { return };
        plan_person::plan(&self.cx("plan_person"), &message, person).await.unwrap();
    }

    /// The next message of a subscription, completed.
    pub(in crate::events::ops) async fn next<T: serde::de::DeserializeOwned>(
        &self,
        topic: &str,
        name: &str,
    ) -> T {
        self.next_of(&Entity::subscription(topic, name)).await
    }

    /// The next message of an entity, completed.
    pub(in crate::events::ops) async fn next_of<T: serde::de::DeserializeOwned>(
        &self,
        entity: &Entity,
    ) -> T {
        let broker = &self.sandbox.world.bus;
        let session = broker.accept_session(entity).await.unwrap();
        let delivery = session.next().unwrap().unwrap();
        broker.complete(&delivery).unwrap();
        serde_json::from_slice(&delivery.message.body).unwrap()
    }
}

/// Every queue and subscription.
fn declare(sandbox: &Sandbox) {
    let (bus, options) = (&sandbox.world.bus, EntityOptions::default().sessions(true));
    for queue in ["people", "changes"] {
        bus.declare_queue(queue, options.detecting_duplicates());
    }
    let steps = crate::STEPS.iter().map(|entry| ("steps", entry.name));
    let planners = ["plan_cluster", "plan_person", "plan_team"].map(|name| ("plans", name));
    for (topic, name) in steps.chain(planners) {
        bus.declare_topic(topic, EntityOptions::default().detecting_duplicates());
        bus.declare_subscription(topic, name, Some(name), options).unwrap();
    }
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn policy(sandbox: &Sandbox) -> String {
    POLICY.replace("RESOURCE", &sandbox.world.config.clusters[0].resource_id)
}

/// Gives Olga's object id.
fn populate(sandbox: &Sandbox) -> String {
    let mut directory = sandbox.world.directory.write().unwrap();
    let [olga, pat, quinn] = ["olga", "pat", "quinn"].map(|name| directory.add_user(name));
    let [leads, inner] = ["Platform_leads", "Deputies"].map(|name| directory.add_group(name));
    directory.add_member(&leads, &inner);
    directory.add_member(&inner, &quinn);
    for (id, employee) in [(&olga, "7"), (&pat, "1042")] {
        let _ = directory.change_user(id, |user| {
            user.other.insert("employeeId".into(), json!(employee));
        });
    }
    directory.add_group("Ops_Frontend_team");
    olga
}

fn clients(sandbox: &Sandbox, files: &(NamedTempFile, NamedTempFile)) -> Arc<Clients> {
    let ends = &sandbox.endpoints;
    let get = |key: &str| {
        Some(match key {
            "LATCHKEY_POLICY" => files.1.path().display().to_string(),
            "LATCHKEY_TENANT" => sandbox.world.config.tenant_id.clone(),
            "LATCHKEY_AUDIENCE" => AUDIENCE.to_owned(),
            "LATCHKEY_AUTHORITY" => ends.authority.to_string(),
            "LATCHKEY_GRAPH" => ends.graph.to_string(),
            "LATCHKEY_ARM" => ends.arm.to_string(),
            "LATCHKEY_SERVICE_BUS" => ends.service_bus.to_string(),
            "LATCHKEY_LEDGER" => "memory:".to_owned(),
            "LATCHKEY_SIGNING_KEY" => SIGNING_KEY.to_owned(),
            _ => return None,
        })
    };
    let config = Config::read(get).unwrap();
    let http = Http::new(HttpOptions {
        ca_file: Some(files.0.path().to_owned()),
        first_backoff: Duration::from_millis(1),
        ..HttpOptions::default()
    });
    let (http, world) = (http.unwrap(), Arc::clone(&sandbox.world));
    let identity = ends.managed_identity.clone();
    let tokens = Tokens::from_identity_endpoint(&http, identity, &ends.identity_header, None);
    let clock = Clock::from_fn(move || world.clock.now());
    Arc::new(Clients::with_tokens(config, clock, &http, &tokens).unwrap())
}

fn rights(needs: &[Need]) -> Rights {
    let mut rights = Rights::default();
    for need in needs {
        match need {
            Need::Graph(permission) => drop(rights.graph.insert((*permission).to_owned())),
            Need::Arm(kind, actions) => {
                rights.arm.extend(actions.iter().map(|action| format!("{kind}/{action}")));
            }
            Need::Kube(kind, verbs) => {
                let pairs = verbs.iter().map(|verb| ((*kind).to_owned(), (*verb).to_owned()));
                rights.kubernetes.extend(pairs);
            }
            Need::Send(topic) => drop(rights.bus.insert((*topic).to_owned())),
            Need::DeadLetters(name) => drop(rights.dead_letters.insert((*name).to_owned())),
        }
    }
    rights
}
