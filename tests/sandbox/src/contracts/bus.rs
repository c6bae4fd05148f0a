//! The data plane of Service Bus over REST.

use std::path::Path;

use super::allowed;
use super::exchange::{Answered, Asked, Content};
use super::finding::Finding;
use super::openapi::{Found, OpenApi};
use super::reference::read_json;
use super::shape::Shape;
use super::verdict::Verdict;
use super::walk::Mode;

/// What a Service Bus namespace takes and answers.
#[derive(Debug)]
pub struct Bus {
    api: OpenApi,
    properties: Shape,
}

impl Bus {
    /// Reads the document below `folder`.
    ///
    /// # Errors
    /// When it is missing or no JSON.
    pub fn load(folder: &Path) -> anyhow::Result<Bus> {
        let mut api = OpenApi::new(false);
        let document = read_json(&folder.join("servicebus-runtime-rest.derived.json"))?;
        let properties = api.add_with(&document, "BrokerPropertiesRequest");
        Ok(Bus { api, properties })
    }

    /// Holds one exchange against the contract.
    pub fn check(&self, asked: &Asked<'_>, answered: &Answered<'_>) -> Verdict {
        let Some(found) = self.api.find(asked.method, asked.path(), None, true) else {
            return Verdict::unknown(asked, Vec::new());
        };
        let mut request = self.api.parameters(found, asked, &[]);
        request.extend(self.broker_properties(found, asked));
        let template = found.operation.template.text().to_owned();
        let mut answered = *answered;
        if allowed::bus_body(&template, answered.status) {
            answered.body = Content::Bytes(&[]);
        }
        let answer = found.answer(&answered, None);
        Verdict { template, request, answer }
    }

    fn broker_properties(&self, found: Found<'_>, asked: &Asked<'_>) -> Vec<Finding> {
        let Some(header) = asked.headers.get("brokerproperties") else { return Vec::new() };
        match serde_json::from_slice(header.as_bytes()) {
            Ok(value) => found.check(&self.properties, Mode::Request, &value),
            Err(_) => vec![Finding::wrong("the header 'BrokerProperties' is no JSON")],
        }
    }
}
