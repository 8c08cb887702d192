//! The stations: endless pieces of music, each a composer and a synthesiser.
//!
//! ```text
//! Setting ─► Performer ─► glides ─► composer ─► notes ─► synth ─► 64 samples ─► any slice
//!                           chance, scales, metre ▲ theory            ▲ perpetuo-dsp
//! ```
//!
//! A station is one folder: its description and parameters in `mod`, what is played in `composer`, how
//! it sounds in `synth`. What all of them know of music is in `theory`.
//!
//! A station elsewhere is made in the same way: of a [`Composer`] and a [`Synth`] that ends in [`Master`], a
//! [`Performer`] makes a [`Station`](perpetuo_station::Station) that can be sliced, skipped, resumed and
//! watched, and whose values go along ramps. What is exported besides [`all`] is what that takes.

mod acid;
mod drift;
mod drone;
mod dub;
mod kalimba;
mod knob;
mod master;
mod performer;
mod rain;
mod teller;
mod theory;

pub use knob::Knob;
pub use master::Master;
pub use performer::{Block, Composer, GRID, Performer, Synth};
pub use teller::Teller;
pub use theory::ROOTS;

use perpetuo_station::StationSpec;

/// Every station, the one to begin with first.
pub fn all() -> Vec<StationSpec> {
    vec![drift::spec(), acid::spec(), kalimba::spec(), dub::spec(), drone::spec(), rain::spec()]
}
