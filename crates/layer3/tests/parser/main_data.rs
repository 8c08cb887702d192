//! Scalefactors and Huffman codes of a granule and channel.
//!
//! Source: ISO/IEC 11172-3, 2.4.1.7, 2.4.2.7 and 2.4.3.4; ISO/IEC 13818-3, 2.4.3.2.

use std::sync::LazyLock;

use super::{
    BlockType, LINES, Refusal,
    bands::{SLEN, bands},
    bits::Bits,
    codes::{self, Code},
    ensure,
    header::{Format, GranuleInfo},
};

/// Scalefactors: of a long block 21 bands, of short ones 12 bands of three windows each.
pub(crate) type Scalefactors = Vec<u8>;

/// Where the groups of bands begin that `scfsi` shares, and where the last ends.
const SCFSI_BANDS: [usize; 5] = [0, 6, 11, 16, 21];

/// Scalefactors as `scalefac_compress` packs them, and whether it stands for `preflag` too. Groups that
/// are `shared` are taken from `before`.
///
/// # Errors
///
/// The bits end too early.
pub(crate) fn scalefactors(
    format: Format,
    info: &GranuleInfo,
    shared: [bool; 4],
    before: &[u8],
    bits: &mut Bits<'_>,
) -> Result<(Scalefactors, bool), Refusal> {
    let (groups, preflag) = if format.is_mpeg1() {
        (groups_of_mpeg1(info), info.preflag)
    } else {
        groups_of_mpeg2(info)
    };
    let mut scalefactors = Vec::new();
    for (group, (slen, count)) in groups.into_iter().enumerate() {
        if shared[group] {
            scalefactors.extend(&before[SCFSI_BANDS[group]..SCFSI_BANDS[group + 1]]);
            continue;
        }
        for _ in 0..count {
            scalefactors.push(bits.take(slen)? as u8);
        }
    }
    Ok((scalefactors, preflag))
}

/// Bits of a scalefactor, and how many have as many: ISO/IEC 11172-3, 2.4.2.7.
fn groups_of_mpeg1(info: &GranuleInfo) -> [(usize, usize); 4] {
    let (slen1, slen2) = SLEN[usize::from(info.scalefac_compress)];
    let (slen1, slen2) = (usize::from(slen1), usize::from(slen2));
    match info.block_type {
        BlockType::Short => [(slen1, 9), (slen1, 9), (slen2, 9), (slen2, 9)],
        _ => [(slen1, 6), (slen1, 5), (slen2, 5), (slen2, 5)],
    }
}

/// Bits of a scalefactor, how many have as many, and `preflag`: ISO/IEC 13818-3, 2.4.3.2.
fn groups_of_mpeg2(info: &GranuleInfo) -> ([(usize, usize); 4], bool) {
    let packed = usize::from(info.scalefac_compress);
    let (slen, long, short) = match packed {
        0..400 => (
            [(packed >> 4) / 5, (packed >> 4) % 5, packed >> 2 & 3, packed & 3],
            [6, 5, 5, 5],
            [9, 9, 9, 9],
        ),
        400..500 => {
            let packed = packed - 400;
            ([(packed >> 2) / 5, (packed >> 2) % 5, packed & 3, 0], [6, 5, 7, 3], [9, 9, 12, 6])
        }
        _ => {
            let packed = packed - 500;
            ([packed / 3, packed % 3, 0, 0], [11, 10, 0, 0], [18, 18, 0, 0])
        }
    };
    let counts = if info.block_type == BlockType::Short { short } else { long };
    (std::array::from_fn(|group| (slen[group], counts[group])), packed >= 500)
}

/// Where the regions of `big_values` end, in lines; the last is twice `big_values`.
///
/// # Errors
///
/// A region would begin at a band that does not exist.
pub(crate) fn region_ends(format: Format, info: &GranuleInfo) -> Result<Vec<usize>, Refusal> {
    let (long, _) = bands(format.sample_rate_hz);
    let big_end = 2 * info.big_values;
    let borders = match info.block_type {
        BlockType::Short => vec![36],
        BlockType::Start | BlockType::Stop => vec![long[8].into()],
        BlockType::Normal => {
            let first = info.region0_count + 1;
            let second = first + info.region1_count + 1;
            ensure(second < long.len(), "region 2 begins beyond the bands")?;
            vec![long[first].into(), long[second].into()]
        }
    };
    let mut ends: Vec<_> = borders.into_iter().map(|border| border.min(big_end)).collect();
    ends.push(big_end);
    Ok(ends)
}

/// All lines as they are quantised, in the order of the bitstream, and where the quadruples end.
///
/// # Errors
///
/// The codes do not end where `bits` do, or with line 576.
pub(crate) fn lines(
    format: Format,
    info: &GranuleInfo,
    bits: &mut Bits<'_>,
) -> Result<(Vec<i16>, usize), Refusal> {
    let mut lines = Vec::with_capacity(LINES);
    for (end, &table) in region_ends(format, info)?.into_iter().zip(&info.table_select) {
        while lines.len() < end {
            lines.extend(pair(table, bits)?);
        }
    }
    let quadruples = &QUADRUPLES[usize::from(info.count1table_select)];
    while bits.left() > 0 {
        ensure(lines.len() + 4 <= LINES, "bits are left at line 576")?;
        let index = quadruples.decode(bits)?;
        for place in (0..4).rev() {
            lines.push(signed(index >> place & 1, bits)?);
        }
    }
    let end = lines.len();
    lines.resize(LINES, 0);
    Ok((lines, end))
}

fn pair(table: u8, bits: &mut Bits<'_>) -> Result<[i16; 2], Refusal> {
    if table == 0 {
        return Ok([0; 2]);
    }
    let (side, linbits, tree) = &PAIRS[usize::from(table)];
    let index = tree.decode(bits)?;
    let mut pair = [index / side, index % side];
    let mut signed_pair = [0; 2];
    for (x, signed_x) in pair.iter_mut().zip(&mut signed_pair) {
        if *x == 15 && *linbits > 0 {
            *x += bits.take(*linbits)?;
        }
        *signed_x = signed(*x, bits)?;
    }
    Ok(signed_pair)
}

/// A magnitude with its sign, which is sent of what is not 0.
fn signed(magnitude: u16, bits: &mut Bits<'_>) -> Result<i16, Refusal> {
    let magnitude = magnitude as i16;
    Ok(if magnitude != 0 && bits.flag()? { -magnitude } else { magnitude })
}

/// A code as a binary tree: each node says where 0 and 1 lead.
struct Tree(Vec<[Branch; 2]>);

#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Leaf(u16),
}

impl Tree {
    fn new(codes: &[Code]) -> Self {
        let mut nodes = vec![[Branch::Nothing; 2]];
        for (index, &(len, code)) in codes.iter().enumerate() {
            let mut node = 0;
            for place in (0..len).rev() {
                let bit = usize::from(code.checked_shr(place.into()).unwrap_or(0) & 1);
                if place == 0 {
                    nodes[node][bit] = Branch::Leaf(index as u16);
                } else if let Branch::Node(next) = nodes[node][bit] {
                    node = next;
                } else {
                    nodes.push([Branch::Nothing; 2]);
                    let next = nodes.len() - 1;
                    nodes[node][bit] = Branch::Node(next);
                    node = next;
                }
            }
        }
        Self(nodes)
    }

    fn decode(&self, bits: &mut Bits<'_>) -> Result<u16, Refusal> {
        let mut node = 0;
        loop {
            match self.0[node][usize::from(bits.flag()?)] {
                Branch::Nothing => return Err("no such Huffman code".into()),
                Branch::Node(next) => node = next,
                Branch::Leaf(index) => return Ok(index),
            }
        }
    }
}

static QUADRUPLES: LazyLock<[Tree; 2]> =
    LazyLock::new(|| [&codes::QUADRUPLES_A, &codes::QUADRUPLES_B].map(|codes| Tree::new(codes)));

/// Values of x and y there are codes for, linbits, and the code, by `table_select`.
static PAIRS: LazyLock<Vec<(u16, usize, Tree)>> = LazyLock::new(|| {
    let table = |side, linbits, codes: &[Code]| (side, linbits, Tree::new(codes));
    let mut tables = vec![
        table(1, 0, &[]),
        table(2, 0, &codes::TABLE_1),
        table(3, 0, &codes::TABLE_2),
        table(3, 0, &codes::TABLE_3),
        table(1, 0, &[]),
        table(4, 0, &codes::TABLE_5),
        table(4, 0, &codes::TABLE_6),
        table(6, 0, &codes::TABLE_7),
        table(6, 0, &codes::TABLE_8),
        table(6, 0, &codes::TABLE_9),
        table(8, 0, &codes::TABLE_10),
        table(8, 0, &codes::TABLE_11),
        table(8, 0, &codes::TABLE_12),
        table(16, 0, &codes::TABLE_13),
        table(1, 0, &[]),
        table(16, 0, &codes::TABLE_15),
    ];
    for linbits in [1, 2, 3, 4, 6, 8, 10, 13] {
        tables.push(table(16, linbits, &codes::TABLE_16));
    }
    for linbits in [4, 5, 6, 7, 8, 9, 11, 13] {
        tables.push(table(16, linbits, &codes::TABLE_24));
    }
    tables
});
