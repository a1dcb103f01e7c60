//! A request that the host keeps open while it is answered: HTTP/2, or one that asks for another protocol.
//!
//! The host serves the request's body and takes the answer on a port of its own. Where the service agrees to change the
//! protocol, the connection is taken over from the host: the answer is written to it as it is, and from then on its bytes
//! belong to the service, for as long as the host's call stays open.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, UPGRADE};
use http::{Request, Response, StatusCode};
use pars_proto::host::http::responsewriter::writer_client::WriterClient;
use pars_proto::host::http::responsewriter::{Header, WriteHeaderRequest, WriteRequest};
use pars_proto::host::http::{Element, HttpRequest, HttpResponse};
use pars_proto::host::io::reader::ReadRequest;
use pars_proto::host::io::reader::reader_client::ReaderClient;
use pars_proto::host::net::conn::conn_client::ConnClient;
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tonic::Status;
use tonic::transport::Channel;

use super::hijacked::{Hijacked, read};
use super::intake::{Held, NO_ROOM};
use super::message::{merge, parse, plain};
use super::server::Server;
use super::upgrade::Upgrade;
use crate::grpc::{self, MESSAGE_BYTES_MAX};

/// Bytes that one read of a body asks for.
const READ_BYTES: i32 = 32 << 10;
/// Bytes of an answer that one write carries.
const WRITE_BYTES: usize = 256 << 10;
/// A user of whom nothing comes for so long, or who takes no piece of the answer, is let go. Slow ones take 4 kB a second.
const STALLED: Duration = Duration::from_secs(60);
/// What a host is told where no more requests can be kept open.
const TOO_MANY: &str = "too many requests are open";
/// How long a service has to say goodbye on connections that it took over, once the process ends.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long the host has to close a connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers a request.
pub(super) async fn handle(server: &Server, message: HttpRequest) -> Result<HttpResponse, Status> {
    let Some(stream) = server.streams().open() else { return Err(Status::resource_exhausted(TOO_MANY)) };
    let answered = tokio::select! {
        // One that is through is not displaced: its connection may be ours by now.
        biased;
        answered = answer(server, message) => answered?,
        () = stream.displaced() => return Err(Status::resource_exhausted(TOO_MANY)),
    };
    match answered {
        Answered::Whole(response) => Ok(response),
        Answered::Taken(taken) => {
            // From here on the service counts it.
            drop(stream);
            taken.serve(server).await
        }
    }
}

/// What became of a request.
enum Answered {
    Whole(HttpResponse),
    Taken(Taken),
}

async fn answer(server: &Server, message: HttpRequest) -> Result<Answered, Status> {
    let missing = |what: &str| Status::invalid_argument(format!("{what} is missing"));
    let request = message.request.ok_or_else(|| missing("request"))?;
    let answer = message.response_writer.ok_or_else(|| missing("response_writer"))?;
    let channel = grpc::connect(&answer.server_addr).await.map_err(Status::unavailable)?;
    let host = Host { channel, headers: answer.header };
    let mut parsed = match parse(&request.method, &request.request_uri, &request.header, Bytes::new()) {
        Ok(parsed) => parsed,
        Err(reason) => return host.whole(plain(StatusCode::BAD_REQUEST, reason)).await,
    };
    if let Ok(length) = u64::try_from(request.content_length)
        && length > 0
    {
        // Not every host leaves it among the headers.
        if parsed.headers_mut().try_insert(CONTENT_LENGTH, length.into()).is_err() {
            return host.whole(plain(StatusCode::BAD_REQUEST, "too many headers")).await;
        }
    }
    let mut held = server.room().hold();
    if request.content_length != 0 {
        match host.body(server.body_bytes_max(), &mut held).await {
            Ok(body) => *parsed.body_mut() = body,
            Err(Unread::NoRoom) => return host.whole(plain(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM)).await,
            Err(Unread::Stalled) => {
                let text = "the body of the request did not come";
                return host.whole(plain(StatusCode::REQUEST_TIMEOUT, text)).await;
            }
            Err(Unread::BrokeOff(error)) => return Err(Status::aborted(format!("reading a body: {error}"))),
        }
    }
    if parsed.headers().contains_key(UPGRADE) {
        upgrade(server, host, parsed, held).await
    } else {
        let response = server.answer(parsed).await;
        drop(held);
        host.whole(response).await
    }
}

/// Answers a request that asks for another protocol.
async fn upgrade(server: &Server, host: Host, mut request: Request<Bytes>, held: Held) -> Result<Answered, Status> {
    let (connect, connecting) = oneshot::channel();
    request.extensions_mut().insert(Upgrade::new(async move {
        connecting.await.map_err(|_| io::Error::other("the connection was not taken over from the host"))
    }));
    let response = server.answer(request).await;
    drop(held);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return host.whole(response).await;
    }
    let channel = host.hijack().await?;
    let head = head(&host.headers, &response);
    Ok(Answered::Taken(Taken { channel, head, connect }))
}

/// A connection that is the service's from here on.
struct Taken {
    channel: Channel,
    /// What is written before its bytes are the service's.
    head: Vec<u8>,
    connect: oneshot::Sender<Hijacked>,
}

impl Taken {
    /// Until either side is through with it.
    async fn serve(self, server: &Server) -> Result<HttpResponse, Status> {
        let Self { channel, head, connect } = self;
        let mut conn = ConnClient::new(channel.clone());
        let (mut connection, closed) = Hijacked::new(channel);
        let sent = async {
            connection.write_all(&head).await?;
            connection.flush().await
        };
        // Who takes nothing is not waited for here either.
        let sent = tokio::select! {
            sent = timeout(STALLED, sent) => sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
            () = server.ending().wait() => Err(io::Error::other("the plugin is shutting down")),
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "a client left before its connection was taken over");
        } else if connect.send(connection).is_ok() {
            tokio::select! {
                _ = closed => {}
                () = async { server.ending().wait().await; sleep(GOODBYE).await } => {}
            }
        }
        // Nobody closes it otherwise. That it is closed already is no matter.
        drop(timeout(CLOSE_TIMEOUT, conn.close(())).await);
        Ok(HttpResponse::default())
    }
}

/// The response as HTTP/1.1 writes it.
fn head(theirs: &[Element], response: &Response<Bytes>) -> Vec<u8> {
    let status = response.status();
    let mut head = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for Element { key, values } in merge(theirs.to_vec(), response.headers()) {
        for value in values {
            // The host's own headers could hold anything; a line break in one would end ours.
            let value: String = value.chars().filter(|letter| !letter.is_control()).collect();
            head.push_str(&format!("{key}: {value}\r\n"));
        }
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Why a body was not read.
enum Unread {
    NoRoom,
    Stalled,
    BrokeOff(io::Error),
}

/// The host's side of an exchange.
struct Host {
    channel: Channel,
    /// What the host set already.
    headers: Vec<Element>,
}

impl Host {
    /// The request's body, at most one byte more than a service takes.
    async fn body(&self, bytes_max: usize, held: &mut Held) -> Result<Bytes, Unread> {
        let mut reader = ReaderClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let room = bytes_max.saturating_add(1);
        let mut body: Vec<u8> = Vec::new();
        while body.len() < room {
            let piece = timeout(STALLED, reader.read(ReadRequest { length: READ_BYTES })).await;
            let (bytes, last) = read(piece.map_err(|_| Unread::Stalled)?).map_err(Unread::BrokeOff)?;
            body.extend_from_slice(&bytes);
            if !held.grow(body.capacity()) {
                return Err(Unread::NoRoom);
            }
            if last {
                break;
            }
        }
        body.truncate(room);
        Ok(body.into())
    }

    /// Sends a whole response; nothing of the request is left.
    async fn whole(&self, response: Response<Bytes>) -> Result<Answered, Status> {
        self.answer(response).await.map(Answered::Whole)
    }

    /// Sends a whole response.
    async fn answer(&self, response: Response<Bytes>) -> Result<HttpResponse, Status> {
        let header = merge(self.headers.clone(), response.headers());
        let headers: Vec<Header> =
            header.iter().map(|Element { key, values }| Header { key: key.clone(), values: values.clone() }).collect();
        let status_code = i32::from(response.status().as_u16());
        let mut writer = WriterClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let stalled = |_| Status::deadline_exceeded("the user takes no more of the answer");
        let head = WriteHeaderRequest { headers: headers.clone(), status_code };
        timeout(STALLED, writer.write_header(head)).await.map_err(stalled)??;
        let mut rest = response.into_body();
        while !rest.is_empty() {
            let payload = rest.split_to(rest.len().min(WRITE_BYTES));
            let piece = WriteRequest { headers: headers.clone(), payload };
            timeout(STALLED, writer.write(piece)).await.map_err(stalled)??;
        }
        Ok(HttpResponse { header })
    }

    /// Takes the connection over. Where it is reached from now on.
    async fn hijack(&self) -> Result<Channel, Status> {
        let hijacked = WriterClient::new(self.channel.clone()).hijack(()).await?.into_inner();
        grpc::connect(&hijacked.server_addr).await.map_err(Status::unavailable)
    }
}
