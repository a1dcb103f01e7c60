//! [`Blocks`]: accepted blocks as readers need them, decoded. Clients ask for the same few again and again, mostly for the
//! newest, which come here as they are accepted: decoding a full block for each of its receipts took ten times as long
//! as all the rest of the request.

use parking_lot::Mutex;
use pars_chain::block::Block;
use pars_chain::error::Fatal;
use pars_chain::execution::receipt::Receipt;
use pars_chain::view::View;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

/// Blocks that are kept.
const BLOCKS_MAX: usize = 256;
/// Bytes of blocks and receipts that are kept, about, the block that was used last apart.
const BYTES_MAX: usize = 64 << 20;
/// Bytes of a decoded transaction with its receipt beside the encoded one, about.
const TRANSACTION_BYTES: usize = 1_024;
/// Bytes of a log beside its data, about.
const LOG_BYTES: usize = 256;

/// An accepted block and what came of it.
#[derive(Debug)]
pub struct Mined {
    /// The block.
    pub block: Arc<Block>,
    /// A receipt a transaction.
    pub receipts: Arc<Vec<Receipt>>,
    head: OnceLock<String>,
}

/// The blocks that were used last.
#[derive(Debug, Default)]
pub struct Blocks {
    /// With height and size. What was used last stands at the end.
    kept: Mutex<VecDeque<(u64, usize, Arc<Mined>)>>,
}

impl Blocks {
    /// Keeps a block that was accepted.
    pub fn add(&self, block: Arc<Block>, receipts: Arc<Vec<Receipt>>) {
        self.keep(Arc::new(Mined { block, receipts, head: OnceLock::new() }));
    }

    /// A block of this picture, if it is kept.
    ///
    /// # Errors
    /// When the store failed.
    pub fn kept(&self, view: &View, height: u64) -> Result<Option<Arc<Mined>>, Fatal> {
        // After a rewind there are two of a height, and the picture knows which one it shows.
        let id = if height == view.height() { Some(view.id()) } else { view.block_id(height)? };
        let mut kept = self.kept.lock();
        let place = kept.iter().rposition(|(at, _, mined)| *at == height && Some(mined.block.id()) == id);
        let Some(used) = place.and_then(|place| kept.remove(place)) else { return Ok(None) };
        let mined = Arc::clone(&used.2);
        kept.push_back(used);
        Ok(Some(mined))
    }

    /// A block of this picture; none where there is none of this height.
    ///
    /// # Errors
    /// When the store failed.
    pub fn get(&self, view: &View, height: u64) -> Result<Option<Arc<Mined>>, Fatal> {
        if let Some(mined) = self.kept(view, height)? {
            return Ok(Some(mined));
        }
        let Some(block) = view.block(height)? else { return Ok(None) };
        let missing = || Fatal::Corrupt(format!("receipts of block {height} are missing"));
        let receipts = view.receipts(height)?.ok_or_else(missing)?;
        if receipts.len() != block.transactions.len() {
            let (got, wanted) = (receipts.len(), block.transactions.len());
            return Err(Fatal::Corrupt(format!("block {height} has {got} receipts for {wanted} transactions")));
        }
        let mined = Arc::new(Mined { block: Arc::new(block), receipts: Arc::new(receipts), head: OnceLock::new() });
        self.keep(Arc::clone(&mined));
        Ok(Some(mined))
    }

    fn keep(&self, mined: Arc<Mined>) {
        let mut kept = self.kept.lock();
        let id = mined.block.id();
        kept.retain(|(_, _, known)| known.block.id() != id);
        kept.push_back((mined.block.height(), mined.size(), mined));
        let mut bytes: usize = kept.iter().map(|(_, size, _)| size).sum();
        while kept.len() > 1 && (kept.len() > BLOCKS_MAX || bytes > BYTES_MAX) {
            bytes -= kept.pop_front().map_or(0, |(_, size, _)| size);
        }
    }
}

impl Mined {
    /// The header in the form that all subscribers get, written once.
    ///
    /// # Errors
    /// As of writing it.
    pub fn head<E>(&self, write: impl FnOnce(&Block) -> Result<String, E>) -> Result<&str, E> {
        if let Some(head) = self.head.get() {
            return Ok(head);
        }
        let head = write(&self.block)?;
        Ok(self.head.get_or_init(|| head))
    }

    fn size(&self) -> usize {
        let logs = self.receipts.iter().flat_map(|receipt| &receipt.logs);
        let logs: usize = logs.map(|log| log.data.data.len() + LOG_BYTES).sum();
        // The bytes as they came, and what was decoded of them.
        2 * self.block.bytes().len() + TRANSACTION_BYTES * self.block.transactions.len() + logs
    }
}
