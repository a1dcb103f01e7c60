//! The host's services over gRPC.

use bytes::Bytes;
use pars_proto::host::rpcdb::database_client::DatabaseClient;
use pars_proto::host::rpcdb::{Error, GetRequest, PutRequest};
use tokio::sync::OnceCell;
use tonic::Status;
use tonic::transport::Channel;

use super::{MESSAGE_BYTES_MAX, channel};
use crate::text::{bounded, one_line};
use crate::{Answer, Host, HostError};

/// A host that lends a database at an address.
#[derive(Debug)]
pub(crate) struct GrpcHost {
    database_addr: String,
    database: OnceCell<DatabaseClient<Channel>>,
}

impl GrpcHost {
    /// Dials nothing yet. An empty address is a host without a database.
    pub(crate) const fn new(database_addr: String) -> Self {
        Self { database_addr, database: OnceCell::const_new() }
    }

    async fn database(&self) -> Result<DatabaseClient<Channel>, HostError> {
        if self.database_addr.is_empty() {
            return Err(HostError::NoDatabase);
        }
        let client = self.database.get_or_try_init(|| async {
            let channel = channel(&self.database_addr).map_err(HostError::Call)?;
            Ok(DatabaseClient::new(channel)
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX))
        });
        client.await.cloned()
    }
}

impl Host for GrpcHost {
    fn get(&self, key: Bytes) -> Answer<'_, Option<Bytes>> {
        Box::pin(async move {
            let answer = self.database().await?.get(GetRequest { key }).await.map_err(failed)?.into_inner();
            match told(answer.err) {
                Ok(()) => Ok(Some(answer.value)),
                Err(Told::NotFound) => Ok(None),
                Err(Told::Failed(error)) => Err(error),
            }
        })
    }

    fn put(&self, key: Bytes, value: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let answer = self.database().await?.put(PutRequest { key, value }).await.map_err(failed)?.into_inner();
            match told(answer.err) {
                Ok(()) => Ok(()),
                Err(Told::NotFound) => Err(HostError::Unknown(answer.err)),
                Err(Told::Failed(error)) => Err(error),
            }
        })
    }
}

enum Told {
    NotFound,
    Failed(HostError),
}

fn told(number: i32) -> Result<(), Told> {
    match Error::try_from(number) {
        Ok(Error::Unspecified) => Ok(()),
        Ok(Error::NotFound) => Err(Told::NotFound),
        Ok(Error::Closed) => Err(Told::Failed(HostError::Closed)),
        Err(_) => Err(Told::Failed(HostError::Unknown(number))),
    }
}

fn failed(status: Status) -> HostError {
    HostError::Call(format!("{:?}: {}", status.code(), bounded(&one_line(status.message()), REASON_BYTES_MAX)))
}

const REASON_BYTES_MAX: usize = 512;
