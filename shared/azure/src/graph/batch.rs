//! `$batch`: up to twenty requests in one, answered in any order, each metered on its own.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use latchkey_core::{Call, CallError, Service};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Graph;
use crate::http::{Request, ServiceError, parse_retry_after, shape};

/// Most items of one `$batch`.
pub(super) const LIMIT: usize = 20;

/// One request of a batch; `url` is relative to the version root.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    id: String,
    method: &'static str,
    url: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

impl Item {
    pub(super) fn new(method: &'static str, url: String) -> Self {
        Self { id: String::new(), method, url, headers: BTreeMap::new(), body: None }
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.headers.insert("Content-Type", "application/json");
        self.body = Some(body);
        self
    }
}

#[derive(Serialize)]
struct Requests<'a> {
    requests: &'a [Item],
}

#[derive(Deserialize)]
struct Responses {
    responses: Vec<Response>,
}

/// The answer to one item.
#[derive(Debug, Deserialize)]
pub(super) struct Response {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    body: Value,
}

impl Response {
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn error(&self) -> ServiceError {
        ServiceError::of_value(self.status(), &self.body)
    }

    /// The body of a 2xx answer.
    pub(super) fn json<T: DeserializeOwned>(self, call: &Call) -> Result<T, CallError> {
        if !self.status().is_success() {
            return Err(self.error().into_call_error(call, self.retry_after()));
        }
        serde_json::from_value(self.body).map_err(|error| shape(call, &error))
    }

    /// The wait this item asks for; its headers may be spelled in any case.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let headers = self.headers.as_ref()?;
        let (_, value) =
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Retry-After"))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        parse_retry_after(&text, Timestamp::now())
    }

    /// Whether the item may be sent again: a read after any trouble, a write only when it was
    /// certainly not done.
    fn again(&self, write: bool) -> bool {
        match self.status {
            429 => true,
            503 => !write || self.retry_after().is_some(),
            408 | 500 | 502 | 504 => !write,
            _ => false,
        }
    }
}

impl Graph {
    /// Sends all items, twenty at a time, and gives their answers in the same order. Throttled
    /// items alone are sent again, after the longest wait any of them asks for and within one
    /// budget for all; what then still is throttled is answered as such. `None` is an item whose
    /// batch answered without it.
    pub(super) async fn batch(
        &self,
        call: &Call,
        items: Vec<Item>,
        write: bool,
    ) -> Vec<Result<Option<Response>, CallError>> {
        let mut answers: Vec<Result<Option<Response>, CallError>> = Vec::new();
        for chunk in items.chunks(LIMIT) {
            answers.extend(self.chunk(call, chunk, write).await);
        }
        answers
    }

    async fn chunk(
        &self,
        call: &Call,
        items: &[Item],
        write: bool,
    ) -> Vec<Result<Option<Response>, CallError>> {
        let mut answers: Vec<Result<Option<Response>, CallError>> =
            items.iter().map(|_| Ok(None)).collect();
        let mut open: Vec<usize> = (0..items.len()).collect();
        let mut budget = self.endpoint.budget();
        loop {
            let sent: Vec<Item> =
                open.iter().map(|&n| Item { id: n.to_string(), ..items[n].clone() }).collect();
            match self.post_batch(call, &sent, write).await {
                Ok(responses) => settle(&mut answers, &open, responses),
                Err(error) => {
                    open.iter().for_each(|&n| answers[n] = Err(copy(&error)));
                    return answers;
                }
            }
            let again = |n: &usize| matches!(&answers[*n], Ok(Some(r)) if r.again(write));
            open.retain(again);
            let wait =
                open.iter().filter_map(|&n| answers[n].as_ref().ok()?.as_ref()?.retry_after());
            if open.is_empty() || !budget.wait(wait.max()).await {
                return answers;
            }
        }
    }

    async fn post_batch(
        &self,
        call: &Call,
        items: &[Item],
        write: bool,
    ) -> Result<Vec<Response>, CallError> {
        let request = Request::new(Service::Graph, call.what, Method::POST, self.url(&["$batch"]))
            .json(&Requests { requests: items });
        let request = if write { request } else { request.reading() };
        let answer = self.endpoint.send(&request).await?;
        match answer.json::<Responses>(call) {
            Ok(answer) => Ok(answer.responses),
            // Something was done, we cannot read what.
            Err(error) if write => {
                Err(CallError::Lost { call: call.clone(), source: Some(error.into()) })
            }
            Err(error) => Err(error),
        }
    }
}

/// Puts each response where its request was.
fn settle(
    answers: &mut [Result<Option<Response>, CallError>],
    open: &[usize],
    responses: Vec<Response>,
) {
    open.iter().for_each(|&n| answers[n] = Ok(None));
    for response in responses {
        if let Some(n) = response.id.parse().ok().filter(|n| open.contains(n)) {
            answers[n] = Ok(Some(response));
        }
    }
}

/// The same failure for each item of a batch that failed as a whole; the cause stays with none.
fn copy(error: &CallError) -> CallError {
    use CallError::{Busy, Conflict, Denied, Lost, NotFound, Rejected, Surprise};
    match error {
        Busy { call, retry_after, source } => Busy {
            call: call.clone(),
            retry_after: *retry_after,
            source: source.as_ref().map(|source| source.to_string().into()),
        },
        Lost { call, source } => Lost {
            call: call.clone(),
            source: source.as_ref().map(|source| source.to_string().into()),
        },
        Denied { call, code } => Denied { call: call.clone(), code: code.clone() },
        NotFound { call } => NotFound { call: call.clone() },
        Conflict { call } => Conflict { call: call.clone() },
        Rejected { call, code, message } => {
            Rejected { call: call.clone(), code: code.clone(), message: message.clone() }
        }
        Surprise { call, detail } => Surprise { call: call.clone(), detail: detail.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn only_the_throttled_item_of_the_published_batch_is_sent_again() {
        let Some(example) = fixtures::one("batch-one-throttled.200") else { return };
        let body = example["response"]["body"].clone();
        let answers: Responses = serde_json::from_value(body).unwrap();
        let again: Vec<_> = answers.responses.iter().filter(|r| r.again(true)).collect();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].id, "b");
        assert_eq!(again[0].retry_after(), Some(Duration::from_secs(10)));
    }

    #[test]
    fn every_published_batch_is_read() {
        for (name, example) in fixtures::all() {
            if let Some(responses) = example["response"]["body"]["responses"].as_array() {
                let answers: Responses =
                    serde_json::from_value(example["response"]["body"].clone()).unwrap();
                assert_eq!(answers.responses.len(), responses.len(), "{name}");
            }
        }
    }
}
