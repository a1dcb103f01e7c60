//! Bytes of users' requests from the first one that is received until the request is answered, over all handlers. Messages
//! of a host have no limit and streams no number, so without this a few users with long bodies could take all memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower::Service;

use crate::grpc::Answers;

/// Bytes of all requests that are received or answered. Services keep fewer of what they work on.
const ALL_BYTES_MAX: usize = 256 << 20;
/// Bytes of a request that are not counted, so that whoever asks for little is heard in any case.
const SHORT_BYTES: usize = 64 << 10;

/// What is said where there is no room.
pub(crate) const NO_ROOM: &str = "too many long requests are here already";

/// Room for requests, shared by those who share it.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Room {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ALL_BYTES_MAX)))
    }

    /// For a request of which nothing is here yet.
    pub(crate) fn hold(&self) -> Held {
        Held { room: self.clone(), bytes: 0, permit: None }
    }

    /// A service whose requests need room here. One that finds none is refused.
    pub(crate) const fn guard<S>(self, service: S) -> Guarded<S> {
        Guarded { service, room: self }
    }
}

/// See [`Room::guard`].
#[derive(Debug, Clone)]
pub(crate) struct Guarded<S> {
    service: S,
    room: Room,
}

impl<S: Answers> Service<http::Request<Body>> for Guarded<S> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let held = Arc::new(Mutex::new(self.room.hold()));
        let counted = request.map(|body| Body::new(Counted { body, held: Arc::clone(&held), received: 0 }));
        let answering = self.service.call(counted);
        Box::pin(async move {
            let answer = answering.await;
            drop(held);
            answer
        })
    }
}

/// What a request has of the room, until it is answered.
#[derive(Debug)]
pub(crate) struct Held {
    room: Room,
    bytes: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Has so many bytes of it from here on, if it had fewer; false where there is no room for them.
    #[must_use]
    pub(crate) fn grow(&mut self, to: usize) -> bool {
        let more = to.saturating_sub(self.bytes.max(SHORT_BYTES));
        if more > 0 {
            let permits = u32::try_from(more).unwrap_or(u32::MAX);
            let Ok(permit) = Arc::clone(&self.room.0).try_acquire_many_owned(permits) else { return false };
            match self.permit.as_mut() {
                Some(held) => held.merge(permit),
                None => self.permit = Some(permit),
            }
        }
        self.bytes = self.bytes.max(to);
        true
    }
}

/// A body that is counted while it is received.
struct Counted {
    body: Body,
    held: Arc<Mutex<Held>>,
    received: usize,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.received = self.received.saturating_add(data.len());
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if !held.grow(self.received) {
                return Poll::Ready(Some(Err(Status::resource_exhausted(NO_ROOM))));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Full};
    use tower::ServiceExt;

    /// Reads a body whole, and answers when it is told to.
    fn reading(answer: Arc<Semaphore>) -> impl Answers + Clone {
        tower::service_fn(move |request: http::Request<Body>| {
            let answer = Arc::clone(&answer);
            let reading: BoxFuture<http::Response<Body>, Infallible> = Box::pin(async move {
                let read = request.into_body().collect().await;
                drop(answer.acquire().await);
                let status = if read.is_ok() { 200 } else { 429 };
                Ok(http::Response::builder().status(status).body(Body::empty()).unwrap())
            });
            reading
        })
    }

    #[tokio::test]
    async fn long_requests_share_their_room_and_short_ones_need_none() {
        let answer = Arc::new(Semaphore::new(0));
        let room = Room::new();
        let service = room.clone().guard(reading(Arc::clone(&answer)));
        let ask = |length: usize| {
            let body = Body::new(Full::new(Bytes::from(vec![1; length])));
            tokio::spawn(service.clone().oneshot(http::Request::new(body)))
        };
        let long = [ask(100 << 20), ask(100 << 20)];
        while room.0.available_permits() > ALL_BYTES_MAX - 2 * ((100 << 20) - SHORT_BYTES) {
            tokio::task::yield_now().await;
        }
        let (refused, short) = (ask(100 << 20), ask(SHORT_BYTES));
        answer.add_permits(1_000);
        assert_eq!(refused.await.unwrap().unwrap().status(), 429);
        assert_eq!(short.await.unwrap().unwrap().status(), 200);
        for long in long {
            assert_eq!(long.await.unwrap().unwrap().status(), 200);
        }
        assert_eq!(room.0.available_permits(), ALL_BYTES_MAX, "all is given back");
        assert_eq!(ask(100 << 20).await.unwrap().unwrap().status(), 200);
    }
}
