//! One item of a request, as clients of the Go node may write it: names of members without regard to case, the last of two
//! equal ones counts, a member of the wrong kind is as good as none.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One item of a request.
#[derive(Debug, Default)]
pub(crate) struct Call<'a> {
    /// The member `jsonrpc` is "2.0".
    version: bool,
    /// None where the member is absent. A client may ask with the id `null`, and gets it back.
    pub(crate) id: Option<&'a RawValue>,
    /// Never empty.
    pub(crate) method: Option<Cow<'a, str>>,
    pub(crate) params: Option<&'a RawValue>,
    /// It has a result or an error.
    outcome: bool,
}

impl<'a> Call<'a> {
    /// Reads an item; one that is no object has no members.
    pub(crate) fn read(item: &'a RawValue) -> Self {
        serde_json::from_str(item.get()).unwrap_or_default()
    }

    /// It wants an answer.
    pub(crate) fn is_call(&self) -> bool {
        self.version && self.has_valid_id() && self.method.is_some()
    }

    /// It wants none.
    pub(crate) const fn is_notification(&self) -> bool {
        self.version && self.id.is_none() && self.method.is_some()
    }

    /// It is an answer itself, and nobody asked.
    pub(crate) fn is_response(&self) -> bool {
        self.version && self.has_valid_id() && self.method.is_none() && self.params.is_none() && self.outcome
    }

    /// Its id is neither a list nor an object.
    pub(crate) fn has_valid_id(&self) -> bool {
        self.id.is_some_and(|id| !id.get().starts_with(['{', '[']))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Call<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Call<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Call<'de>, A::Error> {
        let mut call = Call::default();
        while let Some(Text(name)) = members.next_key()? {
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
            if is("jsonrpc") {
                call.version = text(members.next_value()?).is_some_and(|version| version == "2.0");
            } else if is("id") {
                call.id = Some(members.next_value()?);
            } else if is("method") {
                call.method = text(members.next_value()?).filter(|method| !method.is_empty());
            } else if is("params") {
                call.params = Some(members.next_value()?);
            } else if is("result") || is("error") {
                let outcome: &RawValue = members.next_value()?;
                call.outcome |= outcome.get() != "null" || is("result");
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(call)
    }
}

/// The text of a JSON string.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(value.get()).ok().map(|Text(text)| text)
}

/// A string that is not copied where it need not be.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Letters;
        impl<'de> Visitor<'de> for Letters {
            type Value = Text<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(json: &str) -> &'static str {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        let call = Call::read(&raw);
        match (call.is_call(), call.is_notification(), call.is_response()) {
            (true, false, false) => "call",
            (false, true, false) => "notification",
            (false, false, true) => "response",
            (false, false, false) => "neither",
            (_, _, _) => "several",
        }
    }

    #[test]
    fn what_an_item_is() {
        for (json, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#, "call"),
            (r#"{"JSONRPC":"2.0","Id":"x","METHOD":"a","more":[{}]}"#, "call"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, "call"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"\u0061"}"#, "call"),
            (r#"{"jsonrpc":"1.0","jsonrpc":"2.0","id":1,"method":5,"method":"a"}"#, "call"),
            (r#"{"jsonrpc":"2.0","method":"a"}"#, "notification"),
            (r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#, "response"),
            (r#"{"jsonrpc":"2.0","id":1,"error":{}}"#, "response"),
            (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "response"),
            (r#"{"jsonrpc":"2.0","id":1,"error":null}"#, "neither"),
            (r#"{"jsonrpc":"2.0","id":1,"result":"0x1","params":[]}"#, "neither"),
            (r#"{"jsonrpc":"2.0","id":[],"method":"a"}"#, "neither"),
            (r#"{"jsonrpc":"2.0","id":1,"method":""}"#, "neither"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","method":null}"#, "neither"),
            (r#"{"jsonrpc":2.0,"id":1,"method":"a"}"#, "neither"),
            ("{}", "neither"),
            ("[]", "neither"),
            ("null", "neither"),
            ("1", "neither"),
        ] {
            assert_eq!(kind(json), expected, "{json}");
        }
    }
}
