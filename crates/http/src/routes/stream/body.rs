//! The body of a listener: what its cursor gives, when it gives it.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use perpetuo_driver::Listener;

use super::icy::Icy;

/// The body of an answer to HEAD: not sent, and of no length, as what GET would send has none.
pub(super) struct Unsent;

/// An endless body; it ends, at a frame border, when its stream does.
pub(super) struct AudioBody {
    preamble: Option<Bytes>,
    listener: Listener,
    icy: Option<Icy>,
}

impl AudioBody {
    pub(super) fn new(preamble: Vec<u8>, listener: Listener, icy: Option<Icy>) -> Self {
        let preamble = (!preamble.is_empty()).then(|| preamble.into());
        Self { preamble, listener, icy }
    }
}

impl Body for AudioBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.preamble.take() {
            Some(preamble) => preamble,
            None => match ready!(self.listener.poll_next(cx)) {
                Some(bytes) => bytes,
                None => return Poll::Ready(None),
            },
        };
        let bytes = match &mut self.icy {
            Some(icy) => icy.interleave(&bytes),
            None => bytes,
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Body for Unsent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}
