//! Where bits go: counted or written by the same functions.

/// Somewhere bits go: [`BitCount`] says what a choice would cost, [`BitWriter`] spends it.
pub(crate) trait BitSink {
    /// Takes the low `len` bits of `value`, the highest first; `len` is 0 to 56 and the bits above it
    /// are zero.
    fn put(&mut self, value: u64, len: u32);

    /// Takes one bit.
    #[inline(always)]
    fn flag(&mut self, value: bool) {
        self.put(u64::from(value), 1);
    }
}

/// Counts bits.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct BitCount(pub(crate) u32);

#[cfg(test)]
impl BitSink for BitCount {
    #[inline(always)]
    fn put(&mut self, _: u64, len: u32) {
        self.0 += len;
    }
}

/// Writes bits into bytes, and nothing where there is no more room.
pub(crate) struct BitWriter<'a> {
    bytes: &'a mut [u8],
    /// Bits not yet in `bytes`, the oldest on top.
    pending: u64,
    /// How many, 0 to 7 between calls.
    pending_len: u32,
    at: usize,
}

impl<'a> BitWriter<'a> {
    /// Bytes at the end that it does not fill, for it writes eight at once.
    pub(crate) const SLACK: usize = 8;

    /// Begins at the first bit of `bytes`.
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, pending: 0, pending_len: 0, at: 0 }
    }

    /// Bits written.
    pub(crate) fn len_bits(&self) -> usize {
        self.at * 8 + self.pending_len as usize
    }
}

impl BitSink for BitWriter<'_> {
    #[inline(always)]
    fn put(&mut self, value: u64, len: u32) {
        debug_assert!(len <= 56 && value >> len == 0, "{value} in {len} bits");
        // At most 7 + 56 bits, so there is one that is shifted out at last, and 64 are never shifted at once.
        self.pending |= value << (63 - self.pending_len - len) << 1;
        self.pending_len += len;
        if let Some(room) = self.bytes.get_mut(self.at..self.at + 8) {
            room.copy_from_slice(&self.pending.to_be_bytes());
        }
        let whole = self.pending_len & !7;
        self.pending <<= whole;
        self.pending_len &= 7;
        self.at += whole as usize / 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_there_highest_bit_first() {
        let mut bytes = [0; 16];
        let mut bits = BitWriter::new(&mut bytes);
        bits.flag(true);
        bits.put(0b0101, 4);
        bits.put(u32::MAX.into(), 32);
        bits.put(0, 0);
        bits.put(0b001, 3);
        assert_eq!(bits.len_bits(), 40);
        assert_eq!(bytes[..5], [0b1010_1111, 0xFF, 0xFF, 0xFF, 0b1111_1001]);
    }

    #[test]
    fn beyond_the_end_nothing_is_written() {
        let mut bytes = [0; 9];
        let mut bits = BitWriter::new(&mut bytes);
        for _ in 0..100 {
            bits.put(0xFF, 8);
        }
        assert_eq!(bits.len_bits(), 800);
    }
}
