//! Bodies of the store on disk.

pub mod rocks;
