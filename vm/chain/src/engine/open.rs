//! Opening a chain: genesis into an empty store, or restart from what is stored. No other repair exists.

use crate::block::{Block, BlockId, Header, UNCLES_OF_NONE};
use crate::engine::Chain;
use crate::error::Fatal;
use crate::execution::executor::Place;
use crate::execution::{receipt, upgrade};
use crate::rules::time::{INITIAL_EXCESS, excess_for};
use crate::state::commit::{History, genesis_batch};
use crate::state::format::{self, FormatError};
use crate::state::layer::Layer;
use crate::state::meta::{self, FORMAT_RELEASE, OPENED_WITH};
use crate::state::overlay::{Info, Overlay};
use crate::state::root::{AccountTrie, finish};
use crate::state::trie;
use crate::store::{Durability, Memory, Store};
use crate::view::View;
use alloy_primitives::{B64, B256, U256};
use alloy_trie::EMPTY_ROOT_HASH;
use pars_genesis::Genesis;
use pars_genesis::forks::HostUpgrades;
use pars_genesis::upgrade::Incompatible;
use std::sync::Arc;

/// What a chain is opened with.
#[derive(Debug, Clone)]
pub struct Opening<'a> {
    /// Genesis file.
    pub genesis: &'a [u8],
    /// Upgrade file, empty for none.
    pub upgrade: &'a [u8],
    /// Upgrade times that the host sent.
    pub host: Option<HostUpgrades>,
    /// Airdrop file, where genesis names one.
    pub airdrop: Option<&'a [u8]>,
    /// Facts of the host for the warp precompile.
    pub place: Place,
    /// How much history is kept.
    pub history: History,
    /// Take the files as they are, even where they change what has already happened.
    pub skip_upgrade_check: bool,
}

impl<'a> Opening<'a> {
    /// What a genesis file alone says: an archive of a local network.
    #[must_use]
    pub fn new(genesis: &'a [u8]) -> Self {
        Self {
            genesis,
            upgrade: &[],
            host: Some(HostUpgrades::LOCAL),
            airdrop: None,
            place: Place::default(),
            history: History::Archive,
            skip_upgrade_check: false,
        }
    }
}

/// Why a chain was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The files are wrong.
    #[error(transparent)]
    Files(#[from] pars_genesis::error::Error),
    /// The store holds another chain.
    #[error(
        "the data folder holds the chain with genesis {stored}, and this genesis file makes {given}; use the genesis file it was made with, or another data folder"
    )]
    OtherGenesis {
        /// In the store.
        stored: BlockId,
        /// Of the files.
        given: BlockId,
    },
    /// The files change what has already happened.
    #[error(transparent)]
    Incompatible(#[from] Incompatible),
    /// The store's layout is not this program's, and it has no way there.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// This machine failed, or what is stored contradicts itself.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl Chain {
    /// Opens a chain: writes genesis into an empty store, or goes on from the last accepted block.
    ///
    /// # Errors
    /// See [`OpenError`]. A store that is refused is not changed.
    pub fn open(store: Arc<dyn Store>, opening: &Opening<'_>) -> Result<Self, OpenError> {
        let Opening { genesis: file, upgrade, host, airdrop, .. } = *opening;
        let genesis = pars_genesis::parse::genesis(file, upgrade, host.as_ref(), airdrop)?;
        let (block, layer) = genesis_block(&genesis)?;
        let format = format::bring_up(store.as_ref(), format::MIGRATIONS)?;
        let mut batch = match format {
            None => genesis_batch(store.as_ref(), &block, &layer)?,
            Some(_) => crate::store::Batch::default(),
        };
        let stored = format.map(|_| stored_head(store.as_ref())).transpose()?;
        if let Some(head) = &stored {
            check_stored(store.as_ref(), head, &block, &genesis, opening.skip_upgrade_check)?;
        }
        // The files may have grown future upgrades: they are what the next restart is compared with.
        let host_bytes = host.map(|host| host.to_bytes()).unwrap_or_default();
        let place = meta::place_bytes(opening.place);
        let files: [&[u8]; OPENED_WITH.len()] = [file, upgrade, &host_bytes, airdrop.unwrap_or_default(), &place];
        let sums = meta::sums_bytes(files);
        let others: [(_, &[u8]); 2] = [(meta::SUMS, &sums), ("release", FORMAT_RELEASE.as_bytes())];
        for (name, bytes) in OPENED_WITH.into_iter().zip(files).chain(others) {
            if meta::file(store.as_ref(), name)?.is_none_or(|stored| stored.as_ref() != bytes) {
                meta::set_file(&mut batch, name, bytes);
            }
        }
        if !batch.writes.is_empty() {
            store.commit(batch, Durability::Synced).map_err(Fatal::from)?;
        }
        let head = stored.map_or_else(|| stored_head(store.as_ref()), Ok)?;
        let preferred = head.id();
        Ok(Self {
            spec: Arc::new(genesis.spec),
            place: opening.place,
            store,
            history: opening.history,
            genesis: block.id(),
            head,
            processing: std::collections::BTreeMap::new(),
            preferred,
        })
    }
}

/// Picture of the last accepted block, checked to be whole.
pub(super) fn stored_head(store: &dyn Store) -> Result<View, Fatal> {
    let base = store.snapshot()?;
    let head = meta::head(base.as_ref())?;
    let corrupt = |what: String| Fatal::Corrupt(format!("last accepted block {} at {}: {what}", head.id, head.height));
    let header = Header::default();
    let view = View::accepted(Arc::clone(&base), head.id, Arc::new(header), head.height);
    let block = view.block(head.height)?.ok_or_else(|| corrupt("its bytes are missing".to_owned()))?;
    if block.id() != head.id || block.height() != head.height {
        return Err(corrupt(format!("its bytes are those of {}", block.id())));
    }
    let view = View::accepted(base, head.id, Arc::new(block.header.clone()), head.height);
    if view.block_id(head.height)? != Some(head.id) || view.height_of(head.id)? != Some(head.height) {
        return Err(corrupt("the indices of heights and ids do not name it".to_owned()));
    }
    let receipts = view.receipts(head.height)?.ok_or_else(|| corrupt("its receipts are missing".to_owned()))?;
    if receipt::root(&receipts) != block.header.receipts_root {
        return Err(corrupt("its receipts do not give its receipts root".to_owned()));
    }
    for (index, tx) in (0_u32..).zip(&block.transactions) {
        if view.transaction(tx.hash())?.map(|place| (place.height, place.index)) != Some((head.height, index)) {
            return Err(corrupt(format!("the index of transactions does not name {}", tx.hash())));
        }
    }
    let root = trie::root(&AccountTrie(&view))?;
    if root != block.header.state_root {
        return Err(corrupt(format!("the state has root {root}, and the block {}", block.header.state_root)));
    }
    Ok(view)
}

fn check_stored(
    store: &dyn Store,
    head: &View,
    block: &Block,
    genesis: &Genesis,
    skip_upgrade_check: bool,
) -> Result<(), OpenError> {
    let stored = head.block_id(0)?.ok_or_else(|| Fatal::Corrupt("genesis is missing".to_owned()))?;
    if stored != block.id() {
        return Err(OpenError::OtherGenesis { stored, given: block.id() });
    }
    if skip_upgrade_check {
        return Ok(());
    }
    let read = |name| -> Result<Vec<u8>, Fatal> { Ok(meta::file(store, name)?.unwrap_or_default().to_vec()) };
    let (file, upgrade, host, airdrop) = (read("genesis")?, read("upgrade")?, read("host")?, read("airdrop")?);
    let host = if host.is_empty() {
        None
    } else {
        Some(HostUpgrades::from_bytes(&host).ok_or_else(|| Fatal::Corrupt("record `host`".to_owned()))?)
    };
    let airdrop = Some(airdrop.as_slice()).filter(|airdrop| !airdrop.is_empty());
    let before = pars_genesis::parse::genesis(&file, &upgrade, host.as_ref(), airdrop)?;
    genesis.spec.check_compatible(&before.spec, head.header().time)?;
    Ok(())
}

/// The first block, and the state it starts with.
///
/// # Errors
/// Only a bug.
pub fn genesis_block(genesis: &Genesis) -> Result<(Block, Layer), Fatal> {
    let nothing = View::accepted(Memory::new().snapshot()?, BlockId::default(), Arc::new(Header::default()), 0);
    let mut state = Overlay::new(&nothing);
    let from = &genesis.header;
    for (address, wei) in &genesis.airdrop {
        let info = state.info(*address)?.unwrap_or(Info::EMPTY);
        state.set_info(*address, Info { balance: *wei, ..info })?;
    }
    upgrade::switch_precompiles(&mut state, &genesis.spec, None, from.time, from.number)?;
    // The allocation comes last and overwrites balance, code and nonce. An empty account stays.
    for (address, account) in &genesis.alloc {
        let info = state.info(*address)?.unwrap_or(Info::EMPTY);
        state.set_info(*address, Info { nonce: account.nonce, balance: account.balance, ..info })?;
        state.set_code(*address, &account.code)?;
        for (slot, value) in &account.storage {
            state.set_slot(*address, (*slot).into(), (*value).into())?;
        }
    }
    let (state_root, layer) = finish(state)?;
    let rules = genesis.spec.rules(from.time);
    let excess = match genesis.spec.initial_min_delay_ms {
        Some(delay) if delay != 0 => excess_for(delay),
        Some(_) | None => INITIAL_EXCESS,
    };
    let header = Header {
        parent: from.parent,
        uncles_hash: UNCLES_OF_NONE,
        coinbase: from.coinbase,
        state_root,
        transactions_root: EMPTY_ROOT_HASH,
        receipts_root: EMPTY_ROOT_HASH,
        bloom: alloy_primitives::Bloom::ZERO,
        difficulty: from.difficulty,
        number: U256::from(from.number),
        gas_limit: from.gas_limit,
        gas_used: from.gas_used,
        time: from.time,
        extra: from.extra.clone(),
        mix: from.mix,
        nonce: B64::from(from.nonce.to_be_bytes()),
        base_fee: Some(from.base_fee),
        block_gas_cost: rules.etna.then_some(U256::ZERO),
        blob_gas_used: rules.etna.then_some(from.blob_gas_used),
        excess_blob_gas: rules.etna.then_some(from.excess_blob_gas),
        parent_beacon_root: rules.etna.then_some(B256::ZERO),
        time_ms: rules.granite.then_some(from.time.saturating_mul(1_000)),
        min_delay_excess: rules.granite.then_some(excess),
    };
    Ok((Block::new(header, Vec::new()), layer))
}
