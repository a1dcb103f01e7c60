//! What browsers ask before they let a page of one site talk to another (CORS), for `dev`'s own port: any page may. A host
//! answers this for the plugin.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};

/// How long a browser may remember the answer, seconds.
const MAX_AGE: &str = "7200";
const PRIVATE_ASKED: HeaderName = HeaderName::from_static("access-control-request-private-network");
const PRIVATE_ALLOWED: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The answer to a browser's question, if the request is one.
#[must_use]
pub fn preflight<B>(request: &Request<B>) -> Option<Response<Bytes>> {
    let asked = request.headers();
    let is_question = request.method() == Method::OPTIONS
        && asked.contains_key(header::ORIGIN)
        && asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !is_question {
        return None;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Access-Control-Request-Headers, Access-Control-Request-Private-Network"),
    );
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    if asked.get(&PRIVATE_ASKED).is_some_and(|wanted| wanted == "true") {
        headers.insert(PRIVATE_ALLOWED, HeaderValue::from_static("true"));
    }
    Some(response)
}

/// Lets the page that asked read the answer. Those who sent no origin are no browsers.
pub fn allow(asked: bool, headers: &mut HeaderMap) {
    if asked {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
}
