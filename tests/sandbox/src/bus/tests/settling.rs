use jiff::SignedDuration;

use super::*;

#[tokio::test]
async fn a_completed_message_is_gone_and_an_unsettled_one_is_locked() {
    let (broker, _) = namespace();
    broker.send("plain", Message::new("a").id("1")).unwrap();
    let delivery = broker.receive(&plain()).await.unwrap();
    assert_eq!((text(&delivery), delivery.message.delivery_count), ("a", 1));
    assert_eq!(counts(&broker, &plain()), (0, 0, 1, 0));
    assert!(!broker.idle());
    broker.complete(&delivery).unwrap();
    assert_eq!(counts(&broker, &plain()), (0, 0, 0, 0));
    assert_eq!(broker.complete(&delivery), Err(BusError::LockLost));
    broker.settled(true).await;
}

#[tokio::test]
async fn a_receiver_that_waits_is_woken_by_a_message_and_loses_none_when_cancelled() {
    let (broker, _) = namespace();
    let entity = plain();
    let mut waiting = Box::pin(broker.receive(&entity));
    assert!(waits(&mut waiting).await);
    drop(waiting);
    let mut waiting = Box::pin(broker.receive(&entity));
    assert!(waits(&mut waiting).await);
    broker.send("plain", Message::new("a")).unwrap();
    assert_eq!(text(&waiting.await.unwrap()), "a");
}

#[tokio::test]
async fn an_abandoned_message_comes_back_at_once_before_later_ones() {
    let (broker, _) = namespace();
    broker.send("plain", Message::new("first")).unwrap();
    broker.send("plain", Message::new("second")).unwrap();
    let delivery = broker.receive(&plain()).await.unwrap();
    broker.abandon(&delivery).unwrap();
    let again = broker.receive(&plain()).await.unwrap();
    assert_eq!((text(&again), again.message.delivery_count), ("first", 2));
    assert_ne!(again.lock_token, delivery.lock_token);
}

#[tokio::test]
async fn a_lock_that_runs_out_counts_as_a_failed_delivery_unless_renewed() {
    let (broker, clock) = namespace();
    broker.send("plain", Message::new("a")).unwrap();
    let delivery = broker.receive(&plain()).await.unwrap();
    clock.advance(SignedDuration::from_secs(50));
    broker.renew(&delivery).unwrap();
    clock.advance(SignedDuration::from_secs(50));
    assert_eq!(counts(&broker, &plain()), (0, 0, 1, 0));
    clock.advance(SignedDuration::from_secs(10));
    assert_eq!(counts(&broker, &plain()), (1, 0, 0, 0));
    assert_eq!(broker.renew(&delivery), Err(BusError::LockLost));
    assert_eq!(broker.receive(&plain()).await.unwrap().message.delivery_count, 2);
}

#[tokio::test]
async fn turning_the_clock_wakes_a_receiver_that_waits_for_a_lock_to_run_out() {
    let (broker, clock) = namespace();
    broker.send("plain", Message::new("a")).unwrap();
    let entity = plain();
    let _held = broker.receive(&entity).await.unwrap();
    let mut waiting = Box::pin(broker.receive(&entity));
    assert!(waits(&mut waiting).await);
    clock.advance(SignedDuration::from_mins(1));
    assert_eq!(waiting.await.unwrap().message.delivery_count, 2);
}

#[tokio::test]
async fn the_tenth_failure_dead_letters_with_the_documented_reason() {
    let (broker, _) = namespace();
    broker.send("plain", Message::new("a").id("poison")).unwrap();
    for count in 1..=10 {
        let delivery = broker.receive(&plain()).await.unwrap();
        assert_eq!(delivery.message.delivery_count, count);
        broker.abandon(&delivery).unwrap();
    }
    assert_eq!(counts(&broker, &plain()), (0, 0, 0, 1));
    let dead = broker.dead_letters(&plain()).remove(0);
    assert_eq!(dead.dead_letter_reason().0, "MaxDeliveryCountExceeded");
    assert_eq!(dead.dead_letter_source.as_deref(), Some("plain"));
    assert!(broker.idle());
}

#[tokio::test]
async fn a_dead_letter_is_sent_again_as_a_new_message_with_a_new_id() {
    let (broker, _) = namespace();
    broker.declare_queue("plain", EntityOptions::default().detecting_duplicates());
    broker.send("plain", Message::new("bad").id("1").label("l")).unwrap();
    let delivery = broker.receive(&plain()).await.unwrap();
    broker.dead_letter(&delivery, "Unreadable", "not JSON").unwrap();
    let dead = broker.dead_letters(&plain()).remove(0);
    assert_eq!(dead.dead_letter_reason(), ("Unreadable", "not JSON"));
    let id = broker.resubmit(&plain(), dead.sequence_number, Some("good".into())).unwrap();
    let again = broker.receive(&plain()).await.unwrap().message;
    assert_eq!((&again.body[..], again.delivery_count), (&b"good"[..], 1));
    assert_eq!((again.message_id, again.label), (id, Some("l".to_owned())));
    assert!(again.properties.is_empty());
    assert_eq!(broker.resubmit(&plain(), dead.sequence_number, None), Err(BusError::NoMessage));
}

#[tokio::test]
async fn subscriptions_get_the_messages_of_their_label_each_its_own_copy() {
    let (broker, _) = namespace();
    broker.declare_topic("steps", EntityOptions::default());
    for (name, label) in [("join", Some("join")), ("leave", Some("leave")), ("all", None)] {
        broker.declare_subscription("steps", name, label, EntityOptions::default()).unwrap();
    }
    broker.send("steps", Message::new("a").label("join")).unwrap();
    let of = |name| counts(&broker, &Entity::subscription("steps", name)).0;
    assert_eq!((of("join"), of("leave"), of("all")), (1, 0, 1));
    let nowhere = broker.declare_subscription("nope", "join", None, EntityOptions::default());
    assert_eq!(nowhere, Err(BusError::NoEntity("nope".to_owned())));
}

#[tokio::test]
async fn what_service_bus_refuses_is_refused_and_a_batch_is_all_or_nothing() {
    let (broker, _) = namespace();
    let send = |entity: &str, message| broker.send(entity, message).unwrap_err();
    assert_eq!(send("nope", Message::new("a")), BusError::NoEntity("nope".to_owned()));
    assert_eq!(send("ordered", Message::new("a")), BusError::NoSession("ordered".to_owned()));
    assert_eq!(send("plain", Message::new("a").id("x".repeat(129))), BusError::IdTooLong);
    let large = Message::new("x".repeat(256 * 1024 + 1));
    assert_eq!(send("plain", large.clone()), BusError::TooLarge { bytes: 256 * 1024 + 1 });
    assert!(broker.send_batch("plain", vec![Message::new("a"), large]).is_err());
    assert_eq!(counts(&broker, &plain()), (0, 0, 0, 0));
    assert_eq!(
        broker.receive(&ordered()).await.unwrap_err(),
        BusError::NeedsSession("ordered".to_owned())
    );
}

#[test]
fn a_message_shows_no_payload_in_debug() {
    let shown = format!("{:?}", Message::new("secret").session("person-1"));
    assert!(!shown.contains("secret") && !shown.contains("person-1"), "{shown}");
}
