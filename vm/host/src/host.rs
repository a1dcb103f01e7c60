//! What a host lends to a chain.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::HostError;

/// The host's services. Nothing is dialled before the first call.
///
/// The database shares the write-ahead log of the host's own records about the chain, which makes it the place for one
/// small record that has to agree with them.
pub trait Host: fmt::Debug + Send + Sync {
    /// The value of a key in the host's database, `None` if there is none.
    fn get(&self, key: Bytes) -> Answer<'_, Option<Bytes>>;

    /// Writes a pair into the host's database.
    fn put(&self, key: Bytes, value: Bytes) -> Answer<'_, ()>;
}

/// A call to the host that is under way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, HostError>> + Send + 'a>>;
