use super::*;

fn counts(fixture: &Fixture, queue: &str) -> (usize, usize, usize) {
    let counts = fixture.broker.counts()[&Entity::queue(queue)];
    (counts.active, counts.locked, counts.dead)
}

#[tokio::test]
async fn a_message_is_completed_when_the_handler_succeeds() {
    let fixture = Fixture::new(&[("echo", queue("people", false))]);
    let (host, seen) = fixture.attach(|_, _| (200, r#"{"Logs":["seen"]}"#.to_owned())).await;
    fixture.broker.send("people", Message::new("hello").id("m1")).unwrap();
    host.settled(true).await;
    assert_eq!(counts(&fixture, "people"), (0, 0, 0));
    let (_, headers, body) = seen.lock().unwrap()[0].clone();
    assert_eq!(
        (decoded(&body), &body["Metadata"]["MessageId"]),
        ("hello".into(), &json!("\"m1\""))
    );
    let done = host.invocations().remove(0);
    assert_eq!(headers["x-azure-functions-invocationid"], done.id.to_string());
    assert_eq!((done.function.as_str(), done.trigger.as_str(), done.attempt), ("echo", "m1", 1));
    assert_eq!((&done.outcome, &done.logs), (&Outcome::Success, &vec!["seen".to_owned()]));
    host.stop().await;
}

#[tokio::test]
async fn a_message_that_fails_is_delivered_at_once_again_and_dead_lettered_after_ten() {
    let fixture = Fixture::new(&[("echo", queue("people", false))]);
    let (host, seen) = fixture.attach(|_, _| (500, "{}".to_owned())).await;
    fixture.broker.send("people", Message::new("poison")).unwrap();
    host.settled(true).await;
    assert_eq!(counts(&fixture, "people"), (0, 0, 1));
    let counts: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, _, b)| b["Metadata"]["DeliveryCount"].clone())
        .collect();
    let expected: Vec<_> = (1..=10).map(|count: u32| json!(count.to_string())).collect();
    assert_eq!(counts, expected);
    let dead = fixture.broker.dead_letters(&Entity::queue("people")).remove(0);
    assert_eq!(dead.dead_letter_reason().0, "MaxDeliveryCountExceeded");
}

#[tokio::test]
async fn messages_of_a_session_stay_in_order_though_one_fails_and_sessions_run_beside_each_other() {
    let fixture = Fixture::new(&[("plan", queue("plans", true))]);
    let failures = Mutex::new(2);
    let answer = move |_: &str, body: &Value| {
        let mut left = failures.lock().unwrap();
        if decoded(body) == "a1" && *left > 0 {
            *left -= 1;
            return (500, String::new());
        }
        (200, "{}".to_owned())
    };
    let (host, seen) = fixture.attach(answer).await;
    for (session, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3"), ("b", "b2")] {
        fixture.broker.send("plans", Message::new(body).session(session)).unwrap();
    }
    host.settled(true).await;
    let bodies: Vec<_> = seen.lock().unwrap().iter().map(|(_, _, body)| decoded(body)).collect();
    let of = |session| bodies.iter().filter(move |b| b.starts_with(session)).collect::<Vec<_>>();
    assert_eq!(of("a"), ["a1", "a1", "a1", "a2", "a3"]);
    assert_eq!(of("b"), ["b1", "b2"]);
}

#[tokio::test]
async fn a_subscription_gets_the_messages_labelled_with_its_name() {
    let join = json!({ "name": "message", "type": "serviceBusTrigger", "topicName": "%TOPIC%",
        "subscriptionName": "join", "isSessionsEnabled": true, "dataType": "binary" });
    let fixture = Fixture::new(&[("join", join)]);
    let (address, seen) = handler(success).await;
    let mut options = HostOptions { handler: Handler::Attach(address), ..fixture.options() };
    options.environment.insert("TOPIC".to_owned(), "steps".to_owned());
    let host = Host::start(options).await.unwrap();
    for label in ["leave", "join"] {
        let message = Message::new(label).session("p1").label(label);
        fixture.broker.send("steps", message.id(label)).unwrap();
    }
    let twice = Message::new("join").session("p1").label("join").id("join");
    fixture.broker.send("steps", twice).unwrap();
    host.settled(true).await;
    let seen = seen.lock().unwrap();
    assert_eq!((seen.len(), decoded(&seen[0].2)), (1, "join".to_owned()));
}

#[tokio::test]
async fn an_output_binding_sends_to_the_broker_and_fails_the_invocation_when_it_cannot() {
    let output =
        json!({ "name": "out", "type": "serviceBus", "direction": "out", "queueName": "next" });
    let fixture = Fixture::new(&[
        ("first", json!([queue("people", false), output])),
        ("second", queue("next", false)),
    ]);
    let answer = |name: &str, _: &Value| match name {
        "first" => (200, r#"{"Outputs":{"out":["one","{\"n\":1}"]}}"#.to_owned()),
        _ => (200, "{}".to_owned()),
    };
    let (host, seen) = fixture.attach(answer).await;
    fixture.broker.send("people", Message::new("go")).unwrap();
    host.settled(true).await;
    let mut got: Vec<_> =
        seen.lock().unwrap().iter().skip(1).map(|(_, _, body)| decoded(body)).collect();
    got.sort();
    assert_eq!(got, ["one", r#"{"n":1}"#]);
    // Session entities cannot be sent to by an output binding.
    fixture.broker.declare_queue("next", sandbox::bus::EntityOptions::default().sessions(true));
    let failed = host.run("first", "go").await.unwrap_err().to_string();
    assert!(failed.contains("output out") && failed.contains("SessionId"), "{failed}");
}
