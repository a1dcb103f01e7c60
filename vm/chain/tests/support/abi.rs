//! Addresses, selectors and calldata of the stateful precompiles, as contracts know them.

use alloy_primitives::{Address, B256, U256, address, hex};

pub(crate) const DEPLOYER: Address = address!("0200000000000000000000000000000000000000");
pub(crate) const MINTER: Address = address!("0200000000000000000000000000000000000001");
pub(crate) const TX_LIST: Address = address!("0200000000000000000000000000000000000002");
pub(crate) const FEE_MANAGER: Address = address!("0200000000000000000000000000000000000003");
pub(crate) const REWARD_MANAGER: Address = address!("0200000000000000000000000000000000000004");
pub(crate) const WARP: Address = address!("0200000000000000000000000000000000000005");

pub(crate) const READ_ALLOW_LIST: [u8; 4] = hex!("eb54dae1");
pub(crate) const SET_ADMIN: [u8; 4] = hex!("704b6c02");
pub(crate) const SET_ENABLED: [u8; 4] = hex!("0aaf7043");
pub(crate) const SET_NONE: [u8; 4] = hex!("8c6bfb3b");
pub(crate) const MINT: [u8; 4] = hex!("4f5aaaba");
pub(crate) const SET_FEE_CONFIG: [u8; 4] = hex!("8f10b586");
pub(crate) const GET_FEE_CONFIG: [u8; 4] = hex!("5fbbc0d2");
pub(crate) const ALLOW_FEE_RECIPIENTS: [u8; 4] = hex!("0329099f");
pub(crate) const SET_REWARD_ADDRESS: [u8; 4] = hex!("5e00e679");
pub(crate) const GET_BLOCKCHAIN_ID: [u8; 4] = hex!("4213cf78");
pub(crate) const GET_VERIFIED_WARP_MESSAGE: [u8; 4] = hex!("6f825350");
pub(crate) const SEND_WARP_MESSAGE: [u8; 4] = hex!("ee5b48eb");

/// A word of calldata.
pub(crate) trait Word {
    fn word(&self) -> B256;
}

impl Word for Address {
    fn word(&self) -> B256 {
        self.into_word()
    }
}

impl Word for U256 {
    fn word(&self) -> B256 {
        (*self).into()
    }
}

impl Word for u64 {
    fn word(&self) -> B256 {
        U256::from(*self).into()
    }
}

/// Selector and words.
pub(crate) fn input(selector: [u8; 4], words: &[&dyn Word]) -> Vec<u8> {
    let words: Vec<B256> = words.iter().map(|word| word.word()).collect();
    [&selector[..], &words.concat()].concat()
}

/// Calldata that sets fees: gas limit, rate, minimum, target, denominator, minimum and maximum and step of block gas.
pub(crate) fn set_fee_config(values: [u64; 8]) -> Vec<u8> {
    let words: Vec<&dyn Word> = values.iter().map(|value| -> &dyn Word { value }).collect();
    input(SET_FEE_CONFIG, &words)
}

/// Slot of an account's role.
pub(crate) fn role_slot(address: Address) -> B256 {
    address.into_word()
}
