//! An immutable picture of the chain at one block: everything that reading needs, shared by `Arc`.
//!
//! Over a store snapshot lie the layers of the processing blocks from the accepted head to the block shown, newest
//! first. An accepted block has no layers; an older one is read through the reverse diffs.

use crate::block::{Block, BlockId, Header};
use crate::error::Fatal;
use crate::execution::receipt::{self, Receipt};
use crate::state::account::{Account, slot_value};
use crate::state::history::{self, Key};
use crate::state::layer::Layer;
use crate::state::root::{AccountTrie, StorageTrie};
use crate::state::trie::{Node, NodePath, prove};
use crate::store::{Column, Read};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use std::fmt;
use std::sync::Arc;

/// A picture of the chain at one block.
#[derive(Clone)]
pub struct View {
    base: Arc<dyn Read>,
    /// Height of the newest block in `base`.
    base_height: u64,
    /// Read the state of this height through the reverse diffs.
    past: Option<u64>,
    layers: Vec<(BlockId, Arc<Layer>)>,
    id: BlockId,
    header: Arc<Header>,
}

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Height of its block.
    pub height: u64,
    /// Position in the block.
    pub index: u32,
}

/// An account with the proofs of EIP-1186.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The account, if it exists.
    pub account: Option<Account>,
    /// Nodes toward it, or toward where it would be.
    pub account_proof: Vec<Bytes>,
    /// For each slot asked for: the slot, its value, nodes toward it.
    pub storage: Vec<(B256, U256, Vec<Bytes>)>,
}

impl View {
    /// The newest block of a store snapshot.
    #[must_use]
    pub const fn accepted(base: Arc<dyn Read>, id: BlockId, header: Arc<Header>, base_height: u64) -> Self {
        Self { base, base_height, past: None, layers: Vec::new(), id, header }
    }

    /// A processing block over this view's block.
    #[must_use]
    pub fn child(&self, id: BlockId, header: Arc<Header>, layer: Arc<Layer>) -> Self {
        let mut child = self.clone();
        child.layers.insert(0, (id, layer));
        child.id = id;
        child.header = header;
        child
    }

    /// The state of an older accepted block. Whether it is still kept is the caller's to ask.
    #[must_use]
    pub fn past(&self, id: BlockId, header: Arc<Header>) -> Self {
        let past = Some(header.height()).filter(|height| *height < self.base_height);
        Self { base: Arc::clone(&self.base), base_height: self.base_height, past, layers: Vec::new(), id, header }
    }

    /// Id of the block shown.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// Header of the block shown.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Height of the block shown.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.header.height()
    }

    /// Height of the newest accepted block in the picture.
    #[must_use]
    pub const fn accepted_height(&self) -> u64 {
        self.base_height
    }

    /// An account by keccak of its address.
    ///
    /// # Errors
    /// When the store failed.
    pub fn account(&self, account: &B256) -> Result<Option<Account>, Fatal> {
        for (_, layer) in &self.layers {
            if let Some(known) = layer.account(account) {
                return Ok(known);
            }
        }
        self.stored(&Key::Account(*account))?.map(|bytes| Account::from_bytes(&bytes)).transpose()
    }

    /// An account by keccak of its address, where a processing block of the picture changed it. Reads no store.
    pub(crate) fn changed_account(&self, account: &B256) -> Option<Option<Account>> {
        self.layers.iter().find_map(|(_, layer)| layer.account(account))
    }

    /// A slot by keccak of address and slot.
    ///
    /// # Errors
    /// When the store failed.
    pub fn slot(&self, account: &B256, slot: &B256) -> Result<U256, Fatal> {
        for (_, layer) in &self.layers {
            if let Some(known) = layer.slot(account, slot) {
                return Ok(known);
            }
        }
        let bytes = self.stored(&Key::Slot(*account, *slot))?;
        bytes.map_or(Ok(U256::ZERO), |bytes| slot_value(&bytes))
    }

    /// A slot of an address.
    ///
    /// # Errors
    /// When the store failed.
    pub fn slot_of(&self, address: Address, slot: B256) -> Result<B256, Fatal> {
        Ok(self.slot(&keccak256(address), &keccak256(slot))?.into())
    }

    /// Code by hash.
    ///
    /// # Errors
    /// When the store failed, or some account has code that nobody stored.
    pub fn code(&self, hash: &B256) -> Result<Bytes, Fatal> {
        for (_, layer) in &self.layers {
            if let Some(code) = layer.codes.get(hash) {
                return Ok(code.clone());
            }
        }
        let code = self.base.get(Column::Code, hash.as_slice())?;
        code.ok_or_else(|| Fatal::Corrupt(format!("code {hash} is missing")))
    }

    /// A node of the account trie.
    ///
    /// # Errors
    /// When the store failed.
    pub fn account_node(&self, path: &NodePath) -> Result<Option<Node>, Fatal> {
        for (_, layer) in &self.layers {
            if let Some(known) = layer.account_node(path) {
                return Ok(known);
            }
        }
        self.stored(&Key::AccountNode(*path))?.map(|bytes| Node::from_bytes(&bytes)).transpose()
    }

    /// A node of an account's storage trie.
    ///
    /// # Errors
    /// When the store failed.
    pub fn storage_node(&self, account: &B256, path: &NodePath) -> Result<Option<Node>, Fatal> {
        for (_, layer) in &self.layers {
            if let Some(known) = layer.storage_node(account, path) {
                return Ok(known);
            }
        }
        self.stored(&Key::StorageNode(*account, *path))?.map(|bytes| Node::from_bytes(&bytes)).transpose()
    }

    /// Id of the ancestor (or the block itself) at a height.
    ///
    /// # Errors
    /// When the store failed.
    pub fn block_id(&self, height: u64) -> Result<Option<BlockId>, Fatal> {
        let Some(depth) = self.height().checked_sub(height) else { return Ok(None) };
        if let Ok(depth) = usize::try_from(depth)
            && let Some((id, _)) = self.layers.get(depth)
        {
            return Ok(Some(*id));
        }
        let id = self.base.get(Column::Ids, &height.to_be_bytes())?;
        id.map(|id| B256::try_from(id.as_ref()).map(BlockId))
            .transpose()
            .map_err(|_| Fatal::Corrupt(format!("id of block {height}")))
    }

    /// Height of an accepted block.
    ///
    /// # Errors
    /// When the store failed.
    pub fn height_of(&self, id: BlockId) -> Result<Option<u64>, Fatal> {
        let height = self.base.get(Column::Heights, id.0.as_slice())?;
        height
            .map(|height| height.as_ref().try_into().map(u64::from_be_bytes))
            .transpose()
            .map_err(|_| Fatal::Corrupt(format!("height of block {id}")))
    }

    /// Bytes of an accepted block.
    ///
    /// # Errors
    /// When the store failed.
    pub fn block_bytes(&self, height: u64) -> Result<Option<Bytes>, Fatal> {
        Ok(self.base.get(Column::Blocks, &height.to_be_bytes())?)
    }

    /// An accepted block.
    ///
    /// # Errors
    /// When the store failed.
    pub fn block(&self, height: u64) -> Result<Option<Block>, Fatal> {
        let Some(bytes) = self.block_bytes(height)? else { return Ok(None) };
        let block = Block::decode(bytes).map_err(|cause| Fatal::Corrupt(format!("block {height}: {cause}")))?;
        Ok(Some(block))
    }

    /// Header of an accepted block. The rest of the block is not decoded.
    ///
    /// # Errors
    /// When the store failed.
    pub fn header_at(&self, height: u64) -> Result<Option<Header>, Fatal> {
        let Some(bytes) = self.block_bytes(height)? else { return Ok(None) };
        let header = Header::of_block(&bytes).map_err(|cause| Fatal::Corrupt(format!("block {height}: {cause}")))?;
        Ok(Some(header))
    }

    /// Headers of accepted blocks from one height to another, both included, in order.
    pub fn headers(&self, from: u64, to: u64) -> impl Iterator<Item = Result<Header, Fatal>> + '_ {
        let mut blocks = self.base.scan(Column::Blocks, &from.to_be_bytes());
        (from..=to).map(move |height| {
            let corrupt = |what: &dyn fmt::Display| Fatal::Corrupt(format!("block {height}: {what}"));
            match blocks.next().transpose()? {
                Some((key, bytes)) if **key == height.to_be_bytes() => {
                    Header::of_block(&bytes).map_err(|cause| corrupt(&cause))
                }
                Some(_) | None => Err(corrupt(&"it is missing")),
            }
        })
    }

    /// Receipts of an accepted block.
    ///
    /// # Errors
    /// When the store failed.
    pub fn receipts(&self, height: u64) -> Result<Option<Vec<Receipt>>, Fatal> {
        let Some(bytes) = self.base.get(Column::Receipts, &height.to_be_bytes())? else { return Ok(None) };
        receipt::decode_list(&bytes).map(Some).ok_or_else(|| Fatal::Corrupt(format!("receipts of block {height}")))
    }

    /// Where an accepted transaction is.
    ///
    /// # Errors
    /// When the store failed.
    pub fn transaction(&self, hash: B256) -> Result<Option<Place>, Fatal> {
        let Some(bytes) = self.base.get(Column::Transactions, hash.as_slice())? else { return Ok(None) };
        let place = bytes.split_first_chunk::<8>().and_then(|(height, index)| {
            Some(Place { height: u64::from_be_bytes(*height), index: u32::from_be_bytes(index.try_into().ok()?) })
        });
        place.map(Some).ok_or_else(|| Fatal::Corrupt(format!("place of transaction {hash}")))
    }

    /// Proof of an account and some of its slots.
    ///
    /// # Errors
    /// When the store failed.
    pub fn proof(&self, address: Address, slots: &[B256]) -> Result<Proof, Fatal> {
        let hash = keccak256(address);
        let account_proof = prove(&AccountTrie(self), hash)?;
        let storage = slots.iter().map(|slot| {
            let key = keccak256(slot);
            let proof = prove(&StorageTrie { view: self, account: hash }, key)?;
            Ok((*slot, self.slot(&hash, &key)?, proof))
        });
        Ok(Proof { account: self.account(&hash)?, account_proof, storage: storage.collect::<Result<_, Fatal>>()? })
    }

    /// The store snapshot below.
    #[must_use]
    pub fn base(&self) -> &dyn Read {
        self.base.as_ref()
    }

    fn stored(&self, key: &Key) -> Result<Option<Bytes>, Fatal> {
        match self.past {
            Some(height) => history::get(self.base.as_ref(), key, height),
            None => {
                let (column, key) = key.place();
                Ok(self.base.get(column, &key)?)
            }
        }
    }
}

impl fmt::Debug for View {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "View({} at {}, {} layers)", self.id, self.height(), self.layers.len())
    }
}
