//! `$batch`: the envelope, and each request inside with its answer.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Graph, answer};
use crate::contracts::exchange::{Answered, Asked, Content};
use crate::contracts::finding::Finding;
use crate::contracts::verdict::Verdict;

const ITEM: [&str; 6] = ["body", "dependsOn", "headers", "id", "method", "url"];
const MOST: usize = 20;

/// Holds a batch against the contract.
pub fn check(graph: &Graph, asked: &Asked<'_>, answered: &Answered<'_>) -> Verdict {
    let mut verdict = Verdict { template: "/v1.0/$batch".to_owned(), ..Verdict::default() };
    let sent = asked.body.json().unwrap_or_default();
    let requests = sent["requests"].as_array().map(Vec::as_slice).unwrap_or_default();
    if asked.method != "POST" || requests.is_empty() || requests.len() > MOST {
        let what = "a batch is a POST of 1 to 20 requests";
        verdict.request.push(Finding::wrong(what));
    }
    for (index, request) in requests.iter().enumerate() {
        verdict.request.extend(wrong(request, &requests[..index]).map(Finding::wrong));
    }
    if answered.status != 200 {
        verdict.answer = answer::error(answered);
        return verdict;
    }
    let body = answered.body.json().unwrap_or_default();
    let responses = body["responses"].as_array().map(Vec::as_slice).unwrap_or_default();
    if responses.len() != requests.len() {
        verdict.answer.push(Finding::wrong("a batch answers each of its requests once"));
    }
    for request in requests {
        match responses.iter().find(|response| response["id"] == request["id"]) {
            Some(response) => item(graph, asked, request, response, &mut verdict),
            None => verdict.answer.push(Finding::wrong("a request of the batch has no answer")),
        }
    }
    verdict
}

/// What is wrong with the envelope of a request that follows `earlier`.
fn wrong(request: &Value, earlier: &[Value]) -> Option<&'static str> {
    let text = |name: &str| request[name].as_str().is_some_and(|text| !text.is_empty());
    let known = |key: &String| ITEM.contains(&key.as_str());
    let only_known = request.as_object().is_some_and(|map| map.keys().all(known));
    if !(text("id") && text("method") && text("url") && only_known) {
        return Some("a request of a batch has id, method, url, headers, body and dependsOn");
    }
    if request["url"].as_str().is_some_and(|url| url.contains("://")) {
        return Some("the url of a request of a batch is relative");
    }
    let same = |one: &Value, id: &Value| match (one["id"].as_str(), id.as_str()) {
        (Some(one), Some(id)) => one.eq_ignore_ascii_case(id),
        _ => false,
    };
    if earlier.iter().any(|one| same(one, &request["id"])) {
        return Some("the id of a request is its own in its batch");
    }
    let typed = headers(&request["headers"]).contains_key(CONTENT_TYPE);
    if !request["body"].is_null() && !typed {
        return Some("a request of a batch with a body has a Content-Type");
    }
    let mut on = request["dependsOn"].as_array().into_iter().flatten();
    let unknown = on.any(|on| !earlier.iter().any(|one| same(one, on)));
    unknown.then_some("a request of a batch depends on earlier ones only")
}

fn item(
    graph: &Graph,
    batch: &Asked<'_>,
    request: &Value,
    response: &Value,
    verdict: &mut Verdict,
) {
    let url = request["url"].as_str().unwrap_or_default();
    let target = format!("/v1.0/{}", url.trim_start_matches('/'));
    let headers = headers(&request["headers"]);
    let asked = Asked {
        method: &request["method"].as_str().unwrap_or_default().to_ascii_uppercase(),
        target: &target,
        headers: &headers,
        body: Content::Value(&request["body"]),
        ..*batch
    };
    let headers = self::headers(&response["headers"]);
    let body = Content::Value(&response["body"]);
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let answered = Answered { status: status.unwrap_or(0), headers: &headers, body };
    let inner = graph.check(&asked, &answered);
    let at = format!("(in $batch: {} {})", asked.method, inner.template);
    let told = |finding: Finding| Finding { at: format!("{at} {}", finding.at), ..finding };
    verdict.request.extend(inner.request.into_iter().map(told));
    verdict.answer.extend(inner.answer.into_iter().map(told));
}

fn headers(headers: &Value) -> HeaderMap {
    let pairs = headers.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.as_str()?).ok()?))
    });
    pairs.collect()
}
