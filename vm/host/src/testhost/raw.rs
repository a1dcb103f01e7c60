//! Calls whose messages are any bytes.

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};

/// A connection over which any bytes are sent as the message of a call.
#[derive(Debug, Clone)]
pub struct Raw(Grpc<Channel>);

impl Raw {
    pub(super) fn new(channel: Channel) -> Self {
        let unlimited = usize::MAX;
        Self(Grpc::new(channel).max_decoding_message_size(unlimited).max_encoding_message_size(unlimited))
    }

    /// A call by its path, as in `/vm.VM/Version`; the bytes of its answer.
    ///
    /// # Errors
    /// The server's, or that the path is none.
    pub async fn call(&mut self, path: &str, message: Bytes) -> Result<Bytes, Status> {
        let path = path.parse::<PathAndQuery>().map_err(|error| Status::invalid_argument(error.to_string()))?;
        self.0.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(self.0.unary(Request::new(message), path, AnyBytes).await?.into_inner())
    }
}

#[derive(Debug, Clone, Copy)]
struct AnyBytes;

impl Codec for AnyBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AnyBytes {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }
}

impl Decoder for AnyBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}
