//! Layer III by LAME, until our own encoder takes its place.

use mp3lame_encoder::{Builder, DualPcm, Mode, Quality, ffi};

use super::{BitrateKbps, Encoder, EncodingError};
use crate::FRAME_LEN;

/// LAME holds 528 samples at the start and wants 1,952 for a frame (measured); so many more make it
/// answer the first block, and every one after it, with exactly one frame.
const PRIMING_LEN: usize = 272;

/// What LAME delays (576), what it was primed with, and what every decoder adds (529).
pub(super) const DELAY: usize = 576 + PRIMING_LEN + 529;

/// LAME at -q7, joint stereo, constant bit rate, each frame self-contained.
pub(super) struct Mp3(mp3lame_encoder::Encoder);

impl Mp3 {
    pub(super) fn new(bitrate: BitrateKbps, sample_rate_hz: u32) -> Result<Self, EncodingError> {
        let mut encoder = build(bitrate, sample_rate_hz).ok_or(EncodingError::Unavailable)?;
        let silence = [0.0; PRIMING_LEN];
        let mut none = Vec::with_capacity(mp3lame_encoder::max_required_buffer_size(PRIMING_LEN));
        encoder
            .encode_to_vec(DualPcm { left: &silence, right: &silence }, &mut none)
            .map_err(|_| EncodingError::Unavailable)?;
        Ok(Self(encoder))
    }
}

impl Encoder for Mp3 {
    fn encode(&mut self, [left, right]: [&[f32]; 2], frames: &mut Vec<u8>) {
        let left: [f32; FRAME_LEN] = std::array::from_fn(|n| safe(left[n]));
        let right: [f32; FRAME_LEN] = std::array::from_fn(|n| safe(right[n]));
        frames.reserve(mp3lame_encoder::max_required_buffer_size(FRAME_LEN));
        // LAME refuses only what cannot be here: a buffer too small or an encoder not set up.
        let _ = self.0.encode_to_vec(DualPcm { left: &left, right: &right }, frames);
    }
}

fn build(bitrate: BitrateKbps, sample_rate_hz: u32) -> Option<mp3lame_encoder::Encoder> {
    let mut builder = Builder::new()?;
    builder.set_num_channels(2).ok()?;
    builder.set_sample_rate(sample_rate_hz).ok()?;
    builder.set_output_sample_rate(std::num::NonZeroU32::new(sample_rate_hz)).ok()?;
    builder.set_mode(Mode::JointStereo).ok()?;
    builder.set_quality(Quality::Ok).ok()?;
    builder.set_to_write_vbr_tag(false).ok()?;
    // The binding names no way to switch the reservoir off, and not every bit rate.
    // SAFETY: the pointer is the builder's own, alive and not yet set up for encoding.
    let is_refused = unsafe { ffi::lame_set_disable_reservoir(builder.as_ptr(), 1) } != 0;
    // SAFETY: as above.
    let is_refused =
        is_refused || unsafe { ffi::lame_set_brate(builder.as_ptr(), bitrate.kbps().into()) } != 0;
    if is_refused {
        return None;
    }
    builder.build().ok()
}

/// C code must not be asked to quantise infinity: what is not a number is silence, and the rest is
/// kept within 12 dB over full scale.
fn safe(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-4.0, 4.0) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_gives_exactly_one_whole_frame_at_every_bit_rate() {
        let block: Vec<f32> = (0..FRAME_LEN).map(|n| (n as f32 * 0.05).sin() * 0.5).collect();
        for kbps in BitrateKbps::ALLOWED {
            let bitrate = BitrateKbps::new(kbps).unwrap();
            let mut encoder = Mp3::new(bitrate, 44_100).unwrap();
            for _ in 0..50 {
                let mut frame = Vec::new();
                encoder.encode([&block, &block], &mut frame);
                assert_eq!(frame[..2], [0xFF, 0xFB]);
                let padding = usize::from(frame[2] >> 1 & 1);
                assert_eq!(frame.len(), 144_000 * usize::from(kbps) / 44_100 + padding, "{kbps}");
                let expected = header(bitrate, 44_100);
                assert_eq!(frame[2] & !2, expected[2], "all but padding");
                assert_eq!(frame[3] & !0x30, expected[3], "all but mode_extension");
                assert_eq!(frame[4] << 1 | frame[5] >> 7, 0, "main_data_begin is 0");
            }
        }
    }

    #[test]
    fn anything_can_be_encoded() {
        let mut encoder = Mp3::new(BitrateKbps::DEFAULT, 44_100).unwrap();
        for sample in [0.0, 1.0, -40.0, 1e-40, f32::MAX, f32::NAN, f32::INFINITY] {
            let mut frame = Vec::new();
            encoder.encode([&[sample; FRAME_LEN], &[-sample; FRAME_LEN]], &mut frame);
            assert!((417..=418).contains(&frame.len()));
        }
    }
}
