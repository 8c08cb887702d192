//! The recent past of one encoding, and how a listener walks through it.
//!
//! ```text
//!  start()                 joiner enters here        live edge
//!    │                              │◄──── lead ────────►│
//!    ├────────┬────────┬────────┬───┴────┬────────┬──────┤
//!    │ chunk  │ chunk  │ chunk  │ chunk  │ chunk  │ chunk│ ◄── push
//!    └────────┴────────┴────────┴────────┴────────┴──────┘
//! ```
//!
//! Chunks are kept once, whoever listens; a listener is a [`Cursor`], and what it takes shares the
//! chunk's memory.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use crate::{FRAME_LEN, MAX_CHUNK_FRAMES, Position, position::whole_frames};

/// Whole frames of one encoding, rendered together.
#[derive(Clone, Debug)]
pub struct Chunk {
    first: Position,
    /// Where each frame ends in `bytes`.
    ends: [u16; MAX_CHUNK_FRAMES],
    frames: usize,
    bytes: Bytes,
    /// How much of the past, in samples, the stream wants kept before this chunk's end.
    keep: u64,
}

impl Chunk {
    /// A chunk of no frame yet that begins at `first`.
    pub(crate) fn new(first: Position, keep: u64) -> Self {
        Self { first, ends: [0; MAX_CHUNK_FRAMES], frames: 0, bytes: Bytes::new(), keep }
    }

    /// Notes that the next frame ends at `end` bytes; the 8 largest frames, of WAV, are 36,864 bytes.
    pub(crate) fn mark_frame(&mut self, end: usize) {
        self.ends[self.frames] = end as u16;
        self.frames += 1;
    }

    /// Takes a copy of the frames, which is no larger than they are.
    pub(crate) fn fill(&mut self, frames: &[u8]) {
        self.bytes = Bytes::copy_from_slice(frames);
    }

    /// The position of its first sample.
    pub fn first(&self) -> Position {
        self.first
    }

    /// The position after its last sample.
    pub fn end(&self) -> Position {
        self.first + (self.frames * FRAME_LEN) as u64
    }

    /// Its frames, one after the other.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The frames from a frame border on.
    fn from(&self, at: Position) -> Bytes {
        match at.since(self.first) as usize / FRAME_LEN {
            0 => self.bytes.clone(),
            frame => self.bytes.slice(usize::from(self.ends[frame - 1])..),
        }
    }
}

/// The recent past of one stream in one encoding, for all who listen to it.
#[derive(Debug)]
pub struct Backlog {
    chunks: VecDeque<Chunk>,
    live: Position,
}

impl Backlog {
    /// An empty backlog of a stream that goes on at `live`.
    pub fn new(live: Position) -> Self {
        Self { chunks: VecDeque::new(), live }
    }

    /// Takes the next chunk and lets go of what is no longer wanted.
    pub fn push(&mut self, chunk: Chunk) {
        self.live = chunk.end();
        let keep = chunk.keep;
        self.chunks.push_back(chunk);
        while self.chunks.front().is_some_and(|oldest| self.live.since(oldest.end()) >= keep) {
            self.chunks.pop_front();
        }
    }

    /// Where the next chunk will begin.
    pub fn live(&self) -> Position {
        self.live
    }

    /// The oldest position it still has.
    pub fn start(&self) -> Position {
        self.chunks.front().map_or(self.live, Chunk::first)
    }

    /// Where a listener enters to be `lead` samples behind the live edge: at the frame border there
    /// or before it, or at the oldest frame there is.
    pub fn entry(&self, lead: u64) -> Position {
        let samples = self.live.samples().saturating_sub(lead);
        let border = samples - samples % FRAME_LEN as u64;
        Position::new(border).max(self.start())
    }

    /// The rest of the chunk around a frame border, and the position after it; `None` at the live edge.
    fn after(&self, at: Position) -> Option<(Bytes, Position)> {
        let index = self.chunks.partition_point(|chunk| chunk.end() <= at);
        self.chunks.get(index).map(|chunk| (chunk.from(at), chunk.end()))
    }
}

/// One listener's place in a backlog.
///
/// It goes from frame border to frame border. A listener that fell behind by more than its lead and
/// [`Cursor::SLACK`] has starved or been paused; it goes on at the live edge, given its lead anew.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    at: Position,
    lead: u64,
    slack: u64,
    jumps: u64,
}

impl Cursor {
    /// How far beyond its lead a listener may fall behind before it jumps.
    pub const SLACK: Duration = Duration::from_secs(1);

    /// A listener that enters at `at` and is given `lead` samples.
    pub fn new(at: Position, lead: u64, sample_rate_hz: u32) -> Self {
        Self { at, lead, slack: whole_frames(Self::SLACK, sample_rate_hz), jumps: 0 }
    }

    /// The next bytes, at most a chunk; `None` when it has all there is.
    pub fn next(&mut self, backlog: &Backlog) -> Option<Bytes> {
        let is_behind = backlog.live().since(self.at) > self.lead + self.slack;
        if is_behind || self.at < backlog.start() {
            self.at = backlog.entry(self.lead);
            self.jumps += 1;
        }
        let (bytes, next) = backlog.after(self.at)?;
        self.at = next;
        Some(bytes)
    }

    /// The position of the next frame it will take.
    pub fn at(&self) -> Position {
        self.at
    }

    /// How often it jumped to the live edge.
    pub fn jumps(&self) -> u64 {
        self.jumps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: u64 = 100 * FRAME_LEN as u64;

    /// A chunk whose frames are 3 bytes long and say which frame they are.
    fn chunk(first_frame: u8, frames: u8) -> Chunk {
        let mut chunk = Chunk::new(at_frame(first_frame), KEEP);
        for n in 0..frames {
            chunk.mark_frame(3 * (usize::from(n) + 1));
        }
        let bytes: Vec<u8> = (first_frame..first_frame + frames).flat_map(|n| [n; 3]).collect();
        chunk.fill(&bytes);
        chunk
    }

    fn at_frame(frame: u8) -> Position {
        Position::new(u64::from(frame) * FRAME_LEN as u64)
    }

    fn filled() -> Backlog {
        let mut backlog = Backlog::new(Position::START);
        for first in (0..40).step_by(4) {
            backlog.push(chunk(first, 4));
        }
        backlog
    }

    #[test]
    fn a_joiner_enters_at_the_frame_border_that_gives_its_lead() {
        let backlog = filled();
        let frame = FRAME_LEN as u64;
        assert_eq!(backlog.entry(0), at_frame(40));
        assert_eq!(backlog.entry(1), at_frame(39));
        assert_eq!(backlog.entry(6 * frame), at_frame(34));
        assert_eq!(backlog.entry(6 * frame + 1), at_frame(33));
        assert_eq!(backlog.entry(1000 * frame), at_frame(0));
    }

    #[test]
    fn a_cursor_takes_every_frame_once_from_where_it_entered() {
        let mut backlog = filled();
        let mut cursor = Cursor::new(at_frame(34), 6 * FRAME_LEN as u64, 44_100);
        let mut taken = Vec::new();
        while let Some(bytes) = cursor.next(&backlog) {
            taken.extend_from_slice(&bytes);
        }
        backlog.push(chunk(40, 2));
        taken.extend_from_slice(&cursor.next(&backlog).unwrap());
        assert!(cursor.next(&backlog).is_none());
        assert_eq!(taken, (34..42).flat_map(|n| [n; 3]).collect::<Vec<_>>());
        assert_eq!(cursor.jumps(), 0);
    }

    #[test]
    fn what_is_older_than_wanted_is_let_go() {
        let mut backlog = filled();
        for first in (40..240).step_by(4) {
            backlog.push(chunk(first, 4));
        }
        assert_eq!(backlog.start(), at_frame(140));
        let mut cursor = Cursor::new(at_frame(0), 2 * FRAME_LEN as u64, 44_100);
        assert_eq!(cursor.next(&backlog).unwrap()[0], 238);
        assert_eq!(cursor.jumps(), 1);
    }
}
