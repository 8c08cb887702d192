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
//! Chunks are kept once, whoever listens; a listener is a [`Cursor`], and what it takes is lent to it. The
//! memory of a chunk that is let go of is the next one's, so that a stream in its rhythm allocates nothing.

use std::{collections::VecDeque, time::Duration};

use crate::{FRAME_LEN, MAX_CHUNK_FRAMES, Position, position::whole_frames};

/// Whole frames of one encoding, rendered together.
#[derive(Debug)]
pub(crate) struct Chunk {
    first: Position,
    /// Where each frame ends in `bytes`; the 8 largest frames, of WAV, are 36,864 bytes.
    ends: [u16; MAX_CHUNK_FRAMES],
    frames: usize,
    bytes: Vec<u8>,
}

impl Chunk {
    /// A chunk of no frame yet that begins at `first`; it writes over the bytes of an older one.
    pub(crate) fn over(mut bytes: Vec<u8>, first: Position) -> Self {
        bytes.clear();
        Self { first, ends: [0; MAX_CHUNK_FRAMES], frames: 0, bytes }
    }

    /// Takes the next frame, which `write` appends.
    pub(crate) fn add_frame(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends[self.frames] = self.bytes.len() as u16;
        self.frames += 1;
    }

    /// The position after its last sample.
    fn end(&self) -> Position {
        self.first + (self.frames * FRAME_LEN) as u64
    }

    /// The frames from a frame border on.
    fn from(&self, at: Position) -> &[u8] {
        match at.since(self.first) as usize / FRAME_LEN {
            0 => &self.bytes,
            frame => &self.bytes[usize::from(self.ends[frame - 1])..],
        }
    }
}

/// The recent past of one stream in one encoding, for all who listen to it.
#[derive(Debug)]
pub(crate) struct Backlog {
    chunks: VecDeque<Chunk>,
    live: Position,
}

impl Backlog {
    /// An empty backlog of a stream that goes on at `live`.
    pub(crate) fn new(live: Position) -> Self {
        Self { chunks: VecDeque::new(), live }
    }

    /// Takes the next chunk, which `fill` fills with frames.
    pub(crate) fn push(&mut self, keep: u64, fill: impl FnOnce(&mut Chunk)) {
        let mut chunk = Chunk::over(self.let_go(keep), self.live);
        fill(&mut chunk);
        self.live = chunk.end();
        self.chunks.push_back(chunk);
    }

    /// Lets go of what lies `keep` samples or more before the live edge, and returns memory of it.
    fn let_go(&mut self, keep: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.chunks.front().is_some_and(|oldest| self.live.since(oldest.end()) >= keep) {
            let oldest = self.chunks.pop_front().map(|chunk| chunk.bytes).unwrap_or_default();
            if oldest.capacity() > bytes.capacity() {
                bytes = oldest;
            }
        }
        bytes
    }

    /// Where the next chunk will begin.
    pub(crate) fn live(&self) -> Position {
        self.live
    }

    /// The oldest position it still has.
    pub(crate) fn start(&self) -> Position {
        self.chunks.front().map_or(self.live, |chunk| chunk.first)
    }

    /// Where a listener enters to be `lead` samples behind the live edge: at the frame border there
    /// or before it, or at the oldest frame there is.
    pub(crate) fn entry(&self, lead: u64) -> Position {
        let samples = self.live.samples().saturating_sub(lead);
        let border = samples - samples % FRAME_LEN as u64;
        Position::new(border).max(self.start())
    }

    /// The rest of the chunk around a frame border, and the position after it; `None` at the live edge.
    fn after(&self, at: Position) -> Option<(&[u8], Position)> {
        let index = self.chunks.partition_point(|chunk| chunk.end() <= at);
        self.chunks.get(index).map(|chunk| (chunk.from(at), chunk.end()))
    }
}

/// One listener's place in a backlog.
///
/// It goes from frame border to frame border. A listener that fell behind by more than its lead and
/// [`Cursor::SLACK`] has starved or been paused; it goes on at the live edge, given its lead anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    at: Position,
    lead: u64,
    slack: u64,
}

/// What a listener is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken<'a> {
    /// Whole frames, at most a chunk.
    pub bytes: &'a [u8],
    /// The position after them.
    pub end: Position,
    /// Whether they do not follow on what it was given before: it goes on at the live edge.
    pub has_jumped: bool,
}

impl Cursor {
    /// How far beyond its lead a listener may fall behind before it jumps.
    pub(crate) const SLACK: Duration = Duration::from_secs(1);

    /// A listener that enters at `at` and is given `lead` samples.
    pub(crate) fn new(at: Position, lead: u64, sample_rate_hz: u32) -> Self {
        Self { at, lead, slack: whole_frames(Self::SLACK, sample_rate_hz) }
    }

    /// The next bytes, at most a chunk; `None` when it has all there is.
    pub(crate) fn next<'a>(&mut self, backlog: &'a Backlog) -> Option<Taken<'a>> {
        let is_behind = backlog.live().since(self.at) > self.lead + self.slack;
        let has_jumped = is_behind || self.at < backlog.start();
        if has_jumped {
            self.at = backlog.entry(self.lead);
        }
        let (bytes, next) = backlog.after(self.at)?;
        self.at = next;
        Some(Taken { bytes, end: next, has_jumped })
    }

    /// The position of the next frame it will take.
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Samples that it is to be sent ahead of real time.
    pub(crate) fn lead(&self) -> u64 {
        self.lead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: u64 = 100 * FRAME_LEN as u64;

    /// Frames of 3 bytes each that say which frame they are.
    fn push(backlog: &mut Backlog, first_frame: u8, frames: u8) {
        assert_eq!(backlog.live(), at_frame(first_frame));
        backlog.push(KEEP, |chunk| {
            (first_frame..first_frame + frames)
                .for_each(|n| chunk.add_frame(|bytes| bytes.extend_from_slice(&[n; 3])));
        });
    }

    fn at_frame(frame: u8) -> Position {
        Position::new(u64::from(frame) * FRAME_LEN as u64)
    }

    fn filled() -> Backlog {
        let mut backlog = Backlog::new(Position::START);
        for first in (0..40).step_by(4) {
            push(&mut backlog, first, 4);
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
        while let Some(Taken { bytes, has_jumped, .. }) = cursor.next(&backlog) {
            taken.extend_from_slice(bytes);
            assert!(!has_jumped);
        }
        push(&mut backlog, 40, 2);
        taken.extend_from_slice(cursor.next(&backlog).unwrap().bytes);
        assert!(cursor.next(&backlog).is_none());
        assert_eq!(taken, (34..42).flat_map(|n| [n; 3]).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_older_than_wanted_is_let_go() {
        let mut backlog = filled();
        for first in (40..240).step_by(4) {
            push(&mut backlog, first, 4);
        }
        assert_eq!(backlog.start(), at_frame(136));
        let mut cursor = Cursor::new(at_frame(0), 2 * FRAME_LEN as u64, 44_100);
        let taken = cursor.next(&backlog).unwrap();
        assert_eq!((taken.bytes[0], taken.has_jumped), (238, true));
    }

    #[test]
    fn a_chunk_is_written_over_the_memory_of_the_one_let_go() {
        let mut backlog = filled();
        (40..140).step_by(4).for_each(|first| push(&mut backlog, first, 4));
        let memory = backlog.chunks[0].bytes.as_ptr();
        push(&mut backlog, 140, 4);
        assert_eq!(backlog.chunks.back().unwrap().bytes.as_ptr(), memory);
    }
}
