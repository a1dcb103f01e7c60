//! A [`State`] in memory, for tests and tools that run a row without a chain.

use super::{Fatal, State};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::collections::BTreeMap;

/// State of one row's canonical account, and the balances that it creates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Slots with a value other than zero.
    pub storage: BTreeMap<B256, B256>,
    /// Topics and data of each log, in order.
    pub logs: Vec<(Vec<B256>, Bytes)>,
    /// Wei of each account that was minted to.
    pub balances: BTreeMap<Address, U256>,
    /// Accesses that succeed before all later ones fail; none: no access fails. To try what a broken disk does.
    pub accesses_left: Option<u32>,
}

impl Memory {
    fn access(&mut self) -> Result<(), Fatal> {
        if let Some(left) = &mut self.accesses_left {
            *left = left.checked_sub(1).ok_or(Fatal)?;
        }
        Ok(())
    }
}

impl State for Memory {
    fn load(&mut self, slot: B256) -> Result<B256, Fatal> {
        self.access()?;
        Ok(self.storage.get(&slot).copied().unwrap_or_default())
    }

    fn store(&mut self, slot: B256, value: B256) -> Result<(), Fatal> {
        self.access()?;
        if value.is_zero() {
            self.storage.remove(&slot);
        } else {
            self.storage.insert(slot, value);
        }
        Ok(())
    }

    fn log(&mut self, topics: Vec<B256>, data: Bytes) {
        self.logs.push((topics, data));
    }

    fn mint(&mut self, to: Address, wei: U256) -> Result<(), Fatal> {
        self.access()?;
        let balance = self.balances.entry(to).or_default();
        *balance = balance.wrapping_add(wei);
        Ok(())
    }
}
