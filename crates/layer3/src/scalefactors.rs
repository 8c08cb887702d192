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

/// Where the groups of bands begin that `scfsi` shares, and where the last ends.
pub(crate) const SCFSI_BANDS: [usize; 5] = [0, 6, 11, 16, 21];

/// How scalefactors are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) scalefac_compress: u16,
    pub(crate) preflag: bool,
    /// Bits of each scalefactor, and how many there are with as many, in order.
    pub(crate) groups: [(u8, u8); 4],
}

/// The greatest scalefactors there is room for: in the first bands, and in those behind.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// How many bands the first number is for.
    pub(crate) split: usize,
    pub(crate) first: u8,
    pub(crate) rest: u8,
}

impl Limits {
    pub(crate) const fn of(version: Version, block_type: BlockType) -> Self {
        let split = match (version, block_type) {
            (Version::Mpeg1, BlockType::Short) => 18,
            (Version::Mpeg1, _) => 11,
            (Version::Mpeg2, BlockType::Short) => 18,
            (Version::Mpeg2, _) => 11,
        };
        match version {
            Version::Mpeg1 => Self { split, first: 15, rest: 7 },
            Version::Mpeg2 => Self { split, first: 15, rest: 7 },
        }
    }

    /// The greatest in band `n`.
    #[inline(always)]
    pub(crate) const fn at(&self, n: usize) -> u8 {
        if n < self.split { self.first } else { self.rest }
    }
}

/// Bits a number takes.
#[inline(always)]
fn width(greatest: u8) -> u8 {
    8 - greatest.leading_zeros() as u8
}

/// The cheapest packing of scalefactors within [`Limits`]. Where `shared` says so, a group of bands is
/// not sent. `preflag` is used where it helps: the scalefactors are lowered by what it adds.
pub(crate) fn pack(
    version: Version,
    block_type: BlockType,
    scalefactors: &mut Scalefactors,
    shared: [bool; 4],
) -> (Packing, u32) {
    match version {
        Version::Mpeg1 => pack_mpeg1(block_type, scalefactors, shared),
        Version::Mpeg2 => pack_mpeg2(block_type, scalefactors),
    }
}

fn pack_mpeg1(
    block_type: BlockType,
    scalefactors: &mut Scalefactors,
    shared: [bool; 4],
) -> (Packing, u32) {
    let greatest = |range: std::ops::Range<usize>, of: &Scalefactors| {
        of[range].iter().copied().max().unwrap_or(0)
    };
    let (first, rest, counts, preflag) = if block_type == BlockType::Short {
        (greatest(0..18, scalefactors), greatest(18..36, scalefactors), [18, 18, 0, 0], false)
    } else {
        let preflag = !shared.contains(&true)
            && (11..21).all(|n| scalefactors[n] >= PRETAB[n])
            && greatest(11..21, scalefactors) > 0;
        if preflag {
            for (scalefactor, raised) in scalefactors.iter_mut().zip(PRETAB) {
                *scalefactor -= raised;
            }
        }
        let sent = |group: usize| {
            let range = SCFSI_BANDS[group]..SCFSI_BANDS[group + 1];
            if shared[group] { (0, 0) } else { (greatest(range.clone(), scalefactors), range.len() as u8) }
        };
        let groups = [sent(0), sent(1), sent(2), sent(3)];
        (
            groups[0].0.max(groups[1].0),
            groups[2].0.max(groups[3].0),
            groups.map(|(_, count)| count),
            preflag,
        )
    };
    let (first, rest) = (width(first), width(rest));
    let counts_first = u32::from(counts[0]) + u32::from(if block_type == BlockType::Short { 0 } else { counts[1] });
    let counts_rest = if block_type == BlockType::Short { counts[1].into() } else { u32::from(counts[2]) + u32::from(counts[3]) };
    let mut best = (0, u32::MAX);
    for (index, &(slen1, slen2)) in SLEN.iter().enumerate() {
        let bits = counts_first * u32::from(slen1) + counts_rest * u32::from(slen2);
        if slen1 >= first && slen2 >= rest && bits < best.1 {
            best = (index, bits);
        }
    }
    let (slen1, slen2) = SLEN[best.0];
    let groups = if block_type == BlockType::Short {
        [(slen1, 18), (slen2, 18), (0, 0), (0, 0)]
    } else {
        [(slen1, counts[0]), (slen1, counts[1]), (slen2, counts[2]), (slen2, counts[3])]
    };
    (Packing { scalefac_compress: best.0 as u16, preflag, groups }, best.1)
}

fn pack_mpeg2(block_type: BlockType, scalefactors: &Scalefactors) -> (Packing, u32) {
    // The first of the three ways to pack: four groups, the first two up to 4 bits, the others to 3.
    let counts: [u8; 4] = if block_type == BlockType::Short { [9; 4] } else { [6, 5, 5, 5] };
    let mut groups = [(0, 0); 4];
    let (mut at, mut bits) = (0, 0);
    for (group, count) in groups.iter_mut().zip(counts) {
        let of = &scalefactors[at..at + usize::from(count)];
        *group = (width(of.iter().copied().max().unwrap_or(0)), count);
        bits += u32::from(group.0) * u32::from(count);
        at += usize::from(count);
    }
    let [a, b, c, d] = groups.map(|(len, _)| u16::from(len));
    let scalefac_compress = (a * 5 + b) << 4 | c << 2 | d;
    (Packing { scalefac_compress, preflag: false, groups }, bits)
}

impl Packing {
    /// Writes the scalefactors that are sent.
    pub(crate) fn write(
        &self,
        scalefactors: &Scalefactors,
        shared: [bool; 4],
        bits: &mut impl BitSink,
    ) {
        let mut at = 0;
        for (group, (len, count)) in self.groups.into_iter().enumerate() {
            if shared[group] {
                at = SCFSI_BANDS[group + 1];
                continue;
            }
            for &scalefactor in &scalefactors[at..at + usize::from(count)] {
                bits.put(scalefactor.into(), len.into());
            }
            at += usize::from(count);
        }
    }
}
