//! Titles between the bytes, for clients that send `Icy-MetaData: 1`.
//!
//! ```text
//! INTERVAL bytes of audio · length / 16 (1 byte) · StreamTitle='...'; padded with 0 · audio · 0 · ...
//! ```
//!
//! Source: SHOUTcast's protocol as players read it; a length of 0 means that the title stays.

use perpetuo_driver::Interleave;
use perpetuo_station::Title;

/// Puts titles into one listener's bytes: the station and what it is doing, each time that changes.
pub(super) struct Icy {
    station: &'static str,
    /// Bytes of audio until the next title.
    until_title: usize,
    /// What was last told.
    told: Option<Title>,
}

impl Icy {
    /// Bytes of audio between two titles: a second at 128 kbit/s.
    pub(super) const INTERVAL: usize = 16_000;

    pub(super) fn new(station: &'static str) -> Self {
        Self { station, until_title: Self::INTERVAL, told: None }
    }

    fn tell(&mut self, title: Title, out: &mut Vec<u8>) {
        if self.told.replace(title) == Some(title) {
            return out.push(0);
        }
        let doing = title.to_string();
        let separator = if doing.is_empty() { "" } else { " - " };
        append_block(&format!("{}{separator}{doing}", self.station), out);
    }
}

impl Interleave for Icy {
    fn interleave(&mut self, audio: &[u8], title: Title, out: &mut Vec<u8>) {
        let mut rest = audio;
        while rest.len() >= self.until_title {
            let (before, after) = rest.split_at(self.until_title);
            out.extend_from_slice(before);
            self.tell(title, out);
            self.until_title = Self::INTERVAL;
            rest = after;
        }
        out.extend_from_slice(rest);
        self.until_title -= rest.len();
    }
}

/// A title's length in 16 bytes, its text, and what fills it up.
fn append_block(title: &str, out: &mut Vec<u8>) {
    const LONGEST: usize = 255 * 16;
    let title: String = title.chars().filter(|c| !c.is_control() && *c != '\'').take(200).collect();
    let text = format!("StreamTitle='{title}';");
    let len = text.len().next_multiple_of(16).min(LONGEST);
    out.push((len / 16) as u8);
    out.extend_from_slice(text.as_bytes());
    out.resize(out.len() + len - text.len(), 0);
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
            audio.chunks(len).for_each(|chunk| icy.interleave(chunk, Title::default(), &mut sent));
            let (heard, titles) = split(&sent);
            assert_eq!(heard, audio, "{len}");
            assert_eq!(titles[0], "StreamTitle='Driftssea';");
            assert!(titles[1..].iter().all(String::is_empty));
        }
    }

    #[test]
    fn a_title_is_told_once_and_again_when_the_scene_changes() {
        let (mut icy, mut sent) = (Icy::new("Drift"), Vec::new());
        let chimes = Title { scene: "Chimes", key: Some(("d", "lydian")) };
        let deep = Title { scene: "Deep", key: None };
        for title in [Title::default(), chimes, chimes, deep, deep] {
            icy.interleave(&[1; Icy::INTERVAL], title, &mut sent);
        }
        sent.push(1);
        let expected = ["Drift", "Drift - Chimes, D lydian", "", "Drift - Deep", ""];
        let expected = expected.map(|title| match title {
            "" => String::new(),
            title => format!("StreamTitle='{title}';"),
        });
        assert_eq!(split(&sent).1, expected);
    }
}
