//! A plain HTTPS client for the sandbox, and the contracts its answers are held to.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(dead_code, reason = "each test crate uses its own part")]

use std::path::PathBuf;

use http::Method;
use sandbox::{Config, Sandbox, Who};
use serde_json::{Value, json};

pub const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
pub const ARM: &str = "https://management.azure.com";

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// `error.code` of an ARM answer.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// `message` of an ARM or Kubernetes error.
    pub fn message(&self) -> &str {
        let message = &self.body["error"]["message"];
        message.as_str().or(self.body["message"].as_str()).unwrap_or_default()
    }
}

/// A client that trusts the sandbox and speaks for one principal.
pub struct Wire {
    http: reqwest::Client,
    base: String,
    token: String,
    agent: String,
}

pub async fn sandbox(config: Config) -> Sandbox {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Sandbox::start(config).await.unwrap()
}

impl Wire {
    pub fn new(sandbox: &Sandbox, base: &str, token: String) -> Self {
        let authority = reqwest::Certificate::from_pem(sandbox.ca_pem.as_bytes()).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
        let base = base.trim_end_matches('/').to_owned();
        Self { http, base, token, agent: "test".to_owned() }
    }

    pub fn arm(sandbox: &Sandbox, who: &Who) -> Self {
        let token = sandbox.world.token_for(who, ARM);
        Self::new(sandbox, sandbox.endpoints.arm.as_str(), token)
    }

    pub fn cluster(sandbox: &Sandbox, name: &str, who: &Who) -> Self {
        let token = sandbox.world.token_for(who, AKS_SERVER);
        Self::new(sandbox, sandbox.world.endpoints().clusters[name].as_str(), token)
    }

    /// The same client, calling itself a function of Latchkey.
    pub fn function(mut self, name: &str) -> Self {
        self.agent = format!("latchkey/0.1.0 ({name})");
        self
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let url = if path.starts_with("https://") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        request = request.header("user-agent", &self.agent);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(json!(text));
        Answer { status, headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, &[], Some(body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// A POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.send(Method::POST, path, &[], None).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None).await
    }
}

/// A published contract, or `None` with a loud word where it is not at hand.
pub struct Contract(Value);

impl Contract {
    pub fn open(file: &str) -> Option<Self> {
        let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        path.push("../../../shared/reference/arm-openapi");
        path.push(file);
        match std::fs::read(&path) {
            Ok(bytes) => Some(Self(serde_json::from_slice(&bytes).unwrap())),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "no contract {file}: {error}");
                eprintln!("NOT CHECKED: the contract {file} is not on this machine");
                None
            }
        }
    }

    /// Fails when `value` is no instance of the definition. Null stands for absent.
    #[track_caller]
    pub fn check(&self, definition: &str, value: &Value) {
        let definitions = &self.0["definitions"];
        assert!(definitions[definition].is_object(), "no definition {definition}");
        let schema = json!({
            "definitions": definitions, "$ref": format!("#/definitions/{definition}"),
        });
        let validator = jsonschema::draft4::new(&schema).unwrap();
        let value = without_nulls(value);
        let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{definition}: {errors:?}\n{value:#}");
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.clone(), without_nulls(v)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
