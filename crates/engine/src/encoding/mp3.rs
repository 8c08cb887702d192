//! Layer III by [`perpetuo_layer3`].

use perpetuo_layer3::{Channels, Config, DECODER_DELAY};

use super::{BitrateKbps, Encoder, EncodingError};
use crate::{FRAME_LEN, Position};

/// What our encoder delays, and what every decoder adds.
pub(super) const DELAY: usize = perpetuo_layer3::Encoder::DELAY + DECODER_DELAY;

/// Joint stereo at a constant bit rate, each frame self-contained.
pub(super) struct Mp3(perpetuo_layer3::Encoder);

impl Mp3 {
    pub(super) fn new(
        bitrate: BitrateKbps,
        sample_rate_hz: u32,
        at: Position,
    ) -> Result<Self, EncodingError> {
        let config = Config::new(sample_rate_hz, Channels::Stereo, bitrate.kbps());
        let encoder = perpetuo_layer3::Encoder::new(&config);
        let mut encoder = encoder.map_err(|_| EncodingError::Unavailable)?;
        encoder.skip(at.samples() / FRAME_LEN as u64);
        Ok(Self(encoder))
    }
}

impl Encoder for Mp3 {
    fn encode(&mut self, pcm: [&[f32]; 2], frames: &mut Vec<u8>) {
        self.0.encode(&pcm, frames);
    }
}

/// A frame header without padding: MPEG-1, Layer III, no CRC, joint stereo, an original (ISO/IEC
/// 11172-3, 2.4.1.3).
pub(super) fn header(bitrate: BitrateKbps, sample_rate_hz: u32) -> [u8; 4] {
    let bitrate_index =
        1 + BitrateKbps::ALLOWED.iter().take_while(|&&k| k < bitrate.kbps()).count();
    let sampling_frequency = match sample_rate_hz {
        48_000 => 1,
        32_000 => 2,
        _ => 0,
    };
    [0xFF, 0xFB, (bitrate_index << 4 | sampling_frequency << 2) as u8, 0x44]
}

/// Frames last 144 bytes a kbit/s and kHz; what is left over at each is made up for by a byte of padding
/// as soon as there is one (ISO/IEC 11172-3, 2.4.2.3).
pub(super) fn bytes(bitrate: BitrateKbps, frames: u64, sample_rate_hz: u32) -> u64 {
    frames * 144_000 * u64::from(bitrate.kbps()) / u64::from(sample_rate_hz)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_gives_exactly_one_whole_frame_at_every_bit_rate() {
        let block: Vec<f32> = (0..FRAME_LEN).map(|n| (n as f32 * 0.05).sin() * 0.5).collect();
        for kbps in BitrateKbps::ALLOWED {
            let bitrate = BitrateKbps::new(kbps).unwrap();
            const FIRST: u64 = 1_000_003;
            let at = Position::new(FIRST * FRAME_LEN as u64);
            let mut encoder = Mp3::new(bitrate, 44_100, at).unwrap();
            let mut written = bytes(bitrate, FIRST, 44_100);
            for frames in FIRST..FIRST + 50 {
                assert_eq!(bytes(bitrate, frames, 44_100), written, "{kbps}");
                let mut frame = Vec::new();
                encoder.encode([&block, &block], &mut frame);
                assert_eq!(frame[..2], [0xFF, 0xFB]);
                let padding = usize::from(frame[2] >> 1 & 1);
                assert_eq!(frame.len(), 144_000 * usize::from(kbps) / 44_100 + padding, "{kbps}");
                let expected = header(bitrate, 44_100);
                assert_eq!(frame[2] & !2, expected[2], "all but padding");
                assert_eq!(frame[3] & !0x30, expected[3], "all but mode_extension");
                assert_eq!(frame[4] << 1 | frame[5] >> 7, 0, "main_data_begin is 0");
                written += frame.len() as u64;
            }
        }
    }

    #[test]
    fn anything_can_be_encoded() {
        let mut encoder = Mp3::new(BitrateKbps::DEFAULT, 44_100, Position::START).unwrap();
        for sample in [0.0, 1.0, -40.0, 1e-40, f32::MAX, f32::NAN, f32::INFINITY] {
            let mut frame = Vec::new();
            encoder.encode([&[sample; FRAME_LEN], &[-sample; FRAME_LEN]], &mut frame);
            assert!((417..=418).contains(&frame.len()));
        }
    }
}
