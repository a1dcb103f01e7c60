//! Users' connections, passed on as a host does: a request becomes a message; one that asks for another protocol, or every
//! one, is kept open over servers of the host, and its connection can be taken over.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use pars_proto::host::http::http_client::HttpClient;
use pars_proto::host::http::responsewriter::writer_server::{Writer, WriterServer};
use pars_proto::host::http::responsewriter::{Header, HijackResponse, WriteHeaderRequest, WriteRequest, WriteResponse};
use pars_proto::host::http::{self, Element, HandleSimpleHttpRequest, HttpRequest};
use pars_proto::host::io::reader::reader_server::{Reader, ReaderServer};
use pars_proto::host::io::reader::{self, ReadRequest, ReadResponse};
use pars_proto::host::net::conn::conn_server::{Conn, ConnServer};
use pars_proto::host::net::conn::{self, SetDeadlineRequest};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, async_trait};
use tower::Service;
use tower::util::BoxCloneSyncService;

use super::gone;
use super::user::{self, Head, User};
use crate::grpc;

/// Passes on what users send to a new port.
pub(super) async fn listen(http: HttpClient<Channel>, streamed: bool) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    drop(tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let proxy = Proxy { user: User::new(stream), http: http.clone(), streamed };
            drop(tokio::spawn(async move { proxy.serve().await }));
        }
    }));
    Ok(addr)
}

/// Passes on what one user sends.
struct Proxy {
    user: User,
    http: HttpClient<Channel>,
    streamed: bool,
}

impl Proxy {
    async fn serve(mut self) -> io::Result<()> {
        while let Some(head) = self.user.head().await? {
            if head.header("Upgrade").is_some() || self.streamed {
                match self.exchange(head).await? {
                    Some(proxy) => self = proxy,
                    None => return Ok(()),
                }
            } else {
                self.pass(head).await?;
            }
        }
        Ok(())
    }

    /// A request in one message.
    async fn pass(&mut self, head: Head) -> io::Result<()> {
        let body = self.user.body(&head).await?;
        if body.broken {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let body = Vec::from(body.pieces).concat().into();
        let message = HandleSimpleHttpRequest {
            method: head.method,
            url: head.target,
            request_headers: head.headers,
            body,
            response_headers: Vec::new(),
        };
        let answer = self.http.handle_simple(message).await.map_err(io::Error::other)?.into_inner();
        self.user.respond(answer.code, &answer.headers, &answer.body).await
    }

    /// A request that is kept open. The connection, unless the plugin took it over.
    async fn exchange(mut self, head: Head) -> io::Result<Option<Self>> {
        let body = self.user.body(&head).await?;
        let content_length = body.length.map_or(Ok(-1), i64::try_from).map_err(io::Error::other)?;
        let (alive, stop) = watch::channel(());
        let host = Arc::new(Exchange {
            user: Mutex::new(Some(self.user)),
            body: Mutex::new(body),
            answer: Mutex::default(),
            alive: stop.clone(),
        });
        let services = Services::default()
            .with("/http.responsewriter.Writer/", WriterServer::from_arc(Arc::clone(&host)))
            .with("/io.reader.Reader/", ReaderServer::from_arc(Arc::clone(&host)));
        let server_addr = start(services, stop).await?.to_string();
        let message = HttpRequest {
            response_writer: Some(http::ResponseWriter { header: vec![element("Node-Id", "n")], server_addr }),
            request: Some(http::Request {
                method: head.method,
                proto: "HTTP/1.1".to_owned(),
                proto_major: 1,
                proto_minor: 1,
                header: head.headers,
                content_length,
                request_uri: head.target,
                ..Default::default()
            }),
        };
        let answered = self.http.handle(message).await;
        let answer = std::mem::take(&mut *locked(&host.answer));
        let user = locked(&host.user).take();
        drop(alive);
        let Some(mut user) = user else { return Ok(None) };
        answered.map_err(io::Error::other)?;
        user.respond(answer.code, &answer.headers, &answer.body).await?;
        Ok(Some(Self { user, http: self.http, streamed: self.streamed }))
    }
}

/// The host's side of a request that is kept open.
struct Exchange {
    /// The user's connection and what was read of it too early, until the plugin takes them over.
    user: Mutex<Option<User>>,
    body: Mutex<user::Body>,
    answer: Mutex<Answer>,
    alive: watch::Receiver<()>,
}

#[derive(Default)]
struct Answer {
    code: i32,
    headers: Vec<Element>,
    body: Vec<u8>,
}

#[async_trait]
impl Writer for Exchange {
    async fn write(&self, request: Request<WriteRequest>) -> Result<Response<WriteResponse>, Status> {
        let WriteRequest { payload, .. } = request.into_inner();
        locked(&self.answer).body.extend_from_slice(&payload);
        let written = i32::try_from(payload.len()).map_err(|_| Status::invalid_argument("too much at once"))?;
        Ok(Response::new(WriteResponse { written }))
    }

    async fn write_header(&self, request: Request<WriteHeaderRequest>) -> Result<Response<()>, Status> {
        let WriteHeaderRequest { headers, status_code } = request.into_inner();
        let mut answer = locked(&self.answer);
        answer.code = status_code;
        answer.headers = headers.into_iter().map(|Header { key, values }| Element { key, values }).collect();
        Ok(Response::new(()))
    }

    async fn flush(&self, _: Request<()>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn hijack(&self, _: Request<()>) -> Result<Response<HijackResponse>, Status> {
        let user = locked(&self.user).take();
        let User { stream, read: early } =
            user.ok_or_else(|| Status::failed_precondition("the connection was taken over already"))?;
        let end = |addr: io::Result<SocketAddr>| addr.map(|addr| addr.to_string()).unwrap_or_default();
        let (local_string, remote_string) = (end(stream.local_addr()), end(stream.peer_addr()));
        let (read, write) = stream.into_split();
        let connection = Arc::new(Hijacked {
            read: tokio::sync::Mutex::new((early, read)),
            write: tokio::sync::Mutex::new(Some(write)),
        });
        let services = Services::default()
            .with("/net.conn.Conn/", ConnServer::from_arc(Arc::clone(&connection)))
            .with("/io.reader.Reader/", ReaderServer::from_arc(connection));
        let started = start(services, self.alive.clone()).await;
        let server_addr = started.map_err(|error| Status::internal(error.to_string()))?.to_string();
        let (local_network, remote_network) = ("tcp".to_owned(), "tcp".to_owned());
        let response = HijackResponse { local_network, local_string, remote_network, remote_string, server_addr };
        Ok(Response::new(response))
    }
}

#[async_trait]
impl Reader for Exchange {
    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let length = length(request.into_inner().length)?;
        let mut body = locked(&self.body);
        let mut piece = body.pieces.pop_front().unwrap_or_default();
        let read = piece.split_to(length.min(piece.len()));
        if !piece.is_empty() {
            body.pieces.push_front(piece);
        }
        let last = body.pieces.is_empty() && (read.is_empty() || body.length.is_none());
        let error = last.then(|| if body.broken { cut_off() } else { end_of_stream() });
        Ok(Response::new(ReadResponse { read, error }))
    }
}

/// A connection that the plugin took over.
struct Hijacked {
    /// What was read too early, and the rest.
    read: tokio::sync::Mutex<(BytesMut, OwnedReadHalf)>,
    write: tokio::sync::Mutex<Option<OwnedWriteHalf>>,
}

impl Hijacked {
    /// Some bytes; none at the end. Those that were read too early are the reader's alone, as in a real host.
    async fn some(&self, length: usize, buffered: bool) -> io::Result<Bytes> {
        let mut read = self.read.lock().await;
        let (early, rest) = &mut *read;
        if buffered && !early.is_empty() {
            let length = length.min(early.len());
            return Ok(early.copy_to_bytes(length));
        }
        some(rest, length).await
    }
}

async fn some(from: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<Bytes> {
    let mut bytes = vec![0; length];
    let length = from.read(&mut bytes).await?;
    bytes.truncate(length);
    Ok(bytes.into())
}

#[async_trait]
impl Reader for Hijacked {
    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let read = self.some(length(request.into_inner().length)?, true).await;
        let read = read.map_err(|error| Status::unknown(error.to_string()))?;
        let error = read.is_empty().then(end_of_stream);
        Ok(Response::new(ReadResponse { read, error }))
    }
}

#[async_trait]
impl Conn for Hijacked {
    async fn read(&self, request: Request<conn::ReadRequest>) -> Result<Response<conn::ReadResponse>, Status> {
        let read = self.some(length(request.into_inner().length)?, false).await;
        let read = read.map_err(|error| Status::unknown(error.to_string()))?;
        let eof = || conn::Error { error_code: conn::ErrorCode::Eof.into(), message: "EOF".to_owned() };
        let error = read.is_empty().then(eof);
        Ok(Response::new(conn::ReadResponse { read, error }))
    }

    async fn write(&self, request: Request<conn::WriteRequest>) -> Result<Response<conn::WriteResponse>, Status> {
        let payload = request.into_inner().payload;
        let mut write = self.write.lock().await;
        let written = match &mut *write {
            Some(write) => write.write_all(&payload).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        let length = i32::try_from(payload.len()).map_err(|_| Status::invalid_argument("too much at once"))?;
        Ok(Response::new(match written {
            Ok(()) => conn::WriteResponse { length, error: None },
            Err(error) => conn::WriteResponse { length: 0, error: Some(error.to_string()) },
        }))
    }

    async fn close(&self, _: Request<()>) -> Result<Response<()>, Status> {
        if let Some(mut write) = self.write.lock().await.take() {
            drop(write.shutdown().await);
        }
        Ok(Response::new(()))
    }

    async fn set_deadline(&self, _: Request<SetDeadlineRequest>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn set_read_deadline(&self, _: Request<SetDeadlineRequest>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn set_write_deadline(&self, _: Request<SetDeadlineRequest>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }
}

/// Several services on one port, by the start of the path.
#[derive(Clone, Default)]
struct Services(BTreeMap<&'static str, BoxCloneSyncService<::http::Request<Body>, ::http::Response<Body>, Infallible>>);

impl Services {
    fn with<S>(mut self, path: &'static str, service: S) -> Self
    where
        S: Service<::http::Request<Body>, Response = ::http::Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.0.insert(path, BoxCloneSyncService::new(service));
        self
    }
}

impl Service<::http::Request<Body>> for Services {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<::http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<Body>) -> Self::Future {
        let service = self.0.iter_mut().find(|(path, _)| request.uri().path().starts_with(**path));
        match service {
            Some((_, service)) => service.call(request),
            None => Box::pin(async { Ok(Status::unimplemented("no such service").into_http()) }),
        }
    }
}

async fn start(services: Services, stop: watch::Receiver<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    drop(tokio::spawn(grpc::serve(listener, services, gone(stop))));
    Ok(addr)
}

fn element(key: &str, value: &str) -> Element {
    Element { key: key.to_owned(), values: vec![value.to_owned()] }
}

fn end_of_stream() -> reader::Error {
    reader::Error { error_code: reader::ErrorCode::Eof.into(), message: "EOF".to_owned() }
}

fn cut_off() -> reader::Error {
    reader::Error { error_code: reader::ErrorCode::Unspecified.into(), message: "unexpected EOF".to_owned() }
}

fn length(length: i32) -> Result<usize, Status> {
    usize::try_from(length).map_err(|_| Status::invalid_argument("a negative length"))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
