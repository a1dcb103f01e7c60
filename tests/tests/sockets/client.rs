//! A WebSocket client.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    id: u64,
    /// Notifications that came before an answer.
    news: VecDeque<Value>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("it listens"), address).await
    }

    /// A client whose system takes few bytes that nobody reads.
    pub(crate) async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        Self::over(socket.connect(address).await.expect("it listens"), address).await
    }

    pub(crate) async fn over(stream: TcpStream, address: SocketAddr) -> Self {
        let (socket, _) = client_async(format!("ws://{address}/ws"), stream).await.expect("a WebSocket is opened");
        Self { socket, id: 0, news: VecDeque::new() }
    }

    /// Sends a text.
    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.expect("the connection is open");
    }

    /// The next message.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("a message comes");
            match message.expect("the connection is open").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => panic!("{other:?}"),
            }
        }
    }

    /// Sends a call; its id.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> u64 {
        self.id += 1;
        self.send(json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params }).to_string()).await;
        self.id
    }

    /// The answer to a call, result or error.
    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.receive().await;
            if message["method"] == "eth_subscription" {
                self.news.push_back(message["params"].clone());
            } else {
                assert_eq!(message["id"], id, "{message}");
                return message;
            }
        }
    }

    /// What a method answers.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        let mut answer = self.answer(id).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Why a method refuses.
    pub(crate) async fn refusal(&mut self, method: &str, params: Value) -> (i64, String) {
        let id = self.ask(method, params).await;
        let answer = self.answer(id).await;
        let error = answer.get("error").unwrap_or_else(|| panic!("{method} answered {answer}"));
        (error["code"].as_i64().expect("a code"), error["message"].as_str().expect("a text").to_owned())
    }

    /// The next notification: subscription and what it tells.
    pub(crate) async fn news(&mut self) -> (Value, Value) {
        let mut news = match self.news.pop_front() {
            Some(news) => news,
            None => {
                let mut message = self.receive().await;
                assert_eq!(message["method"], "eth_subscription", "{message}");
                assert_eq!(message["jsonrpc"], "2.0");
                message["params"].take()
            }
        };
        (news["subscription"].take(), news["result"].take())
    }

    /// A notification that came before an answer.
    pub(crate) fn take_news(&mut self) -> Option<Value> {
        self.news.pop_front()
    }

    /// That nothing comes for a while.
    pub(crate) async fn silence(&mut self) {
        assert_eq!(self.news.pop_front(), None);
        if let Ok(message) = timeout(Duration::from_millis(200), self.socket.next()).await {
            panic!("{message:?}");
        }
    }

    /// Reads to the end: the code and reason of the goodbye, and how many messages came before it.
    pub(crate) async fn goodbye(&mut self) -> (Option<(u16, String)>, usize) {
        let mut count = 0;
        let mut goodbye = None;
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("the connection ends") {
                Some(Ok(Message::Close(frame))) => {
                    goodbye = frame.map(|frame| (u16::from(frame.code), frame.reason.as_str().to_owned()));
                }
                Some(Ok(_)) => count += 1,
                None | Some(Err(Error::Io(_) | Error::Protocol(_))) => return (goodbye, count),
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }
}
