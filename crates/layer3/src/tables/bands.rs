//! Scalefactor bands: where they begin, in frequency lines.
//!
//! Source: ISO/IEC 11172-3, Table 3-B.8, and ISO/IEC 13818-3, Table B.2.

/// The first line of each band of a long block, and 576. The last band has no scalefactor.
pub(crate) type LongBands = [u16; 23];

/// The first line of each band of one short block, and 192. The last band has no scalefactor.
pub(crate) type ShortBands = [u16; 14];

/// The bands at a sample rate of Layer III; at others, those of 16 kHz.
pub(crate) fn bands(sample_rate_hz: u32) -> (&'static LongBands, &'static ShortBands) {
    match sample_rate_hz {
        48_000 => (&LONG_48, &SHORT_48),
        44_100 => (&LONG_44, &SHORT_44),
        32_000 => (&LONG_32, &SHORT_32),
        24_000 => (&LONG_24, &SHORT_24),
        22_050 => (&LONG_22, &SHORT_22),
        _ => (&LONG_22, &SHORT_16),
    }
}

const LONG_44: LongBands = [
    0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 52, 62, 74, 90, 110, 134, 162, 196, 238, 288, 342, 418,
    576,
];
const LONG_48: LongBands = [
    0, 4, 8, 12, 16, 20, 24, 30, 36, 42, 50, 60, 72, 88, 106, 128, 156, 190, 230, 276, 330, 384,
    576,
];
const LONG_32: LongBands = [
    0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 54, 66, 82, 102, 126, 156, 194, 240, 296, 364, 448, 550,
    576,
];
/// Also at 16 kHz.
const LONG_22: LongBands = [
    0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522,
    576,
];
/// Decoders disagree about [`DISPUTED_24`]; see there.
const LONG_24: LongBands = [
    0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 114, 136, 162, 194, 232, 278, 332, 394, 464, 540,
    576,
];

const SHORT_44: ShortBands = [0, 4, 8, 12, 16, 22, 30, 40, 52, 66, 84, 106, 136, 192];
const SHORT_48: ShortBands = [0, 4, 8, 12, 16, 22, 28, 38, 50, 64, 80, 100, 126, 192];
const SHORT_32: ShortBands = [0, 4, 8, 12, 16, 22, 30, 42, 58, 78, 104, 138, 180, 192];
const SHORT_24: ShortBands = [0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 136, 180, 192];
const SHORT_22: ShortBands = [0, 4, 8, 12, 18, 24, 32, 42, 56, 74, 100, 132, 174, 192];
const SHORT_16: ShortBands = [0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192];

/// The band of a long block at 24 kHz of which some decoders (FFmpeg's among them) hold that it begins
/// at line 330, and most that it begins at 332. Who gives it the scalefactor of the band before, and
/// begins no region of Huffman codes with it, is understood by all.
pub(crate) const DISPUTED_24: usize = 18;

/// What is added to the scalefactors of a long block when `preflag` is set (Table 3-B.6).
pub(crate) const PRETAB: [u8; 22] =
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 2, 0];

/// `slen1` and `slen2` for each `scalefac_compress` of MPEG-1 (2.4.2.7).
pub(crate) const SLEN: [(u8, u8); 16] = [
    (0, 0),
    (0, 1),
    (0, 2),
    (0, 3),
    (3, 0),
    (1, 1),
    (1, 2),
    (1, 3),
    (2, 1),
    (2, 2),
    (2, 3),
    (3, 1),
    (3, 2),
    (3, 3),
    (4, 2),
    (4, 3),
];
