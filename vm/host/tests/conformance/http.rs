//! Requests of users, as the host passes them on.

use std::time::Duration;

use pars_host::dialect::{Dialect, Transport};
use pars_host::testhost::Http;
use pars_proto::host::http::{Element, HandleSimpleHttpRequest, HttpRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

use crate::chain::BODY_BYTES_MAX;
use crate::pair::{Pair, until};

pub(crate) async fn http_requests_pass_through(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
    let element = |key: &str, value: &str| Element { key: key.to_owned(), values: vec![value.to_owned()] };
    let request = HandleSimpleHttpRequest {
        method: "POST".to_owned(),
        url: "/ext/bc/2x/rpc?a=1".to_owned(),
        request_headers: vec![element("X-Question", "why")],
        body: vec![b'z'; 10 << 20].into(),
        response_headers: vec![element("Node-Id", "n"), element("Content-Type", "text/plain")],
    };

    let mut rpc = pair.host.http(&handlers[0].server_addr).await.unwrap();
    let answer = rpc.handle_simple(request.clone()).await.unwrap().into_inner();
    assert_eq!(answer.code, 203);
    let start = b"POST /ext/bc/2x/rpc?a=1 \"why\" ";
    assert!(answer.body.starts_with(start), "{:?}", &answer.body[..start.len()]);
    assert_eq!(answer.body.len(), start.len() + (10 << 20));
    if dialect.transport == Transport::Zap {
        for (key, value) in [("content-type", "text/x-echo"), ("x-answer", "yes")] {
            assert!(answer.headers.contains(&element(key, value)), "{:?}", answer.headers);
        }
    } else {
        assert_eq!(
            answer.headers,
            [element("Node-Id", "n"), element("Content-Type", "text/x-echo"), element("X-Answer", "yes")]
        );
        malformed_requests_are_refused(&mut rpc, &request).await;
    }

    let mut broken = pair.host.http(&handlers[1].server_addr).await.unwrap();
    for _ in 0..2 {
        let answer = broken.handle_simple(request.clone()).await.unwrap().into_inner();
        assert_eq!((answer.code, answer.body.as_ref()), (500, b"internal error".as_slice()));
    }
    pair.end().await;
}

/// Messages can say what no user can.
async fn malformed_requests_are_refused(rpc: &mut Http, request: &HandleSimpleHttpRequest) {
    let bad = HandleSimpleHttpRequest { url: "/ %".to_owned(), ..request.clone() };
    assert_eq!(rpc.handle_simple(bad).await.unwrap().into_inner().code, 400);

    let status = rpc.handle(HttpRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "request is missing"));
}

/// A body that no service would take is not even received, and the host hears both sizes.
pub(crate) async fn long_bodies_are_refused(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
    let mut rpc = pair.host.http(&handlers[0].server_addr).await.unwrap();
    let request = |length: usize| HandleSimpleHttpRequest {
        method: "POST".to_owned(),
        url: "/rpc".to_owned(),
        body: vec![b'z'; length].into(),
        ..Default::default()
    };
    // The service says itself what is a little too long for it.
    let answer = rpc.handle_simple(request(BODY_BYTES_MAX + 1)).await.unwrap().into_inner();
    assert_eq!(answer.code, 203);
    let status = rpc.handle_simple(request(64 << 20)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    let limit = format!("the limit is: {} bytes", BODY_BYTES_MAX + (1 << 20));
    assert!(status.message().contains("found 6710") && status.message().contains(&limit), "{status:?}");
    let answer = rpc.handle_simple(request(1)).await.unwrap().into_inner();
    assert_eq!(answer.code, 203);
    pair.end().await;
}

/// A host keeps a request of HTTP/2 open while it is answered.
pub(crate) async fn streamed_requests_are_answered(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
    let addr = pair.host.proxy(&handlers[0].server_addr, true).await.unwrap();
    let mut user = TcpStream::connect(addr).await.unwrap();
    for size in [0, 1, 3 << 20] {
        let head = format!("POST /rpc?a=1 HTTP/1.1\r\nx-question: why\r\nContent-Length: {size}\r\nHost: here\r\n\r\n");
        user.write_all(head.as_bytes()).await.unwrap();
        user.write_all(&vec![b'z'; size]).await.unwrap();
        let (head, body) = response(&mut user).await;
        assert!(head.starts_with("HTTP/1.1 203 "), "{head}");
        for line in ["Node-Id: n", "Content-Type: text/x-echo", "X-Answer: yes"] {
            assert!(head.lines().any(|known| known == line), "{head}");
        }
        let expected = [b"POST /rpc?a=1 \"why\" ".as_slice(), &vec![b'z'; size]].concat();
        assert!(body == expected, "{} bytes for {size}", body.len());
    }
    // One byte more than a handler takes, whatever comes.
    user.write_all(b"POST /rpc HTTP/1.1\r\nContent-Length: 13000000\r\n\r\n").await.unwrap();
    user.write_all(&vec![b'z'; 13_000_000]).await.unwrap();
    let (_, body) = response(&mut user).await;
    assert_eq!(body.len() - b"POST /rpc \"\" ".len(), BODY_BYTES_MAX + 1);
    drop(user);

    let addr = pair.host.proxy(&handlers[1].server_addr, true).await.unwrap();
    let mut user = TcpStream::connect(addr).await.unwrap();
    for target in ["/rpc", "/%"] {
        user.write_all(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
        let (head, body) = response(&mut user).await;
        assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        assert_eq!(body, b"internal error");
    }
    pair.end().await;
}

/// Nobody says how long a body is: one byte a chunk, and a user who leaves in the middle.
pub(crate) async fn bodies_of_unknown_length_are_whole(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
    let addr = pair.host.proxy(&handlers[0].server_addr, true).await.unwrap();
    let head = b"POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: here\r\n\r\n";
    let text: Vec<u8> = (b'a'..=b'z').cycle().take(500).collect();
    let chunks: Vec<u8> = text.iter().flat_map(|letter| [b'1', b'\r', b'\n', *letter, b'\r', b'\n']).collect();

    let mut leaving = TcpStream::connect(addr).await.unwrap();
    leaving.write_all(&[&head[..], &chunks].concat()).await.unwrap();
    leaving.shutdown().await.unwrap();
    let mut answer = Vec::new();
    leaving.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "), "half a request is none");

    let mut user = TcpStream::connect(addr).await.unwrap();
    for (chunks, text) in [(&chunks[..], &text[..]), (b"", b"")] {
        user.write_all(&[&head[..], chunks, b"0\r\n\r\n"].concat()).await.unwrap();
        let (head, body) = response(&mut user).await;
        assert!(head.starts_with("HTTP/1.1 203 "), "{head}");
        assert_eq!(body, [b"POST /rpc \"\" ", text].concat());
    }
    pair.end().await;
}

/// The service takes over a connection, with the bytes that the client sent too early, and the call stays open until the
/// service lets go of it.
pub(crate) async fn a_connection_changes_hands(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
    let addr = pair.host.proxy(&handlers[0].server_addr, false).await.unwrap();

    let mut user = TcpStream::connect(addr).await.unwrap();
    let head = "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nearly";
    user.write_all(head.as_bytes()).await.unwrap();
    let head = head_of(&mut user).await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("\r\nupgrade: shout\r\n"), "{head}");
    let hosts = dialect.transport == Transport::Zap || head.contains("\r\nNode-Id: n\r\n");
    assert!(hosts, "{head}");
    let mut early = [0; 5];
    user.read_exact(&mut early).await.unwrap();
    assert_eq!(&early, b"EARLY");
    let (mut read, mut write) = user.split();
    let sent = vec![b'a'; 5 << 20];
    let writing = async { write.write_all(&sent).await.unwrap() };
    let mut got = vec![0; 5 << 20];
    let reading = async { read.read_exact(&mut got).await.unwrap() };
    tokio::join!(writing, reading);
    assert!(got.iter().all(|byte| *byte == b'A'));
    // The service lets go at this byte, and the host closes.
    write.write_all(b"!").await.unwrap();
    assert_eq!(read.read(&mut got).await.unwrap(), 0);

    // A service that does not agree answers as ever, and the connection stays the host's.
    let mut user = TcpStream::connect(addr).await.unwrap();
    for _ in 0..2 {
        let head = "POST /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nzz";
        user.write_all(head.as_bytes()).await.unwrap();
        let (head, body) = response(&mut user).await;
        assert!(head.starts_with("HTTP/1.1 203 "), "{head}");
        assert_eq!(body, b"POST /ws \"\" zz");
    }

    // A client that goes away ends the service's reading; one that stays does not hold up the end of the process.
    let mut users = Vec::new();
    for _ in 0..20 {
        let mut user = TcpStream::connect(addr).await.unwrap();
        user.write_all(b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n").await.unwrap();
        assert!(head_of(&mut user).await.starts_with("HTTP/1.1 101 "));
        users.push(user);
    }
    until(|| pair.chain.shouting() == 20).await;
    users.truncate(10);
    until(|| pair.chain.shouting() == 10).await;
    let took = pair.end().await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    if dialect.transport == Transport::Zap {
        // The connection is the process's own, and goes with it.
        return;
    }
    for mut user in users {
        assert_eq!(user.read(&mut got).await.unwrap(), 0);
    }
}

async fn head_of(user: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(user.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn response(user: &mut TcpStream) -> (String, Vec<u8>) {
    let head = head_of(user).await;
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    user.read_exact(&mut body).await.unwrap();
    (head, body)
}
