//! gas
