//! Frames: header, side information and main data, and where the reservoir puts the latter.
//!
//! ```text
//! ┌ header, side ┬ main data ───────┐┌ header, side ┬ main data ──────┐
//! │  of frame 1  │ 1111111111112222 ││  of frame 2  │ 222222233333 ...│
//! └──────────────┴──────────────────┘└──────────────┴─────────────────┘
//!                             ◄──── main_data_begin of frame 2
//! ```
//!
//! Without a reservoir the main data of a frame begin behind its own side information. With it they begin
//! where those of the frame before end, at most 511 bytes earlier (255 at low sampling frequencies), not
//! counting headers and side information.
//!
//! Source: ISO/IEC 11172-3, 2.4.3.1 and 2.4.3.4.

use std::collections::VecDeque;

use crate::{config::Reservoir, side_info::Version};

/// Bits of main data that a decoder need hold (2.4.3.1): those of a frame and of what the reservoir adds to
/// it. A frame that is longer by itself gets no reservoir.
const DECODER_BUFFER_BITS: usize = 7680;

/// Frames on their way out.
pub(crate) struct Frames {
    /// Bytes of header and side information of each frame.
    side_len: usize,
    /// How far main data may begin before their frame, in bytes.
    max_main_data_begin: usize,
    /// Frames that are not yet full, whole but for main data to come, which are zero.
    pending: Vec<u8>,
    /// The length of each.
    lens: VecDeque<usize>,
    /// Where in the first of them main data go on.
    at: usize,
    /// Bytes in all of them that main data to come may take.
    room: usize,
}

impl Frames {
    /// Frames of this length or one byte more, `side_len` of it header and side information.
    pub(crate) fn new(
        version: Version,
        reservoir: Reservoir,
        frame_len: usize,
        side_len: usize,
    ) -> Self {
        let main_len = frame_len - side_len;
        let max_main_data_begin = match reservoir {
            Reservoir::None => 0,
            Reservoir::Full => (DECODER_BUFFER_BITS / 8)
                .saturating_sub(main_len)
                .min(version.max_main_data_begin()),
        };
        // Those the reservoir reaches back into, and the newest.
        let most = max_main_data_begin.div_ceil(main_len) + 2;
        Self {
            side_len,
            max_main_data_begin,
            pending: Vec::with_capacity(most * (frame_len + 1)),
            lens: VecDeque::with_capacity(most),
            at: 0,
            room: 0,
        }
    }

    /// How far before the next frame its main data begin, in bytes.
    pub(crate) fn main_data_begin(&self) -> usize {
        self.room
    }

    /// The most that [`Self::main_data_begin`] can be.
    pub(crate) fn max_main_data_begin(&self) -> usize {
        self.max_main_data_begin
    }

    /// Bytes it holds on the heap.
    pub(crate) fn heap_len(&self) -> usize {
        self.pending.capacity() + self.lens.capacity() * size_of::<usize>()
    }

    /// Adds a frame of `len` bytes that begins with header and side information `side`; gives out those
    /// that have become full.
    ///
    /// `main_data` are no longer than [`Self::main_data_begin`] and the frame's own room together.
    pub(crate) fn push(&mut self, side: &[u8], len: usize, main_data: &[u8], out: &mut Vec<u8>) {
        if self.lens.is_empty() {
            self.at = self.side_len;
        }
        let begin = self.pending.len();
        self.pending.extend_from_slice(side);
        self.pending.resize(begin + len, 0);
        self.lens.push_back(len);
        self.room += len - self.side_len;
        let mut main_data = main_data;
        while !main_data.is_empty() && !self.lens.is_empty() {
            let free = &mut self.pending[self.at..self.lens[0]];
            let (now, later) = main_data.split_at(free.len().min(main_data.len()));
            free[..now.len()].copy_from_slice(now);
            self.advance(now.len(), out);
            main_data = later;
        }
        // What the reservoir cannot reach stays zero.
        while self.room > self.max_main_data_begin && !self.lens.is_empty() {
            let free = self.lens[0] - self.at;
            self.advance(free.min(self.room - self.max_main_data_begin), out);
        }
    }

    /// Gives out what is left, and begins anew.
    pub(crate) fn flush(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.pending);
        self.pending.clear();
        self.lens.clear();
        (self.at, self.room) = (0, 0);
    }

    /// Goes on in the first frame, and gives it out if that makes it full.
    fn advance(&mut self, count: usize, out: &mut Vec<u8>) {
        self.at += count;
        self.room -= count;
        if let Some(&len) = self.lens.front()
            && self.at == len
        {
            out.extend_from_slice(&self.pending[..len]);
            self.pending.drain(..len);
            self.lens.pop_front();
            self.at = self.side_len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: [u8; 36] = [0xFF; 36];

    fn frames(reservoir: Reservoir) -> Frames {
        Frames::new(Version::Mpeg1, reservoir, 417, SIDE.len())
    }

    #[test]
    fn without_a_reservoir_each_frame_is_given_out_at_once() {
        let (mut frames, mut out) = (frames(Reservoir::None), Vec::new());
        for n in 1..10 {
            assert_eq!(frames.main_data_begin(), 0);
            frames.push(&SIDE, 417, &[1; 300], &mut out);
            assert_eq!(out.len(), n * 417);
        }
        assert_eq!(out[36..336], [1; 300]);
        assert_eq!(out[336..417], [0; 81]);
    }

    #[test]
    fn with_a_reservoir_main_data_follow_each_other_and_reach_back_so_far_and_no_further() {
        let (mut frames, mut out) = (frames(Reservoir::Full), Vec::new());
        let mut main_data = Vec::new();
        for n in 0..200_usize {
            let begin = frames.main_data_begin();
            assert!(begin <= frames.max_main_data_begin());
            let len = (n * 7919 % 800).min(begin + 381);
            let data: Vec<u8> = (0..len).map(|k| (n + k) as u8 | 1).collect();
            frames.push(&SIDE, 417, &data, &mut out);
            main_data.extend(data);
        }
        frames.flush(&mut out);
        assert_eq!(out.len(), 200 * 417);
        let (mut all, mut sides) = (Vec::<u8>::new(), 0);
        for frame in out.chunks(417) {
            sides += usize::from(frame[..36] == SIDE);
            all.extend(frame[36..].iter().filter(|&&byte| byte != 0));
        }
        assert_eq!(sides, 200);
        assert_eq!(all, main_data);
    }
}
