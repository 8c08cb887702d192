//! What composer and synthesiser agree on. Notes are in semitones above C0, times in samples, gains 0..1.

use super::{desk::Mix, harmony::VOICES};

/// What the synthesiser is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Note {
    /// The faders go elsewhere.
    Desk(Mix),
    /// Samples between two repeats of the tape.
    Tape(f32),
    Chord {
        notes: [f32; VOICES],
        gain: f32,
        /// Samples held; 0 for a stab.
        held: f32,
        /// How far the filter opens more than usual, in octaves.
        tone: f32,
    },
    Bass {
        note: f32,
        gain: f32,
        held: f32,
    },
    Kick(f32),
    Rim {
        gain: f32,
        send: f32,
    },
    Brush {
        gain: f32,
        open: bool,
        /// From -1 (left) to 1 (right).
        place: f32,
    },
    Reed {
        note: f32,
        gain: f32,
        held: f32,
        send: f32,
    },
}
