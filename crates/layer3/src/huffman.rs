//! Huffman coding of quantised lines: what it costs, which tables are best, and the bits themselves.
//!
//! ```text
//! line  0 ────────── region 0 ── region 1 ── region 2 ── count1 ────────── rzero ── 576
//!          pairs, a table for each region     quadruples of 0 and ±1        nothing
//! ```
//!
//! Source: ISO/IEC 11172-3, 2.4.1.7, 2.4.3.4 and Table 3-B.7.

use crate::{
    bits::{BitSink, BitWriter},
    mdct::{LINES, Spectrum},
    simd::{Lanes, kernel},
    tables::codes::{self, Code},
    unit::Quantised,
};

/// The greatest magnitude there is a code for: 15 and 13 linbits.
pub(crate) const MAX_MAGNITUDE: u16 = 15 + (1 << 13) - 1;

/// Most bits of a granule and channel: `part2_3_length` has 12 bits.
pub(crate) const MAX_PART2_3_LENGTH: u32 = 4095;

/// Bits that follow an escaped 15, for `table_select` 16 to 31.
const LINBITS: [u8; 16] = [1, 2, 3, 4, 6, 8, 10, 13, 4, 5, 6, 7, 8, 9, 11, 13];

/// How the lines of a granule and channel are coded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    /// Where regions 0, 1 and 2 end, in lines; the last is twice `big_values`.
    pub(crate) ends: [u16; 3],
    /// A table for each region.
    pub(crate) table_select: [u8; 3],
    /// Where the quadruples end.
    pub(crate) count1_end: u16,
    /// Whether the quadruples are coded with table B.
    pub(crate) count1table_select: bool,
    /// What it costs.
    pub(crate) bits: u32,
    /// Bands of the first region, less one.
    pub(crate) region0_count: u8,
    /// Bands of the second region, less one.
    pub(crate) region1_count: u8,
}

impl Coding {
    /// No line.
    pub(crate) const fn new() -> Self {
        Self {
            ends: [0; _],
            table_select: [0; _],
            count1_end: 0,
            count1table_select: false,
            bits: 0,
            region0_count: 0,
            region1_count: 0,
        }
    }
}

/// Where regions part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Regions {
    /// Where the first two end, in lines.
    pub(crate) ends: [usize; 2],
    /// The greatest magnitude in each.
    pub(crate) greatest: [u16; 3],
    /// Bands of the first two, less one.
    pub(crate) counts: [u8; 2],
}

/// Lengths and codes, laid out for look-up.
pub(crate) struct Huffman {
    /// Lengths with signs in the candidate tables of each class, `[x · 16 + y]`, 16 bits each.
    lengths: [[u64; 256]; CLASSES],
    /// Lengths with signs of quadruples, of table A below, of table B 16 bits above.
    quadruple_lengths: [u32; 16],
    /// Of each table, `[x · 16 + y]`: the code with room for signs behind it, and at bit 24 the length
    /// of both.
    codes: [[u32; 256]; 15],
    /// The same of both tables of quadruples.
    quadruples: [[u32; 16]; 2],
}

/// Regions are classed by the greatest magnitude in them: 0, 1, 2, 3, 5, 7, 15 and more.
const CLASSES: usize = 8;

/// The tables worth trying in each class. The last class stands for all tables with linbits; its third
/// field counts escapes.
const CANDIDATES: [[u8; 4]; CLASSES] = [
    [0, 0, 0, 0],
    [1, 2, 3, 6],
    [2, 3, 5, 6],
    [5, 6, 8, 9],
    [7, 8, 9, 12],
    [10, 11, 12, 15],
    [13, 15, 16, 24],
    [16, 24, 0, 0],
];

/// The class of a region by its greatest magnitude, up to 15.
const CLASS: [u8; 16] = [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6];

/// The class of a region by its greatest magnitude.
pub(crate) fn class(greatest: u16) -> usize {
    CLASS.get(usize::from(greatest)).map_or(CLASSES - 1, |&class| class.into())
}

/// The tables as the standard prints them, with the side of their squares; none for 0, 4 and 14.
fn table(table_select: u8) -> (usize, &'static [Code]) {
    match table_select {
        1 => (2, &codes::TABLE_1),
        2 => (3, &codes::TABLE_2),
        3 => (3, &codes::TABLE_3),
        5 => (4, &codes::TABLE_5),
        6 => (4, &codes::TABLE_6),
        7 => (6, &codes::TABLE_7),
        8 => (6, &codes::TABLE_8),
        9 => (6, &codes::TABLE_9),
        10 => (8, &codes::TABLE_10),
        11 => (8, &codes::TABLE_11),
        12 => (8, &codes::TABLE_12),
        13 => (16, &codes::TABLE_13),
        15 => (16, &codes::TABLE_15),
        16..24 => (16, &codes::TABLE_16),
        24..32 => (16, &codes::TABLE_24),
        _ => (0, &[]),
    }
}

/// Where the codes of a table are in [`Huffman::codes`].
fn code_index(table_select: u8) -> usize {
    const INDEX: [u8; 16] = [0, 0, 1, 2, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 12];
    match table_select {
        24.. => 14,
        16.. => 13,
        _ => INDEX[usize::from(table_select)].into(),
    }
}

/// The length of the escapes of a table.
fn linbits(table_select: u8) -> u32 {
    table_select.checked_sub(16).map_or(0, |n| LINBITS[usize::from(n)].into())
}

impl Huffman {
    pub(crate) fn new() -> Self {
        let signs = |x: usize, y: usize| u32::from(x != 0) + u32::from(y != 0);
        let mut lengths = [[0; 256]; CLASSES];
        for (class, (lengths, candidates)) in lengths.iter_mut().zip(CANDIDATES).enumerate() {
            for (field, table_select) in candidates.into_iter().enumerate() {
                let (side, codes) = table(table_select);
                for (n, &(len, _)) in codes.iter().enumerate() {
                    let (x, y) = (n / side, n % side);
                    let escapes = u32::from(x == 15) + u32::from(y == 15);
                    let mut bits = u32::from(len) + signs(x, y);
                    if class < CLASSES - 1 {
                        bits += escapes * linbits(table_select);
                    }
                    lengths[x * 16 + y] |= u64::from(bits) << (16 * field);
                }
            }
        }
        for x in 0..16 {
            for y in 0..16 {
                let escapes = u64::from(x == 15) + u64::from(y == 15);
                lengths[CLASSES - 1][x * 16 + y] |= escapes << 32;
            }
        }
        let pack = |(len, code): Code, signs: u32| {
            (u32::from(len) + signs) << 24 | u32::from(code) << signs
        };
        let mut all = [[0; 256]; 15];
        for table_select in [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 24] {
            let (side, codes) = table(table_select);
            for (n, &code) in codes.iter().enumerate() {
                let (x, y) = (n / side, n % side);
                all[code_index(table_select)][x * 16 + y] = pack(code, signs(x, y));
            }
        }
        let quadruples = [codes::QUADRUPLES_A, codes::QUADRUPLES_B]
            .map(|codes| std::array::from_fn(|n| pack(codes[n], n.count_ones())));
        Self {
            lengths,
            quadruple_lengths: std::array::from_fn(|n| {
                quadruples[0][n] >> 24 | quadruples[1][n] >> 24 << 16
            }),
            codes: all,
            quadruples,
        }
    }

    /// The cheapest table for pairs of lines of which `greatest` is the greatest magnitude, and what
    /// they cost with it.
    #[inline(always)]
    fn cheapest(&self, pairs: &[u8], greatest: u16) -> (u8, u32) {
        let class = class(greatest);
        if class == 0 {
            return (0, 0);
        }
        let lengths = &self.lengths[class];
        let sum: u64 = pairs.iter().map(|&pair| lengths[usize::from(pair)]).sum();
        if class < CLASSES - 1 {
            let mut best = (0, u32::MAX);
            for (field, table_select) in CANDIDATES[class].into_iter().enumerate() {
                let bits = (sum >> (16 * field)) as u32 & 0xFFFF;
                if bits < best.1 {
                    best = (table_select, bits);
                }
            }
            return best;
        }
        let escapes = (sum >> 32) as u32;
        let mut best = (0, u32::MAX);
        for (field, tables) in [16..24, 24..32_u8].into_iter().enumerate() {
            for table_select in tables {
                let linbits = linbits(table_select);
                if u32::from(greatest) < 15 + (1 << linbits) {
                    let bits = ((sum >> (16 * field)) as u32 & 0xFFFF) + escapes * linbits;
                    if bits < best.1 {
                        best = (table_select, bits);
                    }
                    break;
                }
            }
        }
        best
    }

    /// Chooses tables for lines that are 0 from `nonzero_end` on and below 2 from `big_end` on, both even.
    #[inline(always)]
    pub(crate) fn choose(
        &self,
        quantised: &Quantised,
        nonzero_end: usize,
        big_end: usize,
        regions: &Regions,
    ) -> Coding {
        // The last quadruple may not pass the last line: its first two then are a pair.
        let passes = big_end + (nonzero_end - big_end).next_multiple_of(4) > LINES;
        let big_end = if passes { big_end + 2 } else { big_end };
        let count1_end = big_end + (nonzero_end - big_end).next_multiple_of(4);
        let mut sum = 0;
        for quadruple in quantised.lines[big_end..count1_end].as_chunks::<4>().0 {
            sum += self.quadruple_lengths[quadruple_index(quadruple)];
        }
        let (bits_a, bits_b) = (sum & 0xFFFF, sum >> 16);
        let mut coding = Coding {
            ends: [regions.ends[0], regions.ends[1], big_end].map(|end| end.min(big_end) as u16),
            table_select: [0; 3],
            count1_end: count1_end as u16,
            count1table_select: bits_b < bits_a,
            bits: bits_a.min(bits_b),
            region0_count: regions.counts[0],
            region1_count: regions.counts[1],
        };
        let mut begin = 0;
        for region in 0..3 {
            let end = usize::from(coding.ends[region]);
            let pairs = &quantised.pairs[begin / 2..end / 2];
            if !pairs.is_empty() {
                // What was to be a quadruple may be a pair of ones in a region of zeros.
                let greatest = regions.greatest[region].max(u16::from(passes));
                let (table_select, bits) = self.cheapest(pairs, greatest);
                coding.table_select[region] = table_select;
                coding.bits += bits;
            }
            begin = end;
        }
        coding
    }
}

kernel! {
    /// Writes lines as they were counted, with the signs of the spectrum they come from.
    pub(crate) fn write = write_lanes(
        huffman: &Huffman,
        coding: &Coding,
        quantised: &Quantised,
        spectrum: &Spectrum,
        bits: &mut BitWriter<'_>,
    );
}

/// Without vectors, but their instructions came with others that shift by any number.
#[inline(always)]
fn write_lanes<V: Lanes>(
    huffman: &Huffman,
    coding: &Coding,
    quantised: &Quantised,
    spectrum: &Spectrum,
    bits: &mut BitWriter<'_>,
) {
    let mut begin = 0;
    for (end, table_select) in coding.ends.into_iter().zip(coding.table_select) {
        let end = usize::from(end).min(LINES);
        let pairs = &quantised.pairs[begin / 2..end / 2];
        let signs = spectrum[begin..end].as_chunks::<2>().0;
        let codes = &huffman.codes[code_index(table_select)];
        if table_select >= 16 {
            let linbits = linbits(table_select);
            let lines = quantised.lines[begin..end].as_chunks::<2>().0;
            for ((&pair, signs), lines) in pairs.iter().zip(signs).zip(lines) {
                escaped(codes, linbits, pair, signs, lines).put(bits);
            }
        } else if table_select > 0 {
            // Two at once take 42 bits at most.
            let ((pairs, pair), (signs, sign)) = (pairs.as_chunks::<2>(), signs.as_chunks::<2>());
            for (pairs, signs) in pairs.iter().zip(signs) {
                let first = plain(codes, pairs[0], &signs[0]);
                first.then(plain(codes, pairs[1], &signs[1])).put(bits);
            }
            for (&pair, sign) in pair.iter().zip(sign) {
                plain(codes, pair, sign).put(bits);
            }
        }
        begin = end;
    }
    let codes = &huffman.quadruples[usize::from(coding.count1table_select)];
    let end = usize::from(coding.count1_end).min(LINES);
    let lines = quantised.lines[begin..end].as_chunks::<4>().0;
    let signs = spectrum[begin..end].as_chunks::<4>().0;
    // Two at once take 20 bits at most.
    let ((quadruples, last), (signs, sign)) = (lines.as_chunks::<2>(), signs.as_chunks::<2>());
    for (quadruples, signs) in quadruples.iter().zip(signs) {
        let first = quadruple(codes, &quadruples[0], &signs[0]);
        first.then(quadruple(codes, &quadruples[1], &signs[1])).put(bits);
    }
    for (lines, signs) in last.iter().zip(sign) {
        quadruple(codes, lines, signs).put(bits);
    }
}

/// `v · 8 + w · 4 + x · 2 + y`.
#[inline(always)]
fn quadruple_index(lines: &[u16; 4]) -> usize {
    let [v, w, x, y] = lines.map(u64::from);
    // As one word of four, which one multiplication brings together in its upper end.
    let word = v | w << 16 | x << 32 | y << 48;
    (word.wrapping_mul(1 << 51 | 1 << 34 | 1 << 17 | 1) >> 48) as usize & 15
}

/// Bits to be written, the highest first.
#[derive(Clone, Copy)]
struct Bits {
    value: u64,
    /// 0 to 56.
    len: u32,
}

impl Bits {
    /// A code as it is in a table, with its signs.
    #[inline(always)]
    fn new(code: u32, signs: u32) -> Self {
        Self { value: u64::from(code & 0xFF_FFFF | signs), len: code >> 24 }
    }

    #[inline(always)]
    fn then(self, next: Self) -> Self {
        Self { value: self.value << next.len | next.value, len: self.len + next.len }
    }

    #[inline(always)]
    fn put(self, bits: &mut impl BitSink) {
        bits.put(self.value, self.len);
    }
}

/// 1 for what is negative.
#[inline(always)]
fn sign(x: f32) -> u32 {
    x.to_bits() >> 31
}

/// A pair with a table without linbits.
#[inline(always)]
fn plain(codes: &[u32; 256], pair: u8, signs: &[f32; 2]) -> Bits {
    let (has_x, has_y) = (u32::from(pair > 15), u32::from(pair & 15 != 0));
    let signs = (sign(signs[0]) & has_x) << has_y | sign(signs[1]) & has_y;
    Bits::new(codes[usize::from(pair)], signs)
}

/// A pair with a table that has linbits: signs follow the bits they belong to. 45 bits at most.
#[inline(always)]
fn escaped(codes: &[u32; 256], linbits: u32, pair: u8, signs: &[f32; 2], lines: &[u16; 2]) -> Bits {
    if pair < 0xF0 && pair & 15 < 15 {
        return plain(codes, pair, signs);
    }
    let code = codes[usize::from(pair)];
    let room = u32::from(pair > 15) + u32::from(pair & 15 != 0);
    let mut bits = Bits { value: u64::from((code & 0xFF_FFFF) >> room), len: (code >> 24) - room };
    for (&line, &of) in lines.iter().zip(signs) {
        if line >= 15 {
            bits = bits.then(Bits { value: u64::from(line - 15), len: linbits });
        }
        if line != 0 {
            bits = bits.then(Bits { value: u64::from(sign(of)), len: 1 });
        }
    }
    bits
}

/// A quadruple.
#[inline(always)]
fn quadruple(codes: &[u32; 16], lines: &[u16; 4], signs: &[f32; 4]) -> Bits {
    let mut all = 0;
    for (&line, &of) in lines.iter().zip(signs) {
        all = all << line | sign(of) & u32::from(line);
    }
    Bits::new(codes[quadruple_index(lines)], all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Level;

    const ALL: [u8; 17] = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 23, 24, 31];

    #[test]
    fn every_table_is_a_complete_prefix_code() {
        // Each code with the codes that begin with it, as an interval of all 32-bit words; side by side
        // they fill the whole.
        let complete = |codes: &[Code], of: &str| {
            let mut intervals: Vec<_> = codes
                .iter()
                .map(|&(len, code)| (u64::from(code) << (32 - len), 1_u64 << (32 - len)))
                .collect();
            intervals.sort_unstable();
            let mut end = 0;
            for (begin, len) in intervals {
                assert_eq!(begin, end, "{of}");
                end += len;
            }
            assert_eq!(end, 1 << 32, "{of}");
        };
        for table_select in ALL {
            complete(table(table_select).1, &format!("table {table_select}"));
        }
        complete(&codes::QUADRUPLES_A, "A");
        complete(&codes::QUADRUPLES_B, "B");
    }

    #[test]
    fn what_was_counted_is_what_is_written() {
        let huffman = Huffman::new();
        let mut seed = 7_u32;
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((u64::from(seed) * u64::from(below)) >> 32) as u32
        };
        for _ in 0..3_000 {
            let mut quantised = Quantised::new();
            let lines = &mut quantised.lines;
            let mut spectrum: Spectrum = [0.0; _];
            let big_end = 2 * random(289) as usize;
            let nonzero_end = (big_end + 2 * random(100) as usize).min(LINES);
            let most = [2, 3, 4, 6, 8, 16, 300, 8207][random(8) as usize];
            for (n, line) in lines[..nonzero_end].iter_mut().enumerate() {
                *line = random(if n < big_end { most } else { 2 }) as u16;
                spectrum[n] = if random(2) == 0 { 1.0 } else { -1.0 };
            }
            let ends = [random(200) as usize * 2, 400];
            let greatest = |from: usize, to: usize| {
                lines[from.min(big_end)..to.min(big_end)].iter().copied().max().unwrap_or(0)
            };
            let regions = Regions {
                ends,
                greatest: [
                    greatest(0, ends[0]),
                    greatest(ends[0], ends[1]),
                    greatest(ends[1], LINES),
                ],
                counts: [0, 0],
            };
            quantised.pair::<crate::simd::Portable>(nonzero_end);
            let coding = huffman.choose(&quantised, nonzero_end, big_end, &regions);
            let mut bytes = [0; LINES * 8];
            let mut bits = BitWriter::new(&mut bytes);
            write(Level::Portable, &huffman, &coding, &quantised, &spectrum, &mut bits);
            assert_eq!(bits.len_bits(), coding.bits as usize);
            assert!(usize::from(coding.count1_end) <= LINES);
        }
    }
}
