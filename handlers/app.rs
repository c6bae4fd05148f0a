//! Ties the functions to the host: one handler for each function whose folder is present.

use std::{future::Future, sync::Arc};

use azure_functions_handler::{
    Failure, Functions, HttpReply, HttpRequest, Invocation, Reply, ServiceBusMessage,
};
use http::StatusCode;
use latchkey_core::message::{self, About, ChangeMessage, PlanMessage, StepMessage};
use latchkey_runtime::{
    Clients, Cx, Entry, StepError, case,
    deliver::{self, Delivered, Fate, deliver, fate},
    park,
};
use latchkey_telemetry::metrics;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tower::service_fn;

use crate::{
    STEPS,
    events::{
        entra_event, entra_webhook, hr_webhook, ops, problem::Problem, recent::Recent,
        record_person_event, resolve_change,
    },
    plans::{plan_cluster, plan_person, plan_team},
    timers::{keep_subscriptions, seal_ledger, sweep},
    trace,
};

/// The delivery after which a queue dead-letters a message: `maxDeliveryCount` of our queues.
const LAST_DELIVERY: u32 = 10;

/// The functions, as far as `present` knows their folders.
pub fn functions(clients: &Arc<Clients>, present: impl Fn(&str) -> bool) -> Functions {
    let mut app = Functions::new().spans(trace::span);
    for entry in STEPS.iter().filter(|entry| present(entry.name)) {
        let cx = Cx::new(Arc::clone(clients), entry.name);
        app = app.with(entry.name, service_fn(move |inv| step(cx.clone(), entry, inv)));
    }
    let planners = [plan_cluster::NAME, plan_person::NAME, plan_team::NAME];
    for name in planners.into_iter().filter(|name| present(name)) {
        let cx = Cx::new(Arc::clone(clients), name);
        app = app.with(name, service_fn(move |inv| plan(cx.clone(), inv)));
    }
    if present(record_person_event::NAME) {
        let cx = Cx::new(Arc::clone(clients), record_person_event::NAME);
        app = app.with(record_person_event::NAME, service_fn(move |inv| event(cx.clone(), inv)));
    }
    if present(resolve_change::NAME) {
        let cx = Cx::new(Arc::clone(clients), resolve_change::NAME);
        app = app.with(resolve_change::NAME, service_fn(move |inv| change(cx.clone(), inv)));
    }
    if present(entra_event::NAME) {
        let cx = Cx::new(Arc::clone(clients), entra_event::NAME);
        let recent = Arc::new(Recent::default());
        let serve = move |inv| told(cx.clone(), Arc::clone(&recent), inv);
        app = app.with(entra_event::NAME, service_fn(serve));
    }
    if present(sweep::NAME) {
        let cx = Cx::new(Arc::clone(clients), sweep::NAME);
        app = app.with(sweep::NAME, service_fn(move |_| clock(cx.clone())));
    }
    if present(seal_ledger::NAME) {
        let cx = Cx::new(Arc::clone(clients), seal_ledger::NAME);
        app = app.with(seal_ledger::NAME, service_fn(move |_| seal(cx.clone())));
    }
    if present(keep_subscriptions::NAME) {
        let cx = Cx::new(Arc::clone(clients), keep_subscriptions::NAME);
        app = app.with(keep_subscriptions::NAME, service_fn(move |_| keep(cx.clone())));
    }
    http(app, clients, present)
}

fn http(mut app: Functions, clients: &Arc<Clients>, present: impl Fn(&str) -> bool) -> Functions {
    if present(hr_webhook::NAME) {
        let cx = Cx::new(Arc::clone(clients), hr_webhook::NAME);
        let serve = move |inv: Invocation| {
            let cx = cx.clone();
            answer(inv, |request| async move { hr_webhook::receive(&cx, &request).await })
        };
        app = app.with(hr_webhook::NAME, service_fn(serve));
    }
    if present(entra_webhook::NAME) {
        let cx = Cx::new(Arc::clone(clients), entra_webhook::NAME);
        let recent = Arc::new(Recent::default());
        let serve = move |inv: Invocation| {
            let (cx, recent) = (cx.clone(), Arc::clone(&recent));
            answer(
                inv,
                |request| async move { entra_webhook::receive(&cx, &recent, &request).await },
            )
        };
        app = app.with(entra_webhook::NAME, service_fn(serve));
    }
    if present(ops::NAME) {
        let cx = Cx::new(Arc::clone(clients), ops::NAME);
        let keys = Arc::new(ops::Keys::default());
        let serve = move |inv: Invocation| {
            let (cx, keys) = (cx.clone(), Arc::clone(&keys));
            answer(inv, |request| async move { ops::serve(&cx, &keys, request).await })
        };
        app = app.with(ops::NAME, service_fn(serve));
    }
    app
}

/// An HTTP function: errors become problems, for nobody redelivers a request.
async fn answer<F, R>(inv: Invocation, serve: F) -> Result<Reply, Failure>
where
    F: FnOnce(HttpRequest) -> R,
    R: Future<Output = Result<HttpReply, StepError>>,
{
    let reply = match serve(inv.http("req")?).await {
        Ok(reply) => reply,
        Err(error) => {
            tracing::warn!(%error, "a request failed");
            let why = "try again: whether it was accepted is not known";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, why).reply()
        }
    };
    Ok(Reply::new().output("res", reply))
}

async fn step(cx: Cx, entry: &'static Entry, inv: Invocation) -> Result<Reply, Failure> {
    let delivery = inv.service_bus("message")?;
    let cx = cx.no_earlier_than(delivery.enqueued_time);
    let Some(message) = read::<StepMessage>(&cx, &delivery).await? else { return Ok(parked()) };
    latchkey_telemetry::belongs_to(&message.case_id);
    if message.step != entry.name {
        let cause = format!("step: {} came to {}", message.step, entry.name);
        park::park(&cx, entry.name, &cause, &delivery.body).await.map_err(Failure::new)?;
        return Ok(parked());
    }
    let deliveries = delivery.delivery_count.unwrap_or(1);
    match deliver(&cx, entry, &message, deliveries).await {
        Ok(Delivered::Done(evidence)) => {
            Ok(Reply::new().log(format!("{:?} {:?}", evidence.outcome, evidence.ops)))
        }
        Ok(Delivered::Later(reason)) => Ok(Reply::new().log(format!("put off: {reason}"))),
        Err(error) => Err(failed(&cx, &delivery, error)),
    }
}

async fn plan(cx: Cx, inv: Invocation) -> Result<Reply, Failure> {
    let delivery = inv.service_bus("message")?;
    let cx = cx.no_earlier_than(delivery.enqueued_time);
    let Some(message) = read::<PlanMessage>(&cx, &delivery).await? else { return Ok(parked()) };
    latchkey_telemetry::belongs_to(&message.case_id);
    let done = match message.about.clone() {
        About::Person(person) => plan_person::plan(&cx, &message, &person).await,
        About::Team(team) => plan_team::plan(&cx, &message, &team).await,
        About::Cluster(cluster) => plan_cluster::plan(&cx, &message, &cluster).await,
    };
    let Err(error) = done else { return Ok(Reply::new()) };
    match fate(&error, message.tries, delivery.delivery_count.unwrap_or(1)) {
        Fate::Now => Err(failed(&cx, &delivery, error)),
        Fate::Later(wait) => {
            deliver::put_off_plan(&cx, &message, wait).await.map_err(Failure::new)?;
            Ok(Reply::new().log(format!("put off: {}", error.reason())))
        }
        Fate::Record(_) => {
            case::mark_stuck(&cx, &message.case_id, &message.about, vec![error.reason()])
                .await
                .map_err(Failure::new)?;
            Ok(Reply::new().log(format!("stuck: {}", error.reason())))
        }
    }
}

async fn event(cx: Cx, inv: Invocation) -> Result<Reply, Failure> {
    let delivery = inv.service_bus("message")?;
    let now = cx.now();
    let arrived = delivery.enqueued_time.map_or(now, |enqueued| enqueued.min(now));
    match record_person_event::record(&cx, &delivery.body, arrived).await {
        Ok(recorded) => Ok(Reply::new().log(format!("{recorded:?}"))),
        Err(error) => Err(failed(&cx, &delivery, error)),
    }
}

async fn change(cx: Cx, inv: Invocation) -> Result<Reply, Failure> {
    let delivery = inv.service_bus("message")?;
    let Some(message) = read::<ChangeMessage>(&cx, &delivery).await? else { return Ok(parked()) };
    let id = delivery.message_id.as_deref().unwrap_or_default();
    let Err(error) = resolve_change::resolve(&cx, &message, id).await else {
        return Ok(Reply::new());
    };
    match fate(&error, message.tries, delivery.delivery_count.unwrap_or(1)) {
        Fate::Now => Err(failed(&cx, &delivery, error)),
        Fate::Later(wait) => {
            metrics::put_off(cx.function());
            resolve_change::put_off(&cx, &message, id, wait).await.map_err(Failure::new)?;
            Ok(Reply::new().log(format!("put off: {}", error.reason())))
        }
        // Nobody waits for an answer to a hint; the sweep looks all the same.
        Fate::Record(_) => {
            tracing::error!(%error, "a hint was not followed");
            Ok(Reply::new().log(format!("given up: {}", error.reason())))
        }
    }
}

async fn told(cx: Cx, recent: Arc<Recent>, inv: Invocation) -> Result<Reply, Failure> {
    let event = inv.event_grid("event")?;
    match entra_event::receive(&cx, &recent, &event).await {
        Ok(received) => Ok(Reply::new().log(format!("{received:?}"))),
        Err(error) => Err(Failure::new(error)),
    }
}

async fn clock(cx: Cx) -> Result<Reply, Failure> {
    let swept = sweep::sweep(&cx).await.map_err(Failure::new)?;
    Ok(Reply::new().log(format!("{swept:?}")))
}

async fn seal(cx: Cx) -> Result<Reply, Failure> {
    let sealed = seal_ledger::run(&cx).await.map_err(Failure::new)?;
    let told = sealed.map_or("nothing was sealed".to_owned(), |sealed| {
        format!("root {} over {} streams", sealed.root.root, sealed.root.streams)
    });
    Ok(Reply::new().log(told))
}

async fn keep(cx: Cx) -> Result<Reply, Failure> {
    let kept = keep_subscriptions::keep(&cx).await.map_err(Failure::new)?;
    Ok(Reply::new().log(format!("{kept} feeds are subscribed to")))
}

/// Reads a message of ours; one that cannot be read is parked and answered, never redelivered.
async fn read<T: DeserializeOwned + JsonSchema>(
    cx: &Cx,
    delivery: &ServiceBusMessage,
) -> Result<Option<T>, Failure> {
    match message::read(&delivery.body) {
        Ok(message) => Ok(Some(message)),
        Err(error) => {
            park::park(cx, cx.function(), &error, &delivery.body).await.map_err(Failure::new)?;
            Ok(None)
        }
    }
}

/// A failed delivery; after the last one the message lies with the dead letters.
fn failed(cx: &Cx, delivery: &ServiceBusMessage, error: StepError) -> Failure {
    if delivery.delivery_count.is_some_and(|count| count >= LAST_DELIVERY) {
        metrics::dead_lettered(cx.function());
        tracing::error!("the last delivery failed: the message goes to the dead letters");
    }
    Failure::new(error)
}

fn parked() -> Reply {
    Reply::new().log("parked: the message cannot be read")
}
