//! A user's connection, from which requests of HTTP/1.1 are read as a host does.

use std::collections::VecDeque;
use std::io;

use bytes::{Bytes, BytesMut};
use pars_proto::host::http::Element;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// A user's connection.
pub(super) struct User {
    pub(super) stream: TcpStream,
    /// Read and not used yet.
    pub(super) read: BytesMut,
}

/// The head of a request.
pub(super) struct Head {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<Element>,
}

/// The body of a request.
#[derive(Default)]
pub(super) struct Body {
    /// As they came. A reader is given one at a time, as a real host gives what it has.
    pub(super) pieces: VecDeque<Bytes>,
    /// None where nobody said how long it is; then its end is told with the last piece, elsewhere after it: readers of
    /// Go may do both.
    pub(super) length: Option<usize>,
    /// Its end did not come.
    pub(super) broken: bool,
}

impl User {
    pub(super) fn new(stream: TcpStream) -> Self {
        drop(stream.set_nodelay(true));
        Self { stream, read: BytesMut::new() }
    }

    /// Reads the head of the next request; none at the end.
    pub(super) async fn head(&mut self) -> io::Result<Option<Head>> {
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

    /// The body of the request with this head.
    pub(super) async fn body(&mut self, head: &Head) -> io::Result<Body> {
        if head.header("Transfer-Encoding").is_some() {
            return self.chunks().await;
        }
        Ok(Body { pieces: [self.exactly(head.length()).await?].into(), length: Some(head.length()), broken: false })
    }

    /// A body of chunks. A user who leaves in the middle of it is noticed only where its end should be.
    async fn chunks(&mut self) -> io::Result<Body> {
        let mut body = Body::default();
        loop {
            let chunk = self.chunk().await;
            match chunk {
                Ok(chunk) if chunk.is_empty() => return Ok(body),
                Ok(chunk) => body.pieces.push_back(chunk),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    body.broken = true;
                    return Ok(body);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The next chunk; an empty one is the last.
    async fn chunk(&mut self) -> io::Result<Bytes> {
        let line = loop {
            if let Some(end) = self.read.windows(2).position(|bytes| bytes == b"\r\n") {
                break self.read.split_to(end + 2);
            }
            self.more().await?;
        };
        let line = String::from_utf8_lossy(&line);
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
        let mut chunk = self.exactly(length + 2).await?;
        chunk.truncate(length);
        Ok(chunk)
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Bytes> {
        while self.read.len() < length {
            self.more().await?;
        }
        Ok(self.read.split_to(length).freeze())
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Sends a whole response.
    pub(super) async fn respond(&mut self, code: i32, headers: &[Element], body: &[u8]) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {code} Status\r\nContent-Length: {}\r\n", body.len());
        for Element { key, values } in headers.iter().filter(|element| element.key != "Content-Length") {
            for value in values {
                head.push_str(&format!("{key}: {value}\r\n"));
            }
        }
        head.push_str("\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat()).await
    }
}

impl Head {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let element = self.headers.iter().find(|element| element.key.eq_ignore_ascii_case(name))?;
        element.values.first().map(String::as_str)
    }

    fn length(&self) -> usize {
        self.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or_default()
    }
}

/// Header names as Go writes them.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase())
    });
    words.collect::<Vec<_>>().join("-")
}
