//! The end of a block: tape, filters, hall, and the sum of it all.

use perpetuo_dsp::{Segment, Tuning, math, mix};
use perpetuo_station::BLOCK_LEN;

use super::{BASS, BRUSH, ECHOES, HISS, REED, Synth, Voices};
use crate::{
    dub::desk::{Fader, Mix},
    performer::Block,
};

impl Synth {
    /// Tape, filters, hall; then all of it together.
    pub(super) fn mix(&mut self, out: &mut Block) {
        let faders = self.desk.advance();
        let fader = |fader: Fader| faders[fader as usize];
        let echo = self.echo.advance();
        let space = self.space.advance();
        self.brightness.advance();
        self.wow.advance();
        let dust = self.dustiness.advance();
        self.sweeps.iter_mut().for_each(|sweep| sweep.skip(1));
        let repeats = self.run_tape(fader(Fader::Send), fader(Fader::Ride).at(0), echo);
        let hiss = product(dust, fader(Fader::Dust)).times(0.012);
        self.run_bank(hiss.from + hiss.step > 0.0, fader(Fader::Ride).at(0));
        let levels = [space.at(0), echo.at(0)];
        self.run_hall(out, fader(Fader::Chords), fader(Fader::Drums), levels);
        let duck = Segment::between(self.duck, 1.0 - 0.3 * self.drums.kick_level(), BLOCK_LEN);
        self.duck = duck.at(BLOCK_LEN);
        self.sum(out, &faders, [repeats, space, duck, hiss]);
        let [left, right] = out;
        let crackle = dust.at(BLOCK_LEN) * fader(Fader::Dust).at(BLOCK_LEN);
        self.dust.render_crackle(&mut [left, right], crackle);
    }

    /// Sends to the tape, and tells the gain of what comes back.
    fn run_tape(&mut self, send: Segment, ride: f32, echo: Segment) -> Segment {
        let amount = echo.at(0);
        // What is ridden takes the tape towards, never to, the point at which it feeds itself.
        let base = 0.25 + 0.45 * amount;
        let feedback = base + (0.88 - base) * ride * (0.45 + 0.55 * amount);
        self.tape.set_feedback(feedback, 0.52 - 0.3 * self.brightness.value());
        self.tape.set_wow(self.wow.value());
        let share = Segment { from: 0.25 + 0.75 * echo.from, step: 0.75 * echo.step };
        let gain = product(send, share);
        let voices = &mut self.voices;
        let mut into = [0.0; BLOCK_LEN];
        let Voices { chords, sent, heard, .. } = &*voices;
        mix::add_all(
            &mut into,
            &[
                heard.chords.then_some((&chords[0], gain.times(0.75))),
                heard.chords.then_some((&chords[1], gain.times(0.75))),
                (heard.rim || heard.reed).then_some((sent, share.times(0.4))),
            ],
        );
        let [_, _, _, _, left, right, ..] = &mut voices.lanes;
        self.tape.render(&into, [left, right]);
        // Repeats add up to 1 / (1 − feedback²).
        let even = (1.3 * (1.0 - feedback * feedback)).sqrt();
        let from = self.repeats;
        self.repeats = even * (0.58 + 0.32 * amount);
        Segment::between(from, self.repeats, BLOCK_LEN)
    }

    /// Filters brush, hiss, echoes, bass and reed, all at once.
    fn run_bank(&mut self, hisses: bool, ride: f32) {
        let [_, _, left, right, ..] = &mut self.voices.lanes;
        if hisses {
            self.dust.render_hiss([left, right]);
        } else {
            self.dust.skip_hiss();
            (*left, *right) = ([0.0; BLOCK_LEN], [0.0; BLOCK_LEN]);
        }
        // In steps of less than a cent or two, on the way between which the bank goes in lines.
        let stands = [self.brightness.value(), ride].map(|value| (value * 1024.0) as i32);
        if self.tuned != stands {
            self.tuned = stands;
            let [brightness, ride] = stands.map(|stand| stand as f32 * (1.0 / 1024.0));
            self.tune_bank(2.0 * (brightness - 0.5), ride);
        }
        self.bank.process(&mut self.voices.lanes, BLOCK_LEN);
    }

    fn tune_bank(&mut self, octaves: f32, ride: f32) {
        let tuning = |hz: f32, octaves: f32, damping: f32| {
            Tuning::new(hz * math::exp2(octaves) / self.sample_rate, damping)
        };
        let brush = tuning(4800.0, 0.4 * octaves, 1.1);
        let hiss = tuning(4200.0, 0.3 * octaves, 1.3);
        // What is ridden gets thinner, or it would fill up with mud.
        let echoes = tuning(170.0, 1.3 * ride, 1.3);
        let bass = tuning(420.0, 1.1 * octaves, 1.1);
        let reed = tuning(1900.0, 0.8 * octaves, 1.0);
        self.bank.set([brush, brush, hiss, hiss, echoes, echoes, bass, reed]);
    }

    /// Writes what the hall answers to chords, rim, reed, brush and echoes.
    fn run_hall(&mut self, out: &mut Block, chords: Segment, drums: Segment, levels: [f32; 2]) {
        let [space, echo] = levels;
        let Voices { lanes, chords: sung, rim, heard, before, .. } = &self.voices;
        for (side, out) in out.iter_mut().enumerate() {
            *out = [0.0; BLOCK_LEN];
            mix::add_all(
                out,
                &[
                    Some((&lanes[ECHOES + side], Segment::flat(0.35 + 0.1 * echo))),
                    (heard.brush || before.brush)
                        .then_some((&lanes[BRUSH + side], drums.times(0.25))),
                    heard.chords.then_some((&sung[side], chords.times(0.3))),
                    heard.rim.then_some((rim, drums.times(0.16))),
                    (heard.reed || before.reed).then_some((&lanes[REED], Segment::flat(0.1))),
                ],
            );
        }
        self.hall.set(Self::hall_feedback(space), 0.5 - 0.3 * self.brightness.value());
        self.hall.process(out);
    }

    fn hall_feedback(space: f32) -> f32 {
        0.78 + 0.165 * space
    }

    /// Gain of the hall. A longer tail is louder by √(1 / (1 − feedback²)), which this takes back.
    pub(super) fn wet(space: f32) -> f32 {
        let feedback = Self::hall_feedback(space);
        (4.7 * (1.0 - feedback * feedback)).sqrt() * (0.03 + 0.5 * space)
    }

    /// Adds all that is heard to what the hall has written.
    fn sum(
        &mut self,
        out: &mut Block,
        faders: &[Segment; Mix::FADERS],
        [repeats, space, duck, hiss]: [Segment; 4],
    ) {
        let fader = |fader: Fader| faders[fader as usize];
        let [from, of] = self.wet;
        let goal = space.at(BLOCK_LEN);
        if of != goal {
            self.wet = [Self::wet(goal), goal];
        }
        let wet = product(Segment::between(from, self.wet[0], BLOCK_LEN), duck);
        let repeats = product(repeats, duck);
        let dry = Segment { from: 1.0 - 0.45 * space.from, step: -0.45 * space.step };
        let chords = product(product(fader(Fader::Chords), dry), duck);
        let Voices { lanes, chords: sung, kick, rim, heard, before, .. } = &self.voices;
        for (side, out) in out.iter_mut().enumerate() {
            mix::scale(out, wet.times(0.94));
            // The second head is late, and seems softer for it.
            let even = if side == 0 { 0.92 } else { 1.08 };
            let reed = if side == 0 { 0.1 } else { 0.125 };
            mix::add_all(
                out,
                &[
                    Some((&lanes[ECHOES + side], repeats.times(even))),
                    (hiss.from + hiss.step > 0.0).then_some((&lanes[HISS + side], hiss)),
                    heard.chords.then_some((&sung[side], chords)),
                    (heard.brush || before.brush)
                        .then_some((&lanes[BRUSH + side], fader(Fader::Drums).times(0.75))),
                    (heard.reed || before.reed).then_some((&lanes[REED], duck.times(reed))),
                    heard.kick.then_some((kick, fader(Fader::Kick).times(0.23))),
                    heard.rim.then_some((rim, fader(Fader::Drums).times(0.17))),
                    (heard.bass || before.bass)
                        .then_some((&lanes[BASS], fader(Fader::Bass).times(0.18))),
                ],
            );
        }
    }
}

/// The straight line between the ends of a product.
fn product(a: Segment, b: Segment) -> Segment {
    Segment::between(a.from * b.from, a.at(BLOCK_LEN) * b.at(BLOCK_LEN), BLOCK_LEN)
}
