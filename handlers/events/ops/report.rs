//! How long leavers really kept their access, as a page for the weekly review.

use std::collections::BTreeMap;

use azure_functions_handler::HttpReply;
use http::StatusCode;
use latchkey_runtime::{Cx, report};

use super::fault::Fault;

/// How many days back the page goes when nobody says.
const DAYS: i64 = 7;
/// The most; `cargo xtask report` reads a whole ledger.
const MOST: i64 = 31;

/// The page on whoever left within `?days=`, and on every case that is still open.
pub(super) async fn report(cx: &Cx, query: &BTreeMap<String, String>) -> Result<HttpReply, Fault> {
    let given = query.get("days").map(|days| days.parse::<i64>());
    let days = match given {
        None => DAYS,
        Some(Ok(days)) if (1..=MOST).contains(&days) => days,
        Some(_) => {
            let detail = "must be a number of days from 1 to 31";
            return Err(Fault::in_field(StatusCode::BAD_REQUEST, "days", detail));
        }
    };
    let page = report::page(&report::recent(cx, days).await?);
    Ok(HttpReply::new(StatusCode::OK).body("text/html; charset=utf-8", page))
}
