//! The body of an invocation, split into its fields without copying.

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::malformed::{Fault, Malformed};

/// `{"Data":{…},"Metadata":{…}}`, with both left alone until somebody asks for a member.
#[derive(Clone)]
pub(crate) struct Payload {
    data: Bytes,
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
        if !data.get().starts_with('{') {
            return Err(Malformed::new("Data", Fault::WrongShape("an object")));
        }
        Ok(Self { data: part(body, data), metadata: wire.metadata.map(|raw| part(body, raw)) })
    }

    /// The value of a binding.
    pub(crate) fn data<'a>(&'a self, binding: &'a str) -> Result<Field<'a>, Malformed> {
        let [field] = pick("Data", &self.data, [binding])?;
        field.ok_or_else(|| Malformed::new(format!("Data.{binding}"), Fault::Missing))
    }

    /// Entries of the binding data. The host leaves out those that are null.
    pub(crate) fn metadata<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Option<Field<'_>>; N], Malformed> {
        match &self.metadata {
            Some(json) => pick("Metadata", json, names),
            None => Ok([const { None }; N]),
        }
    }

    /// Length of all bindings' JSON in bytes.
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }
}

/// The piece of the body that `raw` was read from; no copy.
fn part(body: &Bytes, raw: &RawValue) -> Bytes {
    body.slice_ref(raw.get().as_bytes())
}

/// The members of an object with these names, as the JSON texts they are.
fn pick<'a, const N: usize>(
    section: &'static str,
    json: &'a [u8],
    names: [&'a str; N],
) -> Result<[Option<Field<'a>>; N], Malformed> {
    let json = std::str::from_utf8(json)
        .map_err(|_| Malformed::new(section, Fault::WrongShape("UTF-8")))?;
    let picked = serde_json::Deserializer::from_str(json)
        .deserialize_map(Pick(names))
        .map_err(|error| Malformed::new(section, Fault::from(&error)))?;
    let field = |(name, raw): (&'a str, Option<&'a RawValue>)| {
        raw.map(|raw| Field { section, name, json: raw.get() })
    };
    let mut pairs = names.into_iter().zip(picked);
    Ok(std::array::from_fn(|_| pairs.next().and_then(field)))
}

/// Goes over an object once and keeps what is wanted: cheaper than a map of all its members.
struct Pick<'n, const N: usize>([&'n str; N]);

impl<'de, const N: usize> Visitor<'de> for Pick<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = [None; N];
        while let Some(Text(key)) = map.next_key()? {
            match self.0.iter().position(|name| *name == key) {
                Some(index) => picked[index] = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(picked)
    }
}

/// Reads a field that may be absent.
pub(crate) fn read<'a, T>(
    field: &Option<Field<'a>>,
    reader: impl FnOnce(&Field<'a>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    field.as_ref().map(reader).transpose()
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

    /// The string in the JSON text in a string. Most have nothing to unescape but their own quotes
    /// (`"\"m-1\""`) and are copied as they are.
    pub(crate) fn text(&self) -> Result<String, Malformed> {
        let inside = self.json.strip_prefix(r#""\""#).and_then(|rest| rest.strip_suffix(r#"\"""#));
        match inside {
            Some(plain) if !plain.contains('\\') => Ok(plain.to_owned()),
            _ => self.nested(),
        }
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
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

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
