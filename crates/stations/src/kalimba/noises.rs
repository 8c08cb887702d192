//! What is noise: the nail on the tine, the box under it, the rattle of loose shells, and a shaker.
//!
//! ```text
//! noise ─► soft ─┬─ · (click + buzz · max(0, |x| − threshold)) ─► band around 3 kHz ─► nail, rattle
//!                ├─ · click ─► band around 230 Hz ─► the box
//!                └─ · shake ─► band around 5.5 kHz ─► shaker        tines ─► low-pass ─► tines
//! soft: y[n] = (x[n] + 4x[n−1] + 6x[n−2] + 4x[n−3] + x[n−4]) / 16, 15 dB down at 12 kHz
//! ```
//!
//! A shell touches the tine only near the end of its swing, hence the threshold: noise comes in bursts at
//! the tine's own pitch and stops before the tine does (P. Berliner, *The Soul of Mbira*, ch. 2, on the
//! *machachara*). All eight filters are one bank.

use perpetuo_dsp::{Decay, Noise, Response, Segment, State, SvfBank, Tuning, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::tines::Struck;
use crate::performer::Block;

/// The noises of one performance.
pub(super) struct Noises {
    noise: Noise,
    clicks: [Decay; 2],
    shake: Decay,
    filters: SvfBank,
    /// What the filters stand at.
    brightness: f32,
    sample_rate: f32,
}

/// One block of how loud noises are, as far as it is rendered.
pub(super) struct Envelopes {
    clicks: Block,
    shake: [f32; BLOCK_LEN],
}

impl Envelopes {
    pub(super) const SILENCE: Self =
        Self { clicks: [[0.0; BLOCK_LEN]; 2], shake: [0.0; BLOCK_LEN] };
}

/// Where the knobs stand in a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tone {
    /// 0..1.
    pub brightness: f32,
    /// 0..1: how much shells rattle.
    pub buzz: Segment,
}

impl Noises {
    /// Half-lives in seconds: a nail slips off within a few ms, beads roll for some tens.
    const CLICK_SECONDS: f32 = 0.002_4;
    const SHAKE_RISE_SECONDS: f32 = 0.005;
    const SHAKE_FALL_SECONDS: f32 = 0.021;
    /// Half of a soft tine's peak.
    const THRESHOLD: f32 = 0.08;

    pub(super) fn new(salt: u32, sample_rate_hz: u32) -> Self {
        use Response::{Band, Low};
        let sample_rate = sample_rate_hz as f32;
        let responses = [Band, Band, Low, Low, Band, Band, Band, Band];
        Self {
            noise: Noise::new(salt),
            clicks: [Decay::new(); 2],
            shake: Decay::new(),
            filters: SvfBank::new(tunings(0.5, sample_rate), responses),
            brightness: 0.5,
            sample_rate,
        }
    }

    /// A nail leaves a tine.
    pub(super) fn click(&mut self, gain: f32, place: f32) {
        for (click, side) in self.clicks.iter_mut().zip([1.0 - place, 1.0 + place]) {
            // On top of what is left of the last one.
            click.strike(click.level() + gain * (0.25 + 0.375 * side));
        }
    }

    /// Beads are thrown.
    pub(super) fn shake(&mut self, gain: f32) {
        self.shake.strike(gain);
    }

    /// Writes how loud noises are over a run of samples of the block.
    pub(super) fn follow(&mut self, out: &mut Envelopes, samples: std::ops::Range<usize>) {
        let (rate, len) = (self.sample_rate, samples.len());
        for (click, out) in self.clicks.iter_mut().zip(&mut out.clicks) {
            let level = click.advance(len, 8.0, Self::CLICK_SECONDS * rate);
            write(&mut out[samples.clone()], level);
        }
        let (rise, fall) = (Self::SHAKE_RISE_SECONDS * rate, Self::SHAKE_FALL_SECONDS * rate);
        let level = self.shake.advance(len, rise, fall);
        write(&mut out.shake[samples], level);
    }

    /// Filters what is struck and adds the noises to it.
    pub(super) fn render(&mut self, struck: &mut Struck, envelopes: &Envelopes, tone: Tone) {
        let mut io = [[0.0; BLOCK_LEN]; 8];
        let noise = self.soft_noise();
        // A bright setting is a harder nail.
        let nail = 0.35 + 0.9 * tone.brightness;
        for side in 0..2 {
            let (x, click) = (&struck.sides[side], &envelopes.clicks[side]);
            for i in 0..BLOCK_LEN {
                let size = if x[i] < 0.0 { -x[i] } else { x[i] };
                let over = size - Self::THRESHOLD;
                let rattle = if over > 0.0 { tone.buzz.at(i) * over } else { 0.0 };
                io[side][i] = noise[side][i] * (nail * click[i] + rattle);
                io[4 + side][i] = noise[side][i] * click[i];
            }
            io[2 + side] = *x;
        }
        for ((io, noise), shake) in io[6].iter_mut().zip(&noise[1]).zip(&envelopes.shake) {
            *io = noise * shake;
        }
        if tone.brightness != self.brightness {
            self.brightness = tone.brightness;
            self.filters.set(tunings(tone.brightness, self.sample_rate));
        }
        self.filters.process(&mut io, BLOCK_LEN);
        for side in 0..2 {
            let beads = if side == 0 { 0.5 } else { 0.8 };
            struck.sides[side] = io[2 + side];
            for (lane, gain) in [(side, 1.0), (4 + side, 0.9), (6, beads)] {
                mix::add(&mut struck.sides[side], &io[lane], Segment::flat(gain));
            }
        }
    }

    /// A block of both noises without what is above hearing's best.
    fn soft_noise(&mut self) -> Block {
        const BEFORE: usize = 8;
        let mut white = [[0.0; BLOCK_LEN + BEFORE]; 2];
        let [left, right] = &mut white;
        // Noise is a function of its counter: what came before is simply asked for again.
        self.noise.skip(BEFORE.wrapping_neg());
        self.noise.render_pair(left, right);
        white.map(|x| {
            let x: &[f32; BLOCK_LEN + BEFORE] = &x;
            std::array::from_fn(|i| {
                let (ends, sides) = (x[i + 4] + x[i + 8], x[i + 5] + x[i + 7]);
                (ends + 4.0 * sides + 6.0 * x[i + 6]) * (1.0 / 16.0)
            })
        })
    }

    /// Lets blocks pass unheard.
    pub(super) fn skip(&mut self, blocks: u32) {
        self.noise.skip((blocks as usize).wrapping_mul(BLOCK_LEN));
    }
}

/// Nail left and right, tines left and right, box left and right, shaker, nothing.
fn tunings(brightness: f32, sample_rate: f32) -> [Tuning; 8] {
    let nail = 2100.0 * math::exp2(1.1 * brightness);
    let tines = 2400.0 * math::exp2(3.0 * brightness);
    let shaker = 4700.0 * math::exp2(0.5 * brightness);
    let of = |hz: f32, damping| Tuning::new(hz / sample_rate, damping);
    let (tines, shaker) = (of(tines, 1.3), of(shaker, 0.7));
    [
        of(nail, 0.7),
        of(1.13 * nail, 0.7),
        tines,
        tines,
        of(226.0, 0.45),
        of(247.0, 0.45),
        shaker,
        shaker,
    ]
}

fn write(out: &mut [f32], level: Segment) {
    for (i, sample) in out.iter_mut().enumerate() {
        *sample = level.at(i);
    }
}

/// Filters are no part of it: they settle within hundredths of a second.
impl State for Noises {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.noise.visit(word);
        // Whatever it was, it is set again.
        self.brightness = -1.0;
        for decay in self.clicks.iter_mut().chain([&mut self.shake]) {
            decay.visit(word);
            if !(0.0..=2.0).contains(&decay.level()) {
                decay.reset();
            }
        }
    }
}
