//! WAV files, as far as an encoder needs them.

/// Samples of a file, ±1, by channel.
pub(crate) struct Wav {
    pub(crate) sample_rate_hz: u32,
    pub(crate) channels: Vec<Vec<f32>>,
}

impl Wav {
    /// # Errors
    ///
    /// Says what is wrong with the file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
            return Err("no WAV file".into());
        }
        let mut format = None;
        let mut rest = &bytes[12..];
        while let Some((head, body)) = rest.split_at_checked(8) {
            let len = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            // The length of a file that was written while it grew may be too large.
            let (chunk, behind) = body.split_at(len.min(body.len()));
            match &head[..4] {
                b"fmt " if chunk.len() >= 16 => format = Some(chunk),
                b"data" => return Self::samples(format.ok_or("no format before the data")?, chunk),
                _ => {}
            }
            rest = behind.get(len % 2..).unwrap_or_default();
        }
        Err("no samples".into())
    }

    fn samples(format: &[u8], data: &[u8]) -> Result<Self, String> {
        let word = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
        let (mut tag, count, bits) = (word(0), usize::from(word(2)), word(14));
        if tag == 0xFFFE && format.len() >= 26 {
            tag = word(24);
        }
        if !(1..=2).contains(&count) {
            return Err(format!("{count} channels; allowed: 1, 2"));
        }
        let sample: fn(&[u8]) -> f32 = match (tag, bits) {
            (1, 16) => |b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0,
            (1, 24) => |b| i32::from_le_bytes([0, b[0], b[1], b[2]]) as f32 / 2_147_483_648.0,
            (1, 32) => |b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]) as f32 / 2_147_483_648.0,
            (3, 32) => |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            _ => {
                return Err(format!(
                    "samples of format {tag} with {bits} bits; allowed: PCM of 16, 24 or 32 bits, \
                     float of 32"
                ));
            }
        };
        let len = usize::from(bits / 8);
        let channels = (0..count)
            .map(|channel| {
                data.chunks_exact(len * count).map(|all| sample(&all[channel * len..])).collect()
            })
            .collect();
        Ok(Self { sample_rate_hz: u32::from(word(4)) | u32::from(word(6)) << 16, channels })
    }
}
