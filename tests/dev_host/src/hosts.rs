//! Several function apps, as a subscription runs them: a host each, one broker, one door in front.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use futures::future::{join_all, select_all};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::host::{self, Host};
use crate::record::Record;
use crate::{HostOptions, Invocation, http};

/// Running function apps by name. Dropped, they stop at once.
pub struct Hosts {
    apps: BTreeMap<String, Host>,
    record: Record,
    url: Url,
    /// Ends the door in front.
    _door: DropGuard,
}

impl Hosts {
    /// Starts every app with its own options. Broker, events and clock must be the same for all.
    /// What any of them receives from is declared before the first one runs: a topic keeps nothing
    /// for subscriptions to come. `port` is that of the door in front, which knows whose function
    /// a request is for; every app has an address of its own beside it.
    ///
    /// # Errors
    /// As [`Host::start`], with the app's name.
    pub async fn start(port: u16, apps: BTreeMap<String, HostOptions>) -> Result<Self> {
        let mut loaded = Vec::new();
        for (name, options) in apps {
            let app = host::load(&options).with_context(|| format!("function app {name}"))?;
            loaded.push((name, app, options));
        }
        let record = Record::new();
        let mut apps = BTreeMap::new();
        for (name, app, options) in loaded {
            let host = Host::run_app(app, options, record.clone()).await;
            let host = host.with_context(|| format!("function app {name}"))?;
            apps.insert(name, host);
        }
        let stop = CancellationToken::new();
        let doors = apps.values().map(|host| Arc::clone(&host.door)).collect();
        let url = http::listen(port, http::router(doors), &stop).await?;
        Ok(Self { apps, record, url, _door: stop.drop_guard() })
    }

    /// Where all HTTP functions are, whichever app they belong to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host of one app.
    pub fn app(&self, name: &str) -> Option<&Host> {
        self.apps.get(name)
    }

    /// The hosts by the name of their app.
    pub fn apps(&self) -> impl Iterator<Item = (&str, &Host)> {
        self.apps.iter().map(|(name, host)| (name.as_str(), host))
    }

    /// Waits until every handler answers.
    ///
    /// # Errors
    /// Why one will not, with the app's name.
    pub async fn ready(&self) -> Result<()> {
        for (name, host) in &self.apps {
            host.ready().await.with_context(|| format!("function app {name}"))?;
        }
        Ok(())
    }

    /// Kills every handler with SIGKILL, as [`Host::kill_handler`].
    pub fn kill_handlers(&self) {
        self.apps.values().for_each(Host::kill_handler);
    }

    /// A value that kills the handler a function runs in, for a task of its own; every handler when
    /// no function is named, or none of that name is here.
    pub fn killer(&self) -> impl Fn(Option<&str>) + Send + Sync + 'static {
        let killers: Vec<_> =
            self.apps.values().map(|host| (host.functions(), host.killer())).collect();
        move |function: Option<&str>| {
            let runs = |functions: &BTreeMap<_, _>| {
                function.is_some_and(|name| functions.contains_key(name))
            };
            let anywhere = killers.iter().any(|(functions, _)| runs(functions));
            let meant = killers.iter().filter(|(functions, _)| !anywhere || runs(functions));
            meant.for_each(|(_, kill)| kill());
        }
    }

    /// All finished invocations so far, in the order they finished.
    pub fn invocations(&self) -> Vec<Arc<Invocation>> {
        self.record.finished()
    }

    /// Invocations as they finish from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Invocation>> {
        self.record.subscribe()
    }

    /// How many invocations are running or held.
    pub fn running(&self) -> usize {
        *self.record.running().borrow()
    }

    /// As [`Host::settled`], for all apps at once. Returns early when one of them gave up.
    pub async fn settled(&self, scheduled: bool) {
        let Some(host) = self.apps.values().next() else { return };
        let gave_up = select_all(self.apps.values().map(|host| Box::pin(host.gave_up())));
        tokio::select! {
            () = host::settled(&host.invoker, scheduled) => {}
            _ = gave_up => {}
        }
    }

    /// As [`Host::run`], wherever the function is.
    ///
    /// # Errors
    /// No such function, or why the invocation failed.
    pub async fn run(&self, function: &str, input: &str) -> Result<()> {
        self.host_of(function)?.run(function, input).await
    }

    /// As [`Host::event_grid`], wherever the function is.
    ///
    /// # Errors
    /// No such function, or why the invocation failed.
    pub async fn event_grid(&self, function: &str, event: &Value) -> Result<()> {
        self.host_of(function)?.event_grid(function, event).await
    }

    fn host_of(&self, function: &str) -> Result<&Host> {
        let mut hosts = self.apps.values();
        let found = hosts.find(|host| host.functions().contains_key(function));
        found.with_context(|| format!("no function {function}"))
    }

    /// Why an app gave up, if one did.
    pub fn failed(&self) -> Option<String> {
        let mut failed = self.apps.iter();
        failed.find_map(|(name, host)| Some(format!("{name}: {}", host.failed()?)))
    }

    /// Stops all apps, as [`Host::stop`].
    pub async fn stop(self) {
        join_all(self.apps.into_values().map(Host::stop)).await;
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apps: Vec<_> = self.apps.keys().collect();
        f.debug_struct("Hosts").field("apps", &apps).field("url", &self.url.as_str()).finish()
    }
}
