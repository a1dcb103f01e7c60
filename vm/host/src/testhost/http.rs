//! The server of one path, asked as its host does: by messages, or by HTTP as users speak it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use pars_proto::host::http::http_client::HttpClient;
use pars_proto::host::http::{Element, HandleSimpleHttpRequest, HandleSimpleHttpResponse, HttpRequest, HttpResponse};
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic::{Response, Status};

/// The server of one path.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Http {
    /// Asked by messages.
    Grpc(HttpClient<Channel>),
    /// Asked as by a user, at this address.
    Plain(String),
}

impl Http {
    /// A request that is there as a whole.
    ///
    /// # Errors
    /// The server's, or that it cannot be reached.
    pub async fn handle_simple(
        &mut self,
        request: HandleSimpleHttpRequest,
    ) -> Result<Response<HandleSimpleHttpResponse>, Status> {
        match self {
            Self::Grpc(http) => http.handle_simple(request).await,
            Self::Plain(addr) => {
                plain(addr, request).await.map(Response::new).map_err(|error| Status::unknown(error.to_string()))
            }
        }
    }

    /// A request that the host keeps open.
    ///
    /// # Errors
    /// The server's, or that this host has no such call.
    pub async fn handle(&mut self, request: HttpRequest) -> Result<Response<HttpResponse>, Status> {
        match self {
            Self::Grpc(http) => http.handle(request).await,
            Self::Plain(_) => Err(Status::unimplemented("this host passes bytes on as they are")),
        }
    }
}

async fn plain(
    addr: &str,
    request: HandleSimpleHttpRequest,
) -> Result<HandleSimpleHttpResponse, Box<dyn std::error::Error + Send + Sync>> {
    let HandleSimpleHttpRequest { method, url, request_headers, body, response_headers } = request;
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    drop(tokio::spawn(connection));
    let mut asked = http::Request::builder().method(method.as_str()).uri(url.as_str()).header("Host", addr);
    for Element { key, values } in request_headers {
        for value in values {
            asked = asked.header(key.as_str(), value);
        }
    }
    let (head, answer) = sender.send_request(asked.body(Full::new(body))?).await?.into_parts();
    let mut headers = response_headers;
    for name in head.headers.keys() {
        let values = head.headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        headers.retain(|known| !known.key.eq_ignore_ascii_case(name.as_str()));
        headers.push(Element { key: name.to_string(), values });
    }
    let body: Bytes = answer.collect().await?.to_bytes();
    Ok(HandleSimpleHttpResponse { code: head.status.as_u16().into(), headers, body })
}
