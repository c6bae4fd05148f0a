//! What the documented answers are read as.

use super::*;
use crate::fixtures;

#[test]
fn of_the_documented_instances_the_ordinary_member_is_left_out() {
    let Some(example) = fixtures::one("pim-assignmentScheduleInstances-list.200") else {
        return;
    };
    let rows: Vec<WireInstance> =
        serde_json::from_value(example["response"]["body"]["value"].clone()).unwrap();
    let ours: Vec<_> = rows.into_iter().filter(WireInstance::is_ours).collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].end_date_time.unwrap().to_string(), "2024-03-27T15:47:19.653Z");
}

#[test]
fn the_documented_answers_are_read_by_their_code() {
    for (name, code) in [
        ("pim-request.400-already-exists", "RoleAssignmentExists"),
        ("pim-request.400-does-not-exist", "RoleAssignmentDoesNotExist"),
    ] {
        let Some(example) = fixtures::one(name) else { return };
        let body = &example["response"]["body"];
        let error = crate::http::ServiceError::of_value(StatusCode::BAD_REQUEST, body);
        assert!(is(&error.into_call_error(&graph_call("x"), None), code), "{name}");
    }
}
