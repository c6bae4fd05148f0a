//! No name, mail address, token or secret that comes in by any door goes out anywhere: not to a
//! line, a trace or a figure, not in a message's properties, a log of the host, or an answer to
//! somebody who did not ask for it.

use std::sync::{Arc, Mutex};

use handlers::events::hr_webhook::{SIGNATURE, TIMESTAMP, sign};
use jiff::Timestamp;
use latchkey_azure::{Http, http::HttpOptions};
use latchkey_core::CaseId;
use reqwest::{Client, Method, RequestBuilder};
use sandbox::bus::{Entity, EntityOptions, Message};
use serde_json::{Value, json};
use xtask::{
    options::StageOptions,
    stage::{ENTRA_SECRETS, HR_SECRETS},
};

use crate::{
    played::{Played, event, hire},
    telemetry::collector::Collector,
};

const NAME: &str = "Plantagenet Person";
const ADDRESS: &str = "planted.address@contoso.onmicrosoft.com";
const TOKEN: &str = "planted-token";
const SECRET: &str = "planted-secret";
/// Everything that we say ourselves; what libraries say at this level is theirs.
const LOG: &str =
    "info,handlers=debug,latchkey_azure=debug,latchkey_runtime=debug,latchkey_cluster=debug";
const PERSON: &str = "5001";

/// Everything that goes out, as text, with where it was found.
type Outputs = Arc<Mutex<Vec<(String, String)>>>;

struct Planted {
    played: Played,
    collector: Collector,
    outputs: Outputs,
    client: Client,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_goes_out_by_any_way() {
    let planted = Planted::start().await;
    planted.at_the_hr_door().await;
    planted.at_the_doors_of_entra().await;
    planted.in_the_queues().await;
    planted.at_the_operators_door().await;
    planted.played.settled().await;
    planted.told().await;
    let outputs = planted.outputs.lock().expect("outputs").clone();
    for kind in ["a line", "otlp", "a message", "a log", "an answer"] {
        let found = outputs.iter().filter(|(at, _)| at.starts_with(kind)).count();
        assert!(found > 0, "nothing was looked at of {kind}");
    }
    let secrets = planted.secrets();
    let told: Vec<_> = outputs
        .iter()
        .filter_map(|(at, text)| {
            let secret = secrets.iter().find(|secret| text.contains(secret.as_str()))?;
            Some(format!("{at} tells {secret}: {text}"))
        })
        .collect();
    assert_eq!(told, Vec::<String>::new());
}

impl Planted {
    async fn start() -> Self {
        let collector = Collector::start().await;
        let mut settings = collector.settings();
        settings.insert("LATCHKEY_LOG".into(), LOG.into());
        settings.insert("OTEL_EXPORTER_OTLP_HEADERS".into(), format!("x-collector-key={SECRET}"));
        let played = Played::with(|_, options| StageOptions { settings, ..options }).await;
        let outputs = Outputs::default();
        for topic in ["plans", "steps"] {
            witness(&played, topic, &outputs);
        }
        xtask::play::plan_all(&played.stage).await.expect("sent");
        played.settled().await;
        Self { played, collector, outputs, client: plain() }
    }

    fn secrets(&self) -> Vec<String> {
        let planted = [NAME, "Plantagenet", ADDRESS, "planted.address", TOKEN, SECRET, "eyJ"];
        let ours = [HR_SECRETS, ENTRA_SECRETS].concat();
        let mut all: Vec<_> = planted.iter().chain(&ours).map(|text| (*text).to_owned()).collect();
        all.push(self.played.stage.sandbox.endpoints.identity_header.clone());
        all.extend(self.played.ready.tokens.values().cloned());
        all
    }

    fn keep(&self, at: &str, text: impl Into<String>) {
        self.outputs.lock().expect("outputs").push((at.to_owned(), text.into()));
    }

    /// Sends a request with something private in every header that anybody may set.
    async fn ask(&self, request: RequestBuilder) -> u16 {
        let request = request
            .header("traceparent", ADDRESS)
            .header("tracestate", format!("name={NAME}"))
            .header("baggage", format!("token={TOKEN}"))
            .header("x-ms-client-principal-name", ADDRESS)
            .header("cookie", format!("session={TOKEN}"))
            .header("user-agent", NAME);
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status(), format!("{:?}", answer.headers()));
        let body = answer.text().await.expect("a body");
        self.keep("an answer", format!("{status} {headers} {body}"));
        status.as_u16()
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/{path}", self.played.ready.functions.trim_end_matches('/'))
    }

    async fn hr(&self, body: &str, secret: &str) -> u16 {
        let now = Timestamp::now().as_second();
        let request = self.client.post(self.at(&format!("hr/events?code={SECRET}&who={ADDRESS}")));
        let request = request.header(TIMESTAMP, now.to_string());
        let request = request.header(SIGNATURE, sign(secret, now, body.as_bytes()));
        let request = request.header("content-type", "application/cloudevents+json");
        self.ask(request.bearer_auth(TOKEN).body(body.to_owned())).await
    }

    async fn at_the_hr_door(&self) {
        let private = json!({
            "department": "Frontend Ops", "userPrincipalName": ADDRESS, "displayName": NAME,
            "jobTitle": NAME, "managerId": ADDRESS, "location": NAME,
        });
        let mut hired = hire(PERSON, "Frontend Ops");
        hired["data"]["attributes"] = private.clone();
        hired["traceparent"] = json!(ADDRESS);
        assert_eq!(self.hr(&hired.to_string(), HR_SECRETS[0]).await, 202);
        self.played.settled().await;
        let data = json!({
            "urgency": "immediate", "reasonClass": NAME, "legalHold": ADDRESS, "attributes": private,
        });
        let left = event("person.terminated.v1", PERSON, 2, data).to_string();
        assert_eq!(self.hr(&left, SECRET).await, 401, "not ours");
        assert_eq!(self.hr(&left, HR_SECRETS[1]).await, 202);
        self.played.settled().await;
        let change = |data| event("person.changed.v1", PERSON, 3, data);
        let mut named = change(json!({}));
        named["id"] = json!(ADDRESS);
        named["data"]["personId"] = json!(ADDRESS);
        let wrong = [
            change(json!({ "tz": NAME, "effectiveFrom": ADDRESS })),
            change(json!({ "sourceRevision": ADDRESS, "urgency": NAME })),
            change(json!({ "access": [{ "team": NAME, "role": ADDRESS, "until": TOKEN }] })),
            event(NAME, PERSON, 3, json!({ "workerType": { NAME: ADDRESS } })),
            named,
            json!({ NAME: ADDRESS, "data": SECRET }),
            json!(NAME),
        ];
        for event in &wrong {
            let status = self.hr(&event.to_string(), HR_SECRETS[0]).await;
            assert!(matches!(status, 202 | 400), "{status} {event}");
        }
    }

    async fn at_the_doors_of_entra(&self) {
        let notification = |secret: &str| {
            json!({ "value": [{
                "clientState": secret, "changeType": "updated", "resource": format!("Users/{ADDRESS}"),
                "resourceData": { "id": NAME, "@odata.type": TOKEN }, "subscriptionId": NAME,
            }] })
        };
        for secret in [SECRET, ENTRA_SECRETS[0]] {
            let door = self.client.post(self.at(&format!("entra_webhook?who={ADDRESS}")));
            self.ask(door.json(&notification(secret))).await;
        }
        self.ask(self.client.post(self.at("entra_webhook")).body(NAME)).await;
        for kind in
            ["Microsoft.Graph.UserUpdated", "Microsoft.Resources.ResourceWriteSuccess", NAME]
        {
            let event = json!({
                "id": ADDRESS, "source": NAME, "specversion": "1.0", "type": kind,
                "subject": ADDRESS, "time": "2026-01-01T00:00:00Z",
                "data": {
                    "operationName": "Microsoft.Authorization/roleAssignments/write",
                    "resourceUri": format!("/subscriptions/{NAME}"), "clientState": SECRET,
                    "claims": { "name": NAME, "upn": ADDRESS, "token": TOKEN },
                    "resource": format!("Users/{ADDRESS}"),
                },
            });
            let ran = self.played.stage.host.run("entra_event", &event.to_string()).await;
            self.keep("an answer", format!("{ran:?}"));
        }
        self.played.settled().await;
    }

    async fn in_the_queues(&self) {
        let request = |request| {
            json!({
                "caseId": CaseId::of(&["private"]), "about": { "person": PERSON }, "step": "join_groups",
                "attempt": 1, "request": request,
            })
        };
        let messages = [
            (
                "plans",
                "plan_person",
                json!({ "caseId": ADDRESS, "about": { "person": NAME }, "attempt": NAME }),
            ),
            (
                "steps",
                "join_groups",
                json!({ "caseId": ADDRESS, "attempt": ADDRESS, "request": NAME }),
            ),
            ("steps", "join_groups", request(json!({ "personId": NAME, "teams": ADDRESS }))),
            ("steps", "join_groups", request(json!({ "personId": PERSON, "teams": [NAME] }))),
            ("people", "person.hired.v1", json!({ "data": { "personId": NAME, "tz": ADDRESS } })),
            ("changes", "resolve_change", json!({ "hint": { "users": ADDRESS }, "tries": NAME })),
        ];
        for (at, (to, label, body)) in messages.iter().enumerate() {
            let mut message = Message::new(body.to_string()).id(format!("private {at}"));
            for key in ["Diagnostic-Id", "traceparent", "who"] {
                message.properties.insert(key.into(), json!(ADDRESS));
            }
            message.correlation_id = Some(NAME.into());
            let message = message.session(format!("person/{PERSON}")).label(*label);
            self.played.stage.sandbox.world.bus.send(to, message).expect("the broker takes it");
            self.played.settled().await;
            self.played.delivered_once(&format!("private {at}"));
        }
    }

    async fn at_the_operators_door(&self) {
        let order = json!({ "request": { "personId": PERSON, "who": NAME }, "reason": ADDRESS });
        let person = json!({ "request": { "personId": PERSON }, "reason": NAME });
        let ask = |who: &str, method: Method, path: &str| {
            let token = self.played.ready.tokens.get(who).cloned();
            let request = self.client.request(method, self.at(path));
            request.bearer_auth(token.unwrap_or_else(|| TOKEN.to_owned()))
        };
        self.ask(ask("nobody", Method::GET, "people")).await;
        self.ask(ask("nobody", Method::POST, "steps/end_sessions").json(&order)).await;
        self.ask(ask("operator", Method::POST, "steps/end_sessions").json(&order)).await;
        self.ask(ask("operator", Method::POST, "steps/end_sessions").json(&person)).await;
        self.ask(ask("operator", Method::POST, "steps/end_sessions").body(NAME)).await;
        // A reader who asks for what is parked sees that it is, and why, not what it says.
        for path in ["parked", "feeds", "steps", "teams/frontend", &format!("people?who={ADDRESS}")]
        {
            self.ask(ask("reader", Method::GET, path)).await;
        }
        for path in [
            format!("steps/{TOKEN}"),
            format!("cases/{TOKEN}"),
            format!("plans/{TOKEN}"),
            format!("people/{ADDRESS}"),
            format!("teams/{NAME}?token={TOKEN}"),
            format!("access?cluster={ADDRESS}"),
        ] {
            self.ask(ask("reader", Method::GET, &path)).await;
        }
        self.played.settled().await;
    }

    /// Gathers what went out by itself.
    async fn told(&self) {
        self.collector
            .until("the last invocation", |collector| {
                collector.spans().iter().any(|span| span.name == "ops")
                    && collector.points("latchkey.message.parked").values().sum::<u64>() > 2
            })
            .await;
        self.keep("otlp", self.collector.everything());
        for line in self.played.lines.lock().expect("lines").iter() {
            self.keep("a line", line);
        }
        for invocation in self.played.stage.host.invocations() {
            let (id, outcome) = (&invocation.trigger, &invocation.outcome);
            // The dev host's word for what came in; only messages of ours have ids of ours.
            let came_in = id.contains("/api/") || invocation.function == "entra_event";
            let id = if came_in { "" } else { id };
            self.keep("a log", format!("{id} {outcome:?} {:?}", invocation.logs));
        }
    }
}

/// A client as anybody has one.
fn plain() -> Client {
    let http = Http::new(HttpOptions::default()).expect("a client");
    http.client().clone()
}

/// Takes down the properties of every message that is sent to a topic.
fn witness(played: &Played, topic: &'static str, outputs: &Outputs) {
    let bus = played.stage.sandbox.world.bus.clone();
    let options = EntityOptions::default();
    bus.declare_subscription(topic, "witness", None, options).expect("the topic is there");
    let entity = Entity::subscription(topic, "witness");
    let outputs = Arc::clone(outputs);
    tokio::spawn(async move {
        while let Ok(delivery) = bus.receive(&entity).await {
            let told = &delivery.message;
            if !told.message_id.starts_with("private ") {
                let properties: Value = json!(told.properties);
                let told = format!(
                    "{} {:?} {:?} {:?} {properties}",
                    told.message_id, told.session_id, told.label, told.correlation_id
                );
                outputs.lock().expect("outputs").push(("a message".into(), told));
            }
            if bus.complete(&delivery).is_err() {
                return;
            }
        }
    });
}
