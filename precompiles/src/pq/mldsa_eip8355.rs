//! ML-DSA in the layout of EIP-8355: one address a set, no selectors.

use crate::config::Kind;
use crate::port::{Call, Stop};
use crate::pure::{Fields, low, price, truth, words};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::Bytes;
use pars_crypto::mldsa::{self, Set};

/// Of ML-DSA-44.
pub const ENTRY_44: Entry =
    entry("MLDSA44Eip8355", "Verifies ML-DSA-44 signatures in the layout of EIP-8355.", 0x0612, verify_44);
/// Of ML-DSA-65.
pub const ENTRY_65: Entry =
    entry("MLDSA65Eip8355", "Verifies ML-DSA-65 signatures in the layout of EIP-8355.", 0x0613, verify_65);
/// Of ML-DSA-87.
pub const ENTRY_87: Entry =
    entry("MLDSA87Eip8355", "Verifies ML-DSA-87 signatures in the layout of EIP-8355.", 0x0614, verify_87);

const fn entry(
    name: &'static str,
    about: &'static str,
    at: u32,
    run: fn(&mut Call<'_>) -> Result<Bytes, Stop>,
) -> Entry {
    Entry {
        name,
        about,
        at: low(at),
        also: &[],
        config_key: "mldsaEip8355",
        config: Kind::Plain,
        pure: true,
        run,
        configure: configures_nothing,
        predicate_gas: None,
        interface: &[],
    }
}

fn verify_44(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    verify(call, Set::MlDsa44, 6_500)
}

fn verify_65(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    verify(call, Set::MlDsa65, 9_000)
}

fn verify_87(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    verify(call, Set::MlDsa87, 13_500)
}

/// Public key, signature and message, with an empty context. Whatever it is, it is answered.
fn verify(call: &mut Call<'_>, set: Set, gas: u64) -> Result<Bytes, Stop> {
    let message_bytes = call.input.len().saturating_sub(set.public_key_bytes() + set.signature_bytes());
    call.gas.charge(price(gas, WORD_GAS, words(message_bytes)))?;
    let mut fields = Fields::new(call.input);
    let parts = fields.take(set.public_key_bytes()).and_then(|key| Some((key, fields.take(set.signature_bytes())?)));
    Ok(truth(parts.is_some_and(|(key, signature)| mldsa::verify(set, key, fields.rest(), &[], signature))))
}

const WORD_GAS: u64 = 6;
