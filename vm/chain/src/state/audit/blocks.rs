//! Blocks from the head down: each is the one that its child names, and everything of it is stored and nothing beside it.

use super::{Audit, Part, Step};
use crate::block::{Block, BlockId, Header, transactions_root};
use crate::execution::receipt;
use crate::state::history::Key;
use crate::state::meta::Head;
use crate::state::trie::{Node, NodePath, extension_rlp};
use crate::store::Column;
use alloy_primitives::{B256, Bytes, keccak256};

impl Audit<'_> {
    /// The head that the other records know, where its own record contradicts them.
    pub(super) fn check_head(&mut self, head: Head) -> Step<Head> {
        let head = self.find_head(head)?;
        let last = self.last_after(head)?;
        let state = self.stored_root()?;
        let is_state_of = |root: Option<B256>| root.is_some() && root == state;
        if last == head || is_state_of(self.state_root(head.height)?) || !is_state_of(self.state_root(last.height)?) {
            // Where blocks are above the head of the state that is there, each of them is one too many.
            return Ok(head);
        }
        let what = format!(
            "it says block {}, and the chain goes on to block {}, whose state is there: the record is an older one, and \
             everything is compared with that block",
            head.height, last.height
        );
        self.found(Column::Meta, &b"head"[..], None, what)?;
        Ok(last)
    }

    /// The last of the blocks that follow one after another, by their ids.
    fn last_after(&self, head: Head) -> Step<Head> {
        let mut last = head;
        loop {
            let height = last.height.saturating_add(1);
            let Some(bytes) = self.read.get(Column::Blocks, &height.to_be_bytes())? else { return Ok(last) };
            let Ok(header) = Header::of_block(&bytes) else { return Ok(last) };
            if BlockId(header.parent) != last.id || header.height() != height {
                return Ok(last);
            }
            last = Head { height, id: header.id() };
        }
    }

    /// Hash of the root of the accounts' trie, where it is no leaf.
    fn stored_root(&self) -> Step<Option<B256>> {
        let (column, place) = Key::AccountNode(NodePath::default()).place();
        let node = self.read.get(column, &place)?.map(|bytes| Node::from_bytes(&bytes));
        Ok(match node {
            Some(Ok(Node::Branch(branch))) => Some(keccak256(branch.rlp())),
            Some(Ok(Node::Extension { nibbles, child })) => Some(keccak256(extension_rlp(&nibbles, &child))),
            Some(Ok(Node::Leaf { .. }) | Err(_)) | None => None,
        })
    }

    fn find_head(&mut self, head: Head) -> Step<Head> {
        let told = self.read.get(Column::Heights, head.id.0.as_slice())?;
        if let Some(height) = told.and_then(|height| height.as_ref().try_into().map(u64::from_be_bytes).ok()) {
            if height != head.height {
                let what = format!("it says height {}, and its id is that of block {height}", head.height);
                self.found(Column::Meta, &b"head"[..], None, what)?;
            }
            return Ok(Head { height, ..head });
        }
        let key = head.height.to_be_bytes();
        if self.read.get(Column::Ids, &key)?.is_some() || self.read.get(Column::Blocks, &key)?.is_some() {
            return Ok(head);
        }
        let mut last = None;
        for item in self.read.scan(Column::Ids, &[]) {
            last = Some(item?);
        }
        let last = last.and_then(|(height, id)| {
            let height = u64::from_be_bytes(height.as_ref().try_into().ok()?);
            Some(Head { height, id: BlockId(B256::try_from(id.as_ref()).ok()?) })
        });
        let Some(last) = last else { return Ok(head) };
        let what = format!("there is no block {}; the last one is {}", head.height, last.height);
        self.found(Column::Meta, &b"head"[..], None, what)?;
        Ok(last)
    }

    pub(super) fn check_blocks(&mut self, head: Head) -> Step {
        let mut expected = Some(head.id);
        for height in (0..=head.height).rev() {
            expected = self.check_block(height, expected, head)?;
            let done = head.height.saturating_sub(height).saturating_add(1);
            self.checked(Part::Blocks, done, head.height.saturating_add(1))?;
        }
        self.check_extra(head)
    }

    /// One block, which `expected` names where its child is whole; its parent's id where it is whole itself.
    fn check_block(&mut self, height: u64, expected: Option<BlockId>, head: Head) -> Step<Option<BlockId>> {
        let key = height.to_be_bytes();
        let indexed = self.read.get(Column::Ids, &key)?.and_then(|id| B256::try_from(id.as_ref()).ok()).map(BlockId);
        let decoded = match self.read.get(Column::Blocks, &key)? {
            None => Err("it is missing".to_owned()),
            Some(bytes) => Block::decode(bytes).map_err(|cause| format!("it does not decode: {cause}")),
        };
        let block = match decoded {
            Ok(block) => block,
            Err(what) => {
                self.bad_blocks.insert(height);
                self.found(Column::Blocks, key, Some(height), what)?;
                return Ok(None);
            }
        };
        let id = block.id();
        let told = self.read.get(Column::Heights, id.0.as_slice())?.is_some_and(|told| **told == key);
        if expected.is_some_and(|expected| expected != id) {
            if height == head.height && indexed == Some(id) && told {
                let what = format!("it names {}, and the block there is {id}", head.id);
                self.found(Column::Meta, &b"head"[..], Some(height), what)?;
            } else {
                self.bad_blocks.insert(height);
                let expected = expected.unwrap_or_default();
                self.found(Column::Blocks, key, Some(height), format!("its id is {id}, expected {expected}"))?;
                return Ok(None);
            }
        } else if block.height() != height {
            self.bad_blocks.insert(height);
            self.found(Column::Blocks, key, Some(height), format!("its header says height {}", block.height()))?;
            return Ok(None);
        }
        if indexed != Some(id) {
            self.found(Column::Ids, key, Some(height), format!("it does not name {id}"))?;
        }
        if told {
            self.right.heights = self.right.heights.saturating_add(1);
        } else {
            self.found(Column::Heights, id.0.to_vec(), Some(height), format!("it does not say {height}"))?;
        }
        self.check_receipts(height, &block)?;
        if transactions_root(&block.transactions) != block.header.transactions_root {
            self.found(Column::Blocks, key, Some(height), "its transactions do not give its transactions root")?;
        }
        match beyond_header(&block) {
            None => {
                self.found(Column::Blocks, key, Some(height), "it has uncles, or other bytes than its parts make")?;
            }
            Some(true) => self.report.withdrawals = self.report.withdrawals.saturating_add(1),
            Some(false) => {}
        }
        for (index, tx) in (0_u32..).zip(&block.transactions) {
            let place = [key.as_slice(), &index.to_be_bytes()].concat();
            if self.read.get(Column::Transactions, tx.hash().as_slice())?.is_some_and(|got| got.as_ref() == place) {
                self.right.transactions = self.right.transactions.saturating_add(1);
            } else {
                let what = format!("it does not say that it is transaction {index} of the block");
                self.found(Column::Transactions, tx.hash().to_vec(), Some(height), what)?;
            }
            self.report.transactions = self.report.transactions.saturating_add(1);
        }
        Ok(Some(block.parent()))
    }

    fn check_receipts(&mut self, height: u64, block: &Block) -> Step {
        let key = height.to_be_bytes();
        let what = match self.read.get(Column::Receipts, &key)? {
            None => "they are missing",
            Some(bytes) => match receipt::decode_list(&bytes) {
                None => "they do not decode",
                Some(receipts) if receipt::root(&receipts) != block.header.receipts_root => {
                    "they do not give the block's receipts root"
                }
                Some(receipts) if receipt::bloom(&receipts) != block.header.bloom => {
                    "their logs do not give the block's bloom"
                }
                Some(_) => return Ok(()),
            },
        };
        self.found(Column::Receipts, key, Some(height), what)
    }

    /// Records of blocks that are not there.
    fn check_extra(&mut self, head: Head) -> Step {
        for column in [Column::Blocks, Column::Ids, Column::Receipts] {
            for item in self.read.scan(column, &[]) {
                let (key, _) = item?;
                let height = key.as_ref().try_into().map(u64::from_be_bytes);
                if height.map_or(true, |height| height > head.height) {
                    self.found(column, key, None, "it is of no block up to the head")?;
                }
            }
        }
        // Where every record there is was met as it must be, there is no other.
        if self.count(Column::Heights)? != self.right.heights {
            for item in self.read.scan(Column::Heights, &[]) {
                let (id, height) = item?;
                if !self.is_block(&id, &height)? {
                    self.found(Column::Heights, id, None, "there is no block with this id")?;
                }
            }
        }
        if self.count(Column::Transactions)? != self.right.transactions {
            for item in self.read.scan(Column::Transactions, &[]) {
                let (hash, place) = item?;
                if !self.is_transaction(&hash, &place)? {
                    self.found(Column::Transactions, hash, None, "there is no such transaction at its place")?;
                }
            }
        }
        Ok(())
    }

    /// The block of this id is at this height.
    fn is_block(&self, id: &Bytes, height: &Bytes) -> Step<bool> {
        if self.read.get(Column::Ids, height)?.as_ref() == Some(id) {
            return Ok(true);
        }
        // The index of ids may be what is wrong, and a block that is not what it was has lost its id.
        if height.as_ref().try_into().is_ok_and(|height| self.bad_blocks.contains(&u64::from_be_bytes(height))) {
            return Ok(true);
        }
        let block = self.read.get(Column::Blocks, height)?.and_then(|bytes| Block::decode(bytes).ok());
        Ok(block.is_some_and(|block| block.id().0.as_slice() == id.as_ref()))
    }

    /// The transaction of this hash is at this place.
    fn is_transaction(&self, hash: &Bytes, place: &Bytes) -> Step<bool> {
        let Some((height, index)) = place.split_first_chunk::<8>() else { return Ok(false) };
        let index = index.try_into().map(u32::from_be_bytes).ok().and_then(|index| usize::try_from(index).ok());
        if self.bad_blocks.contains(&u64::from_be_bytes(*height)) {
            return Ok(true);
        }
        let Some(bytes) = self.read.get(Column::Blocks, height)? else { return Ok(false) };
        let block = Block::decode(bytes).ok();
        Ok(block.zip(index).is_some_and(|(block, index)| {
            block.transactions.get(index).is_some_and(|tx| tx.hash().as_slice() == hash.as_ref())
        }))
    }

    /// Records of a column.
    pub(super) fn count(&self, column: Column) -> Step<u64> {
        let mut count = 0_u64;
        for item in self.read.scan(column, &[]) {
            item?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}

/// Whether a block has a list of withdrawals behind what its header covers. None where it has other bytes than its header
/// and its transactions make: an uncle, which the rules forbid.
fn beyond_header(block: &Block) -> Option<bool> {
    let made = Block::new(block.header.clone(), block.transactions.clone());
    let parts = |mut bytes: &[u8]| alloy_rlp::Header::decode_bytes(&mut bytes, true).ok().map(<[u8]>::to_vec);
    let (stored, made) = (parts(block.bytes())?, parts(made.bytes())?);
    Some(!stored.strip_prefix(made.as_slice())?.is_empty())
}
