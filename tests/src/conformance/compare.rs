//! Outcome against expectation.

use crate::conformance::fixture::{Account, Accounts, BlockPost, Post, Receipt as ExpectedReceipt};
use crate::conformance::run::{Included, Outcome};
use crate::conformance::setting::Setting;
use alloy_primitives::map::B256Map;
use alloy_primitives::{Address, B256, Log, U256, keccak256};
use pars_chain::error::Fatal;
use pars_chain::execution::receipt;
use pars_chain::state::account::{Account as Stored, KECCAK_EMPTY};
use std::fmt::{Debug, Display};

/// Everything in which an outcome differs from its vector, one line each. Empty: it passes.
#[derive(Debug, Default)]
pub struct Differences(Vec<String>);

impl Differences {
    /// Of a state test, which shall end with this root. `known`: addresses worth a name in a report.
    ///
    /// # Errors
    /// When the chain's own code failed.
    pub fn of_state_test(
        post: &Post,
        outcome: &Outcome,
        root: &B256,
        setting: &Setting,
        known: &[Address],
    ) -> Result<Self, Fatal> {
        let mut found = Self::default();
        match (&post.expect_exception, outcome.transactions.first()) {
            (None, Some(Ok(included))) => {
                found.receipt("", included, &post.receipt);
                found.equal("logs", &logs_hash(&included.receipt.logs), &post.logs.0);
            }
            (Some(expected), Some(Ok(_))) => found.add("transaction", "included", format_args!("refused: {expected}")),
            (None, Some(Err(reason))) => found.add("transaction", format_args!("refused: {reason:?}"), "included"),
            (Some(_), Some(Err(_))) => found.equal("logs", &logs_hash(&[]), &post.logs.0),
            (_, None) => found.add("transaction", "lost", "an outcome"),
        }
        found.root(outcome, root, post.state.as_ref(), setting, known)?;
        Ok(found)
    }

    /// Of a block in a sequence.
    ///
    /// # Errors
    /// When the chain's own code failed.
    pub fn of_block(post: &BlockPost, start: &Outcome, outcome: &Outcome, setting: &Setting) -> Result<Self, Fatal> {
        let mut found = Self::default();
        found.equal("root after the system calls", &start.root, &post.root_after_system_calls.0);
        found.equal("number of transactions", &outcome.transactions.len(), &post.transactions.len());
        for (index, (got, expected)) in outcome.transactions.iter().zip(&post.transactions).enumerate() {
            let at = format!("transaction {index} ");
            match (got, &expected.expect_exception) {
                (Ok(included), None) => {
                    found.receipt(&at, included, &expected.receipt);
                    let cumulative = included.receipt.cumulative_gas_used;
                    found.equal(&format!("{at}cumulativeGasUsed"), &cumulative, &expected.cumulative_gas_used.0);
                    let logs = expected.logs.map(|logs| logs.0);
                    found.optional(&format!("{at}logs"), &logs_hash(&included.receipt.logs), logs.as_ref());
                }
                (Err(_), Some(_)) => {}
                (Ok(_), Some(reason)) => found.add(&at, "included", format_args!("refused: {reason}")),
                (Err(reason), None) => found.add(&at, format_args!("refused: {reason:?}"), "included"),
            }
        }
        found.equal("gasUsed", &outcome.gas_used, &post.gas_used.0);
        found.equal("logsBloom", &receipt::bloom(&outcome.receipts), &post.logs_bloom.0);
        found.equal("receiptsRoot", &receipt::root(&outcome.receipts), &post.receipts_root.0);
        found.root(outcome, &post.state_root.0, Some(&post.state), setting, &[])?;
        Ok(found)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn receipt(&mut self, at: &str, included: &Included, expected: &ExpectedReceipt) {
        let status = u64::from(included.receipt.success);
        self.optional(&format!("{at}status"), &status, expected.status.map(|status| status.0).as_ref());
        self.optional(&format!("{at}gasUsed"), &included.gas_used, expected.gas_used.map(|gas| gas.0).as_ref());
        let intrinsic = expected.gas.as_ref().map(|gas| gas.intrinsic.0);
        self.optional(&format!("{at}intrinsic gas"), &included.intrinsic, intrinsic.as_ref());
    }

    /// The root; where it differs, also the first account that does, or where nobody says what the accounts should be,
    /// all accounts that changed.
    fn root(
        &mut self,
        outcome: &Outcome,
        expected: &B256,
        state: Option<&Accounts>,
        setting: &Setting,
        known: &[Address],
    ) -> Result<(), Fatal> {
        if outcome.root == *expected {
            return Ok(());
        }
        self.equal("state root", &outcome.root, expected);
        match state {
            Some(state) => self.first_account(outcome, state, setting),
            None => {
                self.changed_accounts(outcome, known);
                Ok(())
            }
        }
    }

    fn first_account(&mut self, outcome: &Outcome, state: &Accounts, setting: &Setting) -> Result<(), Fatal> {
        let after = setting.after(0, B256::ZERO, &outcome.layer).parent;
        for (address, expected) in state {
            let hash = keccak256(address.0);
            let got = after.account(&hash)?;
            let before = self.0.len();
            self.account(address.0, got, expected);
            for (slot, value) in &expected.storage {
                let got = after.slot(&hash, &keccak256(B256::from(slot.0)))?;
                self.equal(&format!("account {} slot {:#x}", address.0, slot.0), &got, &value.0);
            }
            if self.0.len() > before {
                return Ok(());
            }
        }
        let expected: B256Map<()> = state.keys().map(|address| (keccak256(address.0), ())).collect();
        let surplus =
            outcome.layer.accounts.iter().find(|(hash, change)| change.new.is_some() && !expected.contains_key(*hash));
        match surplus {
            Some((hash, change)) => self.add("account", format_args!("keccak {hash}: {:?}", change.new), "absent"),
            None => self.add("account", "a slot or account too many, or a wrong trie", "the accounts of the vector"),
        }
        Ok(())
    }

    fn account(&mut self, address: Address, got: Option<Stored>, expected: &Account) {
        let Some(got) = got else {
            self.add(&format!("account {address}"), "absent", "present");
            return;
        };
        let code = &expected.code.0;
        let code_hash = if code.is_empty() { KECCAK_EMPTY } else { keccak256(code) };
        self.equal(&format!("account {address} nonce"), &got.nonce, &expected.nonce.0);
        self.equal(&format!("account {address} balance"), &got.balance, &expected.balance.0);
        self.equal(&format!("account {address} code hash"), &got.code_hash, &code_hash);
    }

    fn changed_accounts(&mut self, outcome: &Outcome, known: &[Address]) {
        let names: B256Map<Address> = known.iter().map(|address| (keccak256(address), *address)).collect();
        for (hash, change) in &outcome.layer.accounts {
            let name = names.get(hash).map_or_else(|| format!("keccak {hash}"), ToString::to_string);
            let slots: Vec<(B256, U256)> = change.slots.iter().map(|(slot, change)| (*slot, change.new)).collect();
            self.0.push(format!("changed {name}: {:?} to {:?}, slots {slots:?}", change.old, change.new));
        }
    }

    fn equal<T: PartialEq + Debug>(&mut self, what: &str, got: &T, expected: &T) {
        if got != expected {
            self.add(what, format_args!("{got:?}"), format_args!("{expected:?}"));
        }
    }

    fn optional<T: PartialEq + Debug>(&mut self, what: &str, got: &T, expected: Option<&T>) {
        if let Some(expected) = expected {
            self.equal(what, got, expected);
        }
    }

    fn add(&mut self, what: &str, got: impl Display, expected: impl Display) {
        self.0.push(format!("{what}: got {got}, expected {expected}"));
    }
}

impl Display for Differences {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.0 {
            writeln!(out, "    {line}")?;
        }
        Ok(())
    }
}

fn logs_hash(logs: &[Log]) -> B256 {
    keccak256(alloy_rlp::encode(logs.to_vec()))
}
