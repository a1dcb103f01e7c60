//! Reading of a method's parameters: a list of JSON values.
//!
//! | file | what lives there |
//! |---|---|
//! | `block.rs` | which block is meant |
//! | `text.rs` | numbers and bytes, and what is wrong with them |

pub mod block;
pub mod text;

pub use block::{BlockNumber, BlockRef};

use crate::rpc::batch::Items;
use crate::rpc::error::RpcError;
use crate::rpc::limits::PARAMS_MAX;
use alloy_primitives::{Address, B256, Bytes};
use pars_chain::execution::interrupt::Interrupt;
use serde::de::{DeserializeOwned, DeserializeSeed as _};
use serde_json::value::RawValue;
use text::{StorageKey, Wrong};

/// Letters of what is wrong with an object.
const CAUSE_LETTERS: usize = 200;

/// Parameters of one call.
#[derive(Debug, Clone, Default)]
pub struct Params {
    values: Vec<Box<RawValue>>,
    interrupt: Interrupt,
}

/// The first items of a list.
fn first_items(params: &RawValue) -> Option<Vec<Box<RawValue>>> {
    let mut items = Vec::new();
    let seed = Items { items: &mut items, most: PARAMS_MAX };
    let read = seed.deserialize(&mut serde_json::Deserializer::from_str(params.get()));
    // What is there is JSON; the rest of a long list is not looked at.
    (read.is_ok() || items.len() == PARAMS_MAX).then_some(items)
}

impl Params {
    /// From the `params` member.
    ///
    /// # Errors
    /// Anything but a list.
    pub fn new(params: Option<&RawValue>, interrupt: Interrupt) -> Result<Self, RpcError> {
        let values = match params.filter(|params| params.get() != "null") {
            None => Vec::new(),
            Some(params) => first_items(params).ok_or_else(|| RpcError::params("non-array args"))?,
        };
        Ok(Self { values, interrupt })
    }

    /// Raised when nobody waits for the answer any more.
    #[must_use]
    pub const fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// At most this many.
    ///
    /// # Errors
    /// More than that.
    pub fn at_most(&self, count: usize) -> Result<(), RpcError> {
        if self.values.len() > count {
            return Err(RpcError::params(format!("too many arguments, want at most {count}")));
        }
        Ok(())
    }

    /// A parameter that must be there, and that something else reads. `null` is there.
    ///
    /// # Errors
    /// Where it is missing, or what the reader says.
    pub fn read<T>(&self, index: usize, read: impl FnOnce(&RawValue) -> Result<T, Wrong>) -> Result<T, RpcError> {
        let raw = self.values.get(index);
        let raw = raw.ok_or_else(|| RpcError::params(format!("missing value for required argument {index}")))?;
        read(raw).map_err(|wrong| RpcError::params(format!("invalid argument {index}: {wrong}")))
    }

    /// An object that must be there; null is the default.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn object<T: DeserializeOwned + Default>(&self, index: usize) -> Result<T, RpcError> {
        self.read(index, |_| Ok(()))?;
        self.optional_object(index)
    }

    /// An object; absent or null is the default.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn optional_object<T: DeserializeOwned + Default>(&self, index: usize) -> Result<T, RpcError> {
        if self.given(index) {
            // A list would be taken for the members in order.
            let is_object = |raw: &RawValue| raw.get().starts_with('{');
            self.read(index, |raw| if is_object(raw) { Ok(()) } else { Err(text::unexpected(raw, "an object")) })?;
        }
        Ok(self.optional(index)?.unwrap_or_default())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T, RpcError> {
        self.optional(index)?.ok_or_else(|| RpcError::params(format!("missing value for required argument {index}")))
    }

    /// A parameter that may be absent or null.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn optional<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, RpcError> {
        if !self.given(index) {
            return Ok(None);
        }
        self.read(index, |raw| {
            serde_json::from_str(raw.get()).map(Some).map_err(|cause| {
                // A place within one argument says nothing to its sender, and a value may be long.
                let cause = cause.to_string();
                let what = cause.rsplit_once(" at line ").map_or(cause.as_str(), |(what, _)| what);
                what.chars().take(CAUSE_LETTERS).collect::<String>().into()
            })
        })
    }

    /// A block by height or tag.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn block_number(&self, index: usize) -> Result<BlockNumber, RpcError> {
        self.read(index, BlockNumber::read)
    }

    /// A block by height, tag or hash (EIP-1898); absent or null means the last one.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn block(&self, index: usize) -> Result<BlockRef, RpcError> {
        if self.given(index) { self.required_block(index) } else { Ok(BlockRef::LATEST) }
    }

    /// A block by height, tag or hash (EIP-1898).
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn required_block(&self, index: usize) -> Result<BlockRef, RpcError> {
        self.read(index, BlockRef::read)
    }

    /// A 32-byte hash.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn hash(&self, index: usize) -> Result<B256, RpcError> {
        self.read(index, |raw| text::fixed(&text::string(raw)?).map(B256::from))
    }

    /// An address.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn address(&self, index: usize) -> Result<Address, RpcError> {
        self.read(index, |raw| text::fixed(&text::string(raw)?).map(Address::from))
    }

    /// Bytes in hexadecimal.
    ///
    /// # Errors
    /// Where they are missing or something else. The text is not repeated: it may be long.
    pub fn bytes(&self, index: usize) -> Result<Bytes, RpcError> {
        self.read(index, |raw| text::bytes(&text::string(raw)?))
    }

    /// A number of at most 64 bits.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn quantity(&self, index: usize) -> Result<u64, RpcError> {
        self.read(index, |raw| text::quantity(&text::string(raw)?))
    }

    /// True or false; null is false.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn flag(&self, index: usize) -> Result<bool, RpcError> {
        self.read(index, text::flag)
    }

    /// True or false; absent or null is false.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn optional_flag(&self, index: usize) -> Result<bool, RpcError> {
        if self.given(index) { self.flag(index) } else { Ok(false) }
    }

    /// Key of a storage slot.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn storage_key(&self, index: usize) -> Result<StorageKey, RpcError> {
        self.read(index, read_storage_key)
    }

    /// A list of storage keys; null is an empty one.
    ///
    /// # Errors
    /// Where it is missing or something else, or has more than `count` of them.
    pub fn storage_keys(&self, index: usize, count: usize) -> Result<Vec<StorageKey>, RpcError> {
        self.read(index, |raw| {
            let keys: Option<Vec<&RawValue>> =
                serde_json::from_str(raw.get()).map_err(|_| text::unexpected(raw, "a list of storage keys"))?;
            let keys = keys.unwrap_or_default();
            if keys.len() > count {
                return Err(format!("too many slots (max {count})").into());
            }
            keys.into_iter().map(read_storage_key).collect()
        })
    }

    fn given(&self, index: usize) -> bool {
        self.values.get(index).is_some_and(|raw| raw.get() != "null")
    }
}

/// Null is the empty text, and that slot 0.
fn read_storage_key(raw: &RawValue) -> Result<StorageKey, Wrong> {
    let text: Option<String> = serde_json::from_str(raw.get()).map_err(|_| text::unexpected(raw, "a string"))?;
    text::storage_key(&text.unwrap_or_default())
}
