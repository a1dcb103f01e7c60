//! [`Feed`]: the newest blocks as subscriptions read them. All follow the same blocks, so each is read once.

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::head::Head;
use parking_lot::Mutex;
use pars_chain::block::Block;
use pars_chain::execution::receipt::Receipt;
use pars_chain::view::View;
use std::collections::VecDeque;
use std::sync::Arc;

/// Blocks that are kept.
const BLOCKS_MAX: usize = 32;
/// Bytes of blocks and receipts that are kept, the newest block apart.
const BYTES_MAX: usize = 32 << 20;

/// The newest blocks.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    recent: Mutex<VecDeque<Arc<Told>>>,
    /// Held while a block is read, so that no two read the same one.
    reading: tokio::sync::Mutex<()>,
}

/// What there is to tell of a block.
#[derive(Debug)]
pub(crate) struct Told {
    height: u64,
    /// Its header as JSON.
    pub(crate) head: String,
    pub(crate) block: Block,
    /// Empty where none of them has logs.
    pub(crate) receipts: Vec<Receipt>,
    bytes: usize,
}

impl Feed {
    /// An accepted block of this picture.
    pub(crate) async fn block(&self, api: &Api, head: &View, height: u64) -> Result<Arc<Told>, RpcError> {
        if let Some(told) = self.recent(height) {
            return Ok(told);
        }
        let _reading = self.reading.lock().await;
        if let Some(told) = self.recent(height) {
            return Ok(told);
        }
        let (reader, view) = (api.reader().await, head.clone());
        let read = tokio::task::spawn_blocking(move || {
            let told = Told::read(&view, height);
            drop(reader);
            told
        });
        let told = Arc::new(read.await.map_err(|_| RpcError::internal())??);
        self.keep(&told);
        Ok(told)
    }

    fn recent(&self, height: u64) -> Option<Arc<Told>> {
        self.recent.lock().iter().find(|told| told.height == height).cloned()
    }

    fn keep(&self, told: &Arc<Told>) {
        let mut recent = self.recent.lock();
        let at = recent.partition_point(|known| known.height < told.height);
        recent.insert(at, Arc::clone(told));
        while recent.len() > BLOCKS_MAX
            || (recent.len() > 1 && recent.iter().map(|told| told.bytes).sum::<usize>() > BYTES_MAX)
        {
            recent.pop_front();
        }
    }
}

impl Told {
    fn read(view: &View, height: u64) -> Result<Self, RpcError> {
        let missing = || {
            tracing::error!(height, "an accepted block is missing");
            RpcError::internal()
        };
        let block = view.block(height)?.ok_or_else(missing)?;
        let receipts =
            if block.header.bloom.is_zero() { Vec::new() } else { view.receipts(height)?.ok_or_else(missing)? };
        let head = serde_json::to_string(&Head::new(&block)).map_err(|_| RpcError::internal())?;
        let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
        let logs: usize = logs.map(|log| log.data.data.len() + LOG_BYTES).sum();
        let bytes = head.len() + block.bytes().len() + logs;
        Ok(Self { height, head, block, receipts, bytes })
    }
}

/// Bytes of a log beside its data, about.
const LOG_BYTES: usize = 256;
