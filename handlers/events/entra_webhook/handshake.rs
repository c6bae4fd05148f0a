//! Graph asks whether we want its notifications (`graph-contracts.md` section 9.2).

use azure_functions_handler::HttpReply;
use http::{
    StatusCode,
    header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS},
};

use crate::events::problem::Problem;

/// Graph's tokens are about a hundred characters long.
const LONGEST: usize = 1024;

/// The token as it came, as text that no browser takes for anything else.
pub(super) fn answer(token: &str) -> HttpReply {
    if token.is_empty() || token.len() > LONGEST || token.chars().any(char::is_control) {
        let why = format!("must be 1 to {LONGEST} printable characters");
        return Problem::new(StatusCode::BAD_REQUEST, why).field("validationToken").reply();
    }
    tracing::info!("answered a validation request");
    HttpReply::text(StatusCode::OK, token)
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(CACHE_CONTROL, "no-store")
}
