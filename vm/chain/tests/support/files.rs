//! Genesis and upgrade files of test chains.

use crate::support::wallet::Key;
use alloy_primitives::{Address, B256, Bytes};
use pars_chain::engine::{Chain, OpenError, Opening};
use pars_chain::execution::executor::Place;
use pars_chain::state::commit::History;
use pars_chain::store::Store;
use pars_genesis::forks::{HostUpgrades, UNSCHEDULED};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const CHAIN_ID: u64 = 1337;

/// Time of genesis, Unix seconds.
pub(crate) const START: u64 = 1_700_000_000;

pub(crate) const PLACE: Place = Place { network_id: 7, blockchain_id: B256::repeat_byte(0x42) };

/// The last fork that is active from genesis on; those after it never come, unless a test sets their times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Era {
    Apricot,
    Durango,
    Etna,
    Granite,
}

pub(crate) const ERAS: [Era; 4] = [Era::Apricot, Era::Durango, Era::Etna, Era::Granite];

/// What a chain is opened with.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) genesis: Value,
    pub(crate) upgrade: Value,
    pub(crate) host: HostUpgrades,
}

impl Files {
    /// Ten rich keys, cheap gas, no block gas cost.
    pub(crate) fn new(era: Era) -> Self {
        let from = |fork| if era >= fork { START } else { UNSCHEDULED };
        let rich = json!({ "balance": "0xffffffffffffffffffffffffffffff" });
        let alloc: serde_json::Map<String, Value> =
            (1..=10).map(|number| (Key::new(number).address.to_string(), rich.clone())).collect();
        let genesis = json!({
            "config": {
                "chainId": CHAIN_ID,
                "durangoTimestamp": from(Era::Durango),
                "etnaTimestamp": from(Era::Etna),
                "graniteTimestamp": from(Era::Granite),
                "feeConfig": fee_config(15_000_000, 1_000_000_000),
            },
            "timestamp": START,
            "gasLimit": 15_000_000,
            "difficulty": 0,
            "alloc": alloc,
        });
        Self { genesis, upgrade: Value::Null, host: HostUpgrades::LOCAL }
    }

    /// Sets a key of `config`.
    pub(crate) fn config(mut self, key: &str, value: Value) -> Self {
        self.genesis["config"][key] = value;
        self
    }

    /// Sets a key of `feeConfig`, and `gasLimit` with it.
    pub(crate) fn fee(mut self, key: &str, value: Value) -> Self {
        if key == "gasLimit" {
            self.genesis["gasLimit"] = value.clone();
        }
        self.genesis["config"]["feeConfig"][key] = value;
        self
    }

    pub(crate) fn account(mut self, address: Address, account: Value) -> Self {
        self.genesis["alloc"][address.to_string()] = account;
        self
    }

    pub(crate) fn code(self, address: Address, code: impl Into<Bytes>) -> Self {
        self.account(address, json!({ "balance": 0, "nonce": 1, "code": code.into() }))
    }

    /// A row that is on from genesis.
    pub(crate) fn row(self, key: &str, mut config: Value) -> Self {
        config["blockTimestamp"] = json!(START);
        self.config(key, config)
    }

    /// A row that is switched on this many seconds after genesis.
    pub(crate) fn switch(self, key: &str, after: u64, mut config: Value) -> Self {
        config["blockTimestamp"] = json!(START + after);
        self.upgrade("precompileUpgrades", json!({ key: config }))
    }

    /// A state upgrade this many seconds after genesis.
    pub(crate) fn state_upgrade(self, after: u64, accounts: Value) -> Self {
        self.upgrade("stateUpgrades", json!({ "blockTimestamp": START + after, "accounts": accounts }))
    }

    pub(crate) fn open(&self, store: Arc<dyn Store>, history: History) -> Chain {
        self.try_open(store, history).expect("the files of a test open")
    }

    pub(crate) fn try_open(&self, store: Arc<dyn Store>, history: History) -> Result<Chain, OpenError> {
        let upgrade = if self.upgrade.is_null() { String::new() } else { self.upgrade.to_string() };
        let genesis = self.genesis.to_string();
        let opening = Opening {
            upgrade: upgrade.as_bytes(),
            host: Some(self.host),
            place: PLACE,
            history,
            ..Opening::new(genesis.as_bytes())
        };
        Chain::open(store, &opening)
    }

    fn upgrade(mut self, list: &str, entry: Value) -> Self {
        if self.upgrade.is_null() {
            self.upgrade = json!({});
        }
        match self.upgrade[list].as_array_mut() {
            Some(entries) => entries.push(entry),
            None => self.upgrade[list] = json!([entry]),
        }
        self
    }
}

pub(crate) fn fee_config(gas_limit: u64, min_base_fee: u64) -> Value {
    json!({
        "gasLimit": gas_limit,
        "targetBlockRate": 2,
        "minBaseFee": min_base_fee,
        "targetGas": 75_000_000,
        "baseFeeChangeDenominator": 36,
        "minBlockGasCost": 0,
        "maxBlockGasCost": 1_000_000,
        "blockGasCostStep": 0,
    })
}
