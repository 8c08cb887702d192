//! A strict parser of what the encoder makes: no bit goes unread, and nothing passes that the standard
//! forbids or that we said we never do.
//!
//! ```text
//! header │ side information │ ... main data ...    main_data_begin points back from behind the side
//! ───────┼──────────────────┼──────────────────    information, over main data only: headers and side
//!   4    │   9, 17 or 32    │ to the next frame    information in between are not counted.
//! ```
//!
//! It shares with the encoder the tables of codes and bands, and nothing else.
//!
//! Source: ISO/IEC 11172-3, 2.4; ISO/IEC 13818-3, 2.4.

#![allow(dead_code, reason = "each test looks at something else")]

pub(crate) mod bits;
pub(crate) mod header;
pub(crate) mod main_data;

#[path = "../../src/tables/bands.rs"]
pub(crate) mod bands;
#[path = "../../src/tables/codes.rs"]
pub(crate) mod codes;

use bands::{PRETAB, bands};
use bits::Bits;
use header::{Format, GranuleInfo, SideInfo};

/// Frequency lines of a granule.
pub(crate) const LINES: usize = 576;

/// What is wrong, in words, and where.
pub(crate) type Refusal = String;

/// `block_type`, and what a granule without `window_switching_flag` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockType {
    Normal,
    Start,
    Short,
    Stop,
}

/// All that a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Bytes from this header to the next.
    pub(crate) len: usize,
    pub(crate) side_info: SideInfo,
    /// Bytes of the reservoir that lie between the main data of the frame before and this frame's:
    /// stuffing.
    pub(crate) skipped: usize,
    /// `[granule][channel]`.
    pub(crate) granules: Vec<Vec<Granule>>,
}

/// What a granule of one channel has in the main data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Granule {
    pub(crate) info: GranuleInfo,
    /// Bits of scalefactors.
    pub(crate) part2_length: usize,
    /// Sent or shared; without what `preflag` adds.
    pub(crate) scalefactors: main_data::Scalefactors,
    /// Sent, or at low sampling frequencies implied.
    pub(crate) preflag: bool,
    /// Quantised, in the order of the bitstream.
    pub(crate) lines: Vec<i16>,
    /// Where the quadruples end; from there on all lines are 0.
    pub(crate) count1_end: usize,
}

/// Reads a whole stream, from its first frame to its last byte.
///
/// # Errors
///
/// The first thing that is wrong.
pub(crate) fn parse(stream: &[u8]) -> Result<Vec<Frame>, Refusal> {
    let heads = heads(stream)?;
    // What is left of each frame behind its side information, in a row.
    let mut main_data = Vec::new();
    let mut places = Vec::new();
    for (at, len, side_info) in &heads {
        places.push(main_data.len());
        main_data.extend(&stream[at + side_info.format.side_info_len()..at + len]);
    }
    let mut frames: Vec<Frame> = Vec::new();
    let mut last_end = 0;
    for (n, (_, len, side_info)) in heads.into_iter().enumerate() {
        let frame_end = places.get(n + 1).copied().unwrap_or(main_data.len());
        let in_frame = |refusal: Refusal| format!("frame {n}: {refusal}");
        let is_there = side_info.main_data_begin <= places[n];
        ensure(is_there, "main_data_begin is before the stream").map_err(in_frame)?;
        let begin = places[n] - side_info.main_data_begin;
        let is_free = begin >= last_end;
        ensure(is_free, "main data begins in that of the frame before").map_err(in_frame)?;
        Bits::new(&main_data[last_end..begin]).expect_zeros().map_err(in_frame)?;
        let mut bits = Bits::new(&main_data[begin..frame_end]);
        let granules = granules(&side_info, &mut bits).map_err(in_frame)?;
        let in_last_byte = bits.left() % 8;
        bits.split(in_last_byte).and_then(|mut rest| rest.expect_zeros()).map_err(in_frame)?;
        let skipped = begin - last_end;
        last_end = frame_end - bits.left() / 8;
        frames.push(Frame { len, side_info, skipped, granules });
    }
    Bits::new(&main_data[last_end..]).expect_zeros()?;
    block_types_follow(&frames)?;
    Ok(frames)
}

/// Where each frame begins, its length, and its side information.
fn heads(stream: &[u8]) -> Result<Vec<(usize, usize, SideInfo)>, Refusal> {
    let mut heads: Vec<(usize, usize, SideInfo)> = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let n = heads.len();
        let in_frame = |refusal: Refusal| format!("frame {n}: {refusal}");
        let side_info = header::side_info(&mut Bits::new(&stream[at..])).map_err(in_frame)?;
        let format = side_info.format;
        let is_same = heads.first().is_none_or(|(_, _, first)| first.format == format);
        ensure(is_same, "the format changes").map_err(in_frame)?;
        let len = format.stream_len(n + 1) - format.stream_len(n);
        let is_padded = len > format.stream_len(1);
        ensure(side_info.is_padded == is_padded, "padding_bit against the law")
            .map_err(in_frame)?;
        ensure(at + len <= stream.len(), "cut off").map_err(in_frame)?;
        heads.push((at, len, side_info));
        at += len;
    }
    Ok(heads)
}

fn granules(side_info: &SideInfo, bits: &mut Bits<'_>) -> Result<Vec<Vec<Granule>>, Refusal> {
    let mut granules: Vec<Vec<Granule>> = Vec::new();
    for (g, infos) in side_info.granules.iter().enumerate() {
        let mut channels = Vec::new();
        for (channel, info) in infos.iter().enumerate() {
            let before = granules.last().map(|before| &before[channel]);
            let shared = if g == 1 { side_info.scfsi[channel] } else { [false; 4] };
            channels.push(
                granule(side_info.format, info, shared, before, bits)
                    .map_err(|refusal| format!("granule {g}, channel {channel}: {refusal}"))?,
            );
        }
        granules.push(channels);
    }
    Ok(granules)
}

fn granule(
    format: Format,
    info: &GranuleInfo,
    shared: [bool; 4],
    before: Option<&Granule>,
    bits: &mut Bits<'_>,
) -> Result<Granule, Refusal> {
    let mut part = bits.split(info.part2_3_length)?;
    let both_are_long = [Some(info), before.map(|before| &before.info)]
        .into_iter()
        .flatten()
        .all(|info| info.block_type != BlockType::Short);
    ensure(both_are_long || shared == [false; 4], "scfsi with short blocks")?;
    let scalefactors_before = before.map_or(&[][..], |before| &before.scalefactors);
    let (scalefactors, preflag) =
        main_data::scalefactors(format, info, shared, scalefactors_before, &mut part)?;
    let part2_length = info.part2_3_length - part.left();
    let (lines, count1_end) = main_data::lines(format, info, &mut part)?;
    Ok(Granule { info: info.clone(), part2_length, scalefactors, preflag, lines, count1_end })
}

/// Which window can follow which; long windows are all there are before a stream.
fn block_types_follow(frames: &[Frame]) -> Result<(), Refusal> {
    use BlockType::{Normal, Short, Start, Stop};
    let mut before = [Normal; 2];
    for (n, frame) in frames.iter().enumerate() {
        for (g, granule) in frame.granules.iter().enumerate() {
            for (channel, before) in granule.iter().zip(&mut before) {
                let next = channel.info.block_type;
                let follows = match *before {
                    Normal | Stop => matches!(next, Normal | Start),
                    Start => next == Short,
                    Short => matches!(next, Short | Stop),
                };
                if !follows {
                    return Err(format!("frame {n}, granule {g}: {next:?} after {before:?}"));
                }
                *before = next;
            }
        }
    }
    Ok(())
}

impl Granule {
    /// The lines of each band and the exponent of 2, in quarters, that their 4/3rd powers are multiplied
    /// with; in the order of the bitstream (ISO/IEC 11172-3, 2.4.3.4).
    pub(crate) fn steps(&self, format: Format) -> Vec<(std::ops::Range<usize>, i32)> {
        let (long, short) = bands(format.sample_rate_hz);
        let gain = i32::from(self.info.global_gain) - 210;
        // Scalefactors count in halves of the exponent, or in whole.
        let scale = if self.info.scalefac_scale { 4 } else { 2 };
        let scalefactor = |n: usize| i32::from(self.scalefactors.get(n).copied().unwrap_or(0));
        if self.info.block_type != BlockType::Short {
            return (0..22)
                .map(|band| {
                    let raised = if self.preflag { i32::from(PRETAB[band]) } else { 0 };
                    let lines = long[band].into()..long[band + 1].into();
                    (lines, gain - scale * (scalefactor(band) + raised))
                })
                .collect();
        }
        let mut at = 0;
        (0..39)
            .map(|n| {
                let (band, window) = (n / 3, n % 3);
                let begin = at;
                at += usize::from(short[band + 1] - short[band]);
                let subblock_gain = 8 * i32::from(self.info.subblock_gain[window]);
                (begin..at, gain - subblock_gain - scale * scalefactor(n))
            })
            .collect()
    }
}

fn ensure(is_so: bool, otherwise: &str) -> Result<(), Refusal> {
    if is_so { Ok(()) } else { Err(otherwise.into()) }
}
