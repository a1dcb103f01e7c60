//! Accounts: `alloc`, and the airdrop file.

use crate::Account;
use crate::error::{Error, File, Offence};
use crate::parse::json::Node;
use crate::parse::keys::{self, Notes};
use alloy_primitives::{Address, B256, U256, keccak256};
use std::collections::BTreeMap;

/// Reads `alloc`. An account that says nothing but a zero balance stays an account.
pub(crate) fn read(node: &Node<'_>, notes: &mut Notes) -> Result<BTreeMap<Address, Account>, Error> {
    let mut accounts = BTreeMap::new();
    for entry in node.object()?.iter() {
        let address = entry.key_address_loose()?;
        if accounts.insert(address, account(&entry, notes)?).is_some() {
            return Err(entry.error(Offence::Twice));
        }
    }
    Ok(accounts)
}

/// Checks the airdrop file against its hash and reads it.
pub(crate) fn airdrop(
    bytes: Option<&[u8]>,
    hash: Option<(Node<'_>, B256)>,
    wei: Option<U256>,
    notes: &mut Notes,
) -> Result<Vec<(Address, U256)>, Error> {
    let Some((node, expected)) = hash.filter(|(_, hash)| !hash.is_zero()) else {
        if bytes.is_some() {
            notes.push(|| "airdrop file: ignored, the genesis names no airdropHash".to_owned());
        }
        return Ok(Vec::new());
    };
    let bytes = bytes.ok_or_else(|| node.error(Offence::NoAirdropFile))?;
    let wei = wei.ok_or_else(|| Error {
        file: File::Genesis,
        path: "airdropAmount".to_owned(),
        offence: Offence::Missing { expected: "a number of wei, because airdropHash is set" },
    })?;
    let file = Node::file(File::Airdrop, bytes)?;
    let got = keccak256(bytes);
    if got != expected {
        return Err(file.error(Offence::AirdropHash { got, expected }));
    }
    let mut accounts = Vec::new();
    for item in file.list()?.iter() {
        let object = item.object()?;
        keys::only(&object, &["address"])?;
        accounts.push((object.require("address", "an address in quotes: 0x and 40 hex digits")?.address()?, wei));
    }
    Ok(accounts)
}

fn account(node: &Node<'_>, notes: &mut Notes) -> Result<Account, Error> {
    let object = node.object()?;
    keys::only_or_ignored(&object, &["balance", "nonce", "code", "storage"], |key| key == "secretKey", notes)?;
    let mut storage = BTreeMap::new();
    if let Some(node) = object.get("storage") {
        for slot in node.object()?.iter() {
            if storage.insert(slot.key_word()?, slot.word()?).is_some() {
                return Err(slot.error(Offence::Twice));
            }
        }
    }
    storage.retain(|_, value: &mut B256| !value.is_zero());
    Ok(Account {
        balance: object.require("balance", "a number of wei, 0 for none")?.loose_u256()?,
        nonce: object.get("nonce").map(|node| node.loose_u64()).transpose()?.unwrap_or(0),
        code: object.get("code").map(|node| node.bytes()).transpose()?.unwrap_or_default(),
        storage,
    })
}
