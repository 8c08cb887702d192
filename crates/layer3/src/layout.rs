//! The order of lines in the bitstream, and the bands they fall into.
//!
//! A long block is in the order of frequency. Short blocks are interleaved: band by band, in each band
//! window by window, in each window by frequency (ISO/IEC 11172-3, 2.4.3.4.8). Either way a granule
//! is a row of bands, each with a step size of its own.

use crate::{
    mdct::{BlockType, LINES, Spectrum},
    tables::bands::{LongBands, ShortBands},
};

/// Bands of a long block.
pub(crate) const LONG_BANDS: usize = 22;

/// Bands of three short blocks.
pub(crate) const SHORT_BANDS: usize = 39;

/// A value for each band, and room for a vector that begins with the last of them.
pub(crate) type PerBand<T> = [T; SHORT_BANDS + 1];

/// Bands in the order of the bitstream.
pub(crate) struct Layout {
    /// The first line of each band, then 576.
    pub(crate) starts: PerBand<u16>,
    /// How many there are: 22 or 39.
    pub(crate) len: usize,
    /// Lines of each band; none behind the last.
    pub(crate) lines: PerBand<f32>,
    /// A band of which decoders disagree where it begins, see [`DISPUTED_24`].
    ///
    /// [`DISPUTED_24`]: crate::tables::bands::DISPUTED_24
    pub(crate) disputed: Option<usize>,
}

impl Layout {
    pub(crate) fn long(bands: &LongBands, disputed: Option<usize>) -> Self {
        let mut starts = [LINES as u16; SHORT_BANDS + 1];
        starts[..bands.len()].copy_from_slice(bands);
        Self::new(starts, LONG_BANDS, disputed)
    }

    pub(crate) fn short(bands: &ShortBands) -> Self {
        let starts = std::array::from_fn(|n| {
            let (band, window) = (n / 3, n % 3);
            if band == 13 {
                return LINES as u16;
            }
            3 * bands[band] + window as u16 * (bands[band + 1] - bands[band])
        });
        Self::new(starts, SHORT_BANDS, None)
    }

    fn new(starts: PerBand<u16>, len: usize, disputed: Option<usize>) -> Self {
        let lines = std::array::from_fn(|n| {
            starts.get(n + 1).map_or(0.0, |&end| f32::from(end - starts[n]))
        });
        Self { starts, len, lines, disputed }
    }

    /// The lines of band `n`.
    #[inline(always)]
    pub(crate) fn band(&self, n: usize) -> std::ops::Range<usize> {
        self.starts[n].into()..self.starts[n + 1].into()
    }
}

/// For each place of short blocks in the bitstream, where [`crate::mdct::transform`] left the line.
pub(crate) fn interleaving(bands: &ShortBands) -> [u16; LINES] {
    let mut order = [0; LINES];
    let mut at = 0;
    for band in bands.windows(2) {
        for window in 0..3 {
            for line in band[0]..band[1] {
                order[at] = 192 * window + line;
                at += 1;
            }
        }
    }
    order
}

/// Brings the lines of short blocks into the order of the bitstream.
pub(crate) fn interleave(order: &[u16; LINES], lines: &mut Spectrum) {
    let from = *lines;
    for (line, &place) in lines.iter_mut().zip(order) {
        *line = from[usize::from(place)];
    }
}

/// Zeroes what is above a low-pass at `end` lines of a long block.
pub(crate) fn low_pass(block_type: BlockType, end: usize, lines: &mut Spectrum) {
    if block_type == BlockType::Short {
        for window in 0..3 {
            lines[192 * window + end.div_ceil(3)..192 * (window + 1)].fill(0.0);
        }
    } else {
        lines[end..].fill(0.0);
    }
}
