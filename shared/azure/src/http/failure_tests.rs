use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(status: u16, body: &Value) -> ServiceError {
    ServiceError::parse(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
}

#[test]
fn every_known_shape_of_envelope_gives_code_and_message() {
    let shapes = [
        json!({"error": {"code": "C", "message": "M", "innerError": {"code": "inner"}}}),
        json!({"error": {"code": "C", "message": {"lang": "en", "value": "M"}}}),
        json!({"code": "C", "message": "M", "subcode": "", "details": null}),
    ];
    for body in shapes {
        let error = parse(400, &body);
        assert_eq!((error.code.as_str(), error.message.as_str()), ("C", "M"), "{body}");
    }
    assert_eq!(parse(400, &json!({"error": "invalid_client"})).code, "invalid_client");
    assert_eq!(parse(418, &json!({"error": {"code": ""}})).code, "HTTP 418");
    assert_eq!(ServiceError::parse(StatusCode::BAD_GATEWAY, b"<html>").code, "HTTP 502");
}

#[test]
fn details_are_read_as_a_list_or_as_one_object() {
    let conflict = json!({"code": "ObjectConflict", "target": "userPrincipalName"});
    for details in [json!([&conflict]), conflict] {
        let error =
            parse(400, &json!({"error": {"code": "Request_BadRequest", "details": details}}));
        assert_eq!(error.details, ["ObjectConflict"]);
    }
}

#[test]
fn who_it_is_about_does_not_stay_in_the_message() {
    let text = "The client 'ada@contoso.com' with object id 'x' and UPN <bob_example.com#EXT#@contoso.onmicrosoft.com>, too";
    let error = parse(403, &json!({"error": {"code": "AuthorizationFailed", "message": text}}));
    assert_eq!(error.message, "The client '…' with object id 'x' and UPN <…>, too");
}

#[test]
fn statuses_mean_what_may_be_done_next() {
    let call = Call { service: latchkey_core::Service::Arm, what: "test" };
    let mean = |status: u16, code: &str| {
        let error = parse(status, &json!({"error": {"code": code}}));
        let shown = format!("{:?}", error.into_call_error(&call, None));
        shown.split(' ').next().unwrap().to_owned()
    };
    let table = [
        (400, "Rejected"),
        (401, "Denied"),
        (403, "Denied"),
        (404, "NotFound"),
        (409, "Conflict"),
        (410, "NotFound"),
        (412, "Conflict"),
        (429, "Busy"),
        (501, "Rejected"),
        (503, "Busy"),
        (302, "Surprise"),
    ];
    for (status, meaning) in table {
        assert_eq!(mean(status, "C"), meaning, "{status}");
    }
    assert_eq!(mean(409, "ScopeLocked"), "Denied");
}

#[test]
fn every_published_refusal_of_graph_is_read_in_full() {
    let mut read = 0;
    for (name, example) in crate::fixtures::all() {
        let (status, body) = (&example["response"]["status"], &example["response"]["body"]);
        let Some(expected) = body["error"]["code"].as_str() else { continue };
        let error = parse(u16::try_from(status.as_u64().unwrap()).unwrap(), body);
        assert_eq!(error.code, expected, "{name}");
        let start: String = body["error"]["message"].as_str().unwrap().chars().take(20).collect();
        assert!(error.message.starts_with(&start), "{name}: {}", error.message);
        read += 1;
    }
    assert!(read > 10 || crate::fixtures::all().is_empty(), "only {read} refusals");
}

proptest! {
    #[test]
    fn no_body_makes_the_parser_panic(body: Vec<u8>, text in r#"[{}\[\]",:a-z@]{0,40}"#) {
        for body in [&body[..], text.as_bytes()] {
            let error = ServiceError::parse(StatusCode::BAD_REQUEST, body);
            prop_assert!(!error.code.is_empty());
            prop_assert!(!error.message.contains('@'));
        }
    }
}
