//! What the composer tells the synthesiser. Numbers are bytes, so that a sounding note is a word of a
//! snapshot.

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Note {
    /// How much of each layer there is from now on; told four times a second.
    Mood(Mood),
    /// A pad begins.
    Pad(PadNote),
    /// A bell or a mallet is struck.
    Stroke(Stroke),
    /// Pads are let go of.
    LetGo(LetGo),
}

/// How much of each layer there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mood {
    /// Levels, 0..1.
    pub drone: f32,
    pub breath: f32,
    pub halo: f32,
    /// How far filters are open, in octaves from the middle, -2..2.
    pub light: f32,
    /// From pulses (-1) to a chorus of saws (1); see `Octet`.
    pub blend: f32,
    /// The drone's note, in semitones above C0.
    pub ground: u8,
    /// Notes of the chord in any octave: root, third, fifth, and one more.
    pub tones: [u8; 4],
}

/// A pad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PadNote {
    /// Semitones above C0.
    pub note: u8,
    /// Peak gain, of 255.
    pub gain: u8,
    /// Place, -127 (left) to 127 (right).
    pub place: i8,
    /// Half-life of the attack in 1/64 s; the release takes 2.2 times as long.
    pub attack: u8,
    /// How long it is held, in samples.
    pub hold: u32,
}

impl PadNote {
    /// All but the hold in one word.
    pub(super) fn word(self) -> u32 {
        u32::from_le_bytes([self.note, self.gain, self.place as u8, self.attack])
    }

    /// What [`Self::word`] gave; any word is a pad.
    pub(super) fn from_word(word: u32, hold: u32) -> Self {
        let [note, gain, place, attack] = word.to_le_bytes();
        Self { note: note.min(127), gain, place: place as i8, attack: attack.max(1), hold }
    }
}

/// A stroke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stroke {
    /// Semitones above C0.
    pub note: u8,
    /// Peak gain, of 255.
    pub gain: u8,
    /// Place, -127 (left) to 127 (right).
    pub place: i8,
    /// Which of the bells' timbres.
    pub timbre: u8,
}

/// Who is let go of, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LetGo {
    /// A bit for each of the twelve notes that may stay.
    pub keep: u16,
    /// Within a second, or else each at its own pace.
    pub is_quick: bool,
}

/// Bytes out of shares: 0..1 to 0..=255, and -1..1 to -127..=127.
pub(super) fn byte(share: f32) -> u8 {
    (share * 255.0 + 0.5) as u8
}

pub(super) fn side(place: f32) -> i8 {
    (place * 127.0) as i8
}

/// The share and the place again.
pub(super) fn share(byte: u8) -> f32 {
    f32::from(byte) * (1.0 / 255.0)
}

pub(super) fn way(side: i8) -> f32 {
    f32::from(side) * (1.0 / 127.0)
}
