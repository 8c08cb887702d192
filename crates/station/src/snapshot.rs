//! The few bytes from which a station goes on.

use std::fmt;

/// The state of one performance at one position, delay lines apart; only its station can read it.
///
/// All in one piece, for a server remembers many that rest.
#[derive(Clone)]
pub struct Snapshot {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
}

impl Snapshot {
    /// The longest a snapshot may be, in bytes.
    pub const MAX_LEN: usize = 1024;

    /// Takes bytes for a snapshot.
    ///
    /// # Errors
    ///
    /// [`SnapshotTooLong`] above [`Self::MAX_LEN`].
    pub fn new(bytes: &[u8]) -> Result<Self, SnapshotTooLong> {
        if bytes.len() > Self::MAX_LEN {
            return Err(SnapshotTooLong { len: bytes.len() });
        }
        let mut snapshot = Self { bytes: [0; Self::MAX_LEN], len: bytes.len() };
        snapshot.bytes[..bytes.len()].copy_from_slice(bytes);
        Ok(snapshot)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Snapshot").field(&self.as_bytes()).finish()
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Snapshot {}

/// More bytes than a snapshot may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotTooLong {
    /// How many there were.
    pub len: usize,
}

impl fmt::Display for SnapshotTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a snapshot of {} bytes; allowed: at most {}", self.len, Snapshot::MAX_LEN)
    }
}

impl std::error::Error for SnapshotTooLong {}

/// A snapshot that a station cannot read: another station's, another version's or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeError {
    /// Bytes in the snapshot.
    pub len: usize,
    /// Bytes the station expected.
    pub expected: usize,
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a snapshot of {} bytes; this station's have {}", self.len, self.expected)
    }
}

impl std::error::Error for ResumeError {}
