//! Graph's price list and token buckets (`graph-contracts.md` section 4).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::answer::{Answer, Outcome};
use super::call::Call;

/// Resource units that a large tenant's app may use in 10 seconds.
const UNITS: f64 = 8_000.0;
const UNITS_PER_SECOND: f64 = UNITS / 10.0;
/// Writes that an app may do in 150 seconds.
const WRITES: f64 = 3_000.0;
const WRITES_PER_SECOND: f64 = WRITES / 150.0;

/// Requests for reports (audits and sign-ins) that an app may send in 10 seconds.
const REPORTS: f64 = 5.0;
const REPORTS_PER_SECOND: f64 = REPORTS / 10.0;

/// Share of a limit from which answers name it.
const WARN_FROM: f64 = 0.8;

/// Token buckets per application, on the sandbox's clock.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, Bucket>>);

#[derive(Debug)]
struct Bucket {
    units: f64,
    writes: f64,
    reports: f64,
    filled: Timestamp,
}

/// Runs `operation` unless the caller's bucket is empty; the answer names its price.
pub fn metered(call: &Call<'_>, operation: impl FnOnce(&Call<'_>) -> Outcome) -> Outcome {
    let (units, write) = price(call);
    let mut used = 0.0;
    if call.world.config.throttling {
        match call.world.graph_throttle.draw(call, units, write) {
            Ok(share) => used = share,
            Err((wait, what)) => return Ok(throttled(call, wait, what)),
        }
    }
    let answer = operation(call).unwrap_or_else(super::answer::Refused::answer);
    let answer = answer.with("x-ms-resource-unit", units.to_string());
    if used < WARN_FROM {
        return Ok(answer);
    }
    Ok(answer.with("x-ms-throttle-limit-percentage", format!("{used:.1}")))
}

/// 429 as the identity workload words it.
pub fn throttled(call: &Call<'_>, wait: f64, what: &str) -> Answer {
    let app = call.caller.app_id.as_deref().unwrap_or_default();
    let scope = format!("Tenant_Application/ReadWrite/{app}/{}", call.world.config.tenant_id);
    let body = json!({"error": {
        "code": "TooManyRequests", "message": "Please retry again later.",
        "innerError": {"code": "429", "status": "429", "message": "Please retry after"},
    }});
    Answer { status: StatusCode::TOO_MANY_REQUESTS, ..Answer::ok(body) }
        .with("Retry-After", wait.to_string())
        .with("x-ms-throttle-scope", scope)
        .with("x-ms-throttle-information", what)
}

impl Throttle {
    /// Takes the price of a call and answers the used share of the fuller bucket, or the seconds to
    /// wait and the exceeded limit. A refused call is charged as well.
    fn draw(&self, call: &Call<'_>, units: u32, write: bool) -> Result<f64, (f64, &'static str)> {
        let now = call.world.clock.now();
        let app = call.caller.app_id.clone().unwrap_or_default();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket { units: UNITS, writes: WRITES, reports: REPORTS, filled: now };
        let bucket = buckets.entry(app).or_insert(full);
        let passed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
        bucket.filled = now;
        bucket.units = (bucket.units + passed * UNITS_PER_SECOND).min(UNITS) - f64::from(units);
        let writes = f64::from(u8::from(write));
        bucket.writes = (bucket.writes + passed * WRITES_PER_SECOND).min(WRITES) - writes;
        let report = call.segments.first().is_some_and(|first| first == "auditLogs");
        bucket.reports = (bucket.reports + passed * REPORTS_PER_SECOND).min(REPORTS);
        if report && bucket.reports < 1.0 {
            let wait = (1.0 - bucket.reports) / REPORTS_PER_SECOND;
            return Err((wait.ceil(), "ReportsLimitExceeded"));
        }
        bucket.reports -= f64::from(u8::from(report));
        if bucket.units < 0.0 {
            return Err(((-bucket.units / UNITS_PER_SECOND).ceil(), "ResourceUnitLimitExceeded"));
        }
        if bucket.writes < 0.0 {
            return Err(((-bucket.writes / WRITES_PER_SECOND).ceil(), "WriteLimitExceeded"));
        }
        Ok(1.0 - (bucket.units / UNITS).min(bucket.writes / WRITES))
    }
}

/// Resource units of a call, and whether it counts as a write.
fn price(call: &Call<'_>) -> (u32, bool) {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let (base, write): (u32, bool) = match (call.method, segments.as_slice()) {
        ("GET", ["users"]) => (2, false),
        ("GET", ["groups", _, "members", ..]) => (3, false),
        ("GET", ["groups", _, "transitiveMembers", ..]) => (5, false),
        ("GET", [_, _, "memberOf" | "transitiveMemberOf", ..]) => (2, false),
        ("GET", _) => (1, false),
        ("POST", [.., "checkMemberGroups"]) => (4, false),
        ("POST", [.., "getMemberGroups"]) => (2, false),
        ("POST", [.., "getByIds"]) => (3, false),
        _ => (1, true),
    };
    let selects = u32::from(call.option("$select").is_some() && !write);
    let small = call.option("$top").and_then(|top| top.parse::<u32>().ok()).is_some_and(|n| n < 20);
    let expands = u32::from(call.option("$expand").is_some());
    ((base + expands).saturating_sub(selects + u32::from(small)).max(1), write)
}
