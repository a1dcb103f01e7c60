//! Requests and responses as the host writes them, and as services know them.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, SET_COOKIE, VARY};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use pars_proto::host::http::Element;

/// A request; what is wrong with it is named.
pub(super) fn parse(method: &str, url: &str, headers: &[Element], body: Bytes) -> Result<Request<Bytes>, &'static str> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| "malformed method")?;
    *request.uri_mut() = url.parse::<Uri>().map_err(|_| "malformed request target")?;
    for Element { key, values } in headers {
        let name = HeaderName::from_bytes(key.as_bytes()).map_err(|_| "malformed header name")?;
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| "malformed header value")?;
            // A map of headers ends with a panic where it has no place for another name.
            request.headers_mut().try_append(name.clone(), value).map_err(|_| "too many headers")?;
        }
    }
    Ok(request)
}

/// A response in words.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

/// The host replaces its headers by those of the answer, so the answer starts from them. A header of ours takes the
/// place of the host's, except the two that are lists across layers.
pub(super) fn merge(mut headers: Vec<Element>, ours: &HeaderMap) -> Vec<Element> {
    for name in ours.keys() {
        let key = canonical(name);
        let values = ours.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match headers.iter_mut().find(|element| element.key.eq_ignore_ascii_case(&key)) {
            Some(element) if [VARY, SET_COOKIE].contains(name) => element.values.extend(values),
            Some(element) => element.values = values.collect(),
            None => headers.push(Element { key, values: values.collect() }),
        }
    }
    headers
}

/// The form in which the host looks headers up: every word behind a hyphen starts with a capital letter.
fn canonical(name: &HeaderName) -> String {
    let words = name.as_str().split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(key: &str, values: &[&str]) -> Element {
        Element { key: key.to_owned(), values: values.iter().map(|&value| value.to_owned()).collect() }
    }

    #[test]
    fn headers_have_gos_form() {
        for (name, key) in
            [("content-type", "Content-Type"), ("x", "X"), ("sec-websocket-key", "Sec-Websocket-Key"), ("x--y", "X--Y")]
        {
            assert_eq!(canonical(&HeaderName::from_static(name)), key);
        }
    }

    #[test]
    fn the_hosts_headers_stay_unless_set_again() {
        let theirs = vec![element("Node-Id", &["n"]), element("Vary", &["Origin"]), element("Content-Type", &["a"])];
        let mut ours = HeaderMap::new();
        ours.insert("content-type", HeaderValue::from_static("b"));
        ours.insert("vary", HeaderValue::from_static("Accept"));
        ours.append("x-two", HeaderValue::from_static("1"));
        ours.append("x-two", HeaderValue::from_static("2"));
        let mut merged = merge(theirs, &ours);
        merged.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(
            merged,
            [
                element("Content-Type", &["b"]),
                element("Node-Id", &["n"]),
                element("Vary", &["Origin", "Accept"]),
                element("X-Two", &["1", "2"]),
            ]
        );
    }

    /// A map of headers has places for 24,576 names.
    #[test]
    fn too_many_headers_are_no_request() {
        let headers: Vec<Element> = (0..33_000).map(|number| element(&format!("h{number:x}"), &[""])).collect();
        assert_eq!(parse("GET", "/", &headers, Bytes::new()).unwrap_err(), "too many headers");
        let many = vec![""; 200_000];
        let parsed = parse("GET", "/", &[element("one", &many)], Bytes::new()).unwrap();
        assert_eq!(parsed.headers().get_all("one").iter().count(), 200_000);
    }

    #[test]
    fn malformed_requests_are_named() {
        let parse = |method, url, key, value| parse(method, url, &[element(key, &[value])], Bytes::new()).unwrap_err();
        assert_eq!(parse("P ST", "/", "A", "b"), "malformed method");
        assert_eq!(parse("POST", "/ x", "A", "b"), "malformed request target");
        assert_eq!(parse("POST", "/", "A b", "b"), "malformed header name");
        assert_eq!(parse("POST", "/", "A", "b\n"), "malformed header value");
    }
}
