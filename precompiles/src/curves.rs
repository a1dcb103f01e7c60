//! Rows over elliptic curves.

pub mod bls;
