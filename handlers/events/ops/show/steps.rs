//! What can be asked for.

use serde_json::{Value, json};

use super::super::{catalog::Offer, needs};

/// Every step and planner: its name, what it may touch, what its request looks like.
pub(in super::super) fn steps() -> Value {
    let all: Vec<_> = Offer::all()
        .map(|offer| {
            let needs: Vec<_> = offer.needs().iter().map(needs::text).collect();
            json!({
                "step": offer.name(),
                "needs": needs,
                "schema": offer.schema(),
                "example": offer.example(),
            })
        })
        .collect();
    json!({ "steps": all })
}
