//! A client's connection that was taken over from the host: every read and write is a call.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use pars_proto::host::io::reader::reader_client::ReaderClient;
use pars_proto::host::io::reader::{ErrorCode, ReadRequest, ReadResponse};
use pars_proto::host::net::conn::conn_client::ConnClient;
use pars_proto::host::net::conn::{WriteRequest, WriteResponse};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::grpc::MESSAGE_BYTES_MAX;

/// Bytes that one read asks for.
const READ_BYTES: i32 = 32 << 10;
/// Bytes that one write carries.
const WRITE_BYTES: usize = 256 << 10;

/// The bytes of a connection.
///
/// Reads go through the host's buffered reader: what the client sent before the connection changed hands lies there, and
/// after it what comes later. Writes go to the connection itself.
pub(super) struct Hijacked {
    reader: ReaderClient<Channel>,
    conn: ConnClient<Channel>,
    reading: Reading,
    /// A write that was begun.
    writing: Option<Call<()>>,
    closing: Option<Call<()>>,
    /// Gone with this value, which is how the call that lent the connection ends.
    _open: oneshot::Sender<()>,
}

enum Reading {
    Idle,
    Waiting(Call<(Bytes, bool)>),
    /// Bytes, and whether they are the last.
    Rest(Bytes, bool),
}

type Call<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl Hijacked {
    /// The connection behind this channel, and what is ready when it is not used any more.
    pub(super) fn new(channel: Channel) -> (Self, oneshot::Receiver<()>) {
        let (open, closed) = oneshot::channel();
        let reader = ReaderClient::new(channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let conn = ConnClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        (Self { reader, conn, reading: Reading::Idle, writing: None, closing: None, _open: open }, closed)
    }

    fn begin_read(&self) -> Call<(Bytes, bool)> {
        let mut reader = self.reader.clone();
        Box::pin(async move { read(reader.read(ReadRequest { length: READ_BYTES }).await) })
    }

    fn begin_write(&self, bytes: &[u8]) -> Call<()> {
        let mut conn = self.conn.clone();
        let payload = Bytes::copy_from_slice(bytes);
        Box::pin(async move {
            let length = payload.len();
            written(length, conn.write(WriteRequest { payload }).await)
        })
    }

    /// Ready when no write is under way.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(writing) = &mut self.writing else { return Poll::Ready(Ok(())) };
        let written = ready!(writing.as_mut().poll(context));
        self.writing = None;
        Poll::Ready(written)
    }
}

/// What a read gave: bytes, and whether they are the last.
pub(super) fn read(answer: Result<Response<ReadResponse>, Status>) -> io::Result<(Bytes, bool)> {
    let ReadResponse { read, error } = answer.map_err(io::Error::other)?.into_inner();
    match error {
        None => Ok((read, false)),
        Some(error) if error.error_code() == ErrorCode::Eof => Ok((read, true)),
        Some(error) => Err(io::Error::other(error.message)),
    }
}

fn written(length: usize, answer: Result<Response<WriteResponse>, Status>) -> io::Result<()> {
    let WriteResponse { length: taken, error } = answer.map_err(io::Error::other)?.into_inner();
    match error {
        Some(error) => Err(io::Error::other(error)),
        None if usize::try_from(taken) == Ok(length) => Ok(()),
        None => Err(io::ErrorKind::WriteZero.into()),
    }
}

impl AsyncRead for Hijacked {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut self.reading {
                Reading::Rest(bytes, last) if bytes.is_empty() => {
                    if *last {
                        return Poll::Ready(Ok(()));
                    }
                    self.reading = Reading::Idle;
                }
                Reading::Rest(bytes, _) => {
                    let length = bytes.len().min(into.remaining());
                    into.put_slice(&bytes.copy_to_bytes(length));
                    return Poll::Ready(Ok(()));
                }
                Reading::Idle => self.reading = Reading::Waiting(self.begin_read()),
                Reading::Waiting(call) => {
                    let read = ready!(call.as_mut().poll(context));
                    self.reading = Reading::Rest(Bytes::new(), true);
                    let (bytes, last) = read?;
                    self.reading = Reading::Rest(bytes, last);
                }
            }
        }
    }
}

impl AsyncWrite for Hijacked {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_written(context))?;
        let some = bytes.get(..WRITE_BYTES).unwrap_or(bytes);
        self.writing = Some(self.begin_write(some));
        // The call begins with its first poll. It goes on while the caller makes the next bytes.
        match self.poll_written(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(some.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_written(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_written(context))?;
        let mut conn = self.conn.clone();
        let closing = self
            .closing
            .get_or_insert_with(|| Box::pin(async move { conn.close(()).await.map(drop).map_err(io::Error::other) }));
        let closed = ready!(closing.as_mut().poll(context));
        self.closing = None;
        Poll::Ready(closed)
    }
}

impl fmt::Debug for Hijacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hijacked")
    }
}
