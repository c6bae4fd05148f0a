//! A sandbox with a client in front, and the recorded examples to compare answers with.

use std::path::PathBuf;

use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use sandbox::directory::Directory;
use sandbox::{Config, Sandbox, Who};
use serde_json::Value;

pub const GRAPH: &str = "https://graph.microsoft.com";
/// An object id that no directory knows.
pub const NOBODY: &str = "11111111-2222-3333-4444-555555555555";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// `error.code` and `error.message`.
    pub fn error(&self) -> (&str, &str) {
        let error = &self.body["error"];
        (error["code"].as_str().unwrap(), error["message"].as_str().unwrap())
    }

    /// Property `name` of each element of `value`.
    pub fn each(&self, name: &str) -> Vec<&str> {
        let value = self.body["value"].as_array().unwrap();
        value.iter().map(|v| v[name].as_str().unwrap()).collect()
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }
}

/// A running sandbox and a client that trusts it, signed in as the administrator.
pub struct Tenant {
    pub sandbox: Sandbox,
    pub client: reqwest::Client,
    pub token: String,
    pub agent: Option<String>,
}

impl Tenant {
    pub async fn start() -> Tenant {
        Tenant::with(Config::default()).await
    }

    /// Starts from `config` on a clock that stands still, so that nothing depends on real time.
    pub async fn with(config: Config) -> Tenant {
        let start = config.start.or("2026-03-02T08:00:00Z".parse::<Timestamp>().ok());
        let sandbox = Sandbox::start(Config { start, ..config }).await.unwrap();
        let client = client(&sandbox.ca_pem);
        let token = sandbox.world.token_for(&Who::Admin, GRAPH);
        Tenant { sandbox, client, token, agent: None }
    }

    /// From here on calls are Latchkey's, made by `function`.
    pub fn act_as(&mut self, function: &str) {
        self.token = self.sandbox.world.token_for(&Who::Latchkey, GRAPH);
        self.agent = Some(format!("latchkey/0.1.0 ({function})"));
    }

    /// What is sent next breaks the contract on purpose.
    pub fn expect_violation(&self, part: &str) {
        self.sandbox.world.contracts.expect_violation(part);
    }

    /// Changes the directory behind the services' back.
    pub fn seed<T>(&self, fill: impl FnOnce(&mut Directory) -> T) -> T {
        fill(&mut self.sandbox.world.directory.write().unwrap())
    }

    /// Sends a request to Graph; `path` starts after `/v1.0/` or is an absolute address.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_send(method, path, &[], body).await.unwrap()
    }

    /// As [`send`](Self::send) with headers, and with transport failures as errors.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let url = match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}v1.0/{path}", self.sandbox.endpoints.graph),
        };
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(agent) = &self.agent {
            request = request.header("User-Agent", agent);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = match text.is_empty() {
            true => Value::Null,
            false => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        };
        Ok(Answer { status, headers, body })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Adds `member` to `group` over the wire.
    pub async fn join(&self, group: &str, member: &str) -> Answer {
        self.post(&format!("groups/{group}/members/$ref"), reference(member)).await
    }
}

/// A client that trusts `ca_pem` and nothing else.
pub fn client(ca_pem: &str) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ca = reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([ca]).build().unwrap()
}

/// `{"@odata.id": …}` for `oid`.
pub fn reference(oid: &str) -> Value {
    serde_json::json!({"@odata.id": address(oid)})
}

pub fn address(oid: &str) -> String {
    format!("{GRAPH}/v1.0/directoryObjects/{oid}")
}

/// A body of `POST /users` for `ada@…`-like names.
pub fn person(upn: &str) -> Value {
    serde_json::json!({
        "accountEnabled": true,
        "displayName": upn.split('@').next().unwrap(),
        "mailNickname": upn.split('@').next().unwrap(),
        "userPrincipalName": upn,
        "passwordProfile": {"password": "Correct-horse-1", "forceChangePasswordNextSignIn": true},
    })
}

/// A body of `POST /groups`.
pub fn security_group(name: &str) -> Value {
    serde_json::json!({
        "displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
    })
}

/// The recorded example `name`, or `None`, said aloud, on a machine without the reference files.
pub fn example(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/graph-examples")
        .join(format!("{name}.json"));
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{}: {error}", path.display());
            eprintln!("SKIPPED, NOTHING COMPARED: {}: {error}", path.display());
            None
        }
    }
}
