//! The life of the handler: start, readiness, crash, restart, end.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::invoke::{Client, client};
use crate::{Handler, HostOptions, Level, Line, child, free_port};

/// Pause between two probes of a port that refuses.
const PROBE: Duration = Duration::from_millis(25);
/// Crashes further apart than this are not counted together.
const MEMORY: SignedDuration = SignedDuration::from_mins(30);
/// How long the host waits for the process after killing it.
const GRACE: Duration = Duration::from_secs(1);

/// Where the handler stands.
#[derive(Clone)]
pub(crate) enum Phase {
    Starting,
    Ready(Arc<Incarnation>),
    /// It exited with code 0: the host neither restarts it nor notices.
    Exited,
    Stopped(String),
}

/// One process of the handler, from readiness to death.
pub(crate) struct Incarnation {
    number: u64,
    pub address: SocketAddr,
    pub client: Client,
    /// Cancelled when the process is gone, and every invocation in it with it.
    pub gone: CancellationToken,
}

impl Incarnation {
    /// After a broken connection: gives the supervisor time to notice that the process died, so
    /// that the redelivery is held for the next process instead of failing in the dead one.
    pub async fn mourn(&self) {
        if self.number > 0 {
            let _ = tokio::time::timeout(GRACE, self.gone.cancelled()).await;
        }
    }
}

enum Kill {
    /// From outside: counted like any crash.
    Crash,
    /// By the host, because an invocation in this incarnation timed out: not counted.
    TimedOut(u64),
}

/// The handle by which invocations reach the handler.
#[derive(Clone)]
pub(crate) struct Worker {
    phase: watch::Receiver<Phase>,
    kills: mpsc::UnboundedSender<Kill>,
    patience: Duration,
}

impl Worker {
    /// Starts the handler, or takes the one to attach to. `stop` ends it; it is cancelled when the
    /// handler crashes too often.
    pub fn start(app: &Arc<App>, options: &HostOptions, stop: &CancellationToken) -> Result<Self> {
        let (kills, killed) = mpsc::unbounded_channel();
        let (phase, seen) = watch::channel(Phase::Starting);
        match options.handler {
            Handler::Attach(address) => {
                let gone = stop.clone();
                let attached = Incarnation { number: 0, address, client: client(), gone };
                phase.send_replace(Phase::Ready(Arc::new(attached)));
                let stop = stop.clone();
                tokio::spawn(async move {
                    stop.cancelled().await;
                    phase.send_replace(Phase::Stopped("the host was stopped".to_owned()));
                });
            }
            Handler::Spawn => {
                let supervisor = Supervisor {
                    app: Arc::clone(app),
                    options: options.clone(),
                    port: free_port()?,
                    phase,
                    kills: killed,
                    stop: stop.clone(),
                };
                tokio::spawn(supervisor.run());
            }
        }
        Ok(Self { phase: seen, kills, patience: app.initialization_timeout * 4 })
    }

    /// Waits until the handler is ready. `Err` says why it will not be.
    pub async fn ready(&self) -> Result<Arc<Incarnation>, String> {
        let mut phase = self.phase.clone();
        let settled = phase.wait_for(|phase| !matches!(phase, Phase::Starting));
        match tokio::time::timeout(self.patience, settled).await {
            Err(_) => Err("Initialization timed out".to_owned()),
            Ok(Err(_)) => Err("the host has stopped".to_owned()),
            Ok(Ok(phase)) => match &*phase {
                Phase::Ready(incarnation) => Ok(Arc::clone(incarnation)),
                Phase::Stopped(reason) => Err(reason.clone()),
                Phase::Exited | Phase::Starting => {
                    Err("Connection refused: the handler exited with code 0".to_owned())
                }
            },
        }
    }

    /// Kills the process as a crash would.
    pub fn crash(&self) {
        // Without a supervisor (attached, or stopped) there is nothing to kill.
        let _ = self.kills.send(Kill::Crash);
    }

    /// Kills the process in which an invocation timed out, if it still lives.
    pub fn timed_out(&self, incarnation: &Incarnation) {
        let _ = self.kills.send(Kill::TimedOut(incarnation.number));
    }

    /// Why the handler was given up, if it was.
    pub fn failed(&self) -> Option<String> {
        match &*self.phase.borrow() {
            Phase::Stopped(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    /// Waits for the supervisor's end.
    pub async fn ended(&self) {
        let mut phase = self.phase.clone();
        let _ = phase.wait_for(|phase| matches!(phase, Phase::Stopped(_))).await;
    }
}

/// How a process ended.
enum End {
    Stop,
    Quiet,
    Restart,
    Error(String),
}

struct Supervisor {
    app: Arc<App>,
    options: HostOptions,
    port: u16,
    phase: watch::Sender<Phase>,
    kills: mpsc::UnboundedReceiver<Kill>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(mut self) {
        let mut crashes = Crashes::default();
        for number in 1.. {
            match self.live(number).await {
                End::Restart => self.say(Level::Information, "restarting the handler"),
                End::Error(reason) => {
                    self.say(Level::Error, &reason);
                    if crashes.are_too_many(self.options.clock.now(), self.options.max_errors) {
                        let reason = format!("Exceeded http worker restart retry count: {reason}");
                        self.say(Level::Error, &reason);
                        self.phase.send_replace(Phase::Stopped(reason));
                        return self.stop.cancel();
                    }
                }
                End::Quiet => {
                    self.say(Level::Error, "the handler exited with code 0; it is not restarted");
                    self.phase.send_replace(Phase::Exited);
                    self.stop.cancelled().await;
                    break;
                }
                End::Stop => break,
            }
        }
        self.phase.send_replace(Phase::Stopped("the host was stopped".to_owned()));
    }

    /// One process from start to end.
    async fn live(&mut self, number: u64) -> End {
        let mut child = match child::spawn(&self.app, &self.options, self.port) {
            Ok(child) => child,
            Err(error) => {
                let path = self.app.executable.display();
                return End::Error(format!("cannot start {path}: {error}"));
            }
        };
        let gone = CancellationToken::new();
        let end = tokio::select! {
            status = child.wait() => how_it_ended(status),
            end = next_kill(&mut self.kills, number) => end,
            () = self.stop.cancelled() => End::Stop,
            reason = serve(&self.phase, &self.app, self.port, number, gone.clone()) => End::Error(reason),
        };
        if !matches!(end, End::Stop) {
            self.phase.send_replace(Phase::Starting);
        }
        let _ = child.start_kill();
        let _ = tokio::time::timeout(GRACE, child.wait()).await;
        gone.cancel();
        end
    }

    fn say(&self, level: Level, text: &str) {
        (self.options.on_line)(Line::host(level, text));
    }
}

fn how_it_ended(status: std::io::Result<ExitStatus>) -> End {
    match status.map(|status| (status.code(), status)) {
        Ok((Some(0), _)) => End::Quiet,
        Ok((Some(200), _)) => End::Restart,
        Ok((_, status)) => End::Error(format!("the handler ended: {status}")),
        Err(error) => End::Error(format!("the handler was lost: {error}")),
    }
}

async fn next_kill(kills: &mut mpsc::UnboundedReceiver<Kill>, number: u64) -> End {
    loop {
        match kills.recv().await {
            Some(Kill::Crash) => return End::Error("the handler was killed".to_owned()),
            Some(Kill::TimedOut(n)) if n == number => return End::Restart,
            Some(Kill::TimedOut(_)) => {}
            None => std::future::pending().await,
        }
    }
}

/// Probes until the handler answers, lets invocations in, and stays. Returns only to say that the
/// handler did not answer in time.
async fn serve(
    phase: &watch::Sender<Phase>,
    app: &App,
    port: u16,
    number: u64,
    gone: CancellationToken,
) -> String {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let client = client();
    let mut waited = Duration::ZERO;
    while !answers(&client, address).await {
        if waited >= app.initialization_timeout {
            return "Initializing HttpWorker timed out.".to_owned();
        }
        tokio::time::sleep(PROBE).await;
        waited += PROBE;
    }
    phase.send_replace(Phase::Ready(Arc::new(Incarnation { number, address, client, gone })));
    std::future::pending().await
}

/// Any answer at all is readiness, and so is any trouble but a refused connection.
async fn answers(client: &Client, address: SocketAddr) -> bool {
    let body = Empty::<Bytes>::new().boxed();
    let request = http::Request::get(format!("http://{address}/")).body(body);
    let Ok(request) = request else { return true };
    match client.request(request).await {
        Ok(answer) => {
            let _ = answer.into_body().collect().await;
            true
        }
        Err(error) => !error.is_connect(),
    }
}

/// The crash policy: so many errors, each within 30 minutes of the one before.
#[derive(Default)]
struct Crashes {
    count: u32,
    last: Option<Timestamp>,
}

impl Crashes {
    fn are_too_many(&mut self, now: Timestamp, max: Option<u32>) -> bool {
        let recent = self.last.is_some_and(|last| now.duration_since(last) < MEMORY);
        self.count = if recent { self.count + 1 } else { 1 };
        self.last = Some(now);
        max.is_some_and(|max| self.count >= max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crashes_close_to_each_other_are_counted_together() {
        let mut crashes = Crashes::default();
        let at = |minute: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
        let stops: Vec<_> =
            [0, 29, 60, 61, 62].map(|m| crashes.are_too_many(at(m), Some(3))).into();
        assert_eq!(stops, [false, false, false, false, true]);
        assert!(!crashes.are_too_many(at(63), None));
    }
}
