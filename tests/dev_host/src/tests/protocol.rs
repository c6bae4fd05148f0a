use super::*;

#[tokio::test]
async fn bodies_are_chunked_unless_told_and_traceparent_is_a_switch() {
    let fixture = Fixture::new(&[("echo", queue("people", false))]);
    let (address, seen) = handler(success).await;
    let plain = HostOptions { handler: Handler::Attach(address), ..fixture.options() };
    let local = HostOptions { framing: Framing::ContentLength, traceparent: true, ..plain.clone() };
    for options in [plain, local] {
        Host::start(options).await.unwrap().run("echo", "x").await.unwrap();
    }
    let seen = seen.lock().unwrap();
    let (chunked, sized) = (&seen[0].1, &seen[1].1);
    assert_eq!(chunked["transfer-encoding"], "chunked");
    assert!(!chunked.contains_key("content-length") && !chunked.contains_key("traceparent"));
    assert!(sized.contains_key("content-length") && !sized.contains_key("transfer-encoding"));
    assert_eq!(sized["traceparent"].to_str().unwrap().len(), 55);
    assert!(chunked.contains_key("x-azure-functions-hostversion"));
    assert_eq!(chunked["content-type"], "application/json; charset=utf-8");
}

#[tokio::test]
async fn an_answer_with_nothing_in_it_fails_at_once_and_is_reported() {
    let fixture = Fixture::new(&[("echo", queue("people", false))]);
    for (status, body) in [(200, ""), (204, ""), (200, "null")] {
        let (host, _) = fixture.attach(move |_, _| (status, body.to_owned())).await;
        let error = host.run("echo", "x").await.unwrap_err().to_string();
        assert!(error.contains("would hang until functionTimeout"), "{error}");
    }
}

#[tokio::test]
async fn an_app_the_host_cannot_play_is_refused_with_the_functions_name() {
    let refused = async |function: Value| {
        let fixture = Fixture::new(&[("odd", function)]);
        Host::start(fixture.options()).await.unwrap_err().to_string()
    };
    let queue_trigger = json!({ "name": "m", "type": "queueTrigger", "queueName": "q" });
    assert_eq!(
        refused(queue_trigger).await,
        "function odd: the dev host does not play triggers of type queueTrigger"
    );
    assert_eq!(refused(json!([])).await, "function odd: 0 triggers, one is needed");
    let unset = json!({ "name": "m", "type": "serviceBusTrigger", "queueName": "%NOT_SET_HERE%" });
    assert_eq!(refused(unset).await, "function odd: no app setting NOT_SET_HERE");
    let fixture = Fixture::with_host(&json!({ "version": "1.0" }), &[]);
    let error = Host::start(fixture.options()).await.unwrap_err().to_string();
    assert_eq!(error, "host.json: version must be \"2.0\"");
}
