//! Users whose requests the host keeps open, and who stop in the middle: of what they send, or of what they are answered.

use alloy_primitives::{Address, bytes};
use anyhow::{Result, ensure};
use bytes::Bytes;
use pars_proto::host::http::responsewriter::writer_server::{Writer, WriterServer};
use pars_proto::host::http::responsewriter::{HijackResponse, WriteHeaderRequest, WriteRequest, WriteResponse};
use pars_proto::host::http::{self, Element, HttpRequest};
use pars_proto::host::io::reader::reader_server::{Reader, ReaderServer};
use pars_proto::host::io::reader::{self, ReadRequest, ReadResponse};
use pars_tests::process::hosted::{self, Files, Hosted};
use pars_tests::process::wallet::{Draft, Wallet};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, async_trait};
use tower::{Service as _, service_fn};

/// Where a user stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stops {
    Sending,
    Reading,
}

/// The host's side of one user.
#[derive(Debug)]
struct User {
    body: Bytes,
    sent: AtomicUsize,
    stops: Stops,
    /// What the user is answered; 0 before.
    code: AtomicI32,
}

#[async_trait]
impl Reader for User {
    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let length = usize::try_from(request.into_inner().length).unwrap_or_default();
        let at = self.sent.fetch_add(length, Ordering::SeqCst).min(self.body.len());
        let read = self.body.slice(at..at.saturating_add(length).min(self.body.len()));
        if read.is_empty() && self.stops == Stops::Sending {
            std::future::pending::<()>().await;
        }
        let end = || reader::Error { error_code: reader::ErrorCode::Eof.into(), message: "EOF".to_owned() };
        let error = read.is_empty().then(end);
        Ok(Response::new(ReadResponse { read, error }))
    }
}

#[async_trait]
impl Writer for User {
    async fn write(&self, request: Request<WriteRequest>) -> Result<Response<WriteResponse>, Status> {
        if self.stops == Stops::Reading {
            std::future::pending::<()>().await;
        }
        let written = i32::try_from(request.into_inner().payload.len()).unwrap_or(i32::MAX);
        Ok(Response::new(WriteResponse { written }))
    }

    async fn write_header(&self, request: Request<WriteHeaderRequest>) -> Result<Response<()>, Status> {
        self.code.store(request.into_inner().status_code, Ordering::SeqCst);
        Ok(Response::new(()))
    }

    async fn flush(&self, _: Request<()>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn hijack(&self, _: Request<()>) -> Result<Response<HijackResponse>, Status> {
        Err(Status::unimplemented("this connection stays the host's"))
    }
}

impl User {
    /// Asks the plugin, and stays.
    async fn ask(hosted: &Hosted, body: Bytes, announced: usize, stops: Stops) -> Result<(Arc<Self>, JoinHandle<()>)> {
        let json = Element { key: "Content-Type".to_owned(), values: vec!["application/json".to_owned()] };
        Self::ask_with(hosted, vec![json], body, announced, stops).await
    }

    /// The same with other headers.
    async fn ask_with(
        hosted: &Hosted,
        header: Vec<Element>,
        body: Bytes,
        announced: usize,
        stops: Stops,
    ) -> Result<(Arc<Self>, JoinHandle<()>)> {
        let user = Arc::new(Self { body, sent: AtomicUsize::new(0), stops, code: AtomicI32::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server_addr = listener.local_addr()?.to_string();
        let (reader, writer) = (ReaderServer::from_arc(Arc::clone(&user)), WriterServer::from_arc(Arc::clone(&user)));
        let services = service_fn(move |request: ::http::Request<tonic::body::Body>| {
            let (mut reader, mut writer) = (reader.clone(), writer.clone());
            async move {
                if request.uri().path().starts_with("/io.reader.Reader/") {
                    reader.call(request).await
                } else {
                    writer.call(request).await
                }
            }
        });
        let serving = tonic::transport::Server::builder().serve_with_incoming(services, TcpIncoming::from(listener));
        let request = HttpRequest {
            response_writer: Some(http::ResponseWriter { header: vec![], server_addr }),
            request: Some(http::Request {
                method: "POST".to_owned(),
                header,
                content_length: i64::try_from(announced)?,
                request_uri: "/rpc".to_owned(),
                ..Default::default()
            }),
        };
        let mut plugin = hosted.http_client()?;
        let asking = tokio::spawn(async move {
            tokio::select! {
                // Whether it was answered is seen at the user.
                _ = plugin.handle(request) => {}
                _ = serving => {}
            }
        });
        Ok((user, asking))
    }

    fn code(&self) -> i32 {
        self.code.load(Ordering::SeqCst)
    }
}

/// How much a plugin's memory grew, MiB, once enough of the users were told that there is no room, and how many were.
async fn outcome(
    hosted: &mut Hosted,
    before_kb: u64,
    users: &[(Arc<User>, JoinHandle<()>)],
    enough: usize,
) -> Result<(u64, usize)> {
    // However slow the machine is at it.
    let since = std::time::Instant::now();
    let refused = || users.iter().filter(|(user, _)| user.code() == 503).count();
    while refused() < enough && since.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = hosted.running.memory_kb()?.saturating_sub(before_kb) >> 10;
    let refused = refused();
    let asked = std::time::Instant::now();
    assert_eq!(hosted.call("eth_chainId", json!([])).await?, "0x539");
    ensure!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    Ok((grown, refused))
}

/// 200 users send 5 MiB but for their end: of them all no more is kept than there is room for.
#[tokio::test(flavor = "multi_thread")]
async fn process_streams_of_requests_that_do_not_end() -> Result<()> {
    const ANNOUNCED: usize = 5 << 20;
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let before_kb = hosted.running.memory_kb()?;
    let body = Bytes::from(vec![b'1'; ANNOUNCED - 1]);
    let mut users = Vec::new();
    for _ in 0..200 {
        users.push(User::ask(&hosted, body.clone(), ANNOUNCED, Stops::Sending).await?);
    }
    let (grown, refused) = outcome(&mut hosted, before_kb, &users, 120).await?;
    println!("{grown} MiB more; {refused} were refused");
    ensure!(grown < 400, "{grown} MiB");
    ensure!(refused > 100, "{refused} refused");
    // Those who have room keep it until they are let go, and short requests need none.
    let (short, asking) = User::ask(&hosted, Bytes::from_static(b"[]"), 2, Stops::Sending).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(short.code(), 0);
    asking.abort();
    users.iter().for_each(|(_, asking)| asking.abort());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// As many names as a map of headers has places for, and one more that is set here: an answer, and no panic.
#[tokio::test(flavor = "multi_thread")]
async fn process_streams_with_too_many_headers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hosted = hosted::open(&Files::local(folder.path())).await?;
    for count in [24_575, 24_576, 24_577, 33_000] {
        let names = (0..count).map(|number| Element { key: format!("h{number:x}"), values: vec![String::new()] });
        let (user, asked) = User::ask_with(&hosted, names.collect(), "[]".into(), 2, Stops::Reading).await?;
        let since = std::time::Instant::now();
        while user.code() == 0 {
            ensure!(since.elapsed() < Duration::from_secs(10), "{count} names have no answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ensure!((user.code() == 400) == (count > 24_575), "{count} names: {}", user.code());
        asked.abort();
    }
    ensure!(!hosted.running.err().contains("panicked"), "{}", hosted.running.err());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// Who sends nothing, or takes nothing, for a minute is let go, and no sooner.
#[tokio::test(flavor = "multi_thread")]
async fn process_streams_are_let_go_after_a_minute() -> Result<()> {
    const MINUTE: Duration = Duration::from_secs(60);
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let question = Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#);
    let since = std::time::Instant::now();
    let (sending, sent) = User::ask(&hosted, question.slice(..9), question.len(), Stops::Sending).await?;
    let (reading, read) = User::ask(&hosted, question.clone(), question.len(), Stops::Reading).await?;
    tokio::time::sleep(Duration::from_secs(50)).await;
    ensure!(!sent.is_finished() && !read.is_finished(), "let go too soon");
    assert_eq!((sending.code(), reading.code()), (0, 200));
    for asking in [sent, read] {
        tokio::time::timeout((MINUTE + Duration::from_secs(10)).saturating_sub(since.elapsed()), asking).await??;
    }
    ensure!(since.elapsed() >= MINUTE, "{:?}", since.elapsed());
    assert_eq!(sending.code(), 408);
    assert_eq!(hosted.measured("rpc_answer_bytes", None).await?, Some(0.0));
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// More users than there are places, each with too little to be counted and with a connection of its own: those who came
/// first give way after a while, memory and files have a bound, and the chain goes on.
#[tokio::test(flavor = "multi_thread")]
async fn process_streams_of_many_short_requests() -> Result<()> {
    const PLACES: usize = 512;
    // This process is the host, with a port for each user.
    let _most = rlimit::increase_nofile_limit(16_384)?;
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let before_kb = hosted.running.memory_kb()?;
    let files = |hosted: &Hosted| {
        Ok::<_, std::io::Error>(std::fs::read_dir(format!("/proc/{}/fd", hosted.running.id()))?.count())
    };
    let files_before = files(&hosted)?;
    let body = Bytes::from(vec![b' '; 60 << 10]);
    let mut users = Vec::new();
    for _ in 0..PLACES {
        users.push(User::ask(&hosted, body.clone(), body.len() + 1, Stops::Sending).await?);
    }
    // Who comes a moment later finds no place, and is told.
    let since = std::time::Instant::now();
    while files(&hosted)? < files_before + PLACES {
        ensure!(since.elapsed() < Duration::from_secs(8), "not all are there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (_, late) = User::ask(&hosted, body.clone(), body.len() + 1, Stops::Sending).await?;
    tokio::time::timeout(Duration::from_secs(1), late).await??;
    let gone = |users: &[(Arc<User>, JoinHandle<()>)]| users.iter().filter(|(_, asking)| asking.is_finished()).count();
    assert_eq!(gone(&users), 0, "nobody has to go yet");
    // And who comes after a while takes the place of one of the first.
    tokio::time::sleep(Duration::from_secs(11)).await;
    for _ in 0..PLACES / 2 {
        users.push(User::ask(&hosted, body.clone(), body.len() + 1, Stops::Sending).await?);
    }
    let since = std::time::Instant::now();
    while gone(&users[..PLACES]) < PLACES / 2 {
        ensure!(since.elapsed() < Duration::from_secs(20), "{} have given way", gone(&users[..PLACES]));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((gone(&users[..PLACES]), gone(&users[PLACES..])), (PLACES / 2, 0));
    // A connection that is given up closes a moment later.
    while files(&hosted)? > files_before + PLACES + 16 {
        ensure!(since.elapsed() < Duration::from_secs(20), "{} files more", files(&hosted)? - files_before);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let grown = hosted.running.memory_kb()?.saturating_sub(before_kb) >> 10;
    println!("{grown} MiB more for {PLACES} users");
    ensure!(grown < 200, "{grown} MiB");
    let (quick, asked) = User::ask(&hosted, Bytes::from_static(b"[]"), 2, Stops::Reading).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(quick.code() == 200, "{}", quick.code());
    hosted.submit(&Wallet::local(1)?.sign(&Draft::transfer(0, Address::repeat_byte(7), 1))?).await?;
    hosted.seal().await?;
    asked.abort();
    users.iter().for_each(|(_, asking)| asking.abort());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// 48 users ask for 25 MB and read nothing: of all answers no more is kept than there is room for.
#[tokio::test(flavor = "multi_thread")]
async fn process_streams_of_answers_that_nobody_reads() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let wallet = Wallet::local(1)?;
    // A contract of 24,576 zeros.
    let create = wallet.sign(&Draft { gas: 6_000_000, ..Draft::create(0, bytes!("6160006000f3")) })?;
    hosted.submit(&create).await?;
    hosted.seal().await?;
    let contract = wallet.address.create(0);
    let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_getCode","params":["{contract}","latest"]}}"#);
    let body = Bytes::from(format!("[{}]", vec![call; 500].join(",")));
    let before_kb = hosted.running.memory_kb()?;
    let mut users = Vec::new();
    for _ in 0..48 {
        users.push(User::ask(&hosted, body.clone(), body.len(), Stops::Reading).await?);
    }
    let since = std::time::Instant::now();
    while users.iter().any(|(user, _)| user.code() == 0) {
        ensure!(since.elapsed() < Duration::from_secs(60), "not all are answered");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let kept = hosted.measured("rpc_answer_bytes", None).await?.unwrap_or_default();
    let (grown, refused) = outcome(&mut hosted, before_kb, &users, 0).await?;
    println!("{grown} MiB more for {kept} bytes of answers; {refused} were refused");
    ensure!(kept > 4e8 && kept <= f64::from(512 << 20), "{kept}");
    // Without the bound it is 1,300. Some are refused before, and some while their answer grows.
    ensure!(grown < 1_000, "{grown} MiB");
    users.iter().for_each(|(_, asking)| asking.abort());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}
