//! Typed records on the ledger's streams.

use latchkey_ledger::Record;
use serde::{Serialize, de::DeserializeOwned};

use crate::{cx::Cx, error::StepError};

/// Reads a stream.
///
/// # Errors
/// Whatever the ledger answers; a record of another shape is a failure.
pub async fn read<T: DeserializeOwned>(cx: &Cx, stream: &str) -> Result<Vec<T>, StepError> {
    Ok(cx.ledger().read_as(stream).await?)
}

/// Appends what `decide` makes of the stream, or nothing; asks it again when another record came
/// first. Gives whether it wrote, and the stream with the new record.
///
/// # Errors
/// As [`read`].
pub async fn append_if<T, F>(
    cx: &Cx,
    stream: &str,
    mut decide: F,
) -> Result<(bool, Vec<T>), StepError>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut(&[T]) -> Option<T> + Send,
{
    let mut broken = None;
    let decided = cx
        .ledger()
        .append_if(stream, cx.now(), |records| match typed::<T>(records) {
            Ok(seen) => decide(&seen),
            Err(error) => {
                broken = Some(error);
                None
            }
        })
        .await?;
    match broken {
        Some(error) => Err(error),
        None => Ok((decided.wrote, typed(&decided.records)?)),
    }
}

fn typed<T: DeserializeOwned>(records: &[Record]) -> Result<Vec<T>, StepError> {
    Ok(records.iter().map(Record::parse).collect::<Result<_, _>>()?)
}
