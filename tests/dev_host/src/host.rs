//! The host as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sandbox::EventGrid;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::App;
use crate::binding::{Function, Trigger};
use crate::bus_trigger::{self, Listener};
use crate::event_grid;
use crate::http::{self, Door};
use crate::invoke::Invoker;
use crate::record::Record;
use crate::settings::Settings;
use crate::timer::TimerTrigger;
use crate::worker::Worker;
use crate::{HostOptions, Invocation, Level, Line, manual};

/// What the web host waits for at its end before it goes away regardless.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// A running Functions host with one app. Dropped, it stops at once.
pub struct Host {
    pub(crate) invoker: Invoker,
    pub(crate) door: Arc<Door>,
    url: Url,
    /// Ends the listeners.
    stop: CancellationToken,
    /// Ends the handler, and the listeners with it.
    end: CancellationToken,
    tasks: TaskTracker,
}

impl Host {
    /// Reads the app, declares the entities of its Service Bus triggers in the broker, starts the
    /// handler and listens. Invocations are held until the handler is ready, so this does not wait
    /// for it; see [`Host::ready`].
    ///
    /// # Errors
    /// A `host.json` that cannot be used, a function the dev host cannot play (named with the
    /// reason), or no port.
    pub async fn start(options: HostOptions) -> Result<Self> {
        let app = load(&options)?;
        Self::run_app(app, options, Record::new()).await
    }

    /// Starts a loaded app, whose invocations are noted in `record`.
    pub(crate) async fn run_app(app: App, options: HostOptions, record: Record) -> Result<Self> {
        let app = Arc::new(app);
        let end = CancellationToken::new();
        let stop = end.child_token();
        let worker = Worker::start(&app, &options, &end)?;
        let invoker = Invoker { app, options: Arc::new(options), worker, record };
        let tasks = TaskTracker::new();
        let functions: Vec<_> = invoker.app.functions.iter().cloned().map(Arc::new).collect();
        let door = Arc::new(Door::new(invoker.clone(), &functions, tasks.clone()));
        let router = http::router(vec![Arc::clone(&door)]);
        let url = http::listen(invoker.options.http_port, router, &stop).await?;
        event_grid::subscribe(&invoker, &functions);
        for function in functions {
            trigger(&invoker, function, &stop, &tasks);
        }
        Ok(Self { invoker, door, url, stop, end, tasks })
    }

    /// Where the HTTP functions are: `http://127.0.0.1:<port>/`; routes begin below with the prefix.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits until the handler answers.
    ///
    /// # Errors
    /// Why it will not.
    pub async fn ready(&self) -> Result<()> {
        self.invoker.worker.ready().await.map(drop).map_err(anyhow::Error::msg)
    }

    /// Kills the handler's process with SIGKILL, as a crash. It is counted and started again.
    pub fn kill_handler(&self) {
        self.invoker.worker.crash();
    }

    /// [`Host::kill_handler`] as a value, for a task of its own.
    pub fn killer(&self) -> impl Fn() + Send + Sync + 'static {
        let worker = self.invoker.worker.clone();
        move || worker.crash()
    }

    /// All finished invocations so far, in the order they finished.
    pub fn invocations(&self) -> Vec<Arc<Invocation>> {
        self.invoker.record.finished()
    }

    /// Invocations as they finish from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Invocation>> {
        self.invoker.record.subscribe()
    }

    /// How many invocations are running or held.
    pub fn running(&self) -> usize {
        *self.invoker.record.running().borrow()
    }

    /// Delivers one event, of either schema, to a function with an Event Grid trigger, once. Event
    /// Grid itself would try again after a failure.
    ///
    /// # Errors
    /// No such function, or why the invocation failed.
    pub async fn event_grid(&self, function: &str, event: &Value) -> Result<()> {
        let found = event_grid::function(&self.invoker.app.functions, function);
        let found = found.with_context(|| format!("no Event Grid function {function}"))?;
        manual::event(&self.invoker, found, event).await.map_err(anyhow::Error::msg)
    }

    /// Waits until no event is to be delivered, no invocation runs and the broker has nothing deliverable or locked; with
    /// `scheduled`, nothing waiting for its time either. Returns early when the host gave up
    /// ([`Host::failed`]).
    pub async fn settled(&self, scheduled: bool) {
        tokio::select! {
            () = settled(&self.invoker, scheduled) => {}
            () = self.gave_up() => {}
        }
    }

    /// Waits for the end.
    pub(crate) async fn gave_up(&self) {
        self.end.cancelled().await;
    }

    /// Runs a function that is not HTTP by hand, with a text for its trigger's value.
    ///
    /// # Errors
    /// No such function, or why the invocation failed.
    pub async fn run(&self, function: &str, input: &str) -> Result<()> {
        let found = self.invoker.app.functions.iter().find(|f| f.name == function);
        let found = found.with_context(|| format!("no function {function}"))?;
        manual::run(&self.invoker, found, input).await.map_err(anyhow::Error::msg)
    }

    /// Names of the functions and what triggers each: `http`, `serviceBus`, `timer`, `eventGrid`.
    pub fn functions(&self) -> BTreeMap<String, &'static str> {
        let kind = |function: &Function| match function.trigger {
            Trigger::Http { .. } => "http",
            Trigger::ServiceBus { .. } => "serviceBus",
            Trigger::Timer { .. } => "timer",
            Trigger::EventGrid => "eventGrid",
        };
        self.invoker.app.functions.iter().map(|f| (f.name.clone(), kind(f))).collect()
    }

    /// Why the host gave up (the handler crashed too often), if it did.
    pub fn failed(&self) -> Option<String> {
        self.invoker.worker.failed().filter(|_| self.end.is_cancelled())
    }

    /// Stops: listeners first, then up to 10 s for what runs, then SIGKILL for the handler. What is
    /// not settled by then is delivered again by the broker.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(SHUTDOWN, self.tasks.wait()).await.is_err() {
            let text = "invocations were still running when the host stopped";
            (self.invoker.options.on_line)(Line::host(Level::Warning, text));
        }
        self.end.cancel();
        self.invoker.worker.ended().await;
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// Reads the app and declares the entities of its Service Bus triggers.
pub(crate) fn load(options: &HostOptions) -> Result<App> {
    let app = App::load(&options.app_root, &Settings::new(&options.environment))?;
    if let Some((name, reason)) = app.broken.first_key_value() {
        bail!("function {name}: {reason}");
    }
    bus_trigger::declare(&app, &options.broker)?;
    Ok(app)
}

/// Waits until nothing is to do for whoever shares the invoker's record, broker and events.
pub(crate) async fn settled(invoker: &Invoker, scheduled: bool) {
    let mut running = invoker.record.running();
    let HostOptions { broker, event_grid: grid, .. } = &*invoker.options;
    loop {
        broker.settled(scheduled).await;
        if let Some(grid) = grid {
            grid.settled().await;
        }
        let gone = running.wait_for(|count| *count == 0).await.is_err();
        if gone || (broker.idle() && grid.as_ref().is_none_or(EventGrid::idle)) {
            return;
        }
    }
}

fn trigger(
    invoker: &Invoker,
    function: Arc<Function>,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) {
    let (invoker, stop) = (invoker.clone(), stop.clone());
    match function.trigger.clone() {
        Trigger::ServiceBus { entity, sessions, data_type } => {
            Listener { invoker, function, entity, data_type, stop }.start(sessions, tasks);
        }
        Trigger::Timer { schedule, run_on_startup, monitor } => {
            let from = invoker.options.clock.now();
            let timer =
                TimerTrigger { invoker, function, schedule, run_on_startup, monitor, from, stop };
            tasks.spawn(timer.run());
        }
        Trigger::Http { .. } | Trigger::EventGrid => {}
    }
}
