//! The port a source of endless music plugs into.
//!
//! ```text
//! StationSpec ──perform(Performance)──► Box<dyn Station> ──render──► samples
//!     │                                      ▲
//!     └─ params: [ParamSpec] ──setting──► Setting
//! ```
//!
//! A [`StationSpec`] says what a station is and which parameters it has; text becomes a checked
//! [`Setting`] there and nowhere else. A [`Station`] is one performance of it: samples out, settings
//! in, and a [`Snapshot`] from which it goes on. Nothing here knows a clock, a thread or a file.

mod catalogue;
mod note;
mod param;
mod snapshot;
mod title;
mod values;

pub use catalogue::{Catalogue, CatalogueError, Performance, Preset, RANDOM, StationSpec};
pub use note::Note;
pub use param::{Applies, Curve, ParamSpec, RESERVED_NAMES, ValueError};
pub use snapshot::{ResumeError, Snapshot, SnapshotTooLong};
pub use title::Title;
pub use values::{Ramp, RampError, Setting, SettingError, Values};

/// The step of control inside a station, in samples a channel. Frames and chunks are whole blocks.
pub const BLOCK_LEN: usize = 64;

/// One performance of a piece: a composer and its synthesiser.
///
/// The samples depend on the [`Performance`] it was made for and on the settings and where they came,
/// and on nothing else: not on how the caller slices time, not on the machine.
pub trait Station: Send {
    /// Renders the next samples into the left and the right channel.
    ///
    /// Shape: both slices of one length, any length from 0. Range: finite whatever the settings; full
    /// scale is ±1. Never allocates, locks, logs or asks the time.
    ///
    /// # Panics
    ///
    /// When the two slices differ in length.
    fn render(&mut self, out: &mut [&mut [f32]; 2]);

    /// Renders like [`Self::render`], the same samples, and tells what begins to sound in them, in order.
    ///
    /// Whoever shows a performance asks for it; a station whose notes nobody could see tells none.
    fn render_telling(&mut self, out: &mut [&mut [f32]; 2], tell: &mut dyn FnMut(Note)) {
        let _ = tell;
        self.render(out);
    }

    /// Heads for a value from the next block on, or from where the parameter [`Applies`], along the
    /// setting's own [`Ramp`].
    ///
    /// The setting must have been made by this station's own [`StationSpec`].
    fn set(&mut self, setting: Setting);

    /// Lets at least `samples` pass, rounded up to whole blocks, as fast as music can be composed
    /// without being played: an hour in milliseconds. Gives the samples passed.
    ///
    /// What is composed afterwards is what it would have been. Sounds that began on the way are missing
    /// until their time is over, so let the last [`StationSpec::refill`] or more be rendered unheard.
    fn skip(&mut self, samples: u64) -> u64;

    /// What it is doing now, for people.
    fn title(&self) -> Title;

    /// What the performance needs to go on from here, delay lines apart: see [`StationSpec::refill`].
    ///
    /// Taken between two blocks; inside a block it is the state at the block's end.
    fn snapshot(&mut self) -> Snapshot;

    /// Goes on from a snapshot, with the next note that it would have played.
    ///
    /// Tails are missing until [`StationSpec::refill`] has been rendered unheard. Values are not part
    /// of the snapshot, but how far ramps have come is: the performance must have been made with the
    /// values in force, or headed for, when it was taken.
    ///
    /// # Errors
    ///
    /// [`ResumeError`] when the snapshot is not one of this station; it then plays on as it was.
    fn resume(&mut self, snapshot: &Snapshot) -> Result<(), ResumeError>;
}
