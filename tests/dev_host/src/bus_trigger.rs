//! Service Bus triggers: receive, invoke, settle.

use std::sync::Arc;
use std::time::Duration;

use sandbox::bus::{Broker, BusError, Delivery, Entity, EntityOptions};
use serde_json::Map;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::binding::{Function, Trigger};
use crate::encode::{DataType, ServiceBusMessage, service_bus};
use crate::invoke::{Cause, Invoker};
use crate::{Level, Line};

/// How often the lock of a running invocation is renewed.
const RENEWAL: Duration = Duration::from_secs(20);

/// Makes sure every entity the functions receive from exists, with duplicate detection.
pub(crate) fn declare(app: &App, broker: &Broker) -> Result<(), BusError> {
    let new = || EntityOptions::default().detecting_duplicates();
    for function in &app.functions {
        let Trigger::ServiceBus { entity, sessions, .. } = &function.trigger else { continue };
        match entity {
            Entity::Queue(name) => broker.declare_queue(name, new().sessions(*sessions)),
            Entity::Subscription { topic, name } => {
                broker.declare_topic(topic, new());
                broker.declare_subscription(topic, name, Some(name), new().sessions(*sessions))?;
            }
        }
    }
    Ok(())
}

/// One function's listener.
#[derive(Clone)]
pub(crate) struct Listener {
    pub invoker: Invoker,
    pub function: Arc<Function>,
    pub entity: Entity,
    pub data_type: DataType,
    pub stop: CancellationToken,
}

impl Listener {
    /// Listens until stopped; running invocations are part of `tasks`.
    pub fn start(self, sessions: bool, tasks: &TaskTracker) {
        if !sessions {
            let running = tasks.clone();
            tasks.spawn(async move { self.singly(&running).await });
            return;
        }
        for _ in 0..self.invoker.app.max_concurrent_sessions {
            let listener = self.clone();
            tasks.spawn(async move { listener.by_session().await });
        }
    }

    fn broker(&self) -> &Broker {
        &self.invoker.options.broker
    }

    async fn singly(self, tasks: &TaskTracker) {
        let calls = Arc::new(Semaphore::new(self.invoker.app.max_concurrent_calls));
        loop {
            let Ok(call) = Arc::clone(&calls).acquire_owned().await else { return };
            let delivery = tokio::select! {
                () = self.stop.cancelled() => return,
                delivery = self.broker().receive(&self.entity) => delivery,
            };
            let Some(delivery) = self.received(delivery) else { return };
            let listener = self.clone();
            tasks.spawn(async move {
                listener.handle(delivery).await;
                drop(call);
            });
        }
    }

    /// Takes one session after the other, one message at a time, each until nothing is left in it.
    /// Azure keeps an empty session for `sessionIdleTimeout`; here the next one has its turn at once.
    async fn by_session(self) {
        loop {
            let session = tokio::select! {
                () = self.stop.cancelled() => return,
                session = self.broker().accept_session(&self.entity) => session,
            };
            let Some(session) = self.received(session) else { return };
            while let Ok(Some(delivery)) = session.next() {
                self.handle(delivery).await;
                if self.stop.is_cancelled() {
                    return;
                }
            }
        }
    }

    fn received<T>(&self, received: Result<T, BusError>) -> Option<T> {
        let error = match received {
            Ok(received) => return Some(received),
            Err(error) => error,
        };
        self.say(format!("{} stops listening: {error}", self.function.name));
        None
    }

    async fn handle(&self, delivery: Delivery) {
        let message = message(&delivery);
        let cause = Cause {
            trigger: delivery.message.message_id.clone(),
            attempt: delivery.message.delivery_count,
        };
        let binding = &self.function.binding;
        let running = self.invoker.run(
            &self.function,
            cause,
            |context| service_bus(context, binding, self.data_type, &message),
            |_| Ok(()),
        );
        let done = tokio::select! {
            done = running => done,
            () = self.keep_lock(&delivery) => Err(String::new()),
        };
        let settled = match done {
            Ok(()) => self.broker().complete(&delivery),
            Err(_) => self.broker().abandon(&delivery),
        };
        if let Err(error) = settled {
            let id = &delivery.message.message_id;
            self.say(format!("{}: message {id} was not settled: {error}", self.function.name));
        }
    }

    /// Renews the lock as long as `maxAutoLockRenewalDuration` allows. Never returns.
    async fn keep_lock(&self, delivery: &Delivery) {
        let renewals = async {
            let mut turns = self.invoker.options.clock.turns();
            while self.broker().renew(delivery).is_ok() {
                tokio::select! {
                    () = tokio::time::sleep(RENEWAL) => {}
                    _ = turns.changed() => {}
                }
            }
        };
        let _ = tokio::time::timeout(self.invoker.app.max_lock_renewal, renewals).await;
        std::future::pending::<()>().await;
    }

    fn say(&self, text: String) {
        (self.invoker.options.on_line)(Line::host(Level::Warning, text));
    }
}

fn message(delivery: &Delivery) -> ServiceBusMessage {
    let message = delivery.message.clone();
    let expires_at = message.time_to_live.map(|_| message.expires_at());
    ServiceBusMessage {
        body: message.body,
        message_id: Some(message.message_id),
        session_id: message.session_id,
        subject: message.label,
        correlation_id: message.correlation_id,
        content_type: message.content_type,
        to: message.to,
        reply_to: message.reply_to,
        reply_to_session_id: message.reply_to_session_id,
        partition_key: None,
        dead_letter_source: message.dead_letter_source,
        delivery_count: message.delivery_count,
        sequence_number: message.sequence_number,
        lock_token: delivery.lock_token.to_string(),
        enqueued_time: message.enqueued_time,
        expires_at,
        application_properties: Map::from_iter(message.properties),
    }
}
