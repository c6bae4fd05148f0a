//! The body of an invocation, split into its fields without copying.

use std::{
    borrow::{Borrow, Cow},
    collections::BTreeMap,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

use crate::malformed::{Fault, Malformed};

/// `{"Data":{…},"Metadata":{…}}`, with `Metadata` left alone until somebody asks for it.
#[derive(Clone)]
pub(crate) struct Payload {
    data: BTreeMap<Box<str>, Bytes>,
    metadata: Option<Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl Payload {
    pub(crate) fn parse(body: &Bytes) -> Result<Self, Malformed> {
        let wire: Wire<'_> = serde_json::from_slice(body)
            .map_err(|error| Malformed::new("body", Fault::from(&error)))?;
        let data = wire.data.ok_or_else(|| Malformed::new("Data", Fault::Missing))?;
        let members = split("Data", data.get().as_bytes())?;
        Ok(Self {
            data: members.into_iter().map(|(name, raw)| (name.into(), part(body, raw))).collect(),
            metadata: wire.metadata.map(|raw| part(body, raw)),
        })
    }

    /// The value of a binding.
    pub(crate) fn data<'a>(&'a self, binding: &'a str) -> Result<Field<'a>, Malformed> {
        let json = self.data.get(binding).and_then(|json| std::str::from_utf8(json).ok());
        json.map(|json| Field { section: "Data", name: binding, json })
            .ok_or_else(|| Malformed::new(format!("Data.{binding}"), Fault::Missing))
    }

    /// The binding data, split into its entries.
    pub(crate) fn metadata(&self) -> Result<Metadata<'_>, Malformed> {
        let fields = self.metadata.as_ref().map(|json| split("Metadata", json)).transpose()?;
        Ok(Metadata { fields: fields.unwrap_or_default() })
    }

    /// Length of all bindings' JSON in bytes.
    pub(crate) fn len(&self) -> usize {
        self.data.values().map(Bytes::len).sum()
    }
}

/// The piece of the body that `raw` was read from; no copy.
fn part(body: &Bytes, raw: &RawValue) -> Bytes {
    body.slice_ref(raw.get().as_bytes())
}

/// The members of an object as the JSON texts they are.
fn split<'a>(path: &str, json: &'a [u8]) -> Result<Fields<'a>, Malformed> {
    serde_json::from_slice(json).map_err(|error| Malformed::new(path, Fault::from(&error)))
}

type Fields<'a> = BTreeMap<Text<'a>, &'a RawValue>;

/// The entries of `Metadata`.
pub(crate) struct Metadata<'a> {
    fields: Fields<'a>,
}

impl<'a> Metadata<'a> {
    /// An entry, `None` when the host left it out because it was null.
    pub(crate) fn get(&self, key: &'static str) -> Option<Field<'a>> {
        let json = self.fields.get(key)?.get();
        Some(Field { section: "Metadata", name: key, json })
    }

    pub(crate) fn scalar<T: DeserializeOwned>(
        &self,
        key: &'static str,
    ) -> Result<Option<T>, Malformed> {
        self.get(key).map(|field| field.nested()).transpose()
    }

    pub(crate) fn time(&self, key: &'static str) -> Result<Option<Timestamp>, Malformed> {
        self.get(key).map(|field| field.time()).transpose()
    }
}

/// One JSON value of the request and where it stands.
pub(crate) struct Field<'a> {
    section: &'static str,
    name: &'a str,
    json: &'a str,
}

impl<'a> Field<'a> {
    /// The value read as it stands.
    pub(crate) fn native<T: Deserialize<'a>>(&self) -> Result<T, Malformed> {
        serde_json::from_str(self.json).map_err(|error| self.fault(Fault::from(&error)))
    }

    /// The value read from the JSON text that the host wraps in a JSON string.
    pub(crate) fn nested<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        let text = self.native::<Text<'_>>();
        let Text(text) = text.map_err(|_| self.fault(Fault::WrongShape("a string")))?;
        serde_json::from_str(&text).map_err(|error| self.fault(Fault::from(&error)))
    }

    /// The value read as it stands when it is an object, else from the text in the string.
    pub(crate) fn object_or_nested<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        if self.json.starts_with('{') { self.native() } else { self.nested() }
    }

    /// The bytes behind a base64 string. base64 needs no JSON escapes, so the string's inside is
    /// decoded where it lies; a writer that escapes `/` or `+` takes the longer way.
    pub(crate) fn base64(&self) -> Result<Bytes, Malformed> {
        let inside = self.json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let decoded = match inside {
            Some(inside) if inside.contains('\\') => decode_base64(&self.native::<Text<'_>>()?.0),
            Some(inside) => decode_base64(inside),
            None => None,
        };
        decoded.ok_or_else(|| self.fault(Fault::NotBase64))
    }

    pub(crate) fn time(&self) -> Result<Timestamp, Malformed> {
        self.native().map(|Time(time)| time).map_err(|_| self.fault(Fault::NotTime))
    }

    /// The value's JSON text.
    pub(crate) fn json(&self) -> &'a str {
        self.json
    }

    pub(crate) fn fault(&self, fault: Fault) -> Malformed {
        Malformed::new(format!("{}.{}", self.section, self.name), fault)
    }
}

/// A string borrowed when it has no escapes.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<Text<'_>> for Box<str> {
    fn from(text: Text<'_>) -> Self {
        text.0.into()
    }
}

pub(crate) fn decode_base64(text: &str) -> Option<Bytes> {
    STANDARD.decode(text).ok().map(Bytes::from)
}

/// A .NET date.
#[derive(Clone, Copy)]
pub(crate) struct Time(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        parse_time(&text).map(Self).ok_or_else(|| D::Error::custom("not a date with time"))
    }
}

/// Reads a .NET date; without offset it is UTC. `DateTime.MaxValue` ("never") lies beyond what a
/// [`Timestamp`] can hold and becomes [`Timestamp::MAX`].
fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if text.starts_with("9999-12-3") {
        return Some(Timestamp::MAX);
    }
    let civil: DateTime = text.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
