//! One encoding in use on one stream.

use crate::{
    Encoder, Encoding, EncodingError, FRAME_LEN, Position,
    backlog::{Backlog, Frames},
};

/// An encoding, its encoder, and what was encoded last.
pub(super) struct Rendition {
    pub(super) encoding: Encoding,
    /// Let go of while the stream rests.
    encoder: Option<Box<dyn Encoder>>,
    pub(super) backlog: Backlog,
    /// Where the last listener was seen on it.
    pub(super) heard: Position,
}

impl Rendition {
    pub(super) fn new(
        encoding: Encoding,
        sample_rate_hz: u32,
        live: Position,
    ) -> Result<Self, EncodingError> {
        let encoder = Some(encoding.encoder(sample_rate_hz, live)?);
        Ok(Self { encoding, encoder, backlog: Backlog::new(live), heard: live })
    }

    /// Encodes whole frames, of which the last `keep` samples are kept; `frames` is room to work in.
    pub(super) fn encode(&mut self, [left, right]: [&[f32]; 2], keep: u64, frames: &mut Frames) {
        let Some(encoder) = &mut self.encoder else { return };
        frames.clear();
        for (left, right) in left.chunks(FRAME_LEN).zip(right.chunks(FRAME_LEN)) {
            frames.add(|bytes| encoder.encode([left, right], bytes));
        }
        self.backlog.push(frames, keep);
    }

    /// Lets go of the encoder; [`Self::warm_up`] brings it back.
    pub(super) fn cool_down(&mut self) {
        self.encoder = None;
    }

    /// Brings the encoder to where it was: `frame` is what came before the next one to be encoded, and the first
    /// that it is given is at the position `at`.
    pub(super) fn warm_up(&mut self, frame: [&[f32]; 2], at: Position, sample_rate_hz: u32) {
        // It could be made when the encoding was taken into use, so it can be made.
        let encoding = self.encoding;
        let made = || encoding.encoder(sample_rate_hz, at).ok();
        if self.encoder.is_none() {
            self.encoder = made();
        }
        if let Some(encoder) = &mut self.encoder {
            encoder.encode(frame, &mut Vec::new());
        }
    }
}
