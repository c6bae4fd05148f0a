use jiff::SignedDuration;

use super::*;

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn a_second_message_with_an_id_vanishes_within_the_window_only() {
    let (broker, clock) = namespace();
    broker.declare_queue("plain", EntityOptions::default().detecting_duplicates());
    let send = || broker.send("plain", Message::new("a").id("1")).unwrap();
    assert!(matches!(send(), Sent::Accepted(_)));
    clock.advance(minutes(9));
    assert_eq!(send(), Sent::Duplicate);
    clock.advance(minutes(1));
    assert!(matches!(send(), Sent::Accepted(_)));
    assert_eq!(send(), Sent::Duplicate);
    assert_eq!(counts(&broker, &plain()), (2, 0, 0, 0));
}

#[tokio::test]
async fn a_scheduled_message_takes_part_in_duplicate_detection_and_arrives_in_time() {
    let (broker, clock) = namespace();
    broker.declare_queue("plain", EntityOptions::default().detecting_duplicates());
    let at = clock.now() + minutes(5);
    broker.send("plain", Message::new("later").id("1").scheduled(at)).unwrap();
    assert_eq!(broker.send("plain", Message::new("now").id("1")).unwrap(), Sent::Duplicate);
    assert_eq!(counts(&broker, &plain()), (0, 1, 0, 0));
    assert!(broker.idle());
    let entity = plain();
    let mut waiting = Box::pin(broker.receive(&entity));
    assert!(waits(&mut waiting).await);
    clock.advance(minutes(5));
    let delivery = waiting.await.unwrap();
    assert_eq!((text(&delivery), delivery.message.enqueued_time), ("later", at));
}

#[tokio::test]
async fn fast_forward_delivers_the_earliest_scheduled_message_once_nothing_else_is_to_do() {
    let (broker, clock) = namespace();
    broker.fast_forward(true);
    for minute in [9, 3] {
        let at = clock.now() + minutes(minute);
        broker.send("plain", Message::new(minute.to_string()).scheduled(at)).unwrap();
    }
    broker.send("plain", Message::new("now")).unwrap();
    let now = broker.receive(&plain()).await.unwrap();
    assert_eq!((text(&now), counts(&broker, &plain())), ("now", (0, 2, 1, 0)));
    broker.complete(&now).unwrap();
    let third = broker.receive(&plain()).await.unwrap();
    assert_eq!((text(&third), counts(&broker, &plain())), ("3", (0, 1, 1, 0)));
    broker.complete(&third).unwrap();
    assert_eq!(text(&broker.receive(&plain()).await.unwrap()), "9");
}

#[tokio::test]
async fn fast_forward_stops_at_its_horizon_and_ignores_entities_that_nobody_reads() {
    let (broker, clock) = namespace();
    broker.declare_queue("unread", EntityOptions::default());
    broker.send("unread", Message::new("a")).unwrap();
    broker.fast_forward_within(Some(minutes(60)));
    broker.send("plain", Message::new("soon").scheduled(clock.now() + minutes(60))).unwrap();
    broker.send("plain", Message::new("far").scheduled(clock.now() + minutes(61))).unwrap();
    let soon = broker.receive(&plain()).await.unwrap();
    assert_eq!(text(&soon), "soon");
    broker.complete(&soon).unwrap();
    assert_eq!(counts(&broker, &plain()), (0, 1, 0, 0));
}

#[tokio::test]
async fn an_expired_message_is_dropped_or_dead_lettered_as_the_entity_says() {
    let (broker, clock) = namespace();
    let buried = EntityOptions { dead_letter_on_expiration: true, ..EntityOptions::default() };
    broker.declare_queue("buried", buried);
    for queue in ["plain", "buried"] {
        let message = Message { time_to_live: Some(minutes(1)), ..Message::new("a") };
        broker.send(queue, message).unwrap();
    }
    clock.advance(minutes(1));
    assert_eq!(counts(&broker, &plain()), (0, 0, 0, 0));
    let dead = broker.dead_letters(&Entity::queue("buried")).remove(0);
    assert_eq!(dead.dead_letter_reason().0, "TTLExpiredException");
}

#[tokio::test]
async fn settled_waits_for_the_last_lock_and_if_asked_for_scheduled_messages() {
    let (broker, clock) = namespace();
    broker.send("plain", Message::new("a")).unwrap();
    let delivery = broker.receive(&plain()).await.unwrap();
    let mut settled = Box::pin(broker.settled(false));
    assert!(waits(&mut settled).await);
    broker.send("plain", Message::new("b").scheduled(clock.now() + minutes(1))).unwrap();
    broker.complete(&delivery).unwrap();
    settled.await;
    let mut all = Box::pin(broker.settled(true));
    assert!(waits(&mut all).await);
}
