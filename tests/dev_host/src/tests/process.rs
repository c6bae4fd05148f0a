use std::os::unix::fs::PermissionsExt as _;

use tokio::sync::mpsc;

use super::*;

type Lines = mpsc::UnboundedReceiver<Line>;

/// A host with a real child process in this mode, and a message waiting for it.
async fn start(mode: &str, change: impl FnOnce(&mut HostOptions)) -> (Fixture, Host, Lines) {
    let host = json!({ "functionTimeout": "00:00:02" });
    let fixture = Fixture::with_host(&host, &[("echo", queue("people", false))]);
    fixture.write("handler", include_str!("handler.py"));
    let executable = fixture.path().join("handler");
    std::fs::set_permissions(executable, std::fs::Permissions::from_mode(0o755)).unwrap();
    fixture.write("mode", mode);
    fixture.broker.declare_queue("people", sandbox::bus::EntityOptions::default());
    fixture.broker.send("people", Message::new("hello")).unwrap();
    let (send, lines) = mpsc::unbounded_channel();
    let mut options = fixture.options();
    options.environment.insert("GIVEN".to_owned(), "setting".to_owned());
    options.on_line = Arc::new(move |line| drop(send.send(line)));
    change(&mut options);
    let host = Host::start(options).await.unwrap();
    (fixture, host, lines)
}

async fn line(lines: &mut Lines, with: &str) -> Line {
    loop {
        let line = lines.recv().await.unwrap();
        if line.text.contains(with) {
            return line;
        }
    }
}

fn attempts(host: &Host) -> Vec<(u32, bool)> {
    let done = host.invocations();
    done.iter().map(|done| (done.attempt, done.outcome == Outcome::Success)).collect()
}

#[tokio::test]
async fn an_invocation_is_held_until_the_handler_is_ready_and_its_lines_are_filed() {
    let (_fixture, host, mut lines) = start("well", |_| {}).await;
    host.settled(true).await;
    assert_eq!(attempts(&host), [(1, true)]);
    let warning = line(&mut lines, "warning").await;
    assert_eq!((warning.stream, warning.level), (Stream::Stderr, Level::Warning));
    host.stop().await;
}

#[tokio::test]
async fn a_killed_handler_is_started_again_and_its_message_delivered_again() {
    let (_fixture, host, mut lines) = start("hang", |_| {}).await;
    let first = line(&mut lines, "worker").await;
    assert!(first.text.ends_with(" setting"));
    line(&mut lines, "misbehaving").await;
    host.kill_handler();
    host.settled(true).await;
    assert_eq!(attempts(&host), [(1, false), (2, true)]);
    assert_ne!(line(&mut lines, "worker").await.text, first.text);
    assert_eq!(host.failed(), None);
}

#[tokio::test]
async fn a_function_that_runs_into_the_timeout_takes_the_handler_with_it() {
    let (_fixture, host, mut lines) = start("hang", |options| options.max_errors = Some(1)).await;
    host.settled(true).await;
    assert_eq!(attempts(&host), [(1, false), (2, true)]);
    line(&mut lines, "Timeout value exceeded").await;
    line(&mut lines, "worker").await;
    assert_eq!(host.failed(), None, "a timeout is not counted as a crash");
}

#[tokio::test]
async fn exit_code_200_asks_for_a_restart_that_is_not_counted_and_others_are() {
    let (_fixture, host, _lines) = start("exit 200", |options| options.max_errors = Some(1)).await;
    host.settled(true).await;
    assert_eq!(attempts(&host), [(1, false), (2, true)]);
    let (_fixture, host, _lines) = start("exit 9", |options| options.max_errors = Some(1)).await;
    host.settled(true).await;
    assert!(host.failed().unwrap().contains("exit status: 9"));
}

#[tokio::test]
async fn exit_code_0_leaves_every_later_invocation_to_fail() {
    let (fixture, host, _lines) = start("exit 0", |_| {}).await;
    host.settled(true).await;
    assert_eq!(attempts(&host).len(), 10);
    assert_eq!(fixture.broker.dead_letters(&Entity::queue("people")).len(), 1);
    assert_eq!(host.failed(), None);
}

#[tokio::test]
async fn the_third_crash_stops_the_host() {
    let (_fixture, host, _lines) = start("never start", |_| {}).await;
    let error = host.ready().await.unwrap_err().to_string();
    assert!(error.starts_with("Exceeded http worker restart retry count"), "{error}");
    assert_eq!(host.failed(), Some(error));
}
