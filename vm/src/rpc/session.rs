//! [`Session`]: one client that stays connected: answers on their way to it, and what it subscribed to.
//!
//! Nothing is queued for subscriptions. Each has a place in the chain, and what comes next is read from there when the
//! client has taken what came before. So a client that reads slowly costs no memory, and misses nothing.

use crate::engine::Shown;
use crate::rpc::api::Api;
use crate::rpc::budget::Share;
use crate::rpc::error::RpcError;
use crate::rpc::hub::Hub;
use crate::rpc::subscribe::Topic;
use alloy_primitives::U128;
use bytes::Bytes;
use parking_lot::Mutex;
use pars_chain::view::View;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::time::Interval;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// One client that stays connected.
#[derive(Debug)]
pub struct Session {
    api: Arc<Api>,
    hub: Arc<Hub>,
    held: Mutex<Held>,
    /// What its unread answers have of all.
    share: Share,
    /// There is something to send.
    wake: Notify,
    /// Some of what was to be read was read.
    room: Notify,
}

/// One message of a session. What it subscribes to begins to be told after the message is answered.
#[derive(Debug)]
pub struct Turn {
    session: Arc<Session>,
    opened: Mutex<Vec<SubscriptionId>>,
}

/// Names a subscription.
pub type SubscriptionId = U128;

/// What is to be sent next.
#[derive(Debug)]
pub(crate) enum Step {
    /// An answer.
    Answer(Reply),
    /// What some subscription tells.
    News(Vec<Utf8Bytes>),
    /// A ping.
    Ping,
    /// The end, with the reason that the client is told.
    End(Option<Goodbye>),
}

/// An answer, and what begins with it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) text: Utf8Bytes,
    opened: Vec<SubscriptionId>,
    /// One of the calls that may run at once: until its answer is sent.
    _turn: OwnedSemaphorePermit,
}

/// Why a session ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goodbye {
    /// A code of RFC 6455.
    pub(crate) code: u16,
    /// In words, at most 123 bytes of them.
    pub(crate) reason: String,
}

/// What a session follows.
#[derive(Debug)]
pub(crate) struct Following {
    shown: watch::Receiver<Shown>,
    arrivals: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    ping: Interval,
}

#[derive(Debug)]
struct Held {
    answers: VecDeque<Reply>,
    /// Bytes of answers that are not sent.
    unread: usize,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// The subscription that told something last.
    told: SubscriptionId,
    /// When something came from the client; none while nobody listens to it.
    heard: Option<Instant>,
    end: Option<Option<Goodbye>>,
}

#[derive(Debug)]
struct Subscription {
    topic: Topic,
    /// The client knows it.
    answered: bool,
}

impl Session {
    /// A client without subscriptions.
    #[must_use]
    pub fn new(api: Arc<Api>, hub: Arc<Hub>) -> Self {
        let held = Held {
            answers: VecDeque::new(),
            unread: 0,
            subscriptions: BTreeMap::new(),
            told: SubscriptionId::ZERO,
            heard: Some(Instant::now()),
            end: None,
        };
        let share = api.answers().share();
        Self { api, hub, held: Mutex::new(held), share, wake: Notify::new(), room: Notify::new() }
    }

    /// What its requests are answered from.
    #[must_use]
    pub const fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// What all sessions share.
    #[must_use]
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Ends a subscription; whether there was one.
    pub fn unsubscribe(&self, id: SubscriptionId) -> bool {
        self.held.lock().subscriptions.remove(&id).is_some()
    }

    /// Something came from the client.
    pub(crate) fn heard(&self) {
        self.held.lock().heard = Some(Instant::now());
    }

    /// The client is not listened to until it has read some of its answers, or some of its calls have ended.
    pub(crate) fn deaf(&self) {
        self.held.lock().heard = None;
    }

    /// Ends it, with the reason that the client is told. The first reason counts.
    pub(crate) fn end(&self, goodbye: Option<Goodbye>) {
        self.held.lock().end.get_or_insert(goodbye);
        self.wake.notify_one();
    }

    /// Whether it ends.
    pub(crate) fn is_ending(&self) -> bool {
        self.held.lock().end.is_some()
    }

    /// Waits until the client has read enough of its answers for another call to begin.
    pub(crate) async fn room(&self) {
        loop {
            let read = self.room.notified();
            if self.held.lock().unread < self.hub.limits().unread_start {
                return;
            }
            read.await;
        }
    }

    /// Takes the answer to a message.
    pub(crate) fn answer(&self, text: Bytes, turn: &Turn, permit: OwnedSemaphorePermit) {
        let opened = std::mem::take(&mut *turn.opened.lock());
        let length = text.len();
        let mut held = self.held.lock();
        if length == 0 {
            // Nobody asked for the id.
            held.subscriptions.retain(|id, _| !opened.contains(id));
            return;
        }
        let Ok(text) = Utf8Bytes::try_from(text) else {
            drop(held);
            return self.end(Some(Goodbye { code: INTERNAL, reason: "an answer that is no text".to_owned() }));
        };
        let (unread, limits) = (held.unread.saturating_add(length), self.hub.limits());
        // A single answer is bounded already; all of them together are here.
        if held.unread > 0 && unread > limits.unread_max {
            let reason = format!("slow consumer: {unread} bytes of answers are unread");
            held.end.get_or_insert(Some(Goodbye { code: POLICY, reason }));
        } else if !self.share.add(length) {
            let reason = "too many long answers of all clients are unread".to_owned();
            held.end.get_or_insert(Some(Goodbye { code: AGAIN, reason }));
        } else {
            held.unread = unread;
            held.answers.push_back(Reply { text, opened, _turn: permit });
        }
        drop(held);
        self.wake.notify_one();
    }

    /// An answer was sent.
    pub(crate) fn sent(&self, reply: &Reply) {
        let mut held = self.held.lock();
        held.unread = held.unread.saturating_sub(reply.text.len());
        self.share.remove(reply.text.len());
        for id in &reply.opened {
            if let Some(subscription) = held.subscriptions.get_mut(id) {
                subscription.answered = true;
            }
        }
        drop(held);
        self.room.notify_one();
    }

    /// Waits for what is to be sent next: answers first, then what subscriptions tell, each in its turn.
    ///
    /// What it gives must be sent: subscriptions have gone on.
    pub(crate) async fn next(&self, following: &mut Following) -> Step {
        loop {
            let woken = self.wake.notified();
            if let Some(step) = self.ready() {
                return step;
            }
            let Shown { head, stopped, .. } = following.shown.borrow_and_update().clone();
            following.arrivals.borrow_and_update();
            if stopped {
                return Step::End(Some(Goodbye::away("the chain has stopped")));
            }
            if *following.stopping.borrow_and_update() {
                return Step::End(Some(Goodbye::away("the node stops")));
            }
            match self.news(&head).await {
                Ok(Some(news)) if news.is_empty() => continue,
                Ok(Some(news)) => return Step::News(news),
                Ok(None) => {}
                Err(goodbye) => return Step::End(Some(goodbye)),
            }
            // A picture keeps a snapshot of the store.
            drop(head);
            let pending = self.follows_pending();
            tokio::select! {
                () = woken => {}
                shown = following.shown.changed() => if shown.is_err() {
                    return Step::End(Some(Goodbye::away("the node stops")));
                },
                Ok(()) = following.arrivals.changed(), if pending => {}
                Ok(()) = following.stopping.changed() => {}
                _ = following.ping.tick() => return self.beat(),
            }
        }
    }

    fn ready(&self) -> Option<Step> {
        let mut held = self.held.lock();
        if let Some(end) = &held.end {
            return Some(Step::End(end.clone()));
        }
        held.answers.pop_front().map(Step::Answer)
    }

    /// Some of what a subscription has to tell; empty where it looked at some blocks and found nothing; none where all
    /// have told everything.
    async fn news(&self, head: &View) -> Result<Option<Vec<Utf8Bytes>>, Goodbye> {
        let Some((id, mut topic)) = self.behind(head.height()) else { return Ok(None) };
        let behind = topic.behind(head.height());
        if behind > self.hub.limits().lag_blocks {
            let reason = format!("slow consumer: {behind} blocks behind");
            return Err(Goodbye { code: POLICY, reason });
        }
        let news = topic.news(&self.api, head).await;
        let news = news.map_err(|_| Goodbye { code: INTERNAL, reason: "internal error".to_owned() })?;
        let mut held = self.held.lock();
        held.told = id;
        // It may have been ended meanwhile.
        let Some(subscription) = held.subscriptions.get_mut(&id) else { return Ok(Some(Vec::new())) };
        subscription.topic = topic;
        drop(held);
        Ok(Some(news.into_iter().map(|result| notification(id, &result)).collect()))
    }

    /// The next subscription that has something to tell.
    fn behind(&self, height: u64) -> Option<(SubscriptionId, Topic)> {
        let held = self.held.lock();
        let after = held.subscriptions.range(held.told..).filter(|(id, _)| **id != held.told);
        let arrivals = self.api.node().arrivals().next();
        after
            .chain(held.subscriptions.range(..=held.told))
            .find(|(_, subscription)| subscription.answered && subscription.topic.has_news(height, arrivals))
            .map(|(id, subscription)| (*id, subscription.topic.clone()))
    }

    fn follows_pending(&self) -> bool {
        self.held.lock().subscriptions.values().any(|subscription| matches!(subscription.topic, Topic::Pending { .. }))
    }

    /// Time for a ping, unless those before it were not answered.
    fn beat(&self) -> Step {
        let heard = self.held.lock().heard;
        match heard.map(|at| at.elapsed()) {
            Some(silence) if silence > self.hub.limits().ping.saturating_mul(2) => {
                let reason = format!("nothing heard for {} s", silence.as_secs());
                Step::End(Some(Goodbye { code: POLICY, reason }))
            }
            Some(_) | None => Step::Ping,
        }
    }
}

impl Turn {
    /// A message of this client.
    #[must_use]
    pub const fn new(session: Arc<Session>) -> Self {
        Self { session, opened: Mutex::new(Vec::new()) }
    }

    /// Whose message it is.
    #[must_use]
    pub const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Subscribes. It begins where the topic says, once the message is answered.
    ///
    /// # Errors
    /// More than a connection may have.
    pub fn subscribe(&self, topic: Topic) -> Result<SubscriptionId, RpcError> {
        let limits = self.session.hub.limits();
        let mut held = self.session.held.lock();
        if held.subscriptions.len() >= limits.subscriptions {
            let most = limits.subscriptions;
            return Err(RpcError::server(format!("too many subscriptions: a connection has {most} at most")));
        }
        let size: usize = held.subscriptions.values().map(|subscription| subscription.topic.size()).sum();
        if size.saturating_add(topic.size()) > limits.filter_entries {
            let most = limits.filter_entries;
            let what = "too many addresses and topics: the subscriptions of a connection have";
            return Err(RpcError::server(format!("{what} {most} at most")));
        }
        let id = new_id();
        held.subscriptions.insert(id, Subscription { topic, answered: false });
        drop(held);
        self.opened.lock().push(id);
        Ok(id)
    }
}

impl Goodbye {
    /// The node goes away.
    pub(crate) fn away(reason: &str) -> Self {
        Self { code: AWAY, reason: reason.to_owned() }
    }
}

impl Following {
    /// What a session of this chain follows.
    pub(crate) fn new(session: &Session) -> Self {
        let period = session.hub.limits().ping;
        let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let node = session.api.node();
        Self { shown: node.watch(), arrivals: node.arrivals().watch(), stopping: session.hub.stopping(), ping }
    }
}

/// The node goes away.
const AWAY: u16 = 1_001;
/// The client breaks a rule of this node.
pub(crate) const POLICY: u16 = 1_008;
/// There is no room for this client now.
pub(crate) const AGAIN: u16 = 1_013;
/// Something broke here.
const INTERNAL: u16 = 1_011;

/// An id that nobody else has, also on other connections: a client that comes back does not take it for its old one.
fn new_id() -> SubscriptionId {
    // Each of these has keys of its own, from the system's chance.
    let half = || u128::from(RandomState::new().hash_one(0_u8));
    SubscriptionId::from((half() << 64) | half())
}

fn notification(id: SubscriptionId, result: &str) -> Utf8Bytes {
    let text = format!(
        r#"{{"jsonrpc":"2.0","method":"eth_subscription","params":{{"subscription":"{id:#x}","result":{result}}}}}"#
    );
    text.into()
}
