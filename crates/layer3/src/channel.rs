//! One channel before its bits are counted: samples into sub-bands, lines, and the noise they allow.

use crate::{
    blocks::{ATTACK_HISTORY_LEN, AttackDetector, Attacks, LOOK_AHEAD},
    config::Shaping,
    context::Context,
    ear::{masked_noise, masked_noise_short},
    layout::{LONG_BANDS, interleave, low_pass},
    mdct::{BlockType, LINES, transform},
    polyphase::{self, HISTORY_LEN, SUBBANDS, Slot},
    simd::{LANES, Lanes, kernel},
    unit::Unit,
};

/// What is kept of a channel between frames.
pub(crate) struct Channel {
    /// The last samples: those that the filter bank needs, and those it has not had.
    history: [f32; PAST],
    /// The sub-bands of the last granule.
    overlap: [Slot; SLOTS],
    attacks: AttackDetector,
    /// What noise the last granule allowed in each band, or anything after short blocks.
    allowed: [f32; LONG_BANDS],
    /// For how many samples there has been digital silence.
    silence_len: usize,
}

/// Samples kept of a channel.
pub(crate) const PAST: usize = HISTORY_LEN + LOOK_AHEAD;

/// Slots of a granule.
pub(crate) const SLOTS: usize = LINES / SUBBANDS;

/// Allowed noise that limits nothing.
const ANYTHING: f32 = 1e9;

/// By how much more noise a granule may allow than the one before, as a logarithm to base 2: sound that
/// rises does not mask what was before it, which the windows reach back to. By ear model, 2026-11.
const RISE: f32 = 1.0;

/// Allowed noise without a mask, as a logarithm to base 2: any number, for shares make up for it.
const FLAT_NOISE: f32 = -20.0;

/// Samples beyond this level, 30 dB over full scale, are clipped.
const MAX_SAMPLE: f32 = 32.0;

impl Channel {
    /// One that has heard nothing.
    pub(crate) fn new() -> Self {
        Self {
            history: [0.0; _],
            overlap: [[0.0; _]; _],
            attacks: AttackDetector::default(),
            allowed: [ANYTHING; _],
            silence_len: PAST + LINES,
        }
    }

    /// Takes a block in: its sub-bands and its attacks. `samples` is room for [`PAST`] and the block.
    ///
    /// Says whether all is digital silence, for so long that nothing is left of what was before; then
    /// nothing needs to be done.
    pub(crate) fn take(
        &mut self,
        context: &Context,
        pcm: &[f32],
        samples: &mut [f32],
        slots: &mut [[Slot; SLOTS]],
        attacks: &mut [Attacks],
    ) -> bool {
        let block_len = LINES * slots.len();
        let block = &mut samples[PAST..];
        let is_silent = clean(context.level, &pcm[..pcm.len().min(block_len)], block);
        if is_silent && self.silence_len >= PAST + LINES {
            self.attacks = AttackDetector::default();
            return true;
        }
        self.silence_len = if is_silent { self.silence_len + block_len } else { 0 };
        samples[..PAST].copy_from_slice(&self.history);
        for (granule, attacks) in attacks.iter_mut().enumerate() {
            let begin = PAST + granule * LINES - ATTACK_HISTORY_LEN;
            let samples = &samples[begin..][..LINES + ATTACK_HISTORY_LEN];
            *attacks = attacks.or(self.attacks.look(context.level, samples));
        }
        let end = HISTORY_LEN + block_len;
        let slots = slots.as_flattened_mut();
        polyphase::analyse(context.level, &context.tables.polyphase, &samples[..end], slots);
        self.history.copy_from_slice(&samples[block_len..]);
        false
    }

    /// Makes a unit of a granule of the block that was taken in last: its lines, those of short blocks one
    /// after the other. Granules come in order.
    pub(crate) fn analyse(
        &mut self,
        context: &Context,
        slots: &[[Slot; SLOTS]],
        granule: usize,
        unit: &mut Unit,
    ) {
        let before = if granule == 0 { &self.overlap } else { &slots[granule - 1] };
        // The butterflies across the last line reach eight lines further.
        let groups = (context.low_pass + LANES).min(LINES).div_ceil(SLOTS * LANES);
        let tables = &context.tables.mdct;
        let (now, lines) = (&slots[granule], &mut unit.spectrum);
        transform(context.level, tables, unit.block_type, groups, before, now, lines);
        low_pass(unit.block_type, context.low_pass, lines);
        if granule + 1 == slots.len() {
            self.overlap = slots[granule];
        }
    }
}

/// Finds the noise that the units of one granule allow, and brings short blocks into the order of the
/// bitstream. All units are seen through one window.
pub(crate) fn listen(
    context: &Context,
    shaping: Shaping,
    channels: &mut [Channel],
    units: &mut [Unit],
) {
    let (level, rate, end) = (context.level, context.rate, context.low_pass);
    let is_short = units.iter().any(|unit| unit.block_type == BlockType::Short);
    let pairs = channels.iter_mut().zip(&mut *units);
    match (shaping, is_short) {
        (Shaping::Flat, _) => pairs.for_each(|(_, unit)| unit.allowed = [FLAT_NOISE; _]),
        (Shaping::Masked, true) => {
            for (channel, unit) in pairs {
                let Unit { spectrum, allowed, .. } = unit;
                masked_noise_short(level, &rate.short_ear, spectrum, end, allowed);
                channel.allowed = [ANYTHING; _];
            }
        }
        (Shaping::Masked, false) => {
            masked_noise(level, &rate.long_ear, end, units);
            for (channel, unit) in channels.iter_mut().zip(&mut *units) {
                for (allowed, before) in unit.allowed.iter_mut().zip(&mut channel.allowed) {
                    let limit = *before + RISE;
                    *before = *allowed;
                    *allowed = allowed.min(limit);
                }
            }
        }
    }
    if is_short {
        for unit in units {
            interleave(&rate.interleaving, &mut unit.spectrum);
        }
    }
}

kernel! {
    /// Makes samples fit to be encoded: finite, no louder than 30 dB over full scale, and whole multiples
    /// of 2⁻³³ or so, 200 dB below it, so that nothing gets so small that processors turn slow. What is
    /// missing of a block is zero. Says whether all are.
    fn clean = clean_lanes(pcm: &[f32], block: &mut [f32]) -> bool;
}

#[inline(always)]
fn clean_lanes<V: Lanes>(pcm: &[f32], block: &mut [f32]) -> bool {
    let mut greatest = V::zero();
    let (given, rest) = pcm.as_chunks::<LANES>();
    let (whole, missing) = block.split_at_mut(given.len() * LANES);
    for (x, out) in given.iter().zip(whole.as_chunks_mut::<LANES>().0) {
        let x = clean_eight(V::load(x));
        greatest = greatest.max(x.abs());
        x.store(out);
    }
    missing.fill(0.0);
    if let Some(out) = missing.first_chunk_mut::<LANES>() {
        out[..rest.len()].copy_from_slice(rest);
        let x = clean_eight(V::load(out));
        greatest = greatest.max(x.abs());
        x.store(out);
    }
    greatest.greatest() == 0.0
}

#[inline(always)]
fn clean_eight<V: Lanes>(x: V) -> V {
    let most = V::splat(MAX_SAMPLE);
    let bias = V::splat(1.0 / 1024.0);
    // What is smaller than the last place of the bias is rounded away.
    x.finite().min(most).max(V::zero().sub(most)).add(bias).sub(bias)
}
