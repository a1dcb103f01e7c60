//! JSON-RPC over one HTTP/1.1 connection, written out: nothing here repairs what the other side does.

use anyhow::{Context as _, Result, bail, ensure};
pub use pars_vm::testhost::outcome::{Refusal, outcome};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    id: u64,
}

/// An HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), id: 0 })
    }

    /// Sends a request without waiting for the answer.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, method: &str, body: &[u8]) -> Result<()> {
        let mut request = format!(
            "{method} / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.write(&request)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.get_mut().write_all(bytes).context("sending a request")
    }

    /// Reads a response.
    ///
    /// # Errors
    /// When none comes.
    pub fn receive(&mut self) -> Result<Response> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("{first:?} is no status line"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').with_context(|| format!("{line:?} is no header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse());
        let length: usize = length.context("a response without a length")?.context("the length of a response")?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).context("reading a response")?;
        Ok(Response { status, headers, body: String::from_utf8(body).context("a response in UTF-8")? })
    }

    /// Posts a body and reads the response.
    ///
    /// # Errors
    /// When none comes.
    pub fn post(&mut self, body: &[u8]) -> Result<Response> {
        self.send("POST", body)?;
        self.receive()
    }

    /// Calls a method: its result or its error.
    ///
    /// # Errors
    /// When the answer is not one of JSON-RPC 2.0.
    #[expect(clippy::needless_pass_by_value, reason = "callers write json!([…])")]
    pub fn request(&mut self, method: &str, params: Value) -> Result<Result<Value, Refusal>> {
        self.id += 1;
        let call = json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params });
        let response = self.post(call.to_string().as_bytes())?;
        ensure!(response.status == 200, "{method}: {response:?}");
        let kind = response.header("content-type");
        ensure!(kind == Some("application/json"), "{method}: content type {kind:?}");
        let answer: Value = serde_json::from_str(&response.body).with_context(|| response.body.clone())?;
        outcome(&answer, &json!(self.id))
    }

    /// Calls a method that has a result.
    ///
    /// # Errors
    /// When it answers with an error.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        match self.request(method, params)? {
            Ok(result) => Ok(result),
            Err(Refusal { code, message }) => bail!("{method}: {code} {message}"),
        }
    }

    /// Calls a method that answers with an error.
    ///
    /// # Errors
    /// When it has a result.
    pub fn refusal(&mut self, method: &str, params: Value) -> Result<Refusal> {
        match self.request(method, params)? {
            Ok(result) => bail!("{method}: {result}"),
            Err(refusal) => Ok(refusal),
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).context("reading a response")?;
        let line = line.strip_suffix("\r\n").context("the connection was closed before a response")?;
        Ok(line.to_owned())
    }
}

impl Response {
    /// A header by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A number as JSON-RPC writes it.
///
/// # Errors
/// When it is none that fits 64 bits.
pub fn number(value: &Value) -> Result<u64> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let digits = digits.with_context(|| format!("{value} is no number"))?;
    ensure!(digits == "0" || !digits.starts_with('0'), "{value} has leading zeros");
    u64::from_str_radix(digits, 16).with_context(|| format!("{value} is no number"))
}
