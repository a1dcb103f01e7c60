//! Which bodies are JSON, and how an answer is packed.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Response;
use http::header::{self, HeaderMap, HeaderValue};
use std::io::Write;

/// How an answer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As it is.
    Identity,
    /// By gzip.
    Gzip,
}

/// Answers up to this size are sent as they are: packing would not make them fewer packets.
const PACKED_MIN: usize = 1_024;
/// Answers beyond this size are packed on a thread that may block, bytes.
const BLOCKING_MIN: usize = 64 << 10;

/// Whether a body is JSON by its content type.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let known = ["application/json", "application/json-rpc", "application/jsonrequest"];
    let mut parameters = parts.peekable();
    let mut well_formed = true;
    while let Some(parameter) = parameters.next() {
        // A semicolon at the end is no fault.
        let last = parameter.is_empty() && parameters.peek().is_none();
        well_formed &=
            last || parameter.split_once('=').is_some_and(|(name, value)| is_token(name) && !value.is_empty());
    }
    well_formed && known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

impl Encoding {
    /// What a client takes.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let takes = values.flat_map(|value| value.split(',')).any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            // A weight of nothing but zeros means: not this one.
            name.trim().eq_ignore_ascii_case("gzip") && weight.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
        });
        if takes { Self::Gzip } else { Self::Identity }
    }
}

/// Packs an answer as its client takes it, where that is of use.
pub(crate) async fn encode(encoding: Encoding, response: Response<Bytes>) -> Response<Bytes> {
    let length = response.body().len();
    if encoding == Encoding::Identity || length <= PACKED_MIN {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let packed = if length < BLOCKING_MIN {
        pack(&body)
    } else {
        let body = body.clone();
        tokio::task::spawn_blocking(move || pack(&body)).await.unwrap_or_default()
    };
    let Some(packed) = packed else { return Response::from_parts(head, body) };
    head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Response::from_parts(head, packed)
}

fn pack(body: &[u8]) -> Option<Bytes> {
    let mut packer = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    packer.write_all(body).ok()?;
    packer.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for (kind, json) in [
            ("application/json", true),
            ("APPLICATION/JSON", true),
            ("application/json; charset=utf-8", true),
            ("application/json;charset=\"utf-8\";", true),
            ("application/json-rpc", true),
            ("application/jsonrequest", true),
            ("", false),
            ("text/plain", false),
            ("application/json; bad", false),
            ("application/json; =x", false),
            ("application/json;;charset=utf-8", false),
            ("application/vnd.api+json", false),
        ] {
            let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))].into_iter().collect();
            assert_eq!(is_json(&headers), json, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn encodings() {
        for (accepted, encoding) in [
            ("gzip", Encoding::Gzip),
            ("br;q=1.0, GZIP;q=0.5", Encoding::Gzip),
            ("gzip, deflate, br", Encoding::Gzip),
            ("gzip;q=0", Encoding::Identity),
            ("gzip; q=0.000", Encoding::Identity),
            ("br", Encoding::Identity),
            ("", Encoding::Identity),
        ] {
            let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))].into_iter().collect();
            assert_eq!(Encoding::accepted(&headers), encoding, "{accepted}");
        }
    }
}
