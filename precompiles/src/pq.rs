//! The post-quantum rows.

pub mod hybrid;
pub mod mldsa;
pub mod mldsa_eip8355;
pub mod mlkem;
pub mod slhdsa;
pub mod unified;
