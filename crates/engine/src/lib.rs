//! Endless streams without clock, thread, socket or lock.
//!
//! ```text
//!              Setting    samples          frames             bytes
//!  set_param ─────────► Performer ──► Encoder ──► Backlog ── Cursor ──► take ──► socket
//!                       (station, events)    one an encoding   one a listener
//! ```
//!
//! A [`Stream`] is all of that for one performance. It says what it wants next, renders and encodes chunks
//! when they are due, keeps the recent past of each encoding, and walks every listener through it. Whoever
//! owns it brings the time, the threads and the sockets. [`Load`] says how many of them a thread can carry.

mod backlog;
mod encoding;
mod load;
mod overload;
mod pace;
mod passage;
mod performer;
mod position;
mod recital;
mod stream;

pub use backlog::Taken;
pub use encoding::{BitrateKbps, Encoder, Encoding, EncodingError, wav_header};
pub use load::{Cost, Level, Load, Overload};
pub use overload::{Verdict, Watch};
pub use passage::{Checkpoint, Event, Keep, Passage};
pub use performer::Performer;
pub use position::Position;
pub use recital::{Pcm, Recital};
pub use stream::{
    Applied, Lead, LeadError, ListenerId, Next, Report, Resting, Scratch, State, Stream,
    StreamConfig,
};

/// Samples a channel in one frame, the unit in which streams are cut (ISO/IEC 11172-3, 2.4.2.1).
pub const FRAME_LEN: usize = 1152;

/// Fewest frames the engine renders at once; 52 ms at 44.1 kHz.
pub const MIN_CHUNK_FRAMES: usize = 2;

/// Most frames the engine renders at once; 209 ms at 44.1 kHz.
pub const MAX_CHUNK_FRAMES: usize = 8;
