//! Who can do what in the governed clusters: everything observed, told row by row.

mod asked;
mod clusters;
mod groups;
mod links;
mod observe;
mod principals;
mod unseen;

use std::collections::BTreeMap;

use asked::Asked;
use latchkey_core::access::{View, view};
use latchkey_runtime::Cx;
pub(super) use observe::observe;
use serde_json::{Value, json};

use super::fault::Fault;

/// The rows asked for, a page of them.
pub(super) async fn access(cx: &Cx, query: &BTreeMap<String, String>) -> Result<Value, Fault> {
    let asked = Asked::read(cx, query).await?;
    let observed = observe(cx, &asked.filter).await;
    let all = view(cx.policy(), &observed);
    Ok(page(&asked, asked.filter.apply(cx.policy(), &observed, all)))
}

/// A page, which says how many rows are not on it.
fn page(asked: &Asked, view: View) -> Value {
    let total = view.rows.len();
    let rows: Vec<_> = view.rows.into_iter().skip(asked.from).take(asked.limit).collect();
    let end = asked.from.saturating_add(rows.len());
    json!({
        "total": total,
        "leftOut": total - rows.len(),
        "next": (end < total && !rows.is_empty()).then(|| asked.link(end)),
        "rows": rows,
        "unseen": view.unseen,
    })
}
