use jiff::SignedDuration;

use super::*;

fn send(broker: &Broker, session: &str, body: &str) {
    broker.send("ordered", Message::new(body.to_owned()).session(session)).unwrap();
}

#[tokio::test]
async fn a_session_has_one_consumer_and_its_messages_come_in_order() {
    let (broker, _) = namespace();
    for (session, body) in [("a", "a1"), ("b", "b1"), ("a", "a2")] {
        send(&broker, session, body);
    }
    let entity = ordered();
    let a = broker.accept_session(&entity).await.unwrap();
    let b = broker.accept_session(&entity).await.unwrap();
    assert_eq!((a.id(), b.id()), ("a", "b"));
    let mut third = Box::pin(broker.accept_session(&entity));
    assert!(waits(&mut third).await);
    let a1 = a.next().unwrap().unwrap();
    assert_eq!(text(&a1), "a1");
    broker.abandon(&a1).unwrap();
    let again = a.next().unwrap().unwrap();
    assert_eq!((text(&again), again.message.delivery_count), ("a1", 2));
    broker.complete(&again).unwrap();
    assert_eq!(text(&a.next().unwrap().unwrap()), "a2");
    assert!(a.next().unwrap().is_none());
}

#[tokio::test]
async fn a_session_given_back_is_accepted_by_the_next_who_waits() {
    let (broker, _) = namespace();
    send(&broker, "a", "a1");
    send(&broker, "a", "a2");
    let entity = ordered();
    let first = broker.accept_session(&entity).await.unwrap();
    let a1 = first.next().unwrap().unwrap();
    broker.complete(&a1).unwrap();
    let mut second = Box::pin(broker.accept_session(&entity));
    assert!(waits(&mut second).await);
    drop(first);
    let second = second.await.unwrap();
    assert_eq!(text(&second.next().unwrap().unwrap()), "a2");
}

#[tokio::test]
async fn a_session_lock_that_runs_out_takes_its_messages_with_it() {
    let (broker, clock) = namespace();
    send(&broker, "a", "a1");
    let entity = ordered();
    let lost = broker.accept_session(&entity).await.unwrap();
    let delivery = lost.next().unwrap().unwrap();
    clock.advance(SignedDuration::from_secs(40));
    broker.renew(&delivery).unwrap();
    clock.advance(SignedDuration::from_secs(40));
    assert_eq!(counts(&broker, &entity).2, 1);
    clock.advance(SignedDuration::from_secs(20));
    assert_eq!(counts(&broker, &entity).0, 1);
    assert_eq!(lost.next().unwrap_err(), BusError::LockLost);
    assert_eq!(broker.complete(&delivery), Err(BusError::LockLost));
    let found = broker.accept_session(&entity).await.unwrap();
    assert_eq!(found.next().unwrap().unwrap().message.delivery_count, 2);
    drop(lost);
    assert_eq!(counts(&broker, &entity).2, 1, "an old holder takes nothing from the new one");
}

#[tokio::test]
async fn a_message_without_session_is_dead_lettered_by_a_session_subscription() {
    let (broker, _) = namespace();
    broker.declare_topic("steps", EntityOptions::default());
    let options = EntityOptions::default().sessions(true);
    broker.declare_subscription("steps", "join", Some("join"), options).unwrap();
    broker.send("steps", Message::new("a").label("join")).unwrap();
    let dead = broker.dead_letters(&Entity::subscription("steps", "join")).remove(0);
    assert_eq!(dead.dead_letter_reason().0, "Session ID is null");
    assert_eq!(dead.dead_letter_source.as_deref(), Some("steps/Subscriptions/join"));
}
