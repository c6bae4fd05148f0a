//! What was gathered is sent when somebody asks the process to end.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    time::Duration,
};

use latchkey_azure::{Http, http::HttpOptions};
use sandbox::Sandbox;
use xtask::{before::Before, options::StageOptions, pack, scratch::Scratch, stage, tenant};

use super::collector::Collector;

/// The process, ended whatever the test finds.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_gathered_is_sent_before_the_process_ends() {
    let collector = Collector::start().await;
    let mut settings = collector.settings();
    for key in ["OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL"] {
        settings.insert(key.into(), Duration::from_secs(3600).as_millis().to_string());
    }
    let files = Scratch::new().expect("files");
    let options = StageOptions { settings, ..files.options() };
    let text = std::fs::read_to_string(&options.policy).expect("the policy");
    let policy = latchkey_core::Policy::parse(&text).expect("it is valid");
    let sandbox = Sandbox::start(tenant::config(&policy)).await.expect("a sandbox");
    let nobody = BTreeMap::new();
    tenant::fill(&sandbox, &policy, &Before::default(), &nobody).await.expect("filled");
    let environment = stage::environment(&options, &sandbox).expect("settings");
    let binary = options.binary.as_ref().expect("a binary");
    pack::pack_apps(&options.apps, binary).expect("packed");
    let app = options.apps.join("intake");
    let port = dev_host::free_port().expect("a port");
    let mut command = Command::new(app.join(pack::BINARY));
    command.current_dir(&app).envs(environment).stdout(Stdio::null());
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string());
    let mut process = Ended(command.spawn().expect("it starts"));
    knock(port).await;
    assert_eq!(collector.spans().len(), 0, "nothing is sent for an hour");
    let asked = Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status();
    assert!(asked.expect("kill is there").success());
    collector
        .until("the invocation", |told| told.spans().iter().any(|span| span.name == "hr_webhook"))
        .await;
    let ended = tokio::task::spawn_blocking(move || process.0.wait().expect("it ends")).await;
    assert_eq!(ended.expect("waited").code(), Some(143));
}

/// Waits until it serves, and calls a function with what is no invocation of it.
async fn knock(port: u16) {
    let http = Http::new(HttpOptions::default()).expect("a client");
    let client = http.client();
    let call = || client.post(format!("http://127.0.0.1:{port}/hr_webhook")).body(r#"{"Data":{}}"#);
    let mut tries = 0;
    while let Err(error) = call().send().await {
        tries += 1;
        assert!(error.is_connect() && tries < 1000, "{error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
