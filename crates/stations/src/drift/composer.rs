//! What DRIFT plays: a form, a harmony, and three hands that play by it.
//!
//! ```text
//! form ─► scene, layers, tide ─┐
//! harmony ─► key, chord ───────┼─► loops ─► pads     phrases ─► bells     pulse ─► mallets
//!                              └─► mood, four times a second
//! ```

use perpetuo_dsp::{Chance, State, math};
use perpetuo_station::Title;

use super::{
    Param,
    character::Character,
    chimes::{Phrases, Pulse, Ringing},
    form::{Form, Layers, Turn},
    harmony::Harmony,
    loops::{Loops, Moment},
    note::{LetGo, Mood, Note},
};
use crate::{
    performer,
    theory::{ROOTS, SCALES, Scale},
};

/// The composer of one performance.
pub(super) struct Composer {
    chance: Chance,
    character: Character,
    sample_rate: f32,
    density: f32,
    bells: f32,
    form: Form,
    harmony: Harmony,
    loops: Loops,
    phrases: Phrases,
    pulse: Pulse,
    /// Samples until the next mood.
    beat: u32,
    /// Samples that pass between the last call and the next.
    wait: u32,
    /// Whether root or scale were set since the last call.
    is_new_key: bool,
}

impl Composer {
    /// Moods a second.
    const BEATS: u32 = 4;

    pub(super) fn new(seed: u64, sample_rate_hz: u32, at: &dyn Fn(Param) -> f32) -> Self {
        let chance = Chance::new(seed);
        let character = Character::new(&chance);
        let sample_rate = sample_rate_hz as f32;
        let (root, scale) = (at(Param::Root) as u32, at(Param::Scale) as u32);
        Self {
            chance,
            character,
            sample_rate,
            density: at(Param::Density),
            bells: at(Param::Bells),
            form: Form::new(&chance, &character, sample_rate),
            harmony: Harmony::new(root, scale, &chance, sample_rate),
            loops: Loops::new(at(Param::Density), sample_rate),
            phrases: Phrases::new(sample_rate),
            pulse: Pulse::new(sample_rate),
            beat: 0,
            wait: 0,
            is_new_key: false,
        }
    }

    fn pass(&mut self, samples: u32, play: &mut dyn FnMut(Note)) {
        self.loops.pass(samples);
        self.phrases.pass(samples);
        self.pulse.pass(samples);
        self.beat = self.beat.saturating_sub(samples);
        let turn = self.form.pass(samples, &self.chance, &self.character, self.sample_rate);
        match turn {
            Some(Turn::KeyWillMove(semitones)) => {
                let next = self.harmony.scale_moved(semitones);
                self.let_go(LetGo { keep: classes(&next), is_quick: true }, play);
            }
            Some(Turn::Hush) => self.let_go(LetGo { keep: 0, is_quick: false }, play),
            Some(Turn::Begins(semitones)) if semitones != 0 => {
                self.harmony.move_key(semitones);
                self.loops.open(self.density_now(), self.sample_rate);
            }
            Some(Turn::Begins(_)) | None => {}
        }
        if self.is_new_key {
            self.is_new_key = false;
            let keep = classes(&self.harmony.scale());
            self.let_go(LetGo { keep, is_quick: true }, play);
            self.loops.open(self.density_now(), self.sample_rate);
        }
        if !self.form.is_turning() {
            self.harmony.pass(samples, &self.chance, &self.character, self.sample_rate);
        }
    }

    fn let_go(&mut self, let_go: LetGo, play: &mut dyn FnMut(Note)) {
        self.loops.let_go(let_go.keep);
        play(Note::LetGo(let_go));
    }

    fn play(&mut self, layers: &Layers, play: &mut dyn FnMut(Note)) {
        let chord = self.harmony.chord(&self.chance);
        let scene = self.form.scene(&self.chance);
        let moment = Moment {
            chance: &self.chance,
            character: &self.character,
            chord,
            ground: self.harmony.ground(),
            density: self.density_now(),
            pads: layers.pads,
            lift: scene.lift,
            hold: scene.hold,
            sample_rate: self.sample_rate,
        };
        if self.form.is_turning() {
            self.loops.wait(self.form.until());
        } else {
            if self.beat == 0 {
                self.loops.fill_gap(&moment);
            }
            self.loops.play(&moment, &mut |pad| play(Note::Pad(pad)));
        }
        let tide = 0.7 + 0.6 * self.form.tide(&self.character);
        let ringing = Ringing {
            chance: &self.chance,
            character: &self.character,
            scale: self.harmony.scale(),
            chord,
            scene: self.form.count(),
            chord_count: self.harmony.count(),
            bells: self.bells * (0.2 + 1.4 * layers.bells) * tide,
            pulse: (0.35 + 0.6 * self.density) * layers.pulse,
            is_turning: self.form.is_turning() && !self.form.is_hush(),
            sample_rate: self.sample_rate,
        };
        self.phrases.play(&ringing, &mut |stroke| play(Note::Stroke(stroke)));
        self.pulse.play(&ringing, &mut |stroke| play(Note::Stroke(stroke)));
    }

    fn mood(&self, layers: &Layers) -> Mood {
        let notes = self.harmony.chord(&self.chance).notes;
        Mood {
            drone: layers.drone,
            breath: layers.breath,
            halo: layers.halo,
            light: layers.light + self.character.light,
            blend: math::clamp(layers.blend + self.character.blend, -1.0, 1.0),
            ground: self.harmony.ground() as u8,
            tones: [0, 1, 2, 3].map(|of| notes[of].clamp(0, 127) as u8),
        }
    }

    /// The parameter with the tide.
    fn density_now(&self) -> f32 {
        let tide = self.form.tide(&self.character);
        math::clamp(self.density * (0.62 + 0.6 * tide), 0.0, 1.0)
    }
}

/// The notes of a scale, a bit for each of the twelve.
fn classes(scale: &Scale) -> u16 {
    (0..12).filter(|note| scale.has(*note as f32)).fold(0, |classes, note| classes | 1 << note)
}

impl performer::Composer for Composer {
    type Note = Note;

    fn set(&mut self, index: usize, value: f32) {
        match Param::ALL.get(index) {
            Some(Param::Density) => self.density = value,
            Some(Param::Bells) => self.bells = value,
            Some(Param::Root) => self.is_new_key |= self.harmony.set_root(value as u32),
            Some(Param::Scale) => self.is_new_key |= self.harmony.set_scale(value as u32),
            _ => {}
        }
    }

    fn compose(&mut self, play: &mut dyn FnMut(Note)) -> u32 {
        self.pass(self.wait, play);
        let layers = self.form.layers(&self.chance, &self.character, self.sample_rate);
        self.play(&layers, play);
        if self.beat == 0 {
            self.beat = self.sample_rate as u32 / Self::BEATS;
            play(Note::Mood(self.mood(&layers)));
        }
        let hands = [self.loops.until(), self.phrases.until(), self.pulse.until()];
        let ground = [self.form.until(), self.harmony.until().max(1), self.beat];
        self.wait = hands.into_iter().chain(ground).fold(u32::MAX, u32::min).max(1);
        self.wait
    }

    fn title(&self) -> Title {
        let scene = if self.form.is_hush() { "Hush" } else { self.form.scene(&self.chance).title };
        let [root, scale] = self.harmony.labels();
        Title { scene, key: Some((ROOTS[root % ROOTS.len()], SCALES[scale % SCALES.len()])) }
    }
}

impl State for Composer {
    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        for knob in [&mut self.density, &mut self.bells] {
            knob.visit(word);
            *knob = math::clamp(*knob, 0.0, 1.0);
        }
        self.form.visit(word);
        self.harmony.visit(word);
        self.loops.visit(word);
        self.phrases.visit(word);
        self.pulse.visit(word);
        for samples in [&mut self.beat, &mut self.wait] {
            samples.visit(word);
            *samples = (*samples).min(1 << 16);
        }
        self.is_new_key.visit(word);
    }
}
