use super::*;

pub(super) fn http_function(level: &str, route: &str, methods: &[&str]) -> Value {
    json!([
        { "name": "req", "type": "httpTrigger", "direction": "in", "authLevel": level,
          "route": route, "methods": methods },
        { "name": "res", "type": "http", "direction": "out" },
    ])
}

#[tokio::test]
async fn a_route_hands_its_request_over_and_the_http_output_is_the_response() {
    let fixture =
        Fixture::new(&[("person", http_function("anonymous", "people/{id}", &["get", "post"]))]);
    let answer = |_: &str, _: &Value| {
        let res = json!({ "statusCode": 201, "headers": { "Content-Type": "text/x", "X-A": "b" }, "body": "hi" });
        (200, json!({ "Outputs": { "res": res } }).to_string())
    };
    let (host, seen) = fixture.attach(answer).await;
    let url = host.url().join("api/people/7?x=1").unwrap();
    let (status, headers, body) =
        call(Request::post(url.as_str()).header("X-Custom", "y"), "payload").await;
    assert_eq!((status.as_u16(), body.as_str()), (201, "hi"));
    assert_eq!(
        (&headers["content-type"], &headers["x-a"]),
        (&"text/x".parse().unwrap(), &"b".parse().unwrap())
    );
    let req = seen.lock().unwrap()[0].2["Data"]["req"].clone();
    assert_eq!((&req["Method"], &req["Body"]), (&json!("POST"), &json!("payload")));
    assert_eq!((&req["Params"]["id"], &req["Query"]["x"]), (&json!("7"), &json!("1")));
    assert_eq!(req["Headers"]["X-Custom"], json!(["y"]));
    assert_eq!(req["Url"], json!(url.as_str()));
    for request in [Request::put(url.as_str()), Request::get(host.url().as_str())] {
        assert_eq!(call(request, "").await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_failed_invocation_is_500_with_an_empty_body() {
    let fixture = Fixture::new(&[("boom", http_function("anonymous", "boom", &[]))]);
    let (host, _) = fixture.attach(|_, _| (400, r#"{"reason":"secret"}"#.to_owned())).await;
    let url = host.url().join("api/boom").unwrap();
    let (status, _, body) = call(Request::get(url.as_str()), "").await;
    assert_eq!((status.as_u16(), body.as_str()), (500, ""));
    assert!(matches!(&host.invocations()[0].outcome, Outcome::Failure(why) if why.contains("400")));
}

#[tokio::test]
async fn each_auth_level_opens_to_its_own_keys() {
    let levels = ["anonymous", "function", "admin"];
    let functions = levels.map(|level| (level, http_function(level, level, &["get"])));
    let fixture = Fixture::new(&functions);
    let answer = |_: &str, _: &Value| (200, r#"{"Outputs":{"res":{"body":"ok"}}}"#.to_owned());
    let (address, _) = handler(answer).await;
    let keys = Keys { function: "fun".to_owned(), admin: "master".to_owned() };
    let options = HostOptions { handler: Handler::Attach(address), keys, ..fixture.options() };
    let host = Host::start(options).await.unwrap();
    let mut statuses = Vec::new();
    for level in levels {
        let url = host.url().join(&format!("api/{level}")).unwrap();
        for key in ["", "wrong", "fun", "master"] {
            let header = Request::get(url.as_str()).header("x-functions-key", key);
            let query = Request::get(format!("{url}?code={key}"));
            let status = call(header, "").await.0;
            assert_eq!(status, call(query, "").await.0, "{level} {key}");
            statuses.push(status.as_u16());
        }
    }
    assert_eq!(statuses, [200, 200, 200, 200, 401, 401, 200, 200, 401, 401, 401, 200]);
}

#[tokio::test]
async fn functions_that_are_not_http_run_by_hand_and_event_grid_delivers_by_webhook() {
    let event = json!({ "name": "event", "type": "eventGridTrigger", "direction": "in" });
    let fixture = Fixture::new(&[("echo", queue("people", false)), ("entra_event", event)]);
    let (address, seen) = handler(success).await;
    let keys = Keys { function: "fun".to_owned(), admin: "master".to_owned() };
    let options = HostOptions { handler: Handler::Attach(address), keys, ..fixture.options() };
    let host = Host::start(options).await.unwrap();
    let mut finished = host.subscribe();
    let admin = host.url().join("admin/functions/echo").unwrap();
    assert_eq!(call(Request::post(admin.as_str()), "{}").await.0, StatusCode::UNAUTHORIZED);
    let by_hand = Request::post(admin.as_str()).header("x-functions-key", "master");
    assert_eq!(call(by_hand, r#"{"input":"hi"}"#).await.0, StatusCode::ACCEPTED);
    assert_eq!(finished.recv().await.unwrap().trigger, "by hand");
    let hook = host.url().join("runtime/webhooks/eventgrid?functionName=entra_event&code=master");
    let hook = Request::post(hook.unwrap().as_str());
    assert_eq!(call(hook, r#"[{"id":"e1","data":{}}]"#).await.0, StatusCode::ACCEPTED);
    let seen = seen.lock().unwrap();
    assert_eq!(decoded(&seen[0].2), "hi");
    assert_eq!(seen[1].2["Data"]["event"]["id"], json!("e1"));
}
