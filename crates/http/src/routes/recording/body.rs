//! A file that is made while it is sent.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::Receiver;

/// The pieces of a file whose length is known. If it ends early, so does the connection.
pub(super) struct Pieces {
    pieces: Receiver<Vec<u8>>,
    /// Bytes that are still to come.
    left: u64,
}

impl Pieces {
    pub(super) fn new(pieces: Receiver<Vec<u8>>, len: u64) -> Self {
        Self { pieces, left: len }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match ready!(self.pieces.poll_recv(cx)) {
            Some(piece) => {
                self.left = self.left.saturating_sub(piece.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(piece.into()))))
            }
            None if self.left > 0 => {
                self.left = 0;
                let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the recording broke off");
                Poll::Ready(Some(Err(error)))
            }
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
