//! Long-running operations, which end by the sandbox clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// How an operation ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The change is in force.
    Succeeded,
    /// The change was undone, with a code and a sentence.
    Failed {
        /// Machine-readable.
        code: String,
        /// For people.
        message: String,
    },
}

/// One accepted change that takes time.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The GUID in its polling URL.
    pub name: String,
    /// When it was accepted.
    pub started: Timestamp,
    /// When it ends.
    pub done_at: Timestamp,
    /// How it ends.
    pub ending: Ending,
}

impl Operation {
    /// The answer of the `Azure-AsyncOperation` URL.
    pub fn to_json(&self, id: &str, now: Timestamp) -> Value {
        let mut body = json!({
            "id": id,
            "name": self.name,
            "startTime": self.started.to_string(),
            "status": "InProgress",
        });
        if now < self.done_at {
            return body;
        }
        body["endTime"] = json!(self.done_at.to_string());
        match &self.ending {
            Ending::Succeeded => body["status"] = json!("Succeeded"),
            Ending::Failed { code, message } => {
                body["status"] = json!("Failed");
                body["error"] = json!({"code": code, "message": message});
            }
        }
        body
    }
}

/// Every operation, by name.
#[derive(Debug, Default)]
pub struct Operations(BTreeMap<String, Operation>);

impl Operations {
    /// Starts an operation; its name is derived from what it changes.
    pub fn start(
        &mut self,
        target: &str,
        started: Timestamp,
        done_at: Timestamp,
        ending: Ending,
    ) -> Operation {
        let seed = format!("{target}#{}", self.0.len());
        let name = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).to_string();
        let operation = Operation { name: name.clone(), started, done_at, ending };
        self.0.insert(name, operation.clone());
        operation
    }

    /// The operation with this name.
    pub fn get(&self, name: &str) -> Option<&Operation> {
        self.0.get(&name.to_ascii_lowercase())
    }
}
