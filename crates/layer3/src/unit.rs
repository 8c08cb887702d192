//! One channel of one granule on its way into the bitstream.

use crate::{
    allocation::Allocation,
    forecast::Expected,
    huffman::Coding,
    layout::PerBand,
    mdct::{BlockType, LINES, Spectrum},
    quantise::Powers,
    side_info::GranuleInfo,
    simd::{LANES, Lanes},
};

/// What is known of one channel of one granule: from its spectrum to its codes.
#[derive(Clone)]
pub(crate) struct Unit {
    pub(crate) block_type: BlockType,
    /// In the order of the bitstream.
    pub(crate) spectrum: Spectrum,
    /// The logarithm to base 2 of the noise energy a line of each band may have, all up to one factor.
    pub(crate) allowed: PerBand<f32>,
    pub(crate) powers: Powers,
    /// The exponent of the step each band wants, in quarters, before the frame's share is added.
    pub(crate) wanted: PerBand<f32>,
    /// What it is expected to take.
    pub(crate) expected: Expected,
    pub(crate) allocation: Allocation,
    /// The exponent of the coarsest step in quarters.
    pub(crate) gain: i32,
    /// Whether it was quantised with that gain.
    pub(crate) is_quantised: bool,
    /// The bands at which its first two regions end, or zeros before that is known.
    pub(crate) borders: [u8; 2],
    pub(crate) quantised: Quantised,
    pub(crate) coding: Coding,
    /// All lines are zero, or are to be: nothing is sent.
    pub(crate) is_silent: bool,
}

/// Quantised lines.
#[derive(Clone)]
pub(crate) struct Quantised {
    /// Magnitudes, and room for a vector that begins with the last of them. Behind the last quadruple they
    /// are anything.
    pub(crate) lines: [u16; LINES + 2 * LANES],
    /// What lines `x` and `y` of each pair are in tables of codes: `x · 16 + y`, each 15 at most.
    pub(crate) pairs: [u8; LINES / 2 + LANES],
}

/// What `global_gain` is more than the exponent (ISO/IEC 11172-3, 2.4.3.4.7.1).
const GLOBAL_GAIN_OFFSET: i32 = 210;

/// Exponents that `global_gain`, 0 to 255, can say.
pub(crate) const MIN_GAIN: i32 = -GLOBAL_GAIN_OFFSET;
/// See [`MIN_GAIN`].
pub(crate) const MAX_GAIN: i32 = 255 - GLOBAL_GAIN_OFFSET;

impl Quantised {
    /// All zero.
    pub(crate) const fn new() -> Self {
        Self { lines: [0; _], pairs: [0; _] }
    }

    /// Makes pairs of the lines before `end`; behind it there are sixteen zeros, or none but these.
    #[inline(always)]
    pub(crate) fn pair<V: Lanes>(&mut self, end: usize) {
        let sixteens = self.lines.as_chunks::<{ 2 * LANES }>().0[..end.div_ceil(2 * LANES)].iter();
        for (lines, pairs) in sixteens.zip(self.pairs.as_chunks_mut::<LANES>().0) {
            V::pair(lines, pairs);
        }
    }

    /// Where the last pair ends that has any of the bits of `mask`; behind `end` there are none but zeros.
    #[inline(always)]
    pub(crate) fn end_of(&self, end: usize, mask: u8) -> usize {
        let mask = u64::from_le_bytes([mask; 8]);
        let words = &self.pairs.as_chunks::<8>().0[..end.div_ceil(16)];
        for (n, &word) in words.iter().enumerate().rev() {
            let bits = u64::from_le_bytes(word) & mask;
            if bits != 0 {
                return 2 * (8 * n + 8 - bits.leading_zeros() as usize / 8);
            }
        }
        0
    }
}

impl Unit {
    /// All zero, so that many are quickly made.
    pub(crate) const fn new() -> Self {
        Self {
            block_type: BlockType::Normal,
            spectrum: [0.0; _],
            allowed: [0.0; _],
            powers: Powers::new(),
            wanted: [0.0; _],
            expected: Expected { bits: 0.0, slope: 0.0 },
            allocation: Allocation::new(),
            gain: 0,
            is_quantised: false,
            borders: [0; _],
            quantised: Quantised::new(),
            coding: Coding::new(),
            is_silent: false,
        }
    }

    /// Bits of scalefactors and Huffman codes.
    #[inline(always)]
    pub(crate) fn part2_3_length(&self) -> u32 {
        if self.is_empty() { 0 } else { self.allocation.part2_length + self.coding.bits }
    }

    /// Lines that are coded.
    pub(crate) fn coded_lines(&self) -> u32 {
        self.coding.count1_end.into()
    }

    /// Whether nothing of it is sent: no line, and no scalefactors that another granule needs.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.is_silent || self.coding.count1_end == 0 && !self.allocation.is_for_two
    }

    /// What side information says of it.
    pub(crate) fn info(&self) -> GranuleInfo {
        if self.is_empty() {
            return GranuleInfo { block_type: self.block_type, ..GranuleInfo::default() };
        }
        let coding = &self.coding;
        GranuleInfo {
            part2_3_length: self.part2_3_length() as u16,
            big_values: coding.ends[2] / 2,
            global_gain: (self.gain + GLOBAL_GAIN_OFFSET) as u8,
            scalefac_compress: self.allocation.packing.scalefac_compress,
            block_type: self.block_type,
            table_select: coding.table_select,
            subblock_gain: self.allocation.subblock_gain,
            region0_count: coding.region0_count,
            region1_count: coding.region1_count,
            preflag: self.allocation.packing.preflag,
            scalefac_scale: self.allocation.scalefac_scale,
            count1table_select: coding.count1table_select,
        }
    }
}
