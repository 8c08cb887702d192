//! WAV files, as far as an encoder needs them.

/// A file: its format, and its samples as they stand there.
pub(crate) struct Wav<'a> {
    pub(crate) sample_rate_hz: u32,
    /// 1 or 2.
    pub(crate) channels: usize,
    format: Format,
    data: &'a [u8],
}

/// How samples are written, lowest byte first.
#[derive(Clone, Copy)]
enum Format {
    Pcm16,
    Pcm24,
    Pcm32,
    Float32,
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

    fn new(header: &[u8], data: &'a [u8]) -> Result<Self, String> {
        let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let (mut tag, channels, bits) = (word(0), usize::from(word(2)), word(14));
        if tag == 0xFFFE && header.len() >= 26 {
            tag = word(24);
        }
        if !(1..=2).contains(&channels) {
            return Err(format!("{channels} channels; allowed: 1, 2"));
        }
        let format = match (tag, bits) {
            (1, 16) => Format::Pcm16,
            (1, 24) => Format::Pcm24,
            (1, 32) => Format::Pcm32,
            (3, 32) => Format::Float32,
            _ => {
                return Err(format!(
                    "samples of format {tag} with {bits} bits; allowed: PCM of 16, 24 or 32 bits, \
                     float of 32"
                ));
            }
        };
        let sample_rate_hz = u32::from(word(4)) | u32::from(word(6)) << 16;
        Ok(Self { sample_rate_hz, channels, format, data })
    }

    /// Samples a channel.
    pub(crate) fn len(&self) -> usize {
        let width = match self.format {
            Format::Pcm16 => 2,
            Format::Pcm24 => 3,
            Format::Pcm32 | Format::Float32 => 4,
        };
        self.data.len() / (width * self.channels)
    }

    /// The samples of one channel from `at` on, as many as `out` has room for and there are: says how
    /// many.
    pub(crate) fn read(&self, channel: usize, at: usize, out: &mut [f32]) -> usize {
        const FULL_SCALE: f32 = 2_147_483_648.0;
        let begin = at * self.channels + channel;
        let step = self.channels;
        let data = self.data;
        match self.format {
            Format::Pcm16 => {
                fill(data, begin, step, out, |b| f32::from(i16::from_le_bytes(b)) / 32_768.0)
            }
            Format::Pcm24 => fill(data, begin, step, out, |[a, b, c]| {
                i32::from_le_bytes([0, a, b, c]) as f32 / FULL_SCALE
            }),
            Format::Pcm32 => {
                fill(data, begin, step, out, |b| i32::from_le_bytes(b) as f32 / FULL_SCALE)
            }
            Format::Float32 => fill(data, begin, step, out, f32::from_le_bytes),
        }
    }
}

/// Fills `out` with every `step`th sample of `WIDTH` bytes, and says with how many.
fn fill<const WIDTH: usize>(
    data: &[u8],
    begin: usize,
    step: usize,
    out: &mut [f32],
    sample: impl Fn([u8; WIDTH]) -> f32,
) -> usize {
    let (samples, _) = data.as_chunks::<WIDTH>();
    // The last may be of a frame that is not whole.
    let samples = samples[..samples.len() / step * step].iter().skip(begin).step_by(step);
    let mut count = 0;
    for (out, &bytes) in out.iter_mut().zip(samples) {
        *out = sample(bytes);
        count += 1;
    }
    count
}
