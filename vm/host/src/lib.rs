//! vm/host
