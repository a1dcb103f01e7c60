//! vm/chain
