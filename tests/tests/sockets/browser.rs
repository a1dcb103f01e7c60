//! The port as browsers and libraries use it: pages of other sites, packed answers, one connection for many requests, bodies
//! of any length.

use crate::server::Server;
use flate2::read::GzDecoder;
use pars_vm::rpc::limits::{Limits, SocketLimits};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
const BLOCK: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x0",false]}"#;

struct Response {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

async fn receive(stream: &mut TcpStream) -> Response {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a response"));
    }
    let head = String::from_utf8(head).expect("a text");
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("the body");
    Response { status, headers, body }
}

async fn ask(stream: &mut TcpStream, method: &str, headers: &[&str], body: &str) -> Response {
    let mut head = format!("{method} /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        head.push_str(&format!("{header}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.expect("it is open");
    receive(stream).await
}

#[test]
fn a_page_of_another_site() {
    let server = Server::new();
    server.run(async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let (origin, json) = ("Origin: https://a.example", "Content-Type: application/json; charset=utf-8");
        let method = "Access-Control-Request-Method: POST";
        let headers = "Access-Control-Request-Headers: content-type, x-mine";
        let private = "Access-Control-Request-Private-Network: true";
        for asked_private in [false, true] {
            let mut asked = vec![origin, method, headers];
            if asked_private {
                asked.push(private);
            }
            let response = ask(&mut stream, "OPTIONS", &asked, "").await;
            assert_eq!((response.status, response.body.len()), (204, 0));
            assert_eq!(response.header("access-control-allow-origin"), Some("*"));
            assert_eq!(response.header("access-control-allow-methods"), Some("GET, POST, OPTIONS"));
            assert_eq!(response.header("access-control-allow-headers"), Some("content-type, x-mine"));
            assert_eq!(response.header("access-control-max-age"), Some("7200"));
            let allowed = response.header("access-control-allow-private-network");
            assert_eq!(allowed, asked_private.then_some("true"));
        }
        // The answer itself, good or bad, can be read by the page; one who names no origin is told nothing of it.
        for (headers, body, status, allowed) in [
            (vec![origin, json], CALL, 200, Some("*")),
            (vec![origin, "Content-Type: text/plain"], CALL, 415, Some("*")),
            (vec![origin, json], "{", 200, Some("*")),
            (vec![json], CALL, 200, None),
        ] {
            let response = ask(&mut stream, "POST", &headers, body).await;
            assert_eq!(response.status, status, "{headers:?}");
            assert_eq!(response.header("access-control-allow-origin"), allowed, "{headers:?}");
            assert_eq!(response.header("vary"), None);
        }
    });
}

#[test]
fn long_answers_are_packed_for_those_who_take_it() {
    let server = Server::new();
    server.run(async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let json = "Content-Type: application/json";
        let plain = ask(&mut stream, "POST", &[json], BLOCK).await;
        assert!(plain.body.len() > 1_024);
        assert_eq!(plain.header("content-encoding"), None);
        for (accepted, body, packed) in [
            ("Accept-Encoding: gzip, deflate, br", BLOCK, true),
            ("Accept-Encoding: gzip;q=0, br", BLOCK, false),
            ("Accept-Encoding: br", BLOCK, false),
            ("Accept-Encoding: gzip", CALL, false),
        ] {
            let response = ask(&mut stream, "POST", &[json, accepted], body).await;
            assert_eq!(response.header("content-encoding"), packed.then_some("gzip"), "{accepted}");
            assert_eq!(response.header("vary"), packed.then_some("Accept-Encoding"), "{accepted}");
            assert_eq!(response.header("content-type"), Some("application/json"));
            if packed {
                assert!(response.body.len() < plain.body.len() / 2);
                let mut text = Vec::new();
                GzDecoder::new(response.body.as_slice()).read_to_end(&mut text).unwrap();
                assert_eq!(text, plain.body);
            }
        }
        // A whole batch, packed apart from those who serve.
        let batch = format!("[{}]", vec![BLOCK; 500].join(","));
        let response = ask(&mut stream, "POST", &[json, "Accept-Encoding: gzip"], &batch).await;
        let mut text = Vec::new();
        GzDecoder::new(response.body.as_slice()).read_to_end(&mut text).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&text).unwrap().len(), 500);
    });
}

/// One connection, many requests, of which some are refused.
#[test]
fn a_connection_is_kept() {
    let server = Server::new();
    server.run(async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let json = "Content-Type: application/json";
        for _ in 0..20 {
            for (method, headers, body, status) in [
                ("POST", vec![json], CALL, 200),
                ("GET", vec![], "", 200),
                ("PUT", vec![json], CALL, 405),
                ("POST", vec![], CALL, 415),
                ("OPTIONS", vec![], "", 200),
            ] {
                assert_eq!(ask(&mut stream, method, &headers, body).await.status, status, "{method}");
            }
        }
        // All at once, answered in order.
        let one = format!("POST / HTTP/1.1\r\nHost: x\r\n{json}\r\nContent-Length: {}\r\n\r\n{CALL}", CALL.len());
        stream.write_all(one.repeat(10).as_bytes()).await.unwrap();
        for _ in 0..10 {
            assert_eq!(receive(&mut stream).await.status, 200);
        }
        // In pieces of unknown number.
        let (front, back) = CALL.split_at(10);
        let chunks = format!("{:x}\r\n{front}\r\n{:x}\r\n{back}\r\n0\r\n\r\n", front.len(), back.len());
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{json}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer: Value = serde_json::from_slice(&receive(&mut stream).await.body).unwrap();
        assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": 1, "result": "0x539" }));
    });
}

#[test]
fn bodies_that_are_too_long() {
    const BYTES: usize = 10_000;
    let server = Server::with(Limits { request_bytes: BYTES, ..Limits::default() }, SocketLimits::default());
    server.run(async {
        let json = "Content-Type: application/json";
        // Announced, and sent after all: the answer comes, and the connection goes on.
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        for size in [BYTES + 1, 3 << 20] {
            let response = ask(&mut stream, "POST", &[json], &" ".repeat(size)).await;
            let text = format!("content length too large ({size}>{BYTES})\n");
            assert_eq!((response.status, response.body), (413, text.into_bytes()));
        }
        assert_eq!(ask(&mut stream, "POST", &[json], CALL).await.status, 200);
        // Announced only.
        stream
            .write_all(
                format!("POST / HTTP/1.1\r\nHost: x\r\n{json}\r\nContent-Length: 99999999999\r\n\r\n").as_bytes(),
            )
            .await
            .unwrap();
        assert_eq!(receive(&mut stream).await.status, 413);
        // Not announced.
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(format!("POST / HTTP/1.1\r\nHost: x\r\n{json}\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes())
            .await
            .unwrap();
        for _ in 0..11 {
            stream.write_all(format!("3e8\r\n{}\r\n", " ".repeat(1_000)).as_bytes()).await.unwrap();
        }
        let response = receive(&mut stream).await;
        assert_eq!(response.status, 413);
        assert!(response.body.starts_with(b"content length too large (10001>10000)"));
        // One that just fits.
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let padded = format!("{CALL}{}", " ".repeat(BYTES - CALL.len()));
        assert_eq!(ask(&mut stream, "POST", &[json], &padded).await.status, 200);
    });
}
