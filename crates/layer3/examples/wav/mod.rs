//! WAV files, as far as an encoder needs them.

/// A file: its format, and its samples as they stand there.
pub(crate) struct Wav<'a> {
    pub(crate) sample_rate_hz: u32,
    /// 1 or 2.
    pub(crate) channels: usize,
    /// Bytes of a sample.
    width: usize,
    /// Makes ±1 of one sample's bytes.
    sample: fn(&[u8]) -> f32,
    data: &'a [u8],
}

impl<'a> Wav<'a> {
    /// Looks for format and samples.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the file, or what is allowed.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
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
                b"data" => return Self::new(format.ok_or("no format before the samples")?, chunk),
                _ => {}
            }
            rest = behind.get(len % 2..).unwrap_or_default();
        }
        Err("no samples".into())
    }

    fn new(format: &[u8], data: &'a [u8]) -> Result<Self, String> {
        let word = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
        let (mut tag, channels, bits) = (word(0), usize::from(word(2)), word(14));
        if tag == 0xFFFE && format.len() >= 26 {
            tag = word(24);
        }
        if !(1..=2).contains(&channels) {
            return Err(format!("{channels} channels; allowed: 1, 2"));
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
        let sample_rate_hz = u32::from(word(4)) | u32::from(word(6)) << 16;
        Ok(Self { sample_rate_hz, channels, width: usize::from(bits / 8), sample, data })
    }

    /// Samples a channel.
    pub(crate) fn len(&self) -> usize {
        self.data.len() / (self.width * self.channels)
    }

    /// The samples of one channel from `at` on, as many as `out` has room for and there are: says how
    /// many.
    pub(crate) fn read(&self, channel: usize, at: usize, out: &mut [f32]) -> usize {
        let step = self.width * self.channels;
        let data = self.data.get(at * step..).unwrap_or_default().chunks_exact(step);
        let mut count = 0;
        for (out, all) in out.iter_mut().zip(data) {
            *out = (self.sample)(&all[channel * self.width..]);
            count += 1;
        }
        count
    }
}
