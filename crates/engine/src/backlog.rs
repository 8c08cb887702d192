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
//! Chunks are kept once, whoever listens, in one ring of bytes; a listener is a [`Cursor`], and what it
//! takes is lent to it. A stream in its rhythm allocates nothing, and all it kept goes at once.

use std::{collections::VecDeque, ops::Range, time::Duration};

use crate::{FRAME_LEN, MAX_CHUNK_FRAMES, Position, position::whole_frames};

/// Frames on their way into a backlog, one after the other, and where each ends; the 8 largest, of WAV,
/// are 36,864 bytes.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    ends: [u16; MAX_CHUNK_FRAMES],
    count: usize,
}

impl Frames {
    /// Lets go of all.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// Takes the next frame, which `write` appends; there are at most [`MAX_CHUNK_FRAMES`].
    pub(crate) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends[self.count] = self.bytes.len() as u16;
        self.count += 1;
    }
}

/// Whole frames of one encoding, rendered together.
#[derive(Debug)]
struct Chunk {
    first: Position,
    /// Where in the ring it begins.
    at: usize,
    /// Where each frame ends, from there.
    ends: [u16; MAX_CHUNK_FRAMES],
    frames: usize,
}

impl Chunk {
    /// The position after its last sample.
    fn end(&self) -> Position {
        self.first + (self.frames * FRAME_LEN) as u64
    }

    /// Where in the ring its frames are, from the so manyth on.
    fn range(&self, frame: usize) -> Range<usize> {
        let end = |frames: usize| frames.checked_sub(1).map_or(0, |last| self.ends[last].into());
        self.at + end(frame)..self.at + end(self.frames)
    }
}

/// The recent past of one stream in one encoding, for all who listen to it.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Each chunk lies in one piece; what is too long for the end begins again at the front.
    ring: Box<[u8]>,
    chunks: VecDeque<Chunk>,
    live: Position,
}

impl Backlog {
    /// An empty backlog of a stream that goes on at `live`.
    pub(crate) fn new(live: Position) -> Self {
        Self { ring: Box::default(), chunks: VecDeque::new(), live }
    }

    /// Takes the next chunk, and lets go of what lies `keep` samples or more before its beginning.
    pub(crate) fn push(&mut self, frames: &Frames, keep: u64) {
        while self.chunks.front().is_some_and(|oldest| self.live.since(oldest.end()) >= keep) {
            self.chunks.pop_front();
        }
        let len = frames.bytes.len();
        let at = match self.room(len) {
            Some(at) => at,
            None => self.grow(len),
        };
        self.ring[at..at + len].copy_from_slice(&frames.bytes);
        let chunk = Chunk { first: self.live, at, ends: frames.ends, frames: frames.count };
        self.live = chunk.end();
        self.chunks.push_back(chunk);
    }

    /// Where in the ring there is room for so many bytes in one piece.
    fn room(&self, len: usize) -> Option<usize> {
        let (Some(oldest), Some(newest)) = (self.chunks.front(), self.chunks.back()) else {
            return (len <= self.ring.len()).then_some(0);
        };
        let (begin, end) = (oldest.at, newest.range(0).end);
        let is_wrapped = newest.at < begin;
        let until = if is_wrapped { begin } else { self.ring.len() };
        match end + len <= until {
            true => Some(end),
            false => (!is_wrapped && len <= begin).then_some(0),
        }
    }

    /// Makes the ring larger, for chunks of so many bytes and a little more; tells where the next begins.
    fn grow(&mut self, len: usize) -> usize {
        let kept: usize = self.chunks.iter().map(|chunk| chunk.range(0).len()).sum();
        let mut ring = vec![0; kept + kept / 8 + 2 * len].into_boxed_slice();
        let mut at = 0;
        for chunk in &mut self.chunks {
            let bytes = &self.ring[chunk.range(0)];
            ring[at..at + bytes.len()].copy_from_slice(bytes);
            chunk.at = at;
            at += bytes.len();
        }
        self.ring = ring;
        at
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
        let chunk = self.chunks.get(index)?;
        let frame = at.since(chunk.first) as usize / FRAME_LEN;
        Some((&self.ring[chunk.range(frame)], chunk.end()))
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
        let mut made = Frames::default();
        (first_frame..first_frame + frames)
            .for_each(|n| made.add(|bytes| bytes.extend_from_slice(&[n; 3])));
        backlog.push(&made, KEEP);
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
    fn a_stream_in_its_rhythm_keeps_its_memory() {
        let mut backlog = filled();
        let mut ring = std::ptr::null();
        for (n, first) in (40..248).step_by(4).enumerate() {
            push(&mut backlog, first, 4);
            if n == 28 {
                ring = backlog.ring.as_ptr();
                assert!(backlog.ring.len() < 3 * 104 * 5 / 4, "{} bytes", backlog.ring.len());
            }
        }
        assert_eq!(backlog.ring.as_ptr(), ring);
    }

    /// Chunks of any length, kept for any time, come out as they went in.
    #[test]
    fn whatever_the_lengths_what_is_kept_is_whole_and_in_order() {
        let mut chance = 1_u64;
        let mut draw = |below: u64| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (chance >> 33) % below
        };
        let mut backlog = Backlog::new(Position::START);
        let mut given = VecDeque::new();
        for _ in 0..5000 {
            let mut frames = Frames::default();
            for _ in 0..1 + draw(MAX_CHUNK_FRAMES as u64) {
                let frame = vec![draw(256) as u8; draw(300) as usize];
                frames.add(|bytes| bytes.extend_from_slice(&frame));
                given.push_back((backlog.live() + ((frames.count - 1) * FRAME_LEN) as u64, frame));
            }
            backlog.push(&frames, (1 + draw(60)) * FRAME_LEN as u64);
            while given.front().is_some_and(|(at, _)| *at < backlog.start()) {
                given.pop_front();
            }
            let mut cursor = Cursor::new(backlog.start(), 1 << 40, 44_100);
            let mut taken = Vec::new();
            while let Some(next) = cursor.next(&backlog) {
                taken.extend_from_slice(next.bytes);
            }
            assert_eq!(
                taken,
                given.iter().flat_map(|(_, frame)| frame.clone()).collect::<Vec<_>>()
            );
        }
    }
}
