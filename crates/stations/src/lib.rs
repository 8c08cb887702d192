//! The stations: endless pieces of music, each a composer and a synthesiser.
//!
//! ```text
//! Setting ─► Performer ─► glides ─► composer ─► notes ─► synth ─► 64 samples ─► any slice
//!                           chance, scales, metre ▲ theory            ▲ perpetuo-dsp
//! ```
//!
//! A station is one folder: its description and parameters in `mod`, what is played in `composer`, how
//! it sounds in `synth`. What all of them know of music is in `theory`.

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

use perpetuo_station::StationSpec;

/// Every station, the one to begin with first.
pub fn all() -> Vec<StationSpec> {
    vec![drift::spec(), acid::spec(), kalimba::spec(), dub::spec(), drone::spec(), rain::spec()]
}
