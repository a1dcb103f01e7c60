//! Tests that need more than one package, and the vectors of others that they run on (`vectors/`).
//!
//! | module | what lives there |
//! |---|---|
//! | [`conformance`] | Ethereum's state tests and their kin through the chain's own execution path |

pub mod conformance;
