//! Scalefactors: how they are packed, and what that costs.
//!
//! Source: ISO/IEC 11172-3, 2.4.2.7; ISO/IEC 13818-3, 2.4.3.2 for low sampling frequencies.

use crate::{
    bits::BitSink,
    mdct::BlockType,
    side_info::Version,
    tables::bands::{PRETAB, SLEN},
};

/// Bands with a scalefactor: 21 of a long block, or 3 · 12 of short ones, window by window in each band.
pub(crate) const MAX_SCALEFACTORS: usize = 36;

/// Scalefactors of a granule and channel, without what `preflag` adds.
pub(crate) type Scalefactors = [u8; MAX_SCALEFACTORS];

/// How scalefactors are packed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packing {
    pub(crate) scalefac_compress: u16,
    pub(crate) preflag: bool,
    /// Bits of each scalefactor, and how many there are with as many, in order.
    pub(crate) groups: [(u8, u8); 4],
}

/// The greatest scalefactor in the first 11 bands of a long block, and the first 6 of short ones.
pub(crate) const MAX_FIRST: u8 = 15;

/// The greatest in the bands behind.
pub(crate) const MAX_REST: u8 = 7;

/// The cheapest packing of scalefactors, and what it costs in bits. `preflag` is used where it can be: the
/// scalefactors are lowered by what it adds. Those that still are greater than [`MAX_REST`] are cut; none
/// in the first bands is greater than [`MAX_FIRST`].
pub(crate) fn pack(
    version: Version,
    block_type: BlockType,
    scalefactors: &mut Scalefactors,
) -> (Packing, u32) {
    let counts: [usize; 4] = match (version, block_type) {
        (Version::Mpeg1, BlockType::Short) => [18, 0, 18, 0],
        // At low sampling frequencies the first of three ways to pack.
        (Version::Mpeg2, BlockType::Short) => [9; 4],
        _ => [6, 5, 5, 5],
    };
    let mut preflag = false;
    if version == Version::Mpeg1 && block_type != BlockType::Short {
        let raised = || scalefactors[11..21].iter().zip(&PRETAB[11..]);
        preflag = raised().all(|(scalefactor, pretab)| scalefactor >= pretab);
        if preflag {
            for (scalefactor, pretab) in scalefactors.iter_mut().zip(PRETAB) {
                *scalefactor -= pretab;
            }
        }
    }
    // Without preflag there may be no room for all of it.
    for scalefactor in &mut scalefactors[counts[0] + counts[1]..] {
        *scalefactor = (*scalefactor).min(MAX_REST);
    }
    let mut widths = [0; 4];
    let mut at = 0;
    for (width, count) in widths.iter_mut().zip(counts) {
        let greatest = scalefactors[at..at + count].iter().copied().max().unwrap_or(0);
        *width = 8 - greatest.leading_zeros() as u8;
        at += count;
    }
    let (scalefac_compress, lens) = match version {
        Version::Mpeg1 => packing_mpeg1(widths, counts),
        Version::Mpeg2 => {
            let [a, b, c, d] = widths.map(u16::from);
            ((a * 5 + b) << 4 | c << 2 | d, widths)
        }
    };
    let groups: [(u8, u8); 4] = std::array::from_fn(|n| (lens[n], counts[n] as u8));
    let bits = groups.iter().map(|&(len, count)| u32::from(len) * u32::from(count)).sum();
    (Packing { scalefac_compress, preflag, groups }, bits)
}

/// The cheapest of the pairs of widths that MPEG-1 has.
fn packing_mpeg1(widths: [u8; 4], counts: [usize; 4]) -> (u16, [u8; 4]) {
    let (first, rest) = (widths[0].max(widths[1]), widths[2].max(widths[3]));
    let mut best = (0, usize::MAX);
    for (index, &(slen1, slen2)) in SLEN.iter().enumerate() {
        let bits = (counts[0] + counts[1]) * usize::from(slen1)
            + (counts[2] + counts[3]) * usize::from(slen2);
        if slen1 >= first && slen2 >= rest && bits < best.1 {
            best = (index, bits);
        }
    }
    let (slen1, slen2) = SLEN[best.0];
    (best.0 as u16, [slen1, slen1, slen2, slen2])
}

impl Packing {
    /// All zero.
    pub(crate) const fn new() -> Self {
        Self { scalefac_compress: 0, preflag: false, groups: [(0, 0); _] }
    }

    /// Writes the scalefactors, but for groups that are shared with the granule before.
    pub(crate) fn write(
        &self,
        scalefactors: &Scalefactors,
        shared: [bool; 4],
        bits: &mut impl BitSink,
    ) {
        let mut rest = scalefactors.as_slice();
        for ((len, count), is_shared) in self.groups.into_iter().zip(shared) {
            let (group, behind) = rest.split_at(count.into());
            if !is_shared {
                for &scalefactor in group {
                    bits.put(scalefactor.into(), len.into());
                }
            }
            rest = behind;
        }
    }
}
