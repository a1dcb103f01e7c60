//! Tests that need more than one package, and the vectors of others that they run on (`vectors/`).
//!
//! | module | what lives there |
//! |---|---|
//! | [`conformance`] | Ethereum's state tests and their kin through the chain's own execution path |
//! | [`random`] | numbers that a printed seed gives again |
//! | [`process`] | the real `pars-vm`, from outside |

pub mod conformance;
pub mod process;
pub mod random;
