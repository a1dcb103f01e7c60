//! [`Memory`]: a host's database.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use pars_proto::host::rpcdb::database_server::Database;
use pars_proto::host::rpcdb::{self, Error};
use tonic::{Request, Response, Status, async_trait};

use super::faults::Faults;
use super::services::lock;

/// A database that lasts as long as its host.
#[derive(Debug)]
pub(super) struct Memory {
    pairs: Mutex<BTreeMap<Bytes, Bytes>>,
    /// What iterators have not given yet.
    iterators: Mutex<BTreeMap<u64, Vec<rpcdb::PutRequest>>>,
    opened: AtomicU64,
    faults: Arc<Faults>,
}

/// Pairs that an iterator gives at a time. Hosts send about 128 KiB.
const PAIRS_AT_ONCE: usize = 1_024;
/// Iterators that are open at a time.
const ITERATORS_MAX: usize = 1_024;

impl Memory {
    pub(super) fn new(faults: Arc<Faults>) -> Self {
        Self { pairs: Mutex::default(), iterators: Mutex::default(), opened: AtomicU64::new(0), faults }
    }

    pub(super) fn pairs(&self) -> MutexGuard<'_, BTreeMap<Bytes, Bytes>> {
        lock(&self.pairs)
    }
}

#[async_trait]
impl Database for Memory {
    async fn has(&self, request: Request<rpcdb::HasRequest>) -> Result<Response<rpcdb::HasResponse>, Status> {
        self.faults.hold().await;
        let has = self.pairs().contains_key(&request.into_inner().key);
        Ok(Response::new(rpcdb::HasResponse { has, err: Error::Unspecified.into() }))
    }

    async fn get(&self, request: Request<rpcdb::GetRequest>) -> Result<Response<rpcdb::GetResponse>, Status> {
        self.faults.hold().await;
        let value = self.pairs().get(&request.into_inner().key).cloned();
        let err = if value.is_some() { Error::Unspecified } else { Error::NotFound };
        Ok(Response::new(rpcdb::GetResponse { value: value.unwrap_or_default(), err: err.into() }))
    }

    async fn put(&self, request: Request<rpcdb::PutRequest>) -> Result<Response<rpcdb::PutResponse>, Status> {
        self.faults.hold().await;
        let rpcdb::PutRequest { key, value } = request.into_inner();
        if self.faults.is_closed() {
            return Ok(Response::new(rpcdb::PutResponse { err: Error::Closed.into() }));
        }
        self.pairs().insert(key, value);
        Ok(Response::new(rpcdb::PutResponse::default()))
    }

    async fn delete(&self, request: Request<rpcdb::DeleteRequest>) -> Result<Response<rpcdb::DeleteResponse>, Status> {
        self.faults.hold().await;
        self.pairs().remove(&request.into_inner().key);
        Ok(Response::new(rpcdb::DeleteResponse::default()))
    }

    async fn write_batch(
        &self,
        request: Request<rpcdb::WriteBatchRequest>,
    ) -> Result<Response<rpcdb::WriteBatchResponse>, Status> {
        self.faults.hold().await;
        let rpcdb::WriteBatchRequest { puts, deletes } = request.into_inner();
        if self.faults.is_closed() {
            return Ok(Response::new(rpcdb::WriteBatchResponse { err: Error::Closed.into() }));
        }
        let mut pairs = self.pairs();
        pairs.extend(puts.into_iter().map(|put| (put.key, put.value)));
        for delete in deletes {
            pairs.remove(&delete.key);
        }
        Ok(Response::new(rpcdb::WriteBatchResponse::default()))
    }

    async fn compact(&self, _: Request<rpcdb::CompactRequest>) -> Result<Response<rpcdb::CompactResponse>, Status> {
        Ok(Response::new(rpcdb::CompactResponse::default()))
    }

    async fn close(&self, _: Request<rpcdb::CloseRequest>) -> Result<Response<rpcdb::CloseResponse>, Status> {
        Ok(Response::new(rpcdb::CloseResponse::default()))
    }

    async fn health_check(&self, _: Request<()>) -> Result<Response<rpcdb::HealthCheckResponse>, Status> {
        Ok(Response::new(rpcdb::HealthCheckResponse::default()))
    }

    async fn new_iterator_with_start_and_prefix(
        &self,
        request: Request<rpcdb::NewIteratorWithStartAndPrefixRequest>,
    ) -> Result<Response<rpcdb::NewIteratorWithStartAndPrefixResponse>, Status> {
        let rpcdb::NewIteratorWithStartAndPrefixRequest { start, prefix } = request.into_inner();
        let from = start.max(prefix.clone());
        // As it is now: what is written later does not appear.
        let pairs = self.pairs();
        let within = pairs.range::<Bytes, _>((Bound::Included(from), Bound::Unbounded));
        let mut left: Vec<_> = within
            .take_while(|(key, _)| key.starts_with(&prefix))
            .map(|(key, value)| rpcdb::PutRequest { key: key.clone(), value: value.clone() })
            .collect();
        left.reverse();
        drop(pairs);
        let mut iterators = lock(&self.iterators);
        if iterators.len() >= ITERATORS_MAX {
            return Err(Status::resource_exhausted("nobody releases iterators of the test host"));
        }
        let id = self.opened.fetch_add(1, Ordering::Relaxed);
        iterators.insert(id, left);
        Ok(Response::new(rpcdb::NewIteratorWithStartAndPrefixResponse { id }))
    }

    async fn iterator_next(
        &self,
        request: Request<rpcdb::IteratorNextRequest>,
    ) -> Result<Response<rpcdb::IteratorNextResponse>, Status> {
        let id = request.into_inner().id;
        let mut iterators = lock(&self.iterators);
        let left = iterators.get_mut(&id).ok_or_else(|| Status::unknown(format!("no iterator {id}")))?;
        let mut data = left.split_off(left.len().saturating_sub(PAIRS_AT_ONCE));
        data.reverse();
        Ok(Response::new(rpcdb::IteratorNextResponse { data }))
    }

    async fn iterator_error(
        &self,
        request: Request<rpcdb::IteratorErrorRequest>,
    ) -> Result<Response<rpcdb::IteratorErrorResponse>, Status> {
        let known = lock(&self.iterators).contains_key(&request.into_inner().id);
        let err = if known { Error::Unspecified } else { Error::NotFound };
        Ok(Response::new(rpcdb::IteratorErrorResponse { err: err.into() }))
    }

    async fn iterator_release(
        &self,
        request: Request<rpcdb::IteratorReleaseRequest>,
    ) -> Result<Response<rpcdb::IteratorReleaseResponse>, Status> {
        lock(&self.iterators).remove(&request.into_inner().id);
        Ok(Response::new(rpcdb::IteratorReleaseResponse::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn iterators_give_every_pair_once_in_order() {
        let memory = Memory::new(Arc::default());
        let key = |number: u16| Bytes::copy_from_slice(&[&b"a"[..], &number.to_be_bytes()].concat());
        for number in 0..3_000 {
            memory.pairs().insert(key(number), Bytes::new());
        }
        memory.pairs().insert(Bytes::from_static(b"b"), Bytes::new());
        for (start, first) in [(Bytes::new(), 0), (key(1_999), 1_999), (Bytes::from_static(b"b"), 3_000)] {
            let prefix = Bytes::from_static(b"a");
            let request = rpcdb::NewIteratorWithStartAndPrefixRequest { start, prefix };
            let opened = memory.new_iterator_with_start_and_prefix(Request::new(request)).await.unwrap();
            let id = opened.into_inner().id;
            let mut given = Vec::new();
            loop {
                let next = memory.iterator_next(Request::new(rpcdb::IteratorNextRequest { id })).await.unwrap();
                let data = next.into_inner().data;
                if data.is_empty() {
                    break;
                }
                given.extend(data.into_iter().map(|pair| pair.key));
            }
            assert_eq!(given, (first..3_000).map(key).collect::<Vec<_>>());
            memory.iterator_release(Request::new(rpcdb::IteratorReleaseRequest { id })).await.unwrap();
            assert!(memory.iterator_next(Request::new(rpcdb::IteratorNextRequest { id })).await.is_err());
        }
    }
}
