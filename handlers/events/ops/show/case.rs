//! One case, record by record.

use http::StatusCode;
use latchkey_core::{
    CaseId,
    case::{CaseRecord, case_stream},
};
use latchkey_ledger::Record;
use latchkey_runtime::{Cx, StepError};
use serde_json::{Value, json};

use super::{super::fault::Fault, id, standing};

/// The case with all its records.
pub(in super::super) async fn case(cx: &Cx, text: &str) -> Result<Value, Fault> {
    let id: CaseId = id(text)?;
    let records = cx.ledger().read(&case_stream(&id)).await.map_err(StepError::from)?;
    if records.is_empty() {
        return Err(Fault::new(StatusCode::NOT_FOUND, "there is no such case"));
    }
    let typed: Vec<CaseRecord> =
        records.iter().map(Record::parse).collect::<Result<_, _>>().map_err(StepError::from)?;
    let mut case = standing(cx, &id, &typed).await?;
    case["records"] = records.iter().map(printed).collect();
    Ok(case)
}

/// What the record says, when it was written, and its place in the chain.
fn printed(record: &Record) -> Value {
    let mut value = record.body.clone();
    value["at"] = json!(record.at);
    value["sequence"] = json!(record.sequence);
    value["hash"] = json!(record.hash);
    value
}
