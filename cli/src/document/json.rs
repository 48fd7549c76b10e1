//! What does a text in JSON say, and where?
//!
//! Read by `serde_json`, which knows every escape: pairs of surrogates, `\\/`, tabs between values. Each value keeps its raw
//! text, and with it its place.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Kind, Node, twice};

/// The document, if `text` is JSON from its first sign to its last.
pub(super) fn parse(text: &str) -> Option<Node> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    // Depth is bounded by the reader itself, once for all.
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    node(text, text.trim())
}

/// The place of `part` in `text`, of which it is a slice.
fn place(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

fn node(text: &str, raw: &str) -> Option<Node> {
    let span = place(text, raw);
    let kind = match raw.as_bytes().first()? {
        b'{' => {
            let Members(members) = serde_json::from_str(raw).ok()?;
            // A key stands between the value before it and its own.
            let mut after = span.start + 1;
            let mut read = Vec::with_capacity(members.len());
            for (name, value) in members {
                let at = place(text, value.get());
                let before = text.get(after..at.start)?;
                let key = before.trim_start_matches(|sign: char| sign.is_whitespace() || sign == ',');
                let key = key.trim_end().strip_suffix(':')?.trim_end();
                let key = Node::new(place(text, key), Kind::Scalar { text: name, plain: false });
                read.push((key, node(text, value.get())?));
                after = at.end;
            }
            let again = twice(&read);
            return Some(Node { twice: again, ..Node::new(span, Kind::Map(read)) });
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            Kind::List(elements.into_iter().map(|element| node(text, element.get())).collect::<Option<_>>()?)
        }
        b'"' => Kind::Scalar { text: serde_json::from_str(raw).ok()?, plain: false },
        _ => Kind::Scalar { text: raw.to_owned(), plain: true },
    };
    Some(Node::new(span, kind))
}

/// The members of an object in their order, those that stand there twice, too.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
