//! PCM as it is, behind a RIFF/WAVE header.
//!
//! Source: Microsoft and IBM, *Multimedia Programming Interface and Data Specifications 1.0*, 1991.

use super::Encoder;

/// Writes 16-bit samples; it remembers nothing.
pub(super) struct Wav;

impl Encoder for Wav {
    fn encode(&mut self, [left, right]: [&[f32]; 2], frames: &mut Vec<u8>) {
        for (&l, &r) in left.iter().zip(right) {
            frames.extend_from_slice(&quantise(l).to_le_bytes());
            frames.extend_from_slice(&quantise(r).to_le_bytes());
        }
    }
}

/// The 44 bytes before 16-bit stereo samples: of `samples` a channel, or with `None` of a file that
/// never ends, for which every reader known takes the largest length.
pub fn header(samples: Option<u32>, sample_rate_hz: u32) -> [u8; 44] {
    const BYTES_A_SAMPLE: u32 = 4;
    let data_len = samples.map_or(u32::MAX, |n| n.saturating_mul(BYTES_A_SAMPLE));
    let mut header =
        *b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\0\0\0\0\0\0\0\0\x04\0\x10\0data\0\0\0\0";
    header[4..8].copy_from_slice(&data_len.saturating_add(36).to_le_bytes());
    header[24..28].copy_from_slice(&sample_rate_hz.to_le_bytes());
    header[28..32].copy_from_slice(&(sample_rate_hz * BYTES_A_SAMPLE).to_le_bytes());
    header[40..44].copy_from_slice(&data_len.to_le_bytes());
    header
}

/// Full scale ±1 to 16 bits, rounded; beyond it clips, and what is not a number is silence.
fn quantise(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_clip_at_full_scale_and_not_a_number_is_silence() {
        let samples = [1.0, 2.0, -1.0, f32::NEG_INFINITY, f32::NAN, 0.5].map(quantise);
        assert_eq!(samples, [32_767, 32_767, -32_767, -32_767, 0, 16_384]);
    }

    #[test]
    fn a_header_says_how_long_the_file_is_or_that_it_does_not_end() {
        let header_of = |samples| header(samples, 48_000);
        assert_eq!(header_of(Some(1000))[40..], 4000_u32.to_le_bytes());
        assert_eq!(header_of(None)[40..], [0xFF; 4]);
        assert_eq!(header_of(None)[28..32], 192_000_u32.to_le_bytes());
    }
}
