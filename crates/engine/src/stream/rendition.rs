//! One encoding in use on one stream.

use crate::{Chunk, Encoder, Encoding, EncodingError, FRAME_LEN, Position};

/// An encoding and its encoder.
pub(super) struct Rendition {
    pub(super) encoding: Encoding,
    encoder: Box<dyn Encoder>,
    /// Where the last listener was seen on it.
    pub(super) heard: Position,
}

impl Rendition {
    pub(super) fn new(
        encoding: Encoding,
        sample_rate_hz: u32,
        heard: Position,
    ) -> Result<Self, EncodingError> {
        Ok(Self { encoding, encoder: encoding.encoder(sample_rate_hz)?, heard })
    }

    /// Encodes whole frames, which begin at `first`, into a chunk that wants `keep` samples of the past
    /// kept; `bytes` is room to work in.
    pub(super) fn encode(
        &mut self,
        first: Position,
        [left, right]: [&[f32]; 2],
        keep: u64,
        bytes: &mut Vec<u8>,
    ) -> Chunk {
        let mut chunk = Chunk::new(first, keep);
        bytes.clear();
        for (left, right) in left.chunks(FRAME_LEN).zip(right.chunks(FRAME_LEN)) {
            self.encoder.encode([left, right], bytes);
            chunk.mark_frame(bytes.len());
        }
        chunk.fill(bytes);
        chunk
    }
}
