use latchkey_core::request;
use schemars::schema_for;
use serde_json::json;

use super::*;

fn schema() -> Value {
    schema_for!(request::JoinGroups).to_value()
}

/// Status and body of the problem.
fn fault(body: &str) -> String {
    let fault = Order::read(body.as_bytes(), &schema()).unwrap_err();
    format!("{fault:?}")
}

#[test]
fn an_order_is_its_request_and_its_reason() {
    let request = json!({ "personId": "1042", "teams": ["frontend"] });
    let body = json!({ "request": request, "reason": " INC-7 " }).to_string();
    let order = Order::read(body.as_bytes(), &schema()).unwrap();
    assert_eq!(order, Order { request, reason: "INC-7".into() });
}

#[test]
fn a_look_needs_no_reason_and_an_order_does() {
    let body = json!({ "request": { "personId": "1042", "teams": [] } }).to_string();
    assert!(Order::for_look(body.as_bytes(), &schema()).is_ok());
    assert!(fault(&body).contains("reason"));
    let blank = json!({ "request": { "personId": "1042", "teams": [] }, "reason": "  " });
    assert!(fault(&blank.to_string()).contains("is missing or empty"));
}

#[test]
fn every_field_at_fault_is_named_at_once_and_no_value_is_repeated() {
    let request = json!({ "personId": "planted secret", "team": "x", "teams": ["Planted"] });
    let body = json!({ "request": request, "reason": 7, "force": true }).to_string();
    let fault = fault(&body);
    for field in ["request.personId", "request.team", "request.teams[0]", "reason", "force"] {
        assert!(fault.contains(&format!("String(\"{field}\")")), "{field} in {fault}");
    }
    assert!(!fault.contains("lanted"), "{fault}");
}

#[test]
fn what_is_no_json_object_is_refused_with_the_place() {
    assert!(fault("{\"request\": ").contains("line 1 column"));
    assert!(fault("[]").contains("is not a JSON object"));
    assert!(fault("").contains("is missing"));
}

#[test]
fn a_body_over_64_kib_is_too_large_and_one_of_64_kib_is_read() {
    let padded = |bytes: usize| {
        let mut body =
            json!({ "request": { "personId": "1042", "teams": [] }, "reason": "r" }).to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        Order::read(body.as_bytes(), &schema())
    };
    assert!(padded(64 * 1024).is_ok());
    assert!(format!("{:?}", padded(64 * 1024 + 1).unwrap_err()).contains("413"));
}

#[test]
fn every_schema_on_offer_can_be_read() {
    use crate::events::ops::catalog::Offer;
    for offer in Offer::all() {
        // An empty request is wrong for each of them; a broken schema would stop the test.
        assert!(!fields::violations(&offer.schema(), "request", &json!({})).is_empty());
    }
}
