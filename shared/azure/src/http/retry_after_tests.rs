use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn whole_and_fractional_seconds_are_read() {
    assert_eq!(parse("10", at(0)), Some(Duration::from_secs(10)));
    assert_eq!(parse(" 2.128 ", at(0)), Some(Duration::from_millis(2128)));
    assert_eq!(parse("0", at(0)), Some(Duration::ZERO));
}

#[test]
fn an_http_date_is_the_time_until_then_and_the_past_is_no_wait() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_eq!(parse(date, at(784_111_777 - 90)), Some(Duration::from_secs(90)));
    assert_eq!(parse(date, at(784_111_777 + 90)), Some(Duration::ZERO));
}

#[test]
fn nonsense_counts_as_absent_and_eternity_is_cut() {
    for text in ["", "soon", "-3", "NaN", "inf", "10 s"] {
        assert_eq!(parse(text, at(0)), None, "{text}");
    }
    assert_eq!(parse("1e300", at(0)), Some(LONGEST));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic_and_never_gives_more_than_the_longest(text in ".*") {
        prop_assert!(parse(&text, at(0)).is_none_or(|wait| wait <= LONGEST));
    }

    #[test]
    fn seconds_and_the_date_of_the_same_instant_mean_the_same(wait in 0_i64..86_400, now in 0_i64..2_000_000_000) {
        let then = at(now) + SignedDuration::from_secs(wait);
        let date = then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        prop_assert_eq!(parse(&date, at(now)), parse(&wait.to_string(), at(now)));
    }
}
