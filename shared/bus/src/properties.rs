//! The `BrokerProperties` header.

use reqwest::header::HeaderValue;
use serde_json::Value;

const SCHEDULED: &str = "ScheduledEnqueueTimeUtc";

/// The header as the service documents it, from the one the library wrote: dates end in `GMT`
/// instead of `+0000`, and the text is ASCII. None when the library wrote no JSON object.
pub(crate) fn corrected(written: &str) -> Option<HeaderValue> {
    let mut properties: Value = serde_json::from_str(written).ok()?;
    if let Some(Value::String(date)) = properties.as_object_mut()?.get_mut(SCHEDULED) {
        *date = date.replace("+0000", "GMT");
    }
    HeaderValue::try_from(ascii(&properties.to_string())).ok()
}

/// JSON with everything above ASCII as `\uXXXX`.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use azure_core_021::headers::AsHeaders;
    use jiff::Timestamp;

    use super::*;
    use crate::Outgoing;

    fn header(not_before: Option<&str>, label: &str) -> Value {
        let message = Outgoing {
            to: "leavers".into(),
            session: "p-1001".into(),
            message_id: "m-1".into(),
            label: label.into(),
            body: b"{}".to_vec(),
            not_before: not_before.map(|at| at.parse::<Timestamp>().unwrap()),
            correlation_id: Some("c-0123456789abcdef".into()),
        };
        let headers = message.options().unwrap().as_headers();
        let written = headers.into_iter().find(|(name, _)| name.as_str() == "brokerproperties");
        let value = corrected(written.unwrap().1.as_str()).unwrap();
        serde_json::from_str(value.to_str().unwrap()).unwrap()
    }

    #[test]
    fn every_property_is_there_under_its_documented_name() {
        let properties = header(None, "person-left");
        assert_eq!(
            properties,
            serde_json::json!({
                "SessionId": "p-1001", "MessageId": "m-1", "Label": "person-left",
                "CorrelationId": "c-0123456789abcdef",
            })
        );
    }

    #[test]
    fn a_schedule_is_an_http_date_and_never_earlier_than_asked() {
        let scheduled = |at| header(Some(at), "x")[SCHEDULED].clone();
        assert_eq!(scheduled("1994-11-06T08:49:37Z"), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(scheduled("1994-11-06T08:49:36.001Z"), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(scheduled("1994-12-31T23:59:59.5Z"), "Sun, 01 Jan 1995 00:00:00 GMT");
    }

    #[test]
    fn a_label_beyond_ascii_survives_the_header() {
        assert_eq!(header(None, "entrée 🔑")["Label"], "entrée 🔑");
    }
}
