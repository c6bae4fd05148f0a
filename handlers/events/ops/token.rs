//! Who asks: the claims of a validated Entra access token, never anything else of the request.

use http::{
    HeaderMap, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind};
use latchkey_core::{ObjectId, Timestamp};
use latchkey_runtime::{Config, Cx};
use serde::Deserialize;

use super::{Keys, fault::Fault};

/// Clocks may differ by so much, in seconds.
const LEEWAY: i64 = 60;
/// The app role that lets somebody ask for steps.
const OPERATE: &str = "Access.Operate";
/// The app role that lets somebody look.
const READ: &str = "Access.Read";

/// The app role of those who only approve.
const APPROVE: &str = "Access.Approve";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The object id of the user or application.
    pub(super) oid: ObjectId,
    roles: Vec<String>,
}

impl Caller {
    /// Whether they may ask for steps.
    pub(super) fn operates(&self) -> bool {
        self.roles.iter().any(|role| role == OPERATE)
    }

    /// Refuses those who may not ask for steps.
    pub(super) fn may_operate(&self) -> Result<(), Fault> {
        if self.operates() { Ok(()) } else { Err(lacks(OPERATE)) }
    }

    /// Refuses those who may neither look nor approve. Who may approve what is decided plan by plan.
    pub(super) fn may_approve(&self) -> Result<(), Fault> {
        let approves = self.may_read().is_ok() || self.roles.iter().any(|role| role == APPROVE);
        if approves { Ok(()) } else { Err(lacks(APPROVE)) }
    }

    /// Refuses those who may not look.
    pub(super) fn may_read(&self) -> Result<(), Fault> {
        let reads = self.operates() || self.roles.iter().any(|role| role == READ);
        if reads { Ok(()) } else { Err(lacks(READ)) }
    }
}

fn lacks(role: &str) -> Fault {
    Fault::new(StatusCode::FORBIDDEN, format!("the token lacks the app role {role}"))
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("a Bearer access token is needed")]
    Missing,
    #[error("the token is not a signed JWT with the claims of an access token")]
    Form,
    #[error("the token is not signed with RS256")]
    Algorithm,
    #[error("the token's key is none of the tenant's")]
    Key,
    #[error("the token's signature is not valid")]
    Signature,
    #[error("the token is from another issuer or tenant")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let challenge = match refused {
            Refused::Missing => "Bearer".to_owned(),
            _ => format!("Bearer error=\"invalid_token\", error_description=\"{refused}\""),
        };
        Self::new(StatusCode::UNAUTHORIZED, refused.to_string()).header(WWW_AUTHENTICATE, challenge)
    }
}

/// The caller that the request's token names.
pub(super) async fn caller(cx: &Cx, keys: &Keys, headers: &HeaderMap) -> Result<Caller, Fault> {
    let token = bearer(headers)?;
    let key_id = key_id(token)?;
    let key = keys.find(cx, &key_id).await?.ok_or(Refused::Key)?;
    Ok(verify(token, &key, cx.config(), cx.now())?)
}

/// The one bearer token of the request.
fn bearer(headers: &HeaderMap) -> Result<&str, Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Refused::Missing) };
    let (scheme, token) =
        value.to_str().ok().and_then(|v| v.split_once(' ')).ok_or(Refused::Missing)?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    fits.then_some(token).ok_or(Refused::Missing)
}

/// The key that the token says it is signed with. Extensions that must be understood are not.
fn key_id(token: &str) -> Result<String, Refused> {
    let header = decode_header(token).map_err(|error| refused(error.kind()))?;
    if header.alg != Algorithm::RS256 {
        return Err(Refused::Algorithm);
    }
    header.kid.filter(|_| header.crit.is_none()).ok_or(Refused::Form)
}

/// Claims of a v2.0 access token of Entra.
#[derive(Deserialize)]
struct Claims {
    oid: ObjectId,
    tid: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
    #[serde(default)]
    roles: Vec<String>,
    // One text each: a list that holds ours among others is no token of Entra's.
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "aud")]
    _audience: String,
}

/// Checks everything about a token but the caller's roles.
fn verify(
    token: &str,
    key: &DecodingKey,
    config: &Config,
    now: Timestamp,
) -> Result<Caller, Refused> {
    let claims = decode::<Claims>(token, key, &validation(config));
    let claims = claims.map_err(|error| refused(error.kind()))?.claims;
    if claims.tid != config.tenant {
        return Err(Refused::Issuer);
    }
    if claims.exp.saturating_add(LEEWAY) <= now.as_second() {
        return Err(Refused::Expired);
    }
    if claims.nbf.saturating_sub(LEEWAY) > now.as_second() {
        return Err(Refused::NotYet);
    }
    Ok(Caller { oid: claims.oid, roles: claims.roles })
}

/// Times are checked by our own clock, the rest by the library.
fn validation(config: &Config) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_issuer(&[format!("{}/v2.0", tenant_url(config))]);
    validation.set_audience(&[&config.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation
}

/// `{authority}/{tenant}`.
pub(super) fn tenant_url(config: &Config) -> String {
    format!("{}/{}", config.authority.trim_end_matches('/'), config.tenant)
}

fn refused(kind: &ErrorKind) -> Refused {
    match kind {
        ErrorKind::InvalidSignature => Refused::Signature,
        ErrorKind::InvalidIssuer => Refused::Issuer,
        ErrorKind::InvalidAudience => Refused::Audience,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => Refused::Algorithm,
        _ => Refused::Form,
    }
}

#[cfg(test)]
mod tests;
