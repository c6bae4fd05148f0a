//! Azure Resource Manager: paths, versions, parameters, bodies and errors.

use std::path::Path;

use super::allowed;
use super::exchange::{Answered, Asked};
use super::finding::Finding;
use super::openapi::{Found, OpenApi};
use super::reference::read_json;
use super::verdict::Verdict;

/// The documents of the management plane, in `arm-openapi/`.
const DOCUMENTS: [&str; 7] = [
    "activitylogs-2015-04-01.json",
    "aks-managedclusters-2024-05-01.json",
    "aks-managedclusters-2026-04-01.derived.json",
    "authorization-2022-04-01.json",
    "eventgrid-arm-2022-06-15.json",
    "pim-2020-10-01.json",
    "servicebus-arm-queues-2021-11-01.json",
];

/// What ARM takes and answers.
#[derive(Debug)]
pub struct Arm {
    api: OpenApi,
}

impl Arm {
    /// Reads the documents below `folder`.
    ///
    /// # Errors
    /// When one is missing or no JSON.
    pub fn load(folder: &Path) -> anyhow::Result<Arm> {
        let mut api = OpenApi::new(true);
        for name in DOCUMENTS {
            api.add(&read_json(&folder.join(name))?);
        }
        Ok(Arm { api })
    }

    /// The operations of all documents.
    #[cfg(test)]
    pub fn api(&self) -> &OpenApi {
        &self.api
    }

    /// Holds one exchange against the contract.
    pub fn check(&self, asked: &Asked<'_>, answered: &Answered<'_>) -> Verdict {
        if let Some(template) = allowed::arm(asked.method, asked.path()) {
            let answer = error(answered);
            return Verdict { template: template.to_owned(), request: Vec::new(), answer };
        }
        let sent = asked.option("api-version").map(|version| version.to_ascii_lowercase());
        let version = sent.as_deref().map(allowed::version);
        let exact = self.api.find(asked.method, asked.path(), version, true);
        let found = exact.or_else(|| self.api.find(asked.method, asked.path(), version, false));
        let Some(found) = found else { return Verdict::unknown(asked, error(answered)) };
        let mut request = self.api.parameters(found, asked, &allowed::ARM_QUERY);
        if exact.is_none() && sent.is_some() {
            request.push(Finding::wrong("this api-version is not in the contract"));
        }
        request.extend(found.request_body(asked, None));
        let mut answer = error(answered);
        let enveloped = answered.status >= 400 && allowed::arm_error(asked.path());
        if answer.is_empty() && !enveloped {
            answer = found.answer(answered, None);
        }
        Verdict { template: template(found), request, answer }
    }
}

fn template(found: Found<'_>) -> String {
    found.operation.template.text().to_owned()
}

/// An error is `{"error": {"code", "message"}}`, more than the documents' schemas ask for.
fn error(answered: &Answered<'_>) -> Vec<Finding> {
    if answered.status < 400 {
        return Vec::new();
    }
    let body = answered.body.json().unwrap_or_default();
    let told = |name: &str| body["error"][name].as_str().is_some_and(|text| !text.is_empty());
    if told("code") && told("message") {
        return Vec::new();
    }
    vec![Finding::wrong("an error needs error.code and error.message")]
}
