use std::time::Duration;

use super::*;
use crate::events::ops::tests::stage::Stage;

#[tokio::test]
async fn patience_that_ends_without_an_answer_points_to_the_case() {
    let stage = Stage::new().await;
    let (cx, id) = (stage.cx("ops"), CaseId::of(&["slow"]));
    let seen = wait(&cx, &id, Duration::ZERO, |records| records.first().map(|r| json!(r))).await;
    assert_eq!(seen, None);
    let about = About::Team("frontend".parse().unwrap());
    let body = placed(&id, "plan_team", "look", seen);
    assert_eq!(body.0, StatusCode::ACCEPTED);
    assert_eq!(body.1["case"], format!("/api/cases/{id}"));
    case::open(&cx, &id, &about, Cause::Sweep).await.unwrap();
    let seen = wait(&cx, &id, Duration::ZERO, |records| records.first().map(|r| json!(r))).await;
    let body = placed(&id, "plan_team", "look", seen);
    assert_eq!((body.0, &body.1["look"]["record"]), (StatusCode::OK, &json!("opened")));
}

#[test]
fn an_idempotency_key_is_taken_as_given_or_made_and_never_empty() {
    let key = |value: &'static str| {
        let headers = [(IDEMPOTENCY_KEY.parse().unwrap(), value.parse().unwrap())];
        idempotency_key(&headers.into_iter().collect())
    };
    assert_eq!(key("INC-7").unwrap(), "INC-7");
    assert!(key(" ").is_err());
    let made = [(); 2].map(|()| idempotency_key(&HeaderMap::new()).unwrap());
    assert_ne!(made[0], made[1]);
}
