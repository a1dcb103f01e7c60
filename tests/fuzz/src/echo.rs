//! A chain that believes everything: what is tried is what stands before it.

use pars_host::metric::Family;
use pars_host::{
    AppError, AppRequest, Block, BlockContext, BlockMeta, Bytes, ChainVm, Event, Host, HttpHandler, Id, InitArgs,
    LastAccepted, NodeId, PeerVersion, Phase, VmError,
};
use std::sync::Arc;

/// A chain in which every block is its own bytes.
#[derive(Debug)]
pub struct Echo;

fn meta(bytes: &[u8]) -> BlockMeta {
    let byte = bytes.first().copied().unwrap_or_default();
    let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    BlockMeta {
        id: Id::from([byte; 32]),
        parent: Id::from([byte.wrapping_sub(1); 32]),
        height: number,
        timestamp_ms: number,
        verify_with_context: bytes.len() % 2 == 0,
    }
}

fn block(bytes: Bytes) -> Block {
    Block { meta: meta(&bytes), bytes }
}

fn last() -> LastAccepted {
    let Block { meta, bytes } = block(Bytes::from_static(b"last"));
    LastAccepted { id: meta.id, parent: meta.parent, height: meta.height, bytes, timestamp_ms: meta.timestamp_ms }
}

impl ChainVm for Echo {
    async fn initialize(&self, _: InitArgs, _: Arc<dyn Host>) -> Result<LastAccepted, VmError> {
        Ok(last())
    }
    async fn set_state(&self, _: Phase) -> Result<LastAccepted, VmError> {
        Ok(last())
    }
    async fn shutdown(&self) -> Result<(), VmError> {
        Ok(())
    }
    async fn version(&self) -> Result<String, VmError> {
        Ok("echo".to_owned())
    }
    async fn health(&self) -> Result<Vec<(&'static str, String)>, VmError> {
        Ok(vec![("height", "0".to_owned())])
    }
    async fn gather(&self) -> Result<Vec<Family>, VmError> {
        Ok(Vec::new())
    }
    async fn handlers(&self) -> Result<Vec<HttpHandler>, VmError> {
        Ok(Vec::new())
    }
    async fn wait_event(&self) -> Result<Event, VmError> {
        Ok(Event::BuildBlock)
    }
    async fn build(&self, context: Option<BlockContext>) -> Result<Block, VmError> {
        let height = context.map(|context| context.p_chain_height).unwrap_or_default();
        Ok(block(height.to_be_bytes().to_vec().into()))
    }
    async fn parse(&self, bytes: Bytes) -> Result<BlockMeta, VmError> {
        if bytes.is_empty() { Err(VmError::Other("no block ".repeat(1_000))) } else { Ok(meta(&bytes)) }
    }
    async fn get(&self, id: Id) -> Result<Block, VmError> {
        if *id.as_bytes() == [0; 32] { Err(VmError::NotFound) } else { Ok(block(id.as_bytes().to_vec().into())) }
    }
    async fn id_at_height(&self, height: u64) -> Result<Id, VmError> {
        if height == 0 { Err(VmError::NotFound) } else { Ok(Id::default()) }
    }
    async fn set_preference(&self, _: Id) -> Result<(), VmError> {
        Ok(())
    }
    async fn verify(&self, bytes: Bytes, _: Option<BlockContext>) -> Result<u64, VmError> {
        Ok(meta(&bytes).timestamp_ms)
    }
    async fn accept(&self, _: Id) -> Result<(), VmError> {
        Ok(())
    }
    async fn reject(&self, _: Id) -> Result<(), VmError> {
        Ok(())
    }
    async fn set_final(&self, _: u64) -> Result<(), VmError> {
        Ok(())
    }
    async fn final_height(&self) -> Result<u64, VmError> {
        Ok(0)
    }
    async fn connected(&self, _: NodeId, _: PeerVersion) {}
    async fn disconnected(&self, _: NodeId) {}
    async fn app_request(&self, _: AppRequest) {}
    async fn app_request_failed(&self, _: NodeId, _: u32, _: AppError) {}
    async fn app_response(&self, _: NodeId, _: u32, _: Bytes) {}
    async fn app_gossip(&self, _: NodeId, _: Bytes) {}
}
