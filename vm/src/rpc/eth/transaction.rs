//! Transactions.

use crate::blocks::Mined;
use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::find;
use crate::rpc::limits::Limits;
use crate::rpc::params::{BlockRef, Params};
use crate::rpc::table::{Answer, Waiting, answer};
use alloy_eips::eip2930::AccessListItem;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use pars_chain::block::Block;
use pars_chain::tx::{Signature, Tx};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// `eth_sendRawTransaction(bytes)`: hash. Where the chain seals by itself, the receipt is readable when it answers.
pub fn send_raw(api: Arc<Api>, params: Params) -> Waiting {
    Box::pin(async move {
        params.at_most(1)?;
        let bytes = params.bytes(0)?;
        if bytes.len() <= 1 {
            return Err(RpcError::server("typed transaction too short"));
        }
        let submitting = Arc::clone(&api);
        // Recovering the sender takes a core for a while.
        let submitted = tokio::task::spawn_blocking(move || {
            let tx = Arc::new(Tx::decode(&bytes)?);
            admissible(&tx, submitting.limits())?;
            Ok::<_, RpcError>(submitting.node().submit(tx)?)
        });
        let hash = submitted.await.map_err(|_| RpcError::internal())??;
        api.node().settled(hash).await.map_err(|_| RpcError::stopped())?;
        answer(&hash)
    })
}

/// What the operator asks of a transaction that is submitted here, whatever the pool takes.
fn admissible(tx: &Tx, limits: &Limits) -> Result<(), RpcError> {
    let fee = U256::from(tx.fee_cap()) * U256::from(tx.gas_limit());
    if let Some(cap) = limits.fee_cap_wei.map(U256::from).filter(|cap| fee > *cap) {
        let (fee, cap) = (coins(fee), coins(cap));
        return Err(RpcError::server(format!("tx fee ({fee} ether) exceeds the configured cap ({cap} ether)")));
    }
    let Signature { r, s, .. } = tx.signature();
    let protected = tx.kind() != 0 || tx.chain_id().is_some();
    // Whoever made up a signature instead of signing wants the same contract on every chain, and has no other coins there.
    let deployment = tx.nonce() == 0 && r == s;
    if !(protected || limits.unprotected || deployment || limits.unprotected_hashes.contains(&tx.hash())) {
        return Err(RpcError::server("only replay-protected (EIP-155) transactions allowed over RPC"));
    }
    Ok(())
}

/// Wei as coins with two decimals, rounded to the nearest, halves to the even one.
fn coins(wei: U256) -> String {
    let unit = U256::from(10_u64.pow(16));
    let (mut cents, rest) = wei.div_rem(unit);
    let odd = cents.bit(0);
    let twice = rest * U256::from(2);
    if twice > unit || (twice == unit && odd) {
        cents += U256::ONE;
    }
    let (whole, cents) = cents.div_rem(U256::from(100));
    format!("{whole}.{:02}", cents.to::<u64>())
}

/// `eth_getTransactionByHash(hash)`: an accepted transaction, one that waits in the pool, or null.
///
/// # Errors
/// Parameters.
pub fn by_hash(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    answer(&match look_up(api, params.hash(0)?)? {
        Some(Found::Mined(mined, at)) => Transaction::at(&mined.block, at),
        Some(Found::Waiting(tx)) => Some(Transaction::waiting(&tx)),
        None => None,
    })
}

/// `eth_getTransactionByBlockHashAndIndex(hash, index)`: a transaction of an accepted block, or null.
///
/// # Errors
/// Parameters.
pub fn by_block_hash(api: &Api, params: &Params) -> Answer {
    params.at_most(2)?;
    at_index(api, BlockRef::Hash(params.hash(0)?), params.quantity(1)?)
}

/// `eth_getTransactionByBlockNumberAndIndex(block, index)`: a transaction of an accepted block, or null.
///
/// # Errors
/// Parameters.
pub fn by_block_number(api: &Api, params: &Params) -> Answer {
    params.at_most(2)?;
    at_index(api, BlockRef::Number(params.block_number(0)?), params.quantity(1)?)
}

/// `eth_getBlockTransactionCountByHash(hash)`: number of transactions of an accepted block, or null.
///
/// # Errors
/// Parameters.
pub fn count_by_block_hash(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    count(api, BlockRef::Hash(params.hash(0)?))
}

/// `eth_getBlockTransactionCountByNumber(block)`: number of transactions of an accepted block, or null.
///
/// # Errors
/// Parameters.
pub fn count_by_block_number(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    count(api, BlockRef::Number(params.block_number(0)?))
}

/// Where a transaction is.
pub(crate) enum Found {
    /// At this place of an accepted block.
    Mined(Arc<Mined>, usize),
    /// In the pool.
    Waiting(Arc<Tx>),
}

/// Looks for a transaction in accepted blocks and in the pool.
pub(crate) fn look_up(api: &Api, hash: B256) -> Result<Option<Found>, RpcError> {
    let mut waits = SHOW_WAITS;
    loop {
        let head = api.head();
        if let Some(place) = head.transaction(hash)? {
            let mined = api.block(&head, place.height)?;
            return Ok(mined.zip(usize::try_from(place.index).ok()).map(|(mined, at)| Found::Mined(mined, at)));
        }
        let pool = api.node().pool();
        if let Some(tx) = pool.get(hash) {
            return Ok(Some(Found::Waiting(tx)));
        }
        // The pool lets go of a transaction just before its block is shown. Who looks in between looks again.
        let between = head.height() < pool.height().max(api.head().height());
        if !between || waits == 0 {
            return Ok(None);
        }
        waits -= 1;
        std::thread::sleep(SHOW_WAIT);
    }
}

/// A transaction that became executable, as it was then. A block may have taken it meanwhile; one that came to nothing is
/// not told.
pub(crate) fn as_it_came(api: &Api, hash: B256) -> Result<Option<Arc<Tx>>, RpcError> {
    Ok(match look_up(api, hash)? {
        Some(Found::Waiting(tx)) => Some(tx),
        Some(Found::Mined(mined, at)) => mined.block.transactions.get(at).cloned(),
        None => None,
    })
}

/// How often, and how long each time, a block is waited for that is accepted and not shown.
const SHOW_WAITS: u32 = 100;
const SHOW_WAIT: Duration = Duration::from_millis(1);

fn at_index(api: &Api, block: BlockRef, index: u64) -> Answer {
    let head = api.head();
    let Some(height) = find(api, &head, block)? else { return answer(&()) };
    let Ok(at) = usize::try_from(index) else { return answer(&()) };
    answer(&api.block(&head, height)?.and_then(|mined| Transaction::at(&mined.block, at)))
}

fn count(api: &Api, block: BlockRef) -> Answer {
    let head = api.head();
    let Some(height) = find(api, &head, block)? else { return answer(&()) };
    answer(&api.block(&head, height)?.map(|mined| U64::from(mined.block.transactions.len())))
}

/// A transaction as clients see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transaction {
    block_hash: Option<B256>,
    block_number: Option<U256>,
    block_timestamp: Option<U64>,
    transaction_index: Option<U64>,
    hash: B256,
    r#type: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_id: Option<U64>,
    nonce: U64,
    from: Address,
    to: Option<Address>,
    value: U256,
    gas: U64,
    gas_price: U256,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_fee_per_gas: Option<U256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_priority_fee_per_gas: Option<U256>,
    input: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_list: Option<Vec<AccessEntry>>,
    v: U256,
    r: U256,
    s: U256,
    #[serde(skip_serializing_if = "Option::is_none")]
    y_parity: Option<U64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessEntry {
    address: Address,
    storage_keys: Vec<B256>,
}

impl Transaction {
    /// A transaction of an accepted block; none where the block has no such place.
    pub(crate) fn at(block: &Block, at: usize) -> Option<Self> {
        let tx = block.transactions.get(at)?;
        Some(Self {
            block_hash: Some(block.id().0),
            block_number: Some(block.header.number),
            block_timestamp: Some(U64::from(block.header.time)),
            transaction_index: Some(U64::from(at)),
            gas_price: U256::from(price(tx, block)),
            ..Self::waiting(tx)
        })
    }

    /// A transaction that is in no block. Its price is what it would pay at most.
    pub(crate) fn waiting(tx: &Tx) -> Self {
        let dynamic = tx.kind() == 2;
        let Signature { v, r, s, odd } = tx.signature();
        let entry =
            |item: &AccessListItem| AccessEntry { address: item.address, storage_keys: item.storage_keys.clone() };
        Self {
            block_hash: None,
            block_number: None,
            block_timestamp: None,
            transaction_index: None,
            hash: tx.hash(),
            r#type: U64::from(tx.kind()),
            chain_id: tx.chain_id().map(U64::from),
            nonce: U64::from(tx.nonce()),
            from: tx.sender().unwrap_or_default(),
            to: tx.to().into_to(),
            value: tx.value(),
            gas: U64::from(tx.gas_limit()),
            gas_price: U256::from(tx.fee_cap()),
            max_fee_per_gas: dynamic.then(|| U256::from(tx.fee_cap())),
            max_priority_fee_per_gas: dynamic.then(|| U256::from(tx.tip_cap())),
            input: tx.input().clone(),
            access_list: tx.access_list().map(|list| list.iter().map(entry).collect()),
            v,
            r,
            s,
            y_parity: (tx.kind() != 0).then(|| U64::from(odd)),
        }
    }
}

/// What a unit of gas cost in an accepted block, whose base fee this program could compute with.
pub(crate) fn price(tx: &Tx, block: &Block) -> u128 {
    tx.effective_gas_price(block.header.base_fee.unwrap_or_default().saturating_to())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip4844, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use std::collections::BTreeSet;

    const UNPROTECTED: &str = "only replay-protected (EIP-155) transactions allowed over RPC";

    fn legacy(chain_id: Option<u64>, nonce: u64, gas_price: u128, (r, s): (u64, u64)) -> Tx {
        let unsigned = TxLegacy { chain_id, nonce, gas_price, gas_limit: 100_000, ..TxLegacy::default() };
        let signed = unsigned.into_signed(alloy_primitives::Signature::new(U256::from(r), U256::from(s), false));
        Tx::decode(&EthereumTxEnvelope::<TxEip4844>::from(signed).encoded_2718()).expect("a transaction")
    }

    fn refusal(tx: &Tx, limits: &Limits) -> Option<String> {
        admissible(tx, limits).err().map(|refused| refused.message)
    }

    #[test]
    fn fees_are_capped() {
        let gwei = 10_u128.pow(9);
        let cap = |wei| Limits { fee_cap_wei: wei, ..Limits::default() };
        let pays = |price| legacy(Some(1), 1, price, (1, 2));
        assert_eq!(refusal(&pays(1_000_000 * gwei), &Limits::default()), None, "100 coins and no more");
        let text = "tx fee (100.00 ether) exceeds the configured cap (100.00 ether)";
        assert_eq!(refusal(&pays(1_000_000 * gwei + 1), &Limits::default()).as_deref(), Some(text));
        let text = "tx fee (1.23 ether) exceeds the configured cap (1.00 ether)";
        assert_eq!(refusal(&pays(12_345 * gwei), &cap(Some(10_u128.pow(18)))).as_deref(), Some(text));
        assert_eq!(refusal(&pays(u128::MAX), &cap(None)), None);
        let text = "tx fee (34028236692093846346337460.74 ether) exceeds the configured cap (0.01 ether)";
        assert_eq!(refusal(&pays(u128::MAX), &cap(Some(10_u128.pow(16)))).as_deref(), Some(text));
    }

    #[test]
    fn unprotected_transactions_are_an_exception() {
        let plain = legacy(None, 1, 1, (1, 2));
        let limits = Limits::default();
        assert_eq!(refusal(&plain, &limits).as_deref(), Some(UNPROTECTED));
        assert_eq!(refusal(&plain, &Limits { unprotected: true, ..limits.clone() }), None);
        let listed = Limits { unprotected_hashes: BTreeSet::from([plain.hash()]), ..Limits::default() };
        assert_eq!(refusal(&plain, &listed), None);
        assert_eq!(refusal(&legacy(Some(1), 1, 1, (1, 2)), &limits), None, "signed for a chain");
        assert_eq!(refusal(&legacy(None, 0, 1, (7, 7)), &limits), None, "nobody's deployment");
        assert_eq!(refusal(&legacy(None, 1, 1, (7, 7)), &limits).as_deref(), Some(UNPROTECTED));
        assert_eq!(refusal(&legacy(None, 0, 1, (7, 8)), &limits).as_deref(), Some(UNPROTECTED));
    }

    /// Submissions to Go subnet-evm 1.14.2, with the cap it ran with and what it said. Made for this project (MIT).
    #[test]
    fn as_the_go_node_answered() {
        let coins = |count: u128| Limits { fee_cap_wei: Some(count * 10_u128.pow(18)), ..Limits::default() };
        let open = Limits { unprotected: true, ..coins(1) };
        for (limits, raw, said) in [
            (
                coins(1_000_000_000),
                "f86b08893635c9adc5dea0000083b71b009494b11bf276f660d69e666c7e7458b8a9154a5505808082300da023af88599bb16b2fcf13fc190b6dfe9d5e9e51aee3703e89967087674427c0b6a0394f829b3908353c294fa1cfc179747e810a08e83710364d5073d0e5090d04ae",
                Some("tx fee (12000000000.00 ether) exceeds the configured cap (1000000000.00 ether)"),
            ),
            (
                coins(1),
                "f86711852e90edd000839896809494b11bf276f660d69e666c7e7458b8a9154a5505808082300da0123223d84ddfc026b895cdfc8276eeb54d7d28d5edd42bf96c3330144ee6b436a072ddfc9e07ae5a7c8a85d4c151d429702e265ce7aec9a060d06c9bd4eef6ccc1",
                Some("tx fee (2.00 ether) exceeds the configured cap (1.00 ether)"),
            ),
            (
                coins(1),
                "f86308852e90edd0008252089494b11bf276f660d69e666c7e7458b8a9154a550580801ba09e41d3a8108176020840125e58535698c0395e0fa64310c45b206a07c71792159ff094ac31b9d0e6effadf9af636910b3bba0f2575f2cd6f710fa08a8e1f225f",
                Some(UNPROTECTED),
            ),
            (
                open,
                "f86411852e90edd0008252089494b11bf276f660d69e666c7e7458b8a9154a550580801ca001fcbc96e6ffae76a49828bbbe31e633922c5dc71621ecf1a6cccb2ca7c8b374a0521467816715f318eff38cfdcc55f1a40b5103002183a4f91976f0f8846d0dd1",
                None,
            ),
        ] {
            let tx = Tx::decode(&alloy_primitives::hex::decode(raw).expect("hex")).expect("a transaction");
            assert_eq!(refusal(&tx, &limits).as_deref(), said, "{raw}");
        }
    }

    #[test]
    fn coins_have_two_decimals() {
        let cent = 10_u128.pow(16);
        for (wei, text) in [
            (0, "0.00"),
            (cent, "0.01"),
            (cent / 2, "0.00"),
            (cent / 2 + 1, "0.01"),
            (3 * cent / 2, "0.02"),
            (100 * cent - 1, "1.00"),
            (12_345 * cent, "123.45"),
        ] {
            assert_eq!(coins(U256::from(wei)), text, "{wei}");
        }
    }
}
