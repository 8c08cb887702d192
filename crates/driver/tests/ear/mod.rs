//! A listener at the other end of a socket.

#![allow(dead_code, reason = "not every test needs all of it")]

use perpetuo_driver::Seat;
use tokio::{io::AsyncReadExt, net::UnixStream};

pub(crate) struct Ear(UnixStream);

impl Ear {
    /// Takes a seat and listens.
    pub(crate) fn on(seat: Seat) -> Self {
        let (ear, socket) = UnixStream::pair().unwrap();
        seat.serve(socket.into_std().unwrap().into(), Vec::new(), None);
        Self(ear)
    }

    /// Reads so many bytes.
    pub(crate) async fn hear(&mut self, len: usize) -> Vec<u8> {
        let mut heard = vec![0; len];
        self.0.read_exact(&mut heard).await.unwrap();
        heard
    }

    /// Reads what there is.
    pub(crate) async fn hear_some(&mut self) -> usize {
        self.0.read(&mut [0; 65_536]).await.unwrap()
    }

    /// How many bytes come before the stream ends.
    pub(crate) async fn bytes_until_the_end(mut self) -> usize {
        let mut heard = Vec::new();
        self.0.read_to_end(&mut heard).await.unwrap()
    }
}
