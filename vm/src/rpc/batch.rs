//! Lists of JSON values of which no more is read than is needed: a short body may hold millions.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A batch of calls.
#[derive(Debug)]
pub(crate) enum Batch<'a> {
    /// All of them.
    Calls(Vec<&'a RawValue>),
    /// The first ones of too many.
    TooMany(Vec<&'a RawValue>),
    /// No list.
    Malformed,
}

impl<'a> Batch<'a> {
    /// The first list in a text, of so many items at most.
    pub(crate) fn read(text: &'a [u8], most: usize) -> Self {
        let mut calls = Vec::new();
        let seed = Items { items: &mut calls, most: most.saturating_add(1) };
        let read = seed.deserialize(&mut serde_json::Deserializer::from_slice(text));
        if calls.len() > most {
            Batch::TooMany(calls)
        } else if read.is_ok() {
            Batch::Calls(calls)
        } else {
            Batch::Malformed
        }
    }
}

/// Reads the items of a list, and gives up, with an error, once it has so many.
pub(crate) struct Items<'l, T> {
    pub(crate) items: &'l mut Vec<T>,
    pub(crate) most: usize,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Items<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<'_, T> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            self.items.push(item);
            if self.items.len() >= self.most {
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_is_needed() {
        let kind = |text: &str| match Batch::read(text.as_bytes(), 2) {
            Batch::Calls(calls) => format!("{} calls", calls.len()),
            Batch::TooMany(calls) => format!("more than 2: {}", calls.len()),
            Batch::Malformed => "malformed".to_owned(),
        };
        for (text, expected) in [
            ("[]", "0 calls"),
            (" [1, {\"a\":[]}] and more", "2 calls"),
            ("[1,2,3]", "more than 2: 3"),
            ("[1,2,3,", "more than 2: 3"),
            ("[1,2", "malformed"),
            ("[1,]", "malformed"),
            ("{}", "malformed"),
            ("", "malformed"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
