//! HTTP exchanges that were recorded with the Go node, made again with this one's service.

use crate::server::Server;
use crate::world::World;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::Request;
use pars_vm::rpc::limits::{Limits, SocketLimits};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tower::ServiceExt as _;

#[derive(Deserialize)]
struct Recorded {
    http: Vec<Exchange>,
    /// With a batch of 3 calls and 2,000 bytes at most, and a body of 3,000.
    limited: Limited,
}

#[derive(Deserialize)]
struct Limited {
    http: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    request: Asked,
    response: Answered,
}

#[derive(Deserialize, Debug)]
struct Asked {
    method: String,
    headers: BTreeMap<String, String>,
    body: String,
    #[serde(default)]
    pad: usize,
}

#[derive(Deserialize)]
struct Answered {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

fn recorded() -> Recorded {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/rpc-subnet-evm/forks-21.json.gz");
    serde_json::from_reader(BufReader::new(GzDecoder::new(File::open(file).expect("checked in")))).expect("exchanges")
}

/// JSON by its values, everything else as it is.
fn value(body: &[u8]) -> Value {
    let text = String::from_utf8(body.to_vec()).expect("a text");
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

async fn answers(server: &Server, exchange: &Exchange) -> (u16, Option<String>, Value) {
    let Asked { method, headers, body, pad } = &exchange.request;
    let mut request = Request::builder().method(method.as_str()).uri("/ext/bc/chain/rpc");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let body = Bytes::from(format!("{body}{}", " ".repeat(*pad)));
    let request = request.header("content-length", body.len()).body(body).expect("a request");
    let Ok(response) = server.service.clone().oneshot(request).await;
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().expect("a text").to_owned());
    (response.status().as_u16(), kind, value(response.body()))
}

#[test]
fn every_exchange_as_recorded() {
    let recorded = recorded();
    let server = Server::of(World::recorded("forks-11"), Limits::default(), SocketLimits::default());
    assert_eq!(recorded.http.len(), 91);
    server.run(async {
        for exchange in &recorded.http {
            // A browser's question is the host's to answer, here as there.
            if exchange.request.headers.contains_key("Access-Control-Request-Method") {
                continue;
            }
            let expected = &exchange.response;
            let kind = expected.headers.get("content-type").cloned();
            let got = answers(&server, exchange).await;
            let asked: String = format!("{:?}", exchange.request).chars().take(300).collect();
            assert_eq!(got, (expected.status, kind, value(expected.body.as_bytes())), "{asked}");
        }
    });
}

/// With bounds of its own: what is too much is refused in the same words; what a block looks like is another matter.
#[test]
fn every_bounded_exchange_as_recorded() {
    let recorded = recorded();
    let limits = Limits { batch_calls: 3, batch_bytes: 2_000, request_bytes: 3_000, ..Limits::default() };
    let server = Server::of(World::recorded("forks-11"), limits, SocketLimits::default());
    assert_eq!(recorded.limited.http.len(), 5);
    server.run(async {
        for exchange in &recorded.limited.http {
            let expected = &exchange.response;
            let (status, _, got) = answers(&server, exchange).await;
            assert_eq!(status, expected.status);
            let shape = |value: Value| match value.as_array().cloned() {
                Some(items) if exchange.request.body.contains("eth_getBlockByNumber") => items
                    .into_iter()
                    .map(|mut item| {
                        if let Some(result) = item.get_mut("result") {
                            *result = result["number"].take();
                        }
                        item
                    })
                    .collect(),
                _ => value,
            };
            assert_eq!(shape(got), shape(value(expected.body.as_bytes())), "{}", exchange.request.body);
        }
    });
}
