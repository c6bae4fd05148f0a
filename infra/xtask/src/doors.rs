//! The doors as HR systems and operators use them.

use std::time::Duration;

use anyhow::Result;
use handlers::events::hr_webhook::{SIGNATURE, TIMESTAMP, sign};
use jiff::Timestamp;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// Talks to a running function app.
#[derive(Debug, Clone)]
pub struct Doors {
    client: Client,
    functions: String,
    hr_secret: String,
    token: String,
}

impl Doors {
    /// Doors at `functions`, signing events with the secret and calling `ops` with the token.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(functions: &str, hr_secret: &str, token: &str) -> Result<Self> {
        // The doors are plain HTTP on loopback, but the client wants a provider all the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().timeout(Duration::from_secs(120)).build()?;
        let functions = functions.trim_end_matches('/').to_owned();
        Ok(Self { client, functions, hr_secret: hr_secret.into(), token: token.into() })
    }

    /// The same doors for somebody else.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// Sends one signed event to the HR webhook.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn hr(&self, event: &[u8]) -> Result<Answer> {
        let now = Timestamp::now().as_second();
        let signature = sign(&self.hr_secret, now, event);
        self.hr_signed(event, &now.to_string(), &signature).await
    }

    /// Sends one event with whatever signature.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn hr_signed(
        &self,
        event: &[u8],
        timestamp: &str,
        signature: &str,
    ) -> Result<Answer> {
        let request = self.client.post(format!("{}/api/hr/events", self.functions));
        let request = request.header(TIMESTAMP, timestamp).header(SIGNATURE, signature);
        let request = request.header("content-type", "application/cloudevents+json");
        Answer::of(request.body(event.to_vec()).send().await?).await
    }

    /// Calls `ops`.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn ops(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let request = self.client.request(method, format!("{}/api/{path}", self.functions));
        let request = request.bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Answer::of(request.send().await?).await
    }
}

impl Doors {
    /// Approves a plan.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn approve(&self, hash: &str, reason: &str) -> Result<Answer> {
        let body = json!({ "reason": reason });
        self.ops(Method::POST, &format!("plans/{hash}/approve"), Some(&body)).await
    }
}

/// What a door answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, null when it is no JSON.
    pub body: Value,
}

impl Answer {
    async fn of(response: Response) -> Result<Self> {
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok(Self { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    /// Whether it is a 2xx.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What went wrong, in a line: the detail and the fields at fault.
    pub fn complaint(&self) -> String {
        let detail = self.body["detail"].as_str().unwrap_or("no detail");
        let errors = self.body["errors"].as_array().into_iter().flatten().map(|error| {
            let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            format!("{}: {}", part("field"), part("detail"))
        });
        let fields: Vec<_> = errors.collect();
        match fields.is_empty() {
            true => format!("{} {detail}", self.status),
            false => format!("{} {detail} [{}]", self.status, fields.join("; ")),
        }
    }
}
