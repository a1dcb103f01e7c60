//! What a call asks for, as clients write it: the transaction object and the overrides.

use crate::rpc::error::RpcError;
use crate::rpc::hex::{Data, Fixed, Quantity, Quantity64};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use pars_chain::execution::call::{AccountOverride, BlockOverrides, Message};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A transaction object. Members that a call does not need (`nonce`, `type`, `chainId`) are read past.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    from: Option<Fixed<20>>,
    to: Option<Fixed<20>>,
    gas: Option<Quantity64>,
    gas_price: Option<Quantity>,
    max_fee_per_gas: Option<Quantity>,
    max_priority_fee_per_gas: Option<Quantity>,
    value: Option<Quantity>,
    data: Option<Data>,
    input: Option<Data>,
    access_list: Option<Vec<Access>>,
    /// Read so that a malformed one is refused.
    nonce: Option<Quantity64>,
    chain_id: Option<Quantity>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    address: Fixed<20>,
    storage_keys: Vec<Fixed<32>>,
}

impl Request {
    /// Gas that it names.
    pub(crate) fn gas(&self) -> Option<u64> {
        self.gas.map(|gas| gas.0)
    }

    /// With this gas.
    ///
    /// # Errors
    /// Where members contradict each other.
    pub(crate) fn message(&self, gas: u64) -> Result<Message, RpcError> {
        let (fee_cap, tip_cap) = match (self.gas_price, self.max_fee_per_gas, self.max_priority_fee_per_gas) {
            (Some(price), None, None) => (price.0, price.0),
            (Some(_), _, _) => {
                return Err(RpcError::server("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified"));
            }
            (None, cap, tip) => (wei(cap), wei(tip)),
        };
        let item = |Access { address, storage_keys }: &Access| AccessListItem {
            address: address.0.into(),
            storage_keys: storage_keys.iter().map(|key| key.0.into()).collect(),
        };
        Ok(Message {
            from: self.from.map_or(Address::ZERO, |from| from.0.into()),
            to: self.to.map_or(TxKind::Create, |to| TxKind::Call(to.0.into())),
            gas,
            fee_cap,
            tip_cap,
            value: wei(self.value),
            input: self.input(),
            access_list: AccessList(self.access_list.iter().flatten().map(item).collect()),
        })
    }

    /// The newer name wins.
    fn input(&self) -> Bytes {
        let input = self.input.as_ref().or(self.data.as_ref());
        input.map(|data| data.0.clone()).unwrap_or_default()
    }
}

fn wei(value: Option<Quantity>) -> U256 {
    value.map(|value| value.0).unwrap_or_default()
}

/// What is wanted otherwise in accounts.
pub(crate) type StateOverrides = BTreeMap<Fixed<20>, StateOverride>;

/// What is wanted otherwise in one account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StateOverride {
    nonce: Option<Quantity64>,
    code: Option<Data>,
    balance: Option<Quantity>,
    state: Option<Slots>,
    state_diff: Option<Slots>,
}

/// Values of slots.
type Slots = BTreeMap<Fixed<32>, Fixed<32>>;

/// As the chain takes it.
///
/// # Errors
/// An account with both forms of storage.
pub(crate) fn accounts(wanted: StateOverrides) -> Result<BTreeMap<Address, AccountOverride>, RpcError> {
    let account = |(address, wanted): (Fixed<20>, StateOverride)| {
        let address = Address::from(address.0);
        if wanted.state.is_some() && wanted.state_diff.is_some() {
            return Err(RpcError::server(format!("account {address} has both 'state' and 'stateDiff'")));
        }
        let word = |(slot, value): (Fixed<32>, Fixed<32>)| (B256::from(slot.0), B256::from(value.0));
        let slots = |slots: Option<Slots>| slots.map(|slots| slots.into_iter().map(word).collect());
        let account = AccountOverride {
            nonce: wanted.nonce.map(|nonce| nonce.0),
            code: wanted.code.map(|code| code.0),
            balance: wanted.balance.map(|balance| balance.0),
            state: slots(wanted.state),
            state_diff: slots(wanted.state_diff),
        };
        Ok((address, account))
    };
    wanted.into_iter().map(account).collect()
}

/// What is wanted otherwise in the block: the Go node's names, and those of `eth_simulateV1`, which viem sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BlockOverride {
    number: Option<Quantity>,
    time: Option<Quantity64>,
    gas_limit: Option<Quantity64>,
    #[serde(alias = "feeRecipient")]
    coinbase: Option<Fixed<20>>,
    difficulty: Option<Quantity>,
    prev_randao: Option<Fixed<32>>,
    #[serde(alias = "baseFeePerGas")]
    base_fee: Option<Quantity>,
    blob_base_fee: Option<Quantity>,
}

impl From<BlockOverride> for BlockOverrides {
    fn from(wanted: BlockOverride) -> Self {
        Self {
            number: wanted.number.map(|number| number.0),
            time: wanted.time.map(|time| time.0),
            gas_limit: wanted.gas_limit.map(|gas| gas.0),
            coinbase: wanted.coinbase.map(|recipient| recipient.0.into()),
            difficulty: wanted.difficulty.map(|difficulty| difficulty.0),
            prevrandao: wanted.prev_randao.map(|random| random.0.into()),
            base_fee: wanted.base_fee.map(|fee| fee.0),
            blob_base_fee: wanted.blob_base_fee.map(|fee| fee.0.saturating_to()),
        }
    }
}
