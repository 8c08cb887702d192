//! How `/stream` leaves HTTP: once the head is sent, the socket goes to the render thread of its stream.
//!
//! A response of HTTP/1.0 without a length ends with its connection, so after the head there is nothing
//! left that HTTP would have to do. The route says in the [`Takeover`] of its connection who goes; the
//! connection, when the head is out, lets go of the socket.

use std::{
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
};

use perpetuo_driver::{Interleave, Seat};

/// Where a route says that its connection's socket is to go to a render thread; one a connection.
#[derive(Clone, Default)]
pub(crate) struct Takeover(Arc<Mutex<Option<Departure>>>);

/// A listener whose head has been answered.
pub(crate) struct Departure {
    pub(crate) seat: Seat,
    /// What comes before the first frame.
    pub(crate) preamble: Vec<u8>,
    /// What comes between the bytes.
    pub(crate) between: Option<Box<dyn Interleave>>,
}

impl Takeover {
    /// After the answer's head, the socket goes.
    pub(crate) fn announce(&self, departure: Departure) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(departure);
    }

    /// Who goes, if someone does.
    pub(crate) fn take(&self) -> Option<Departure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Departure {
    /// Goes.
    pub(crate) fn by(self, socket: OwnedFd) {
        self.seat.serve(socket, self.preamble, self.between);
    }
}
