use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use rsa::{
    RsaPrivateKey,
    pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey},
};
use serde_json::{Value, json};

use super::*;

const TENANT: &str = "7d96d549-841b-4092-9c09-89abae4c860c";
const OID: &str = "0a1b2c3d-0000-4000-8000-000000000001";
const NOW: i64 = 1_900_000_000;

/// Two key pairs, as DER: the tenant's and somebody else's.
fn pairs() -> &'static [(Vec<u8>, Vec<u8>); 2] {
    static PAIRS: OnceLock<[(Vec<u8>, Vec<u8>); 2]> = OnceLock::new();
    PAIRS.get_or_init(|| {
        [(); 2].map(|()| {
            let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
            let public = private.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec();
            (private.to_pkcs1_der().unwrap().as_bytes().to_vec(), public)
        })
    })
}

fn config() -> Config {
    let get = |key: &str| {
        Some(match key {
            "LATCHKEY_TENANT" => TENANT.to_owned(),
            "LATCHKEY_AUDIENCE" => "api://latchkey".to_owned(),
            "LATCHKEY_AUTHORITY" => "https://login.example.com/".to_owned(),
            _ => "unused".to_owned(),
        })
    };
    Config::read(get).unwrap()
}

/// The claims of a good token, with these changed; `null` takes one away.
fn claims(changed: &Value) -> Value {
    let mut claims = json!({
        "iss": format!("https://login.example.com/{TENANT}/v2.0"),
        "aud": "api://latchkey",
        "tid": TENANT,
        "oid": OID,
        "nbf": NOW - 300,
        "exp": NOW + 300,
        "roles": ["Access.Operate"],
    });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn signed(by: usize, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("key-1".into());
    encode(&header, claims, &EncodingKey::from_rsa_der(&pairs()[by].0)).unwrap()
}

/// Header, claims and signature as they are, whatever they say.
fn raw(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (header, claims) = (header.to_string(), claims.to_string());
    [part(header.as_bytes()), part(claims.as_bytes()), part(signature)].join(".")
}

fn checked(token: &str) -> Result<Caller, Refused> {
    key_id(token)?;
    let key = DecodingKey::from_rsa_der(&pairs()[0].1);
    verify(token, &key, &config(), Timestamp::from_second(NOW).unwrap())
}

fn with(changed: &Value) -> Result<Caller, Refused> {
    checked(&signed(0, &claims(changed)))
}

#[test]
fn a_good_token_names_its_caller() {
    let caller = with(&json!({})).unwrap();
    assert_eq!(caller.oid.as_str(), OID);
    assert!(caller.may_operate().is_ok());
}

#[test]
fn every_wrong_claim_is_refused_for_its_own_reason() {
    let matrix = [
        (json!({ "aud": "api://other" }), Refused::Audience),
        (json!({ "aud": null }), Refused::Form),
        (json!({ "aud": ["api://latchkey", "api://other"] }), Refused::Form),
        (json!({ "iss": "https://login.example.com/other/v2.0" }), Refused::Issuer),
        (json!({ "iss": format!("https://login.example.com/{TENANT}/v2.0/") }), Refused::Issuer),
        (json!({ "iss": format!("https://sts.windows.net/{TENANT}/") }), Refused::Issuer),
        (json!({ "iss": null }), Refused::Form),
        (json!({ "tid": "11111111-0000-4000-8000-000000000001" }), Refused::Issuer),
        (json!({ "tid": null }), Refused::Form),
        (json!({ "oid": null }), Refused::Form),
        (json!({ "oid": "somebody@example.com" }), Refused::Form),
        (json!({ "exp": null }), Refused::Form),
        (json!({ "exp": "soon" }), Refused::Form),
    ];
    for (changed, reason) in matrix {
        assert_eq!(with(&changed), Err(reason), "{changed}");
    }
}

#[test]
fn a_token_is_good_from_a_minute_before_until_a_minute_after_its_life() {
    assert_eq!(with(&json!({ "exp": NOW - 60 })), Err(Refused::Expired));
    assert!(with(&json!({ "exp": NOW - 59 })).is_ok());
    assert_eq!(with(&json!({ "nbf": NOW + 61 })), Err(Refused::NotYet));
    assert!(with(&json!({ "nbf": NOW + 60 })).is_ok());
    assert_eq!(with(&json!({ "exp": i64::MIN })), Err(Refused::Form));
}

#[test]
fn a_token_of_another_key_or_with_changed_claims_is_refused() {
    assert_eq!(checked(&signed(1, &claims(&json!({})))), Err(Refused::Signature));
    let good = signed(0, &claims(&json!({ "roles": ["Access.Read"] })));
    let more = raw(&json!({}), &claims(&json!({})), b"");
    let parts: Vec<_> = good.split('.').collect();
    let tampered = [parts[0], more.split('.').nth(1).unwrap(), parts[2]].join(".");
    assert_eq!(checked(&tampered), Err(Refused::Signature));
    assert_eq!(checked(&format!("{}.{}.", parts[0], parts[1])), Err(Refused::Signature));
}

#[test]
fn no_other_algorithm_is_believed() {
    let none = raw(&json!({ "alg": "none", "kid": "key-1" }), &claims(&json!({})), b"");
    assert_eq!(checked(&none), Err(Refused::Form));
    // The public key, which everybody knows, as the secret of an HMAC.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("key-1".into());
    let secret = EncodingKey::from_secret(&pairs()[0].1);
    let confused = encode(&header, &claims(&json!({})), &secret).unwrap();
    assert_eq!(checked(&confused), Err(Refused::Algorithm));
    let mut header = Header::new(Algorithm::RS512);
    header.kid = Some("key-1".into());
    let rsa = EncodingKey::from_rsa_der(&pairs()[0].0);
    assert_eq!(
        checked(&encode(&header, &claims(&json!({})), &rsa).unwrap()),
        Err(Refused::Algorithm)
    );
}

#[test]
fn a_token_without_a_key_id_or_with_unknown_critical_extensions_is_refused() {
    let rsa = EncodingKey::from_rsa_der(&pairs()[0].0);
    let nameless = encode(&Header::new(Algorithm::RS256), &claims(&json!({})), &rsa).unwrap();
    assert_eq!(checked(&nameless), Err(Refused::Form));
    let critical = json!({ "alg": "RS256", "kid": "key-1", "crit": ["exp"] });
    assert_eq!(checked(&raw(&critical, &claims(&json!({})), b"x")), Err(Refused::Form));
    for garbage in ["", "x", "a.b.c", "....", "\u{0}.\u{0}.\u{0}"] {
        assert_eq!(checked(garbage), Err(Refused::Form), "{garbage:?}");
    }
}

#[test]
fn roles_say_what_a_caller_may_do() {
    let may = |roles: Value| {
        let caller = with(&json!({ "roles": roles })).unwrap();
        (caller.may_read().is_ok(), caller.may_operate().is_ok())
    };
    assert_eq!(may(json!(["Access.Operate"])), (true, true));
    assert_eq!(may(json!(["Access.Read"])), (true, false));
    assert_eq!(may(json!(["access.operate", "Access.Operate.All"])), (false, false));
    assert_eq!(may(json!([])), (false, false));
    assert_eq!(may(Value::Null), (false, false));
}

#[test]
fn exactly_one_bearer_token_is_read_from_the_headers() {
    let of = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, http::HeaderValue::from_static(value));
        }
        bearer(&headers).map(str::to_owned)
    };
    assert_eq!(of(&["Bearer abc"]), Ok("abc".into()));
    assert_eq!(of(&["bearer abc"]), Ok("abc".into()));
    for bad in [&[][..], &["abc"], &["Bearer "], &["Basic abc"], &["Bearer abc", "Bearer abc"]] {
        assert_eq!(of(bad), Err(Refused::Missing), "{bad:?}");
    }
}
