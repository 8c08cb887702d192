//! Header and side information of a frame, written once for counting and for sending.
//!
//! Source: ISO/IEC 11172-3, 2.4.1.3 and 2.4.1.7; ISO/IEC 13818-3, 2.4.1.7 for low sampling frequencies.

use crate::{bits::BitSink, mdct::BlockType};

/// Which standard a sample rate belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// ISO/IEC 11172-3: 32, 44.1 and 48 kHz, two granules a frame.
    Mpeg1,
    /// ISO/IEC 13818-3: 16, 22.05 and 24 kHz, one granule a frame.
    Mpeg2,
}

impl Version {
    /// Granules of a frame.
    pub(crate) const fn granules(self) -> usize {
        match self {
            Self::Mpeg1 => 2,
            Self::Mpeg2 => 1,
        }
    }

    /// Bytes of header and side information.
    pub(crate) const fn side_info_len(self, channels: usize) -> usize {
        match (self, channels) {
            (Self::Mpeg1, 1) => 4 + 17,
            (Self::Mpeg1, _) => 4 + 32,
            (Self::Mpeg2, 1) => 4 + 9,
            (Self::Mpeg2, _) => 4 + 17,
        }
    }

    /// The furthest that `main_data_begin` can point back, in bytes.
    pub(crate) const fn max_main_data_begin(self) -> usize {
        match self {
            Self::Mpeg1 => 511,
            Self::Mpeg2 => 255,
        }
    }
}

/// The header of a frame: Layer III, no CRC, an original.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) version: Version,
    /// 1 to 14.
    pub(crate) bitrate_index: u8,
    /// 0 to 2.
    pub(crate) sampling_frequency: u8,
    pub(crate) is_padded: bool,
    pub(crate) channels: usize,
    /// Whether the two channels are middle and side.
    pub(crate) is_ms: bool,
}

impl Header {
    /// Writes 32 bits.
    pub(crate) fn write(&self, bits: &mut impl BitSink) {
        bits.put(0xFFF, 12);
        bits.flag(self.version == Version::Mpeg1);
        // Layer III, not protected.
        bits.put(0b01, 2);
        bits.flag(true);
        bits.put(self.bitrate_index.into(), 4);
        bits.put(self.sampling_frequency.into(), 2);
        bits.flag(self.is_padded);
        // private_bit
        bits.flag(false);
        // Joint stereo or one channel.
        bits.put(if self.channels == 1 { 0b11 } else { 0b01 }, 2);
        // mode_extension: middle and side, intensity.
        bits.flag(self.is_ms);
        bits.flag(false);
        // No copyright, an original, no emphasis.
        bits.flag(false);
        bits.flag(true);
        bits.put(0b00, 2);
    }
}

/// Side information of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SideInfo {
    pub(crate) main_data_begin: u16,
    /// For each channel and group of bands, whether the second granule has the scalefactors of the
    /// first.
    pub(crate) scfsi: [[bool; 4]; 2],
    /// `[granule][channel]`.
    pub(crate) granules: [[GranuleInfo; 2]; 2],
}

/// Side information of one granule of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GranuleInfo {
    pub(crate) part2_3_length: u16,
    pub(crate) big_values: u16,
    pub(crate) global_gain: u8,
    pub(crate) scalefac_compress: u16,
    pub(crate) block_type: BlockType,
    pub(crate) table_select: [u8; 3],
    pub(crate) subblock_gain: [u8; 3],
    pub(crate) region0_count: u8,
    pub(crate) region1_count: u8,
    pub(crate) preflag: bool,
    pub(crate) scalefac_scale: bool,
    pub(crate) count1table_select: bool,
}

impl SideInfo {
    /// Writes as many bytes as [`Version::side_info_len`] says, less the header's.
    pub(crate) fn write(&self, version: Version, channels: usize, bits: &mut impl BitSink) {
        let mono = channels == 1;
        match version {
            Version::Mpeg1 => {
                bits.put(self.main_data_begin.into(), 9);
                // private_bits
                bits.put(0, if mono { 5 } else { 3 });
                for scfsi in &self.scfsi[..channels] {
                    for &is_shared in scfsi {
                        bits.flag(is_shared);
                    }
                }
            }
            Version::Mpeg2 => {
                bits.put(self.main_data_begin.into(), 8);
                bits.put(0, if mono { 1 } else { 2 });
            }
        }
        for granule in &self.granules[..version.granules()] {
            for info in &granule[..channels] {
                info.write(version, bits);
            }
        }
    }
}

impl GranuleInfo {
    /// 59 bits, or 63 at low sampling frequencies, whatever the window.
    fn write(&self, version: Version, bits: &mut impl BitSink) {
        bits.put(self.part2_3_length.into(), 12);
        bits.put(self.big_values.into(), 9);
        bits.put(self.global_gain.into(), 8);
        bits.put(
            self.scalefac_compress.into(),
            match version {
                Version::Mpeg1 => 4,
                Version::Mpeg2 => 9,
            },
        );
        let is_switched = self.block_type != BlockType::Normal;
        bits.flag(is_switched);
        if is_switched {
            bits.put(self.block_type as u64, 2);
            // mixed_block_flag
            bits.flag(false);
            for table in &self.table_select[..2] {
                bits.put(u64::from(*table), 5);
            }
            for gain in self.subblock_gain {
                bits.put(gain.into(), 3);
            }
        } else {
            for table in self.table_select {
                bits.put(table.into(), 5);
            }
            bits.put(self.region0_count.into(), 4);
            bits.put(self.region1_count.into(), 3);
        }
        if version == Version::Mpeg1 {
            bits.flag(self.preflag);
        }
        bits.flag(self.scalefac_scale);
        bits.flag(self.count1table_select);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitCount;

    #[test]
    fn side_information_is_as_long_as_the_standard_says() {
        for version in [Version::Mpeg1, Version::Mpeg2] {
            for channels in [1, 2] {
                for block_type in [BlockType::Normal, BlockType::Short] {
                    let mut info = SideInfo::default();
                    for granule in info.granules.as_flattened_mut() {
                        granule.block_type = block_type;
                    }
                    let mut bits = BitCount::default();
                    info.write(version, channels, &mut bits);
                    assert_eq!(bits.0 as usize, (version.side_info_len(channels) - 4) * 8);
                }
            }
        }
    }
}
