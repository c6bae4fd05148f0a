//! Checking a token: signature, issuer, tenant and lifetime.

use std::sync::{Arc, PoisonError};

use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use crate::door::Caller;
use crate::world::World;

/// Claims that the sandbox's own services read.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    oid: String,
    exp: i64,
    nbf: i64,
    azp: Option<String>,
    upn: Option<String>,
    idtyp: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
}

/// A token whose signature and issuer are right.
pub struct Verified {
    caller: Caller,
    from: i64,
    until: i64,
}

impl World {
    /// Who `token` speaks for, with `Caller::function` unset; the audience is left to the service.
    ///
    /// # Errors
    /// In Entra's words, when the token is malformed, not ours, not yet valid or expired.
    pub fn verify(&self, token: &str) -> Result<Caller, &'static str> {
        let verified = match self.keys.remembered(token) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.check(token)?);
                self.keys.remember(token, verified.clone());
                verified
            }
        };
        let now = self.clock.now().as_second();
        if now >= verified.until {
            return Err("Lifetime validation failed, the token is expired.");
        }
        if now < verified.from {
            return Err("Lifetime validation failed, the token is not yet valid.");
        }
        Ok(verified.caller.clone())
    }

    /// Accepts the tokens of another sandbox of this process as well, whose issuer this is: what an
    /// API server does that is told to trust an OIDC issuer.
    pub fn trust_issuer(&self, issuer: &str) {
        let mut trusted = self.trusted_issuers.write().unwrap_or_else(PoisonError::into_inner);
        trusted.insert(issuer.to_owned());
    }

    fn trusts(&self, issuer: &str) -> bool {
        self.trusted_issuers.read().unwrap_or_else(PoisonError::into_inner).contains(issuer)
    }

    fn check(&self, token: &str) -> Result<Verified, &'static str> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let data = jsonwebtoken::decode::<Claims>(token, self.keys.checking(), &validation)
            .map_err(|_| "Access token validation failure. Invalid token.")?;
        let claims = data.claims;
        if claims.iss != self.issuer() && !self.trusts(&claims.iss) {
            return Err("Access token validation failure. Invalid issuer.");
        }
        Ok(Verified {
            from: claims.nbf,
            until: claims.exp,
            caller: Caller {
                oid: claims.oid,
                app_id: claims.azp,
                upn: claims.upn,
                groups: claims.groups,
                roles: claims.roles,
                audience: claims.aud,
                is_app: claims.idtyp.as_deref() == Some("app"),
                function: None,
            },
        })
    }
}
