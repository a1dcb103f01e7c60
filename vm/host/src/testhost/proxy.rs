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
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, async_trait};
use tower::Service;
use tower::util::BoxCloneSyncService;

use super::gone;
use crate::grpc;

/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Passes on what users send to a new port.
pub(super) async fn listen(http: HttpClient<Channel>, streamed: bool) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    drop(tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let user = User { stream, read: BytesMut::new(), http: http.clone(), streamed };
            drop(tokio::spawn(async move { user.serve().await }));
        }
    }));
    Ok(addr)
}

/// A user's connection.
struct User {
    stream: TcpStream,
    /// Read and not used yet.
    read: BytesMut,
    http: HttpClient<Channel>,
    streamed: bool,
}

/// The head of a request.
struct Head {
    method: String,
    target: String,
    headers: Vec<Element>,
}

impl User {
    async fn serve(mut self) -> io::Result<()> {
        drop(self.stream.set_nodelay(true));
        while let Some(head) = self.head().await? {
            if head.header("Upgrade").is_some() || self.streamed {
                match self.exchange(head).await? {
                    Some(user) => self = user,
                    None => return Ok(()),
                }
            } else {
                self.pass(head).await?;
            }
        }
        Ok(())
    }

    /// Reads the head of the next request; none at the end.
    async fn head(&mut self) -> io::Result<Option<Head>> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if self.read.len() > HEAD_BYTES_MAX || self.stream.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        };
        let head = self.read.split_to(end);
        let text = String::from_utf8_lossy(&head);
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| Element { key: canonical(key), values: vec![value.trim().to_owned()] });
        Ok(Some(Head { method, target, headers: headers.collect() }))
    }

    async fn body(&mut self, head: &Head) -> io::Result<Bytes> {
        let length = head.length();
        while self.read.len() < length {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.read.split_to(length).freeze())
    }

    /// A request in one message.
    async fn pass(&mut self, head: Head) -> io::Result<()> {
        let body = self.body(&head).await?;
        let message = HandleSimpleHttpRequest {
            method: head.method,
            url: head.target,
            request_headers: head.headers,
            body,
            response_headers: Vec::new(),
        };
        let answer = self.http.handle_simple(message).await.map_err(io::Error::other)?.into_inner();
        respond(&mut self.stream, answer.code, &answer.headers, &answer.body).await
    }

    /// A request that is kept open. The connection, unless the plugin took it over.
    async fn exchange(mut self, head: Head) -> io::Result<Option<Self>> {
        let body = self.body(&head).await?;
        let (alive, stop) = watch::channel(());
        let host = Arc::new(Exchange {
            user: Mutex::new(Some((self.stream, self.read))),
            body: tokio::sync::Mutex::new(body),
            answer: Mutex::default(),
            alive: stop.clone(),
        });
        let services = Services::default()
            .with("/http.responsewriter.Writer/", WriterServer::from_arc(Arc::clone(&host)))
            .with("/io.reader.Reader/", ReaderServer::from_arc(Arc::clone(&host)));
        let server_addr = start(services, stop).await?.to_string();
        let content_length = i64::try_from(head.length()).map_err(io::Error::other)?;
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
        let Some((mut stream, read)) = user else { return Ok(None) };
        answered.map_err(io::Error::other)?;
        respond(&mut stream, answer.code, &answer.headers, &answer.body).await?;
        Ok(Some(Self { stream, read, http: self.http, streamed: self.streamed }))
    }
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        let element = self.headers.iter().find(|element| element.key.eq_ignore_ascii_case(name))?;
        element.values.first().map(String::as_str)
    }

    fn length(&self) -> usize {
        self.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or_default()
    }
}

/// The host's side of a request that is kept open.
struct Exchange {
    /// The user's connection and what was read of it too early, until the plugin takes them over.
    user: Mutex<Option<(TcpStream, BytesMut)>>,
    body: tokio::sync::Mutex<Bytes>,
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
        let (stream, early) =
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
        let mut body = self.body.lock().await;
        let length = length(request.into_inner().length)?.min(body.len());
        let read = body.split_to(length);
        // As Go's readers may: the last bytes come before the end is told.
        let error = read.is_empty().then(end_of_stream);
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

async fn respond(stream: &mut TcpStream, code: i32, headers: &[Element], body: &[u8]) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {code} Status\r\nContent-Length: {}\r\n", body.len());
    for Element { key, values } in headers.iter().filter(|element| element.key != "Content-Length") {
        for value in values {
            head.push_str(&format!("{key}: {value}\r\n"));
        }
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await
}

/// Header names as Go writes them.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase())
    });
    words.collect::<Vec<_>>().join("-")
}

fn element(key: &str, value: &str) -> Element {
    Element { key: key.to_owned(), values: vec![value.to_owned()] }
}

fn end_of_stream() -> reader::Error {
    reader::Error { error_code: reader::ErrorCode::Eof.into(), message: "EOF".to_owned() }
}

fn length(length: i32) -> Result<usize, Status> {
    usize::try_from(length).map_err(|_| Status::invalid_argument("a negative length"))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
