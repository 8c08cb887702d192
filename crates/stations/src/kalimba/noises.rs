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

use perpetuo_dsp::{Decay, Noise, Response, Segment, State, SvfBank, Tuning, math, wide};
use perpetuo_station::BLOCK_LEN;

use super::tines::Struck;
use crate::performer::Block;

/// The noises of one performance.
pub(super) struct Noises {
    noise: Noise,
    clicks: [Decay; 2],
    shake: Decay,
    filters: SvfBank,
    /// What goes into the filters and comes out of them; nothing on the last.
    io: [[f32; BLOCK_LEN]; 8],
    /// What the filters stand at.
    brightness: f32,
    sample_rate: f32,
}

/// How much noise is asked for again before a block: four samples and what makes whole eights.
const BEFORE: usize = 8;

/// One block of how loud noises are, as far as it is rendered.
pub(super) struct Envelopes {
    clicks: Block,
    shake: [f32; BLOCK_LEN],
    /// Whether any of them is above nothing.
    is_heard: bool,
}

impl Envelopes {
    pub(super) const SILENCE: Self =
        Self { clicks: [[0.0; BLOCK_LEN]; 2], shake: [0.0; BLOCK_LEN], is_heard: false };

    /// Silent again.
    pub(super) fn clear(&mut self) {
        if self.is_heard {
            *self = Self::SILENCE;
        }
    }

    fn write(&mut self, samples: std::ops::Range<usize>, levels: [Segment; 3]) {
        if levels == [Segment::flat(0.0); 3] {
            return;
        }
        self.is_heard = true;
        for (out, level) in self.clicks.iter_mut().chain([&mut self.shake]).zip(levels) {
            for (i, out) in out[samples.clone()].iter_mut().enumerate() {
                *out = level.at(i);
            }
        }
    }
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
            io: [[0.0; BLOCK_LEN]; 8],
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
        let (rise, fall) = (Self::SHAKE_RISE_SECONDS * rate, Self::SHAKE_FALL_SECONDS * rate);
        let [left, right] = &mut self.clicks;
        let levels = [
            left.advance(len, 8.0, Self::CLICK_SECONDS * rate),
            right.advance(len, 8.0, Self::CLICK_SECONDS * rate),
            self.shake.advance(len, rise, fall),
        ];
        out.write(samples, levels);
    }

    /// Filters what is struck and adds the noises to it.
    pub(super) fn render(&mut self, struck: &mut Struck, envelopes: &Envelopes, tone: Tone) {
        let is_buzzing = tone.buzz != Segment::flat(0.0);
        if envelopes.is_heard || is_buzzing && is_rattling(&struck.sides) {
            self.excite(struck, envelopes, tone);
        } else {
            [0, 1, 4, 5, 6].into_iter().for_each(|lane: usize| self.io[lane].fill(0.0));
            self.noise.skip(BLOCK_LEN);
        }
        (self.io[2], self.io[3]) = (struck.sides[0], struck.sides[1]);
        if tone.brightness != self.brightness {
            self.brightness = tone.brightness;
            self.filters.set(tunings(tone.brightness, self.sample_rate));
        }
        self.filters.process(&mut self.io, BLOCK_LEN);
        let [nail_left, nail_right, left, right, box_left, box_right, beads, _] = &self.io;
        let [out_left, out_right] = &mut struck.sides;
        gather(out_left, [left, nail_left, box_left, beads], 0.5);
        gather(out_right, [right, nail_right, box_right, beads], 0.8);
    }

    /// Writes what the filters of the noises are given.
    fn excite(&mut self, struck: &Struck, envelopes: &Envelopes, tone: Tone) {
        let mut white = [[0.0; BLOCK_LEN + BEFORE]; 2];
        let [left, right] = &mut white;
        // Noise is a function of its counter: what came before is simply asked for again.
        self.noise.skip(BEFORE.wrapping_neg());
        self.noise.render_pair(left, right);
        let [nail_left, nail_right, _, _, box_left, box_right, beads, _] = &mut self.io;
        // A bright setting is a harder nail.
        let nail = 0.35 + 0.9 * tone.brightness;
        let [x, clicks] = [&struck.sides, &envelopes.clicks];
        let mut noise = [0.0; BLOCK_LEN];
        soften(&mut noise, &white[0]);
        scrape([nail_left, box_left], &noise, &x[0], &clicks[0], nail, tone.buzz);
        soften(&mut noise, &white[1]);
        scrape([nail_right, box_right], &noise, &x[1], &clicks[1], nail, tone.buzz);
        for ((out, noise), shake) in beads.iter_mut().zip(&noise).zip(&envelopes.shake) {
            *out = noise * shake;
        }
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

wide! {
    /// Whether the tines swing far enough for shells to touch them.
    fn is_rattling = is_rattling_plain(tines: &Block) -> bool;
}

#[inline(always)]
fn is_rattling_plain([left, right]: &Block) -> bool {
    const LANES: usize = 8;
    let mut most = [0.0; LANES];
    let [lefts, rights] = [left.as_chunks::<LANES>().0, right.as_chunks::<LANES>().0];
    for (left, right) in lefts.iter().zip(rights) {
        for ((most, left), right) in most.iter_mut().zip(left).zip(right) {
            // Both at once: this says yes a little too often.
            let power = left * left + right * right;
            *most = if power > *most { power } else { *most };
        }
    }
    most.iter().any(|power| *power > Noises::THRESHOLD * Noises::THRESHOLD)
}

wide! {
    /// White noise without what is above hearing's best.
    fn soften = soften_plain(out: &mut [f32; BLOCK_LEN], x: &[f32; BLOCK_LEN + BEFORE]);
}

#[inline(always)]
fn soften_plain(out: &mut [f32; BLOCK_LEN], x: &[f32; BLOCK_LEN + BEFORE]) {
    for (out, x) in out.iter_mut().zip(x[BEFORE - 4..].windows(5)) {
        let (ends, sides) = (x[0] + x[4], x[1] + x[3]);
        *out = (ends + 4.0 * sides + 6.0 * x[2]) * (1.0 / 16.0);
    }
}

wide! {
    /// Nail and shells on the tines, and the nail's thud in the box.
    fn scrape = scrape_plain(
        outs: [&mut [f32; BLOCK_LEN]; 2],
        noise: &[f32; BLOCK_LEN],
        tines: &[f32; BLOCK_LEN],
        clicks: &[f32; BLOCK_LEN],
        nail: f32,
        buzz: Segment,
    );
}

#[inline(always)]
fn scrape_plain(
    [nails, thuds]: [&mut [f32; BLOCK_LEN]; 2],
    noise: &[f32; BLOCK_LEN],
    tines: &[f32; BLOCK_LEN],
    clicks: &[f32; BLOCK_LEN],
    nail: f32,
    buzz: Segment,
) {
    let outs = nails.iter_mut().zip(thuds);
    let ins = noise.iter().zip(tines.iter().zip(clicks));
    for (i, ((out, thud), (noise, (tine, click)))) in outs.zip(ins).enumerate() {
        let size = if *tine < 0.0 { -*tine } else { *tine };
        let over = size - Noises::THRESHOLD;
        let over = if over > 0.0 { over } else { 0.0 };
        *out = noise * (nail * click + buzz.at(i) * over);
        *thud = noise * click;
    }
}

wide! {
    /// All of one side.
    fn gather = gather_plain(
        out: &mut [f32; BLOCK_LEN],
        parts: [&[f32; BLOCK_LEN]; 4],
        bead_gain: f32,
    );
}

#[inline(always)]
fn gather_plain(
    out: &mut [f32; BLOCK_LEN],
    [tines, nail, thud, beads]: [&[f32; BLOCK_LEN]; 4],
    bead_gain: f32,
) {
    let noises = nail.iter().zip(thud).zip(beads);
    for ((out, tine), ((nail, thud), bead)) in out.iter_mut().zip(tines).zip(noises) {
        *out = tine + nail + 0.9 * thud + bead_gain * bead;
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
