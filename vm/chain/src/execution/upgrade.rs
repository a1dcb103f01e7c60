//! Changes that rules make at the start of a block: precompiles switched on and off, state upgrades.

use crate::error::Fatal;
use crate::state::overlay::{Info, Overlay};
use alloy_primitives::{Address, B256, Bytes, U256};
use pars_genesis::spec::{ChainSpec, StateUpgrade, Switch};
use pars_precompiles::config::Defaults;
use pars_precompiles::port::{self, State};
use pars_precompiles::registry::TABLE;

/// Code of an address whose precompile is on, so that tools see a contract there.
const PRECOMPILE_CODE: &[u8] = &[0x01];

/// Switches precompiles, given the parent's time (none: genesis).
///
/// # Errors
/// When the store failed.
pub fn switch_precompiles(
    state: &mut Overlay<'_>,
    spec: &ChainSpec,
    parent_time: Option<u64>,
    time: u64,
    number: u64,
) -> Result<(), Fatal> {
    let defaults = Defaults { fee: spec.fee, allow_fee_recipients: spec.allow_fee_recipients, number };
    for Switch { row, to, .. } in spec.switches(parent_time, time) {
        let Some(entry) = TABLE.get(*row) else { continue };
        let addresses = spec.addresses.get(*row).map(Vec::as_slice).unwrap_or_default();
        let Some(config) = to else {
            for address in addresses {
                state.destroy(*address)?;
            }
            continue;
        };
        for address in addresses {
            let info = state.info(*address)?.unwrap_or(Info::EMPTY);
            state.set_info(*address, Info { nonce: 1, ..info })?;
            state.set_code(*address, &Bytes::from_static(PRECOMPILE_CODE))?;
        }
        let mut configured = Configured { state, at: entry.at, fatal: None };
        if (entry.configure)(&mut configured, config, &defaults).is_err() {
            let bug = || Fatal::Bug(format!("{} failed to start without cause", entry.config_key));
            return Err(configured.fatal.unwrap_or_else(bug));
        }
    }
    Ok(())
}

/// Makes one state upgrade.
///
/// # Errors
/// When the store failed.
pub fn upgrade_state(state: &mut Overlay<'_>, upgrade: &StateUpgrade) -> Result<(), Fatal> {
    for (address, change) in &upgrade.accounts {
        let mut info = state.info(*address)?.unwrap_or(Info::EMPTY);
        info.balance = info.balance.wrapping_add(change.balance_change);
        if !change.code.is_empty() && info.nonce == 0 {
            info.nonce = 1;
        }
        state.set_info(*address, info)?;
        if !change.code.is_empty() {
            state.set_code(*address, &change.code)?;
        }
        for (slot, value) in &change.storage {
            state.set_slot(*address, (*slot).into(), (*value).into())?;
        }
        state.touch(*address);
    }
    Ok(())
}

/// State of a row while it is switched on. Logs have no receipt to be in.
struct Configured<'s, 'v> {
    state: &'s mut Overlay<'v>,
    at: Address,
    fatal: Option<Fatal>,
}

impl Configured<'_, '_> {
    fn keep<T>(&mut self, result: Result<T, Fatal>) -> Result<T, port::Fatal> {
        result.map_err(|cause| {
            self.fatal = Some(cause);
            port::Fatal
        })
    }
}

impl State for Configured<'_, '_> {
    fn load(&mut self, slot: B256) -> Result<B256, port::Fatal> {
        let value = self.state.slot(self.at, slot.into());
        self.keep(value.map(B256::from))
    }

    fn store(&mut self, slot: B256, value: B256) -> Result<(), port::Fatal> {
        let stored = self.state.set_slot(self.at, slot.into(), value.into());
        self.keep(stored)
    }

    fn log(&mut self, _: Vec<B256>, _: Bytes) {}

    fn mint(&mut self, to: Address, wei: U256) -> Result<(), port::Fatal> {
        let minted = self.state.info(to).and_then(|info| {
            let info = info.unwrap_or(Info::EMPTY);
            self.state.set_info(to, Info { balance: info.balance.wrapping_add(wei), ..info })
        });
        self.keep(minted)
    }
}
