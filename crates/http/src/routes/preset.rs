//! `preset` and `seed`: values by a name, or by chance.

use axum::http::StatusCode;
use perpetuo_station::{RANDOM, Setting, StationSpec};

use crate::{Problem, args::Args, id::MAX_SEED};

/// The settings of a preset; those of `random` are drawn from `seed`.
pub(super) fn settings(
    spec: &StationSpec,
    preset: &str,
    seed: u64,
) -> Result<Vec<Setting>, Problem> {
    match preset {
        RANDOM => Ok(spec.random(seed)),
        name => Ok(spec.preset(name)?),
    }
}

/// Takes out the seed, if one was given.
pub(super) fn take_seed(args: &mut Args) -> Result<Option<u64>, Problem> {
    let Some(text) = args.take("seed") else { return Ok(None) };
    match text.parse().ok().filter(|seed| *seed <= MAX_SEED) {
        Some(seed) => Ok(Some(seed)),
        None => Err(Problem::parameter("seed", "not a seed", allowed_seeds())),
    }
}

/// What a seed may be, in words.
pub(super) fn allowed_seeds() -> String {
    format!("a whole number from 0 to {MAX_SEED}")
}

/// A seed that nobody chose.
pub(super) fn draw_seed() -> Result<u64, Problem> {
    Ok(u64::from_le_bytes(draw()?) & MAX_SEED)
}

/// Bytes that nobody can guess.
pub(super) fn draw<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => {
            tracing::error!(%error, "no random numbers");
            let detail = "no random numbers at the moment";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail))
        }
    }
}
