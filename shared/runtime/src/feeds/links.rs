//! From an Entra user to the people it was linked to, also when the user is long gone.

use latchkey_core::{ObjectId, PersonId};

use crate::{
    cx::Cx,
    error::StepError,
    journal::{append_if, read},
};

/// Lists a person under a user: the stream `links/{user}`, one record per person.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn link(cx: &Cx, user: &ObjectId, person: &PersonId) -> Result<(), StepError> {
    append_if(cx, &stream(user), |seen: &[PersonId]| {
        (!seen.contains(person)).then(|| person.clone())
    })
    .await?;
    Ok(())
}

/// The people that the user is or was linked to; mostly one or none.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn linked(cx: &Cx, user: &ObjectId) -> Result<Vec<PersonId>, StepError> {
    read(cx, &stream(user)).await
}

fn stream(user: &ObjectId) -> String {
    format!("links/{user}")
}
