//! RFC 6455, frame by frame: what opens a WebSocket, what is answered, and what ends it.

use crate::server::Server;
use pars_vm::rpc::limits::{Limits, SocketLimits};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const OPEN: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// Without the bit that says that it is the last.
const FIRST: u8 = 0x01;
const MIDDLE: u8 = 0x00;
const LAST: u8 = 0x80;

/// A frame as clients send it: masked.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut frame = head(kind, payload.len(), 0x80);
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn head(kind: u8, length: usize, masked: u8) -> Vec<u8> {
    let mut head = vec![kind];
    match length {
        0..=125 => head.push(masked | u8::try_from(length).unwrap()),
        126..=0xffff => {
            head.push(masked | 126);
            head.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        _ => {
            head.push(masked | 127);
            head.extend_from_slice(&u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    head
}

/// The next frame of the server, which masks nothing.
async fn read(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let kind = stream.read_u8().await.expect("a frame");
    let length = match stream.read_u8().await.expect("a length") {
        126 => usize::from(stream.read_u16().await.expect("a length")),
        127 => usize::try_from(stream.read_u64().await.expect("a length")).expect("it fits"),
        length => {
            assert!(length < 126, "a server masks nothing");
            usize::from(length)
        }
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.expect("the payload");
    (kind, payload)
}

async fn head_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    String::from_utf8(head).expect("a text").to_ascii_lowercase()
}

async fn open(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    stream.write_all(OPEN.as_bytes()).await.expect("open");
    let head = head_of(&mut stream).await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    // The example of the RFC, here in small letters.
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
    stream
}

fn answer() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "result": "0x539" })
}

/// Frames of a client.
type Sent = Vec<Vec<u8>>;
/// Kind of a frame, and its payload where that is no answer.
type Received = (u8, &'static [u8]);

/// What is sent, and the frames that come.
#[test]
fn frames_and_their_answers() {
    let server = Server::new();
    server.run(async {
        let (front, back) = CALL.split_at(20);
        let (middle, back) = back.split_at(5);
        let fragmented = [
            frame(FIRST, front.as_bytes()),
            frame(PING, b"between"),
            frame(MIDDLE, middle.as_bytes()),
            frame(LAST, back.as_bytes()),
        ];
        let cases: [(Sent, Vec<Received>); 9] = [
            (vec![frame(TEXT, CALL.as_bytes())], vec![(TEXT, b"")]),
            (vec![frame(BINARY, CALL.as_bytes())], vec![(TEXT, b"")]),
            (fragmented.to_vec(), vec![(PONG, b"between"), (TEXT, b"")]),
            (vec![frame(PING, b"")], vec![(PONG, b"")]),
            (vec![frame(PING, &[7; 125])], vec![(PONG, &[7; 125])]),
            (vec![frame(PONG, b"nobody asked"), frame(TEXT, CALL.as_bytes())], vec![(TEXT, b"")]),
            // Nothing to answer: an empty text, spaces, a notification.
            (vec![frame(TEXT, b""), frame(TEXT, b" "), frame(TEXT, CALL.as_bytes())], vec![(TEXT, b"")]),
            (
                vec![frame(TEXT, br#"{"jsonrpc":"2.0","method":"eth_chainId"}"#), frame(TEXT, CALL.as_bytes())],
                vec![(TEXT, b"")],
            ),
            (vec![frame(TEXT, CALL.as_bytes()), frame(TEXT, CALL.as_bytes())], vec![(TEXT, b""), (TEXT, b"")]),
        ];
        let mut stream = open(&server).await;
        for (sent, expected) in cases {
            for frame in &sent {
                stream.write_all(frame).await.unwrap();
            }
            for (kind, payload) in expected {
                let (got, bytes) = read(&mut stream).await;
                assert_eq!(got, kind, "{sent:?}");
                if kind == TEXT {
                    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), answer());
                } else {
                    assert_eq!(bytes, payload);
                }
            }
        }
        // One byte at a time.
        for byte in frame(TEXT, CALL.as_bytes()) {
            stream.write_all(&[byte]).await.unwrap();
        }
        assert_eq!(serde_json::from_slice::<Value>(&read(&mut stream).await.1).unwrap(), answer());
        // No JSON is an error, not the end.
        stream.write_all(&frame(TEXT, b"{")).await.unwrap();
        let (_, bytes) = read(&mut stream).await;
        let parse = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_700, "message": "parse error" } });
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), parse);
        // Goodbye, said in the same words.
        stream.write_all(&frame(CLOSE, b"\x03\xe8bye")).await.unwrap();
        assert_eq!(read(&mut stream).await, (CLOSE, b"\x03\xe8bye".to_vec()));
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        server.until_open(0).await;
    });
}

/// Bytes that come with the request that opens it are not lost.
#[test]
fn a_client_in_a_hurry() {
    let server = Server::new();
    server.run(async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&[OPEN.as_bytes(), &frame(TEXT, CALL.as_bytes())].concat()).await.unwrap();
        assert!(head_of(&mut stream).await.starts_with("http/1.1 101 "));
        assert_eq!(serde_json::from_slice::<Value>(&read(&mut stream).await.1).unwrap(), answer());
    });
}

/// What breaks the rules ends the connection, with the code that says which.
#[test]
fn offences_and_their_codes() {
    const BYTES: usize = 10_000;
    let server = Server::with(Limits { request_bytes: BYTES, ..Limits::default() }, SocketLimits::default());
    server.run(async {
        let long = vec![b' '; BYTES + 1];
        let unmasked = [head(TEXT, CALL.len(), 0), CALL.as_bytes().to_vec()].concat();
        let cases = [
            ("a frame without mask", unmasked, 1_002),
            ("a text that is no UTF-8", frame(TEXT, b"\xff\xfe"), 1_007),
            ("a reserved bit", frame(TEXT | 0x40, CALL.as_bytes()), 1_002),
            ("a reserved kind", frame(0x83, b""), 1_002),
            ("a long control frame", frame(PING, &[0; 126]), 1_002),
            ("a control frame in parts", frame(PING & 0x7f, b""), 1_002),
            ("a part of nothing", frame(LAST, b"x"), 1_002),
            ("another message within one", [frame(FIRST, b"x"), frame(TEXT, b"y")].concat(), 1_002),
            ("a long frame", frame(TEXT, &long), 1_009),
            ("a long frame, announced only", head(TEXT, 1 << 40, 0x80), 1_009),
            ("a long message", [frame(FIRST, &long[..6_000]), frame(LAST, &long[..6_000])].concat(), 1_009),
        ];
        for (what, sent, code) in cases {
            let mut stream = open(&server).await;
            stream.write_all(&sent).await.unwrap();
            let (kind, payload) = timeout(Duration::from_secs(5), read(&mut stream)).await.expect(what);
            assert_eq!(kind, CLOSE, "{what}");
            let (got, reason) = payload.split_first_chunk::<2>().expect(what);
            assert_eq!(u16::from_be_bytes(*got), code, "{what}: {}", String::from_utf8_lossy(reason));
            assert!(!reason.is_empty(), "{what}");
            // A client answers, and that is the end.
            drop(stream.write_all(&frame(CLOSE, &payload)).await);
        }
        // One that just fits.
        let mut stream = open(&server).await;
        let padded = format!("{CALL}{}", " ".repeat(BYTES - CALL.len()));
        stream.write_all(&frame(TEXT, padded.as_bytes())).await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&read(&mut stream).await.1).unwrap(), answer());
        drop(stream);
        server.until_open(0).await;
    });
}

/// What opens none is answered as HTTP, and says why.
#[test]
fn requests_that_open_nothing() {
    let server = Server::new();
    server.run(async {
        for (what, with, status) in [
            ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426),
            ("Sec-WebSocket-Version: 13\r\n", "", 426),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400),
            ("dGhlIHNhbXBsZSBub25jZQ==", "short", 400),
            ("Connection: keep-alive, Upgrade", "Connection: keep-alive", 400),
            ("GET /ws", "POST /ws", 400),
            // Another protocol is not wanted, and the request is what it is without.
            ("Upgrade: websocket", "Upgrade: h2c", 200),
        ] {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(OPEN.replace(what, with).as_bytes()).await.unwrap();
            let head = head_of(&mut stream).await;
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{with}: {head}");
            assert_eq!(head.contains("sec-websocket-version: 13\r\n"), status == 426);
        }
        server.until_open(0).await;
    });
}

#[test]
fn no_more_than_there_is_room_for() {
    let server = Server::with(Limits::default(), SocketLimits { sockets: 2, ..SocketLimits::default() });
    server.run(async {
        let (first, second) = (open(&server).await, open(&server).await);
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(OPEN.as_bytes()).await.unwrap();
        let head = head_of(&mut stream).await;
        assert!(head.starts_with("http/1.1 503 "), "{head}");
        drop(first);
        server.until_open(1).await;
        let third = open(&server).await;
        drop((second, third));
        server.until_open(0).await;
    });
}
