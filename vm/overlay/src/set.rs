//! [`Set`]: who validates, and with which BLS key.
//!
//! It comes from the host, or where the host lends no validator sets, from a file of the operator:
//!
//! ```json
//! [
//!   { "nodeID": "NodeID-7Xhw2mDxuDS44j42TCB6U5579esbSt3Lg", "publicKey": "0x8f95…", "weight": 20 }
//! ]
//! ```
//!
//! The key has 48 bytes, or 96 where it is not compressed. No other keys are allowed, no node is there twice, and every
//! weight is at least 1.

use crate::bls::{PUBLIC_LONG_BYTES, PublicKey};
use bytes::Bytes;
use pars_host::{NodeId, Validator};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;

/// Validators of a set. Of more, those with the most stake are taken.
pub const VALIDATORS_MAX: usize = 4_096;
/// Bytes of a set file: so many validators with long keys, and spaces.
pub const FILE_BYTES_MAX: usize = 2 << 20;

/// Who validates, and with which BLS key. Those without one are nobody here: they cannot sign a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set(BTreeMap<NodeId, Member>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    weight: u64,
    key: PublicKey,
}

/// Why a file is no set.
#[derive(Debug, thiserror::Error)]
pub enum SetFileError {
    /// Larger than it may be.
    #[error("a set file of {0} bytes, at most {FILE_BYTES_MAX} are read")]
    Bytes(usize),
    /// What is wrong, with line and column.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

impl Set {
    /// The validators that a host names. Inactive ones, whose id is all zeros, and those without a key that is one are left
    /// out.
    #[must_use]
    pub fn of(validators: &[Validator]) -> Self {
        let mut active: Vec<_> =
            validators.iter().filter(|validator| validator.node != NodeId::default() && validator.weight > 0).collect();
        active.sort_by_key(|validator| (Reverse(validator.weight), validator.node));
        let members = active.into_iter().take(VALIDATORS_MAX).filter_map(|validator| {
            let key = PublicKey::from_bytes(&validator.public_key).ok()?;
            Some((validator.node, Member { weight: validator.weight, key }))
        });
        Self(members.collect())
    }

    /// Reads a set file.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn parse(file: &[u8]) -> Result<Self, SetFileError> {
        if file.len() > FILE_BYTES_MAX {
            return Err(SetFileError::Bytes(file.len()));
        }
        Ok(serde_json::from_slice::<Self>(file)?)
    }

    /// The BLS key of a validator.
    #[must_use]
    pub fn key(&self, node: NodeId) -> Option<&PublicKey> {
        self.0.get(&node).map(|member| &member.key)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The validators as a host names them.
    #[must_use]
    pub fn validators(&self) -> Vec<Validator> {
        let named = |(node, member): (&NodeId, &Member)| Validator {
            node: *node,
            weight: member.weight,
            public_key: Bytes::copy_from_slice(&member.key.to_long_bytes()),
        };
        self.0.iter().map(named).collect()
    }
}

impl<'de> Deserialize<'de> for Set {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Rows)
    }
}

/// A row of a set file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "nodeID", deserialize_with = "node")]
    node: NodeId,
    #[serde(rename = "publicKey", deserialize_with = "key")]
    key: PublicKey,
    weight: NonZeroU64,
}

struct Rows;

impl<'de> Visitor<'de> for Rows {
    type Value = Set;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of validators")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Set, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(Row { node, key, weight }) = rows.next_element()? {
            if members.len() == VALIDATORS_MAX {
                return Err(de::Error::custom(format_args!("more than {VALIDATORS_MAX} validators")));
            }
            if members.insert(node, Member { weight: weight.get(), key }).is_some() {
                return Err(de::Error::custom(format_args!("{node} is there twice")));
            }
        }
        Ok(Set(members))
    }
}

fn node<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NodeId, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse() {
        Ok(node) if node == NodeId::default() => Err(de::Error::custom("no node has the id of all zeros")),
        Ok(node) => Ok(node),
        Err(error) => Err(de::Error::custom(format_args!("nodeID {}: {error}", shown(&text)))),
    }
}

fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = text.strip_prefix("0x").and_then(unhex).ok_or_else(|| {
        de::Error::custom(format_args!("publicKey {}: expected 0x and 96 or 192 hexadecimal digits", shown(&text)))
    })?;
    PublicKey::from_bytes(&bytes)
        .map_err(|error| de::Error::custom(format_args!("publicKey {}: {error}", shown(&text))))
}

/// The bytes of so many digits that they may be a key.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || digits.len() > 2 * PUBLIC_LONG_BYTES || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.as_bytes().chunks(2).map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?)).collect()
}

/// As much of a text as an error shows of it.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_MAX).collect();
    if short.len() == text.len() { format!("{text:?}") } else { format!("{:?}", format!("{short}…")) }
}

/// A node id has 40 characters.
const SHOWN_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bls::SecretKey;

    const NODE: &str = "NodeID-7Xhw2mDxuDS44j42TCB6U5579esbSt3Lg";

    fn public(last: u8) -> PublicKey {
        let mut bytes = [0; 32];
        bytes[31] = last;
        SecretKey::from_bytes(&bytes).unwrap().public_key()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn validator(node: u8, weight: u64, public_key: Bytes) -> Validator {
        Validator { node: [node; 20].into(), weight, public_key }
    }

    #[test]
    fn a_file() {
        let other = NodeId::from([2; 20]);
        let (short, long) = (hex(&public(1).to_bytes()), hex(&public(2).to_long_bytes()).to_uppercase());
        let file = format!(
            r#"[{{"nodeID":"{NODE}","publicKey":"0x{short}","weight":20}},
                {{"weight":18446744073709551615,"publicKey":"0x{long}","nodeID":"{other}"}}]"#
        );
        let set = Set::parse(file.as_bytes()).unwrap();
        assert_eq!(set.len(), 2);
        assert_eq!(set.key(NODE.parse().unwrap()), Some(&public(1)));
        assert_eq!(set.key(other), Some(&public(2)));
        assert_eq!(Set::of(&set.validators()), set);
        assert_eq!(set.validators()[0].weight, u64::MAX);
        assert!(Set::parse(b"[]").unwrap().is_empty());
    }

    /// Each with the words and the line that the operator reads.
    #[test]
    fn malformed_files() {
        let key = hex(&public(1).to_bytes());
        let row = format!(r#"{{"nodeID":"{NODE}","publicKey":"0x{key}","weight":20}}"#);
        let zero = NodeId::default().to_string();
        let long = "x".repeat(60);
        let many = row.repeat(2);
        for (file, words) in [
            (String::new(), "EOF while parsing a value at line 1"),
            ("{}".to_owned(), "invalid type: map, expected a list of validators at line 1"),
            ("[{}]".to_owned(), "missing field `nodeID` at line 1"),
            (format!("[{row}"), "EOF while parsing a list at line 1"),
            (format!("[{row}] x"), "trailing characters at line 1"),
            (format!("[\n{row},\n{row}\n]"), "is there twice at line"),
            (format!("[{many}]"), "expected `,` or `]` at line 1"),
            (format!("[{}]", row.replace("}", r#","name":"x"}"#)), "unknown field `name`"),
            (format!("[{}]", row.replace("}", r#","weight":20}"#)), "duplicate field `weight`"),
            (format!("[{}]", row.replace("20}", "0}")), "expected a nonzero u64 at line 1"),
            (format!("[{}]", row.replace("20}", "-1}")), "invalid value: integer `-1`"),
            (format!("[{}]", row.replace("20}", "18446744073709551616}")), "at line 1"),
            (format!("[{}]", row.replace("20}", r#""20"}"#)), r#"invalid type: string "20""#),
            (format!("[\n\n{}]", row.replace("Lg\"", "Lh\"")), "wrong checksum at line 3"),
            (format!("[{}]", row.replace("NodeID-", "")), "a node id starts with \"NodeID-\" at line 1"),
            (format!("[{}]", row.replace(NODE, &long)), "xxx…"),
            (format!("[{}]", row.replace(NODE, &zero)), "all zeros at line 1"),
            (format!("[{}]", row.replace("0x", "")), "expected 0x and 96 or 192 hexadecimal digits at line 1"),
            (format!("[{}]", row.replace("0x9", "0xg")), "expected 0x and 96 or 192"),
            (format!("[{}]", row.replace("0x9", "0x")), "expected 0x and 96 or 192"),
            (format!("[{}]", row.replace("0x97", "0x")), "a public key of 47 bytes, expected 48 or 96 at line 1"),
            (format!("[{}]", row.replace(&key, &key.repeat(5))), "expected 0x and 96 or 192"),
            (format!("[{}]", row.replace("0x97", "0xf7")), "no public key: no point of the group"),
            (format!("[{}]", row.replace("0x97", "0xé7")), "expected 0x and 96 or 192"),
        ] {
            let error = Set::parse(file.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{file}: {error}");
        }
        let large = vec![b' '; FILE_BYTES_MAX + 1];
        assert!(matches!(Set::parse(&large), Err(SetFileError::Bytes(length)) if length == large.len()));
    }

    #[test]
    fn files_are_bounded() {
        let key = hex(&public(1).to_bytes());
        let row = |number: u16| {
            let mut id = [1; 20];
            id[..2].copy_from_slice(&number.to_be_bytes());
            format!(r#"{{"nodeID":"{}","publicKey":"0x{key}","weight":1}}"#, NodeId::from(id))
        };
        let most = u16::try_from(VALIDATORS_MAX).unwrap();
        let rows: Vec<String> = (0..=most).map(row).collect();
        let error = Set::parse(format!("[{}]", rows.join(",")).as_bytes()).unwrap_err().to_string();
        assert!(error.contains("more than 4096 validators"), "{error}");
        let fits = Set::parse(format!("[{}]", rows[1..].join(",")).as_bytes()).unwrap();
        assert_eq!(fits.len(), VALIDATORS_MAX);
    }

    #[test]
    fn what_a_host_names() {
        let key = |last| Bytes::copy_from_slice(&public(last).to_long_bytes());
        let set = Set::of(&[
            validator(1, 5, key(1)),
            validator(2, 5, Bytes::new()),
            validator(3, 5, Bytes::from_static(&[7; 96])),
            validator(0, 5, key(4)),
            validator(5, 0, key(5)),
            validator(6, 9, key(6)),
        ]);
        assert_eq!(set.validators().iter().map(|validator| validator.weight).collect::<Vec<_>>(), [5, 9]);
        assert!(set.key([1; 20].into()).is_some() && set.key([6; 20].into()).is_some());
    }
}
