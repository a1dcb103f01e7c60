//! State of the block that is being executed: the parent's view, and what changed on top of it.
//!
//! It is revm's database. A transaction's result is merged into it by [`Overlay::commit`]; changes that come from
//! rules, not from code, use the other methods.

use crate::error::Fatal;
use crate::state::account::{Account, EMPTY_ROOT_HASH, KECCAK_EMPTY};
use crate::view::View;
use alloy_primitives::map::{AddressMap, B256Map, HashMap};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use revm::bytecode::Bytecode;
use revm::database_interface::Database;
use revm::state::{AccountInfo, EvmState};

/// State of the block that is being executed.
#[derive(Debug)]
pub struct Overlay<'v> {
    view: &'v View,
    accounts: AddressMap<Entry>,
    /// Code that was read.
    cache: B256Map<Bytecode>,
    /// Code that some account got.
    fresh: B256Map<Bytecode>,
    /// Accounts that rules touched: the next commit removes those that are empty (EIP-161).
    touched: Vec<Address>,
}

/// An account that was read or changed.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Keccak-256 of the address.
    pub hash: B256,
    /// In the parent's state.
    pub old: Option<Account>,
    /// Now.
    pub now: Option<Info>,
    /// Nothing of the parent's storage is left.
    pub wiped: bool,
    /// Slots that were read or changed.
    pub slots: HashMap<U256, Slot>,
}

/// What an account holds beside its storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Nonce.
    pub nonce: u64,
    /// Wei.
    pub balance: U256,
    /// Keccak-256 of its code.
    pub code_hash: B256,
}

/// A slot that was read or changed.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Keccak-256 of the slot.
    pub hash: B256,
    /// In the parent's state; zero where the storage was wiped before this slot was read.
    pub old: U256,
    /// Now.
    pub now: U256,
}

impl Info {
    /// No nonce, no balance, no code.
    pub const EMPTY: Self = Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK_EMPTY };

    /// EIP-161.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    const fn of(account: &Account) -> Self {
        Self { nonce: account.nonce, balance: account.balance, code_hash: account.code_hash }
    }
}

impl<'v> Overlay<'v> {
    /// The state of `view`, unchanged.
    #[must_use]
    pub fn new(view: &'v View) -> Self {
        Self {
            view,
            accounts: AddressMap::default(),
            cache: B256Map::default(),
            fresh: B256Map::default(),
            touched: Vec::new(),
        }
    }

    /// The parent's state.
    #[must_use]
    pub const fn parent(&self) -> &'v View {
        self.view
    }

    /// An account, if it exists.
    ///
    /// # Errors
    /// When the store failed.
    pub fn info(&mut self, address: Address) -> Result<Option<Info>, Fatal> {
        Ok(self.entry(address)?.now)
    }

    /// Sets nonce, balance and code hash.
    ///
    /// # Errors
    /// When the store failed.
    pub fn set_info(&mut self, address: Address, info: Info) -> Result<(), Fatal> {
        self.entry(address)?.now = Some(info);
        Ok(())
    }

    /// Sets code.
    ///
    /// # Errors
    /// When the store failed.
    pub fn set_code(&mut self, address: Address, code: &Bytes) -> Result<(), Fatal> {
        let code_hash = if code.is_empty() { KECCAK_EMPTY } else { keccak256(code) };
        if !code.is_empty() {
            self.fresh.insert(code_hash, Bytecode::new_legacy(code.clone()));
        }
        let entry = self.entry(address)?;
        let info = entry.now.unwrap_or(Info::EMPTY);
        entry.now = Some(Info { code_hash, ..info });
        Ok(())
    }

    /// Value of a slot.
    ///
    /// # Errors
    /// When the store failed.
    pub fn slot(&mut self, address: Address, slot: U256) -> Result<U256, Fatal> {
        Ok(self.slot_entry(address, slot)?.now)
    }

    /// Sets a slot.
    ///
    /// # Errors
    /// When the store failed.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) -> Result<(), Fatal> {
        self.slot_entry(address, slot)?.now = value;
        Ok(())
    }

    /// Whether an account has any storage.
    ///
    /// # Errors
    /// When the store failed.
    pub fn has_storage(&mut self, address: Address) -> Result<bool, Fatal> {
        let entry = self.entry(address)?;
        let stored = !entry.wiped && entry.old.is_some_and(|account| account.storage_root != EMPTY_ROOT_HASH);
        Ok(stored || entry.slots.values().any(|slot| !slot.now.is_zero()))
    }

    /// Removes an account with its balance, code and storage.
    ///
    /// # Errors
    /// When the store failed.
    pub fn destroy(&mut self, address: Address) -> Result<(), Fatal> {
        let entry = self.entry(address)?;
        entry.now = None;
        entry.wipe();
        Ok(())
    }

    /// Empties an account's storage.
    ///
    /// # Errors
    /// When the store failed.
    pub fn wipe(&mut self, address: Address) -> Result<(), Fatal> {
        self.entry(address)?.wipe();
        Ok(())
    }

    /// Marks an account as touched by a rule.
    pub fn touch(&mut self, address: Address) {
        self.touched.push(address);
    }

    /// Removes accounts that rules touched and left empty.
    ///
    /// # Errors
    /// When the store failed.
    pub fn sweep(&mut self) -> Result<(), Fatal> {
        for address in std::mem::take(&mut self.touched) {
            if self.info(address)?.is_some_and(|info| info.is_empty()) {
                self.destroy(address)?;
            }
        }
        Ok(())
    }

    /// Merges what a transaction or system call did.
    ///
    /// # Errors
    /// When the store failed.
    #[expect(clippy::iter_over_hash_type, reason = "each account and slot is merged by itself, in any order")]
    pub fn commit(&mut self, changes: EvmState) -> Result<(), Fatal> {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            let entry = self.entry(address)?;
            if account.is_selfdestructed() || account.is_empty() {
                entry.now = None;
                entry.wipe();
                continue;
            }
            if account.is_created() {
                entry.wipe();
            }
            let AccountInfo { balance, nonce, code_hash, code, .. } = account.info;
            let new_code = entry.now.is_none_or(|info| info.code_hash != code_hash);
            entry.now = Some(Info { nonce, balance, code_hash });
            if let Some(code) = code.filter(|code| new_code && !code.is_empty()) {
                self.fresh.insert(code_hash, code);
            }
            for (slot, value) in account.storage {
                if value.is_changed() {
                    self.slot_entry(address, slot)?.now = value.present_value;
                }
            }
        }
        self.sweep()
    }

    /// What was read or changed, and code that is new, in no order.
    #[must_use]
    pub fn into_parts(self) -> (AddressMap<Entry>, B256Map<Bytecode>) {
        (self.accounts, self.fresh)
    }

    fn entry(&mut self, address: Address) -> Result<&mut Entry, Fatal> {
        use alloy_primitives::map::Entry as Place;
        Ok(match self.accounts.entry(address) {
            Place::Occupied(entry) => entry.into_mut(),
            Place::Vacant(place) => {
                let hash = keccak256(address);
                let old = self.view.account(&hash)?;
                let now = old.as_ref().map(Info::of);
                place.insert(Entry { hash, old, now, wiped: false, slots: HashMap::default() })
            }
        })
    }

    fn slot_entry(&mut self, address: Address, slot: U256) -> Result<&mut Slot, Fatal> {
        use alloy_primitives::map::Entry as Place;
        let view = self.view;
        let entry = self.entry(address)?;
        // An account without storage needs no look-up.
        let stored = !entry.wiped && entry.old.is_some_and(|account| account.storage_root != EMPTY_ROOT_HASH);
        Ok(match entry.slots.entry(slot) {
            Place::Occupied(slot) => slot.into_mut(),
            Place::Vacant(place) => {
                let hash = keccak256(B256::from(slot));
                let old = if stored { view.slot(&entry.hash, &hash)? } else { U256::ZERO };
                place.insert(Slot { hash, old, now: old })
            }
        })
    }
}

impl Entry {
    #[expect(clippy::iter_over_hash_type, reason = "every slot gets the same value")]
    fn wipe(&mut self) {
        self.wiped = true;
        for slot in self.slots.values_mut() {
            slot.now = U256::ZERO;
        }
    }
}

impl Database for Overlay<'_> {
    type Error = Fatal;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Fatal> {
        Ok(self.info(address)?.map(|info| AccountInfo {
            balance: info.balance,
            nonce: info.nonce,
            code_hash: info.code_hash,
            code: None,
            account_id: None,
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Fatal> {
        if hash == KECCAK_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.cache.get(&hash).or_else(|| self.fresh.get(&hash)) {
            return Ok(code.clone());
        }
        // Never `new_raw`: it takes code `ef0100…` for a delegation, which this chain's forks do not have.
        let code = Bytecode::new_legacy(self.view.code(&hash)?);
        self.cache.insert(hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Fatal> {
        self.slot(address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Fatal> {
        Ok(self.view.block_id(number)?.map(|id| id.0).unwrap_or_default())
    }
}
