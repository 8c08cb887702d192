//! Bits, the highest of each byte first.

use super::Refusal;

/// A place in bytes, and where it must not go beyond.
#[derive(Clone)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Bits<'a> {
    /// At the first bit of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, end: bytes.len() * 8 }
    }

    /// The next `len` bits as a reader of their own.
    ///
    /// # Errors
    ///
    /// There are not as many.
    pub(crate) fn split(&mut self, len: usize) -> Result<Self, Refusal> {
        if len > self.left() {
            return Err(format!("{len} bits wanted, {} left", self.left()));
        }
        let part = Self { bytes: self.bytes, at: self.at, end: self.at + len };
        self.at += len;
        Ok(part)
    }

    /// The next bit.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn flag(&mut self) -> Result<bool, Refusal> {
        if self.at == self.end {
            return Err("a bit wanted, none left".into());
        }
        let bit = self.bytes[self.at / 8] >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// The next `len` bits, 0 to 16, as a number.
    ///
    /// # Errors
    ///
    /// There are not as many.
    pub(crate) fn take(&mut self, len: usize) -> Result<u16, Refusal> {
        assert!(len <= 16);
        let mut part = self.split(len)?;
        let mut value = 0;
        while part.left() > 0 {
            value = value << 1 | u16::from(part.flag()?);
        }
        Ok(value)
    }

    /// How many bits are left.
    pub(crate) fn left(&self) -> usize {
        self.end - self.at
    }

    /// Takes all that is left.
    ///
    /// # Errors
    ///
    /// One of its bits is set.
    pub(crate) fn expect_zeros(&mut self) -> Result<(), Refusal> {
        while self.left() > 0 {
            if self.flag()? {
                return Err(format!(
                    "a bit is set where all are to be 0, {} before the end",
                    self.left()
                ));
            }
        }
        Ok(())
    }
}
