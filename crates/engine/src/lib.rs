//! Endless streams without clock, thread, socket or lock.
//!
//! ```text
//!              Setting                         Chunk                      Bytes
//!  set_param ─────────► Stream ── Performer ──────────► Backlog ── Cursor ──────► socket
//!                         │       (station, events)     one a rendition  one a listener
//!                       Pace: what is due at `now`
//! ```
//!
//! A [`Stream`] renders chunks when they are due and hands them out encoded; a [`Backlog`] keeps the
//! recent past of one encoding; a [`Cursor`] walks one listener through it. Whoever owns them brings
//! the time, the threads and the sockets.

mod backlog;
mod encoding;
mod pace;
mod performer;
mod position;
mod stream;

pub use backlog::{Backlog, Chunk, Cursor};
pub use encoding::{BitrateKbps, Encoder, Encoding, EncodingError, wav_header};
pub use performer::Performer;
pub use position::Position;
pub use stream::{
    Applied, Lead, LeadError, ListenerId, Next, Report, Scratch, State, Stream, StreamConfig,
};

/// Samples a channel in one frame, the unit in which streams are cut (ISO/IEC 11172-3, 2.4.2.1).
pub const FRAME_LEN: usize = 1152;

/// Fewest frames the engine renders at once; 52 ms at 44.1 kHz.
pub const MIN_CHUNK_FRAMES: usize = 2;

/// Most frames the engine renders at once; 209 ms at 44.1 kHz.
pub const MAX_CHUNK_FRAMES: usize = 8;
