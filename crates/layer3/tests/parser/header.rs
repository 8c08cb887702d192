//! Header and side information.
//!
//! Source: ISO/IEC 11172-3, 2.4.1.3 and 2.4.1.7; ISO/IEC 13818-3, 2.4.1.7.

use super::{BlockType, Refusal, bits::Bits, ensure};

/// What does not change from frame to frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) sample_rate_hz: u32,
    pub(crate) bitrate_kbps: u16,
    /// 1 or 2.
    pub(crate) channels: usize,
}

/// Header and side information of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SideInfo {
    pub(crate) format: Format,
    pub(crate) is_padded: bool,
    /// Middle and side instead of left and right.
    pub(crate) is_ms: bool,
    /// In bytes.
    pub(crate) main_data_begin: usize,
    /// `[channel][group of bands]`.
    pub(crate) scfsi: [[bool; 4]; 2],
    /// `[granule][channel]`.
    pub(crate) granules: Vec<Vec<GranuleInfo>>,
}

/// Side information of one granule of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GranuleInfo {
    pub(crate) part2_3_length: usize,
    pub(crate) big_values: usize,
    pub(crate) global_gain: u8,
    pub(crate) scalefac_compress: u16,
    pub(crate) block_type: BlockType,
    /// A table for each region; there are two where the window is switched.
    pub(crate) table_select: Vec<u8>,
    pub(crate) subblock_gain: [u8; 3],
    pub(crate) region0_count: usize,
    pub(crate) region1_count: usize,
    /// Where it is sent. At low sampling frequencies it follows from `scalefac_compress`.
    pub(crate) preflag: bool,
    pub(crate) scalefac_scale: bool,
    pub(crate) count1table_select: bool,
}

impl Format {
    /// Whether this is ISO/IEC 11172-3, and not 13818-3.
    pub(crate) fn is_mpeg1(self) -> bool {
        self.sample_rate_hz >= 32_000
    }

    /// Granules of a frame.
    pub(crate) fn granules(self) -> usize {
        if self.is_mpeg1() { 2 } else { 1 }
    }

    /// Samples that a frame has of each channel.
    pub(crate) fn frame_len(self) -> usize {
        576 * self.granules()
    }

    /// Bytes of header and side information.
    pub(crate) fn side_info_len(self) -> usize {
        4 + match (self.is_mpeg1(), self.channels) {
            (true, 1) => 17,
            (true, _) => 32,
            (false, 1) => 9,
            (false, _) => 17,
        }
    }

    /// The furthest that `main_data_begin` can point back, in bytes.
    pub(crate) fn max_main_data_begin(self) -> usize {
        if self.is_mpeg1() { 511 } else { 255 }
    }

    /// Bytes that the first `n` frames take at a constant rate, whole slots only.
    pub(crate) fn stream_len(self, n: usize) -> usize {
        let bits = n as u64 * self.frame_len() as u64 * u64::from(self.bitrate_kbps) * 1000;
        (bits / (8 * u64::from(self.sample_rate_hz))) as usize
    }
}

/// Reads header and side information.
///
/// # Errors
///
/// Whatever is forbidden by the standard, or never done by us.
pub(crate) fn side_info(bits: &mut Bits<'_>) -> Result<SideInfo, Refusal> {
    let (format, is_padded, is_ms) = header(bits)?;
    let (begin_len, private_len) = match (format.is_mpeg1(), format.channels) {
        (true, 1) => (9, 5),
        (true, _) => (9, 3),
        (false, 1) => (8, 1),
        (false, _) => (8, 2),
    };
    let main_data_begin = bits.take(begin_len)?.into();
    ensure(bits.take(private_len)? == 0, "private_bits are set")?;
    let mut scfsi = [[false; 4]; 2];
    if format.is_mpeg1() {
        for shared in scfsi[..format.channels].as_flattened_mut() {
            *shared = bits.flag()?;
        }
    }
    let mut granules = Vec::new();
    for _ in 0..format.granules() {
        let mut channels = Vec::new();
        for _ in 0..format.channels {
            channels.push(granule_info(format, bits)?);
        }
        if is_ms {
            let alike = channels[0].block_type == channels[1].block_type;
            ensure(alike, "middle and side have different windows")?;
        }
        granules.push(channels);
    }
    Ok(SideInfo { format, is_padded, is_ms, main_data_begin, scfsi, granules })
}

/// Format, padding, and whether the channels are middle and side.
fn header(bits: &mut Bits<'_>) -> Result<(Format, bool, bool), Refusal> {
    ensure(bits.take(12)? == 0xFFF, "no syncword")?;
    let is_mpeg1 = bits.flag()?;
    ensure(bits.take(2)? == 0b01, "not Layer III")?;
    ensure(bits.flag()?, "protection_bit says that there is a CRC")?;
    let bitrate_index = bits.take(4)?;
    ensure((1..15).contains(&bitrate_index), "bitrate_index is free or forbidden")?;
    let sampling_frequency = bits.take(2)?;
    ensure(sampling_frequency < 3, "sampling_frequency is reserved")?;
    let is_padded = bits.flag()?;
    ensure(!bits.flag()?, "private_bit is set")?;
    let mode = bits.take(2)?;
    ensure([0b01, 0b11].contains(&mode), "mode is neither joint stereo nor single channel")?;
    let is_ms = bits.flag()?;
    ensure(!bits.flag()?, "intensity stereo")?;
    ensure(!is_ms || mode == 0b01, "middle and side of a single channel")?;
    ensure(!bits.flag()?, "copyright is set")?;
    ensure(bits.flag()?, "original is not set")?;
    ensure(bits.take(2)? == 0, "emphasis")?;
    let (rates_hz, bitrates_kbps) = if is_mpeg1 {
        ([44_100, 48_000, 32_000], [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320])
    } else {
        ([22_050, 24_000, 16_000], [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160])
    };
    let format = Format {
        sample_rate_hz: rates_hz[usize::from(sampling_frequency)],
        bitrate_kbps: bitrates_kbps[usize::from(bitrate_index) - 1],
        channels: if mode == 0b11 { 1 } else { 2 },
    };
    Ok((format, is_padded, is_ms))
}

fn granule_info(format: Format, bits: &mut Bits<'_>) -> Result<GranuleInfo, Refusal> {
    let part2_3_length = bits.take(12)?.into();
    let big_values = bits.take(9)?.into();
    ensure(big_values <= 288, "big_values is beyond 288")?;
    let global_gain = bits.take(8)? as u8;
    let scalefac_compress = bits.take(if format.is_mpeg1() { 4 } else { 9 })?;
    let is_switched = bits.flag()?;
    let mut block_type = BlockType::Normal;
    let mut table_select = Vec::new();
    let mut subblock_gain = [0; 3];
    let (mut region0_count, mut region1_count) = (0, 0);
    if is_switched {
        block_type = match bits.take(2)? {
            1 => BlockType::Start,
            2 => BlockType::Short,
            3 => BlockType::Stop,
            _ => return Err("block_type 0 with window_switching_flag is reserved".into()),
        };
        ensure(!bits.flag()?, "mixed_block_flag is set")?;
        for _ in 0..2 {
            table_select.push(bits.take(5)? as u8);
        }
        for gain in &mut subblock_gain {
            *gain = bits.take(3)? as u8;
        }
        let has_subblocks = block_type == BlockType::Short;
        ensure(has_subblocks || subblock_gain == [0; 3], "subblock_gain of a long block")?;
    } else {
        for _ in 0..3 {
            table_select.push(bits.take(5)? as u8);
        }
        region0_count = bits.take(4)?.into();
        region1_count = bits.take(3)?.into();
    }
    let preflag = format.is_mpeg1() && bits.flag()?;
    ensure(!preflag || block_type != BlockType::Short, "preflag of short blocks")?;
    for table in &table_select {
        ensure(![4, 14].contains(table), "table_select 4 and 14 do not exist")?;
    }
    Ok(GranuleInfo {
        part2_3_length,
        big_values,
        global_gain,
        scalefac_compress,
        block_type,
        table_select,
        subblock_gain,
        region0_count,
        region1_count,
        preflag,
        scalefac_scale: bits.flag()?,
        count1table_select: bits.flag()?,
    })
}
