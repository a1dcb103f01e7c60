//! JSON with a path: every value knows where it stands, so that a refusal can say so.
//!
//! Values stay text until somebody asks what they are. Nothing here recurses over the input: depth is that of the
//! caller's own code, and what nobody reads is only skipped.

use crate::error::{Error, File, Offence};
use crate::parse::FILE_BYTES_MAX;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// A value and its path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    text: &'a str,
    path: Path<'a>,
}

/// Steps from the file to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Self>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    File(File),
    Key(&'a str),
    Index(usize),
}

/// A JSON object, its keys distinct.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    path: &'a Path<'a>,
    fields: Vec<(String, &'a str)>,
}

/// A JSON list.
#[derive(Debug)]
pub(crate) struct List<'a> {
    path: &'a Path<'a>,
    items: Vec<&'a str>,
}

impl<'a> Node<'a> {
    /// The value that a whole file holds.
    pub(crate) fn file(file: File, bytes: &'a [u8]) -> Result<Self, Error> {
        let path = Path { parent: None, step: Step::File(file) };
        if bytes.len() > FILE_BYTES_MAX {
            return Err(path.error(Offence::TooLarge { got: bytes.len(), max: FILE_BYTES_MAX }));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|error| path.error(Offence::NotUtf8 { valid: error.valid_up_to() }))?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| path.syntax(&error))?;
        Ok(Self { text: raw.get(), path })
    }

    /// The value's JSON text.
    pub(crate) const fn text(&self) -> &'a str {
        self.text
    }

    /// The key under which the value stands; empty in a list or for a file.
    pub(crate) const fn key(&self) -> &'a str {
        match self.path.step {
            Step::Key(key) => key,
            Step::File(_) | Step::Index(_) => "",
        }
    }

    /// Path as text.
    pub(crate) fn path(&self) -> String {
        self.path.to_string()
    }

    /// File in which the value stands.
    pub(crate) const fn origin(&self) -> File {
        self.path.file()
    }

    /// A refusal of this value.
    pub(crate) fn error(&self, offence: Offence) -> Error {
        self.path.error(offence)
    }

    /// A refusal because of type or spelling.
    pub(crate) fn mismatch(&self, expected: &'static str) -> Error {
        self.error(Offence::Type { got: excerpt(self.text), expected })
    }

    /// Reads `null`, which always means the same as no value.
    pub(crate) fn is_null(&self) -> bool {
        self.text == "null"
    }

    /// Reads an object.
    pub(crate) fn object(&'a self) -> Result<Object<'a>, Error> {
        if !self.text.starts_with('{') {
            return Err(self.mismatch("an object {…}"));
        }
        let fields = serde_json::Deserializer::from_str(self.text)
            .deserialize_map(Fields)
            .map_err(|error| self.syntax(&error))?;
        let object = Object { path: &self.path, fields };
        let mut seen = BTreeSet::new();
        for (key, _) in &object.fields {
            if !seen.insert(key.as_str()) {
                return Err(object.error(key, Offence::Twice));
            }
        }
        Ok(object)
    }

    /// Reads a list.
    pub(crate) fn list(&'a self) -> Result<List<'a>, Error> {
        if !self.text.starts_with('[') {
            return Err(self.mismatch("a list […]"));
        }
        let items: Vec<&RawValue> = serde_json::from_str(self.text).map_err(|error| self.syntax(&error))?;
        Ok(List { path: &self.path, items: items.into_iter().map(RawValue::get).collect() })
    }

    /// Reads a string.
    pub(crate) fn string(&self, expected: &'static str) -> Result<String, Error> {
        if !self.text.starts_with('"') {
            return Err(self.mismatch(expected));
        }
        serde_json::from_str(self.text).map_err(|error| self.syntax(&error))
    }

    /// Reads `true` or `false`.
    pub(crate) fn boolean(&self) -> Result<bool, Error> {
        match self.text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.mismatch("true or false")),
        }
    }

    fn syntax(&self, error: &serde_json::Error) -> Error {
        self.path.syntax(error)
    }
}

impl Object<'_> {
    /// Value of a key; none where it is absent or `null`.
    pub(crate) fn get<'s>(&'s self, key: &str) -> Option<Node<'s>> {
        self.iter().find(|node| node.key() == key && !node.is_null())
    }

    /// Value of a key that must be there.
    pub(crate) fn require<'s>(&'s self, key: &str, expected: &'static str) -> Result<Node<'s>, Error> {
        self.get(key).ok_or_else(|| self.error(key, Offence::Missing { expected }))
    }

    /// A boolean that is false where it is absent.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, Error> {
        Ok(self.get(key).map(|node| node.boolean()).transpose()?.unwrap_or(false))
    }

    /// All values, `null` included, as the file orders them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Node<'_>> {
        self.fields
            .iter()
            .map(|(key, text)| Node { text, path: Path { parent: Some(self.path), step: Step::Key(key) } })
    }

    /// A refusal at a key of this object.
    pub(crate) fn error(&self, key: &str, offence: Offence) -> Error {
        Path { parent: Some(self.path), step: Step::Key(key) }.error(offence)
    }
}

impl List<'_> {
    /// All values in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Node<'_>> {
        self.items
            .iter()
            .enumerate()
            .map(|(index, text)| Node { text, path: Path { parent: Some(self.path), step: Step::Index(index) } })
    }
}

impl Path<'_> {
    fn error(&self, offence: Offence) -> Error {
        Error { file: self.file(), path: self.to_string(), offence }
    }

    fn syntax(&self, error: &serde_json::Error) -> Error {
        self.error(Offence::Syntax { reason: error.to_string() })
    }

    const fn file(&self) -> File {
        let mut path = self;
        loop {
            match (path.step, path.parent) {
                (Step::File(file), _) => return file,
                (_, Some(parent)) => path = parent,
                (_, None) => return File::Genesis,
            }
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::File(_) => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => {
                let dot = if self.parent.is_some_and(|parent| parent.parent.is_some()) { "." } else { "" };
                write!(f, "{dot}{}", excerpt(key))
            }
        }
    }
}

/// The start of a text, fit for one line of a message.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(EXCERPT_CHARS_MAX)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(EXCERPT_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
            fields.push((key, value.get()));
        }
        Ok(fields)
    }
}

/// How much of a foreign text a message repeats: an address or a hash fits.
const EXCERPT_CHARS_MAX: usize = 80;
