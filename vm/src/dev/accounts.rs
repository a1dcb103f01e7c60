//! Accounts with coins, and the first block that gives them these.

use alloy_primitives::{Address, B256, U256, b256, hex};
use anyhow::{Context as _, Result};
use hmac::{Hmac, Mac};
use k256::SecretKey;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use pars_genesis::presets;
use serde_json::{Value, json};
use sha2::Sha512;

/// An account and its key.
pub(super) type Account = (Address, B256);

/// Accounts that the preset has.
const IN_PRESET: u32 = 10;
/// 10,000 coins in wei.
const COINS: &str = "0x21e19e0c9bab2400000";

/// So many accounts of the mnemonic `test test test test test test test test test test test junk`, and the test key of
/// Avalanche's local networks.
pub(super) fn accounts(count: u32) -> Result<Vec<Account>> {
    let derived = (0..count).map(account).collect::<Result<Vec<_>>>()?;
    Ok(derived.into_iter().chain(presets::LOCAL_ACCOUNTS.last().copied()).collect())
}

/// The genesis file in which they have coins.
pub(super) fn genesis(count: u32, min_delay_ms: u64) -> Result<Vec<u8>> {
    let preset = presets::local(min_delay_ms);
    if count == IN_PRESET {
        return Ok(preset);
    }
    let mut genesis: Value = serde_json::from_slice(&preset).context("the preset")?;
    let alloc: serde_json::Map<String, Value> =
        accounts(count)?.into_iter().map(|(address, _)| (address.to_string(), json!({ "balance": COINS }))).collect();
    genesis["alloc"] = alloc.into();
    Ok(genesis.to_string().into_bytes())
}

/// The mnemonic's key of m/44'/60'/0'/0, its chain code (BIP-32) and its compressed public key. Everybody knows them.
const PARENT: B256 = b256!("dd23ca549a97cb330b011aebb674730df8b14acaee42d211ab45692699ab8ba5");
const CHAIN_CODE: [u8; 32] = hex!("236a4a5d77e29cc09182a8a6c9d288cb04e638fcd0743bbc068c16665d1e4d2c");
const PARENT_PUBLIC: [u8; 33] = hex!("03b93015e4ada498248da1ed7041e749ccb07a4489e2e33b38405f5c93d44703e9");
/// Order of the curve.
const ORDER: U256 = U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));

/// m/44'/60'/0'/0/index: BIP-32's derivation of a private child key that is not hardened.
fn account(index: u32) -> Result<Account> {
    let mut mac = Hmac::<Sha512>::new_from_slice(&CHAIN_CODE).context("a key for HMAC")?;
    mac.update(&PARENT_PUBLIC);
    mac.update(&index.to_be_bytes());
    let derived = mac.finalize().into_bytes();
    let (left, _) = derived.split_at(32);
    let key = B256::from(U256::from_be_slice(left).add_mod(PARENT.into(), ORDER));
    let public = SecretKey::from_slice(key.as_slice()).context("a derived key")?.public_key();
    let point = public.to_encoded_point(false);
    let coordinates = point.as_bytes().get(1..).context("a point of the curve")?;
    Ok((Address::from_raw_public_key(coordinates), key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;
    use pars_genesis::forks::HostUpgrades;

    #[test]
    fn as_other_tools_derive_them() {
        let all = accounts(100).expect("derived");
        assert_eq!(all.len(), 101);
        assert_eq!(all.get(..10), presets::LOCAL_ACCOUNTS.get(..10));
        assert_eq!(all.last(), presets::LOCAL_ACCOUNTS.last());
        for (index, address, key) in [
            (
                10,
                address!("BcD4042DE499D14e55001CcbB24a551F3b954096"),
                b256!("f214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897"),
            ),
            (
                19,
                address!("8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199"),
                b256!("df57089febbacf7ba0bc227dafbffa9fc08a93fdc68e1e42411a14efcf23656e"),
            ),
        ] {
            assert_eq!(all.get(index), Some(&(address, key)), "{index}");
        }
    }

    #[test]
    fn ten_are_the_preset_and_others_are_other_chains() {
        assert_eq!(genesis(10, 1).expect("the preset"), presets::local(1));
        for count in [1, 11, 100] {
            let bytes = genesis(count, 1).expect("made");
            let parsed = pars_genesis::parse::genesis(&bytes, &[], Some(&HostUpgrades::LOCAL), None).expect("valid");
            assert_eq!(parsed.alloc.len(), usize::try_from(count).expect("small") + 1);
        }
    }
}
