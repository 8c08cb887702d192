//! Titles between the bytes, for clients that send `Icy-MetaData: 1`.
//!
//! ```text
//! INTERVAL bytes of audio · length / 16 (1 byte) · StreamTitle='...'; padded with 0 · audio · 0 · ...
//! ```
//!
//! Source: SHOUTcast's protocol as players read it; a length of 0 means that the title stays.

use perpetuo_driver::Interleave;

/// Puts titles into one listener's bytes.
pub(super) struct Icy {
    /// Bytes of audio until the next title.
    until_title: usize,
    title: Option<Vec<u8>>,
}

impl Icy {
    /// Bytes of audio between two titles: a second at 128 kbit/s.
    pub(super) const INTERVAL: usize = 16_000;

    pub(super) fn new(title: &str) -> Self {
        Self { until_title: Self::INTERVAL, title: Some(block(title)) }
    }
}

impl Interleave for Icy {
    fn interleave(&mut self, audio: &[u8], out: &mut Vec<u8>) {
        let mut rest = audio;
        while rest.len() >= self.until_title {
            let (before, after) = rest.split_at(self.until_title);
            out.extend_from_slice(before);
            match self.title.take() {
                Some(title) => out.extend_from_slice(&title),
                None => out.push(0),
            }
            self.until_title = Self::INTERVAL;
            rest = after;
        }
        out.extend_from_slice(rest);
        self.until_title -= rest.len();
    }
}

/// A title's length in 16 bytes, its text, and what fills it up.
fn block(title: &str) -> Vec<u8> {
    const LONGEST: usize = 255 * 16;
    let title: String = title.chars().filter(|c| !c.is_control() && *c != '\'').take(200).collect();
    let text = format!("StreamTitle='{title}';");
    let len = text.len().next_multiple_of(16).min(LONGEST);
    let mut block = vec![0; 1 + len];
    block[0] = (len / 16) as u8;
    block[1..=text.len()].copy_from_slice(text.as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client does: takes the titles out again.
    fn split(bytes: &[u8]) -> (Vec<u8>, Vec<String>) {
        let (mut audio, mut titles, mut rest) = (Vec::new(), Vec::new(), bytes);
        while rest.len() > Icy::INTERVAL {
            let (before, after) = rest.split_at(Icy::INTERVAL);
            let len = usize::from(after[0]) * 16;
            audio.extend_from_slice(before);
            titles.push(String::from_utf8_lossy(&after[1..=len]).trim_end_matches('\0').to_owned());
            rest = &after[1 + len..];
        }
        audio.extend_from_slice(rest);
        (audio, titles)
    }

    #[test]
    fn a_client_that_takes_the_titles_out_gets_the_audio_back() {
        let audio: Vec<u8> = (0..100_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        for len in [1, 417, 16_000, 16_001, 40_000] {
            let mut icy = Icy::new("Drift's\nsea");
            let mut sent = Vec::new();
            audio.chunks(len).for_each(|chunk| icy.interleave(chunk, &mut sent));
            let (heard, titles) = split(&sent);
            assert_eq!(heard, audio, "{len}");
            assert_eq!(titles[0], "StreamTitle='Driftssea';");
            assert!(titles[1..].iter().all(String::is_empty));
        }
    }
}
