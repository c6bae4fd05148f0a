use jiff::SignedDuration;

use super::*;

fn timer(schedule: &str, on_startup: bool) -> Value {
    json!({ "name": "timer", "type": "timerTrigger", "direction": "in", "schedule": schedule,
        "runOnStartup": on_startup })
}

#[tokio::test]
async fn a_timer_fires_when_the_clock_reaches_its_next_occurrence() {
    let fixture = Fixture::new(&[("sweep", timer("%WHEN%", false))]);
    let (address, seen) = handler(success).await;
    let mut options = HostOptions { handler: Handler::Attach(address), ..fixture.options() };
    options.environment.insert("WHEN".to_owned(), "0 */15 * * * *".to_owned());
    let host = Host::start(options).await.unwrap();
    let mut finished = host.subscribe();
    fixture.clock.advance(SignedDuration::from_mins(15));
    let first = finished.recv().await.unwrap();
    assert_eq!((first.function.as_str(), first.trigger.as_str()), ("sweep", "timer"));
    assert_eq!(first.started.to_string(), "2026-03-02T08:15:00Z");
    let tick = seen.lock().unwrap()[0].2["Data"]["timer"].clone();
    assert_eq!(tick["IsPastDue"], json!(false));
    assert_eq!(tick["ScheduleStatus"]["Next"], json!("2026-03-02T08:30:00+00:00"));
    fixture.clock.advance(SignedDuration::from_mins(100));
    finished.recv().await.unwrap();
    let late = seen.lock().unwrap()[1].2["Data"]["timer"].clone();
    assert_eq!(late["IsPastDue"], json!(true));
    assert_eq!(late["ScheduleStatus"]["Next"], json!("2026-03-02T10:00:00+00:00"));
}

#[tokio::test]
async fn run_on_startup_fires_before_any_occurrence() {
    let fixture = Fixture::new(&[("sweep", timer("1.00:00:00", true))]);
    let (host, seen) = fixture.attach(success).await;
    let mut finished = host.subscribe();
    if host.invocations().is_empty() {
        finished.recv().await.unwrap();
    }
    let tick = seen.lock().unwrap()[0].2["Data"]["timer"].clone();
    assert_eq!(tick["Schedule"]["AdjustForDST"], json!(false));
}
