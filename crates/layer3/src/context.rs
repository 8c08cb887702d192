//! What encoders share: tables, made once for all threads, and what depends on the sample rate.

use std::sync::OnceLock;

use crate::{
    ear::Ear,
    huffman::Huffman,
    layout::{Layout, interleaving},
    mdct::{BlockType, LINES, Mdct},
    polyphase::Polyphase,
    quantise::Steps,
    side_info::Version,
    simd::Level,
    tables::bands,
};

/// How one encoder works: its instructions and its tables.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    pub(crate) level: Level,
    pub(crate) tables: &'static Tables,
    pub(crate) rate: &'static Rate,
    /// Lines of a long block below the low-pass.
    pub(crate) low_pass: usize,
    /// Bands with lines below the low-pass, of long blocks and of short ones.
    bands: [usize; 2],
}

/// Tables for all sample rates, about 60 KiB.
pub(crate) struct Tables {
    pub(crate) polyphase: Polyphase,
    pub(crate) mdct: Mdct,
    pub(crate) huffman: Huffman,
    pub(crate) steps: Steps,
    rates: [Rate; 6],
}

/// What depends on the sample rate.
pub(crate) struct Rate {
    pub(crate) sample_rate_hz: u32,
    pub(crate) version: Version,
    pub(crate) sampling_frequency: u8,
    pub(crate) long: Layout,
    pub(crate) short: Layout,
    pub(crate) interleaving: [u16; LINES],
    pub(crate) long_ear: Ear,
    pub(crate) short_ear: Ear,
}

/// The sample rates by version and `sampling_frequency`.
const SAMPLE_RATES_HZ: [u32; 6] = [44_100, 48_000, 32_000, 22_050, 24_000, 16_000];

impl Context {
    /// The tables for a sample rate, none if Layer III does not have it, and a low-pass at `hz`.
    pub(crate) fn of(level: Level, sample_rate_hz: u32, low_pass_hz: u32) -> Option<Self> {
        let tables = Tables::all();
        let rate = tables.rates.iter().find(|rate| rate.sample_rate_hz == sample_rate_hz)?;
        let low_pass = u64::from(low_pass_hz) * 2 * LINES as u64 / u64::from(sample_rate_hz);
        let low_pass = LINES.min(low_pass as usize);
        let starts = |layout: &Layout, step: usize| {
            let starts = layout.starts[..layout.len].iter().step_by(step);
            step * starts.filter(|&&start| usize::from(start) < low_pass).count()
        };
        // The three windows of a band end alike.
        let bands = [starts(&rate.long, 1), starts(&rate.short, 3)];
        Some(Self { level, tables, rate, low_pass, bands })
    }

    /// Bands with lines below the low-pass; a long or short block has none but zeros in the others.
    #[inline(always)]
    pub(crate) fn bands(&self, block_type: BlockType) -> usize {
        self.bands[usize::from(block_type == BlockType::Short)]
    }

    /// The order of lines in a kind of block.
    #[inline(always)]
    pub(crate) fn layout(&self, block_type: BlockType) -> &'static Layout {
        if block_type == BlockType::Short { &self.rate.short } else { &self.rate.long }
    }
}

impl Tables {
    fn all() -> &'static Self {
        static TABLES: OnceLock<Box<Tables>> = OnceLock::new();
        TABLES.get_or_init(|| {
            Box::new(Self {
                polyphase: Polyphase::new(),
                mdct: Mdct::new(),
                huffman: Huffman::new(),
                steps: Steps::new(),
                rates: std::array::from_fn(Rate::new),
            })
        })
    }
}

impl Rate {
    fn new(index: usize) -> Self {
        let sample_rate_hz = SAMPLE_RATES_HZ[index];
        let (long, short) = bands::bands(sample_rate_hz);
        let disputed = (sample_rate_hz == 24_000).then_some(bands::DISPUTED_24);
        let long = Layout::long(long, disputed);
        Self {
            sample_rate_hz,
            version: if index < 3 { Version::Mpeg1 } else { Version::Mpeg2 },
            sampling_frequency: (index % 3) as u8,
            long_ear: Ear::long(&long, sample_rate_hz),
            short_ear: Ear::short(short, sample_rate_hz),
            long,
            short: Layout::short(short),
            interleaving: interleaving(short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_take_64_kib_at_most() {
        assert!(size_of::<Tables>() <= 64 * 1024, "{} bytes", size_of::<Tables>());
    }
}
