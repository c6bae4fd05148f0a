//! The key that signs, and the one that an auditor holds.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{
    Signature, Signer as _, SigningKey, VerifyingKey,
    pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey, spki::der::pem::LineEnding},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// Why a text is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no block of that name in it.
    #[error("there is no `-----BEGIN {0}-----` in it")]
    NoBlock(&'static str),
    /// The block holds something else. What it holds is not told.
    #[error("its block {0} holds no Ed25519 key")]
    NotEd25519(&'static str),
}

/// Which key it was: the first 16 hex digits of the SHA-256 of the 32 bytes of the public key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId(String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Signs. `Debug` shows which key it is and not the key.
#[derive(Clone)]
pub struct Signer(SigningKey);

impl Signer {
    /// The private key in a PEM text (PKCS#8, as `openssl genpkey -algorithm ed25519` writes it).
    /// Line breaks may have become spaces on the way through a secret store.
    ///
    /// # Errors
    /// [`KeyError`], which shows nothing of the text.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = blocks(text, PRIVATE).next().ok_or(KeyError::NoBlock(PRIVATE))?;
        SigningKey::from_pkcs8_pem(&block).map(Self).map_err(|_| KeyError::NotEd25519(PRIVATE))
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature of these bytes, in Base64.
    pub fn sign(&self, bytes: &[u8]) -> String {
        BASE64.encode(self.0.sign(bytes).to_bytes())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public().id())
    }
}

/// Checks signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Every public key in a PEM text, for keys are replaced and old receipts stay.
    ///
    /// # Errors
    /// [`KeyError`] when there is none, or one of them is of another kind.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, KeyError> {
        let read = |block: String| {
            VerifyingKey::from_public_key_pem(&block)
                .map(Self)
                .map_err(|_| KeyError::NotEd25519(PUBLIC))
        };
        let keys: Vec<_> = blocks(text, PUBLIC).map(read).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(KeyError::NoBlock(PUBLIC)) } else { Ok(keys) }
    }

    /// The key as PEM, for the auditor.
    ///
    /// # Errors
    /// [`KeyError`]; no key is known that cannot be written.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::NotEd25519(PUBLIC))
    }

    /// Which key it is.
    pub fn id(&self) -> KeyId {
        KeyId(hex::encode(&Sha256::digest(self.0.as_bytes())[..8]))
    }

    /// Whether the signature, in Base64, is this key's of these bytes. Keys and signatures that
    /// would fit more than one text are refused.
    pub fn signed(&self, bytes: &[u8], signature: &str) -> bool {
        let signature = BASE64.decode(signature).ok();
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// The PEM blocks of a name, each as RFC 7468 lays them out whatever became of its white space.
fn blocks(text: &str, name: &'static str) -> impl Iterator<Item = String> {
    let (begin, end) = (format!("-----BEGIN {name}-----"), format!("-----END {name}-----"));
    let mut found = Vec::new();
    for part in text.split(&begin).skip(1) {
        let Some((inner, _)) = part.split_once(&end) else { continue };
        let letters: Vec<u8> =
            inner.replace("\\n", "").bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let lines: Vec<_> = letters.chunks(64).map(String::from_utf8_lossy).collect();
        found.push(format!("{begin}\n{}\n{end}\n", lines.join("\n")));
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410, 10.3, and RFC 8032, 7.1, test 1 as PKCS#8.
    const RFC_8410: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    const RFC_8410_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn the_key_of_the_rfc_has_the_public_key_of_the_rfc() {
        let signer = Signer::from_pem(RFC_8410).unwrap();
        assert_eq!(signer.public().to_pem().unwrap(), RFC_8410_PUBLIC);
        assert_eq!(PublicKey::all_from_pem(RFC_8410_PUBLIC).unwrap(), [signer.public()]);
        let digest = hex::encode(Sha256::digest(signer.public().0.as_bytes()));
        assert_eq!(signer.public().id().to_string(), digest[..16]);
    }

    #[test]
    fn a_signature_is_that_of_rfc_8032() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let seed: [u8; 32] = hex::decode(seed).unwrap().try_into().unwrap();
        let signer = Signer(SigningKey::from_bytes(&seed));
        let expected = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33\
                        bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
        assert_eq!(hex::encode(BASE64.decode(signer.sign(b"")).unwrap()), expected);
        assert!(signer.public().signed(b"", &signer.sign(b"")));
        assert!(!signer.public().signed(b"x", &signer.sign(b"")));
        assert!(!signer.public().signed(b"", "no Base64!"));
    }

    #[test]
    fn a_key_survives_the_loss_of_its_line_breaks() {
        for text in [RFC_8410.replace('\n', " "), RFC_8410.replace('\n', "\\n")] {
            let signer = Signer::from_pem(&text).unwrap();
            assert_eq!(signer.public().to_pem().unwrap(), RFC_8410_PUBLIC);
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let secret = RFC_8410.replace("MC4CAQ", "MC4CAR");
        let errors =
            [Signer::from_pem("secret").unwrap_err(), Signer::from_pem(&secret).unwrap_err()];
        let told = errors.map(|error| format!("{error} {error:?}")).join("\n");
        assert!(!told.contains("secret") && !told.contains("MC4"), "{told}");
        let shown = format!("{:?}", Signer::from_pem(RFC_8410).unwrap());
        assert!(shown.len() < 30, "{shown}");
        assert!(matches!(PublicKey::all_from_pem(RFC_8410), Err(KeyError::NoBlock(PUBLIC))));
    }
}
