//! The RS256 key that signs every token.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::verify::Verified;

/// A key pair is slow to find, so all sandboxes of one process share theirs; tenants and issuers
/// keep their tokens apart.
static PAIR: OnceLock<Arc<Pair>> = OnceLock::new();

struct Pair {
    signing: EncodingKey,
    checking: DecodingKey,
    id: String,
    jwks: Value,
}

/// Signs and checks tokens, and remembers which it has checked.
pub struct Keys {
    pair: Arc<Pair>,
    checked: RwLock<HashMap<String, Arc<Verified>>>,
}

impl Keys {
    /// The key pair of this process with an empty memory.
    ///
    /// # Errors
    /// When no key pair can be made.
    pub fn of_this_process() -> anyhow::Result<Keys> {
        let pair = match PAIR.get() {
            Some(pair) => pair.clone(),
            None => {
                let made = Arc::new(Pair::make()?);
                PAIR.get_or_init(|| made).clone()
            }
        };
        Ok(Keys { pair, checked: RwLock::default() })
    }

    /// The public key as a JSON Web Key Set.
    pub fn jwks(&self) -> &Value {
        &self.pair.jwks
    }

    /// A signed token that says `claims`.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.pair.id.clone());
        jsonwebtoken::encode(&header, claims, &self.pair.signing)
            .expect("an RSA key signs any JSON object")
    }

    pub(super) fn checking(&self) -> &DecodingKey {
        &self.pair.checking
    }

    pub(super) fn remembered(&self, token: &str) -> Option<Arc<Verified>> {
        self.checked.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    pub(super) fn remember(&self, token: &str, verified: Arc<Verified>) {
        let mut checked = self.checked.write().unwrap_or_else(PoisonError::into_inner);
        checked.insert(token.to_owned(), verified);
    }
}

impl Pair {
    fn make() -> anyhow::Result<Pair> {
        let private = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048)
            .context("making the signing key")?;
        let der = private.to_pkcs1_der().context("encoding the signing key")?;
        let (n, e) = (private.n().to_bytes_be(), private.e().to_bytes_be());
        let id = URL_SAFE_NO_PAD.encode(&Sha256::digest(&n)[..20]);
        let jwks = json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
            "n": URL_SAFE_NO_PAD.encode(&n), "e": URL_SAFE_NO_PAD.encode(&e),
        }]});
        Ok(Pair {
            signing: EncodingKey::from_rsa_der(der.as_bytes()),
            checking: DecodingKey::from_rsa_raw_components(&n, &e),
            id,
            jwks,
        })
    }
}
