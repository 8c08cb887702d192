//! A note as it begins, for whoever watches a performance.

/// What is told of a note: enough to draw it, not to play it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// Where it begins, in samples from the first that the call renders. A note is told with its block, so
    /// it may lie up to [`BLOCK_LEN`](crate::BLOCK_LEN) beyond the last.
    pub at: u32,
    /// Who plays it: one of a few names a station has, in lower snake case, e.g. `bells`.
    pub part: &'static str,
    /// Semitones above C-1 as MIDI counts them, 69 being A at 440 Hz, with what lies between; `None` for
    /// what has no pitch.
    pub pitch: Option<f32>,
    /// How strong, 0..=1.
    pub velocity: f32,
    /// Where it is heard, -1 (left) to 1 (right).
    pub pan: f32,
}
