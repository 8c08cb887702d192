//! From a composer and a synthesiser that know blocks only to a [`Station`] that renders any slice.
//!
//! ```text
//! Setting ─► glides ─► composer ── notes, each at a sample ──► synth ─► block ─► any slice
//!                │          └─ how long until it wants to be asked again
//!                └──────────────────────────────────────────────► synth
//! ```
//!
//! Notes flow one way: a composer never asks what sounds. So it can run ahead without sound, and an hour
//! passes in milliseconds. Who watches is told each note on its way from the one to the other.

use perpetuo_dsp::{State, math};
use perpetuo_station::{
    BLOCK_LEN, Curve, Note, ParamSpec, Performance, ResumeError, Setting, Snapshot, Station,
    StationSpec, Title,
};

use crate::teller::{Budget, Teller};

pub use perpetuo_dsp::Block;

/// Where in a block a note may fall: every eighth sample, 0.18 ms at 44.1 kHz, so that what is rendered
/// between two notes is always whole vectors.
pub const GRID: usize = 8;

/// What is played, and when. All chance comes from the seed by counter, all time from samples passed.
pub trait Composer: State + Send {
    /// What it tells the synthesiser: a note, a scene, whatever the two agree on.
    type Note;

    /// Takes a value for the parameter at `index`, within its range; it counts from the next call of
    /// [`Self::compose`] on, or from the next beat, bar or section if the parameter waits.
    fn set(&mut self, index: usize, value: f32);

    /// Plays what falls on this moment, and tells in how many samples it wants to be asked again; 0
    /// counts as 1.
    fn compose(&mut self, play: &mut dyn FnMut(Self::Note)) -> u32;

    /// What it is doing now.
    fn title(&self) -> Title;
}

/// How notes sound.
pub trait Synth: State + Send {
    /// What it can play.
    type Note;

    /// Heads for a value of the parameter at `index`, within its range.
    fn set(&mut self, index: usize, value: f32);

    /// Plays a note from sample `at` of the block that is rendered next: a multiple of [`GRID`] below
    /// [`BLOCK_LEN`], never before the note played last.
    fn play(&mut self, note: Self::Note, at: usize);

    /// Renders the block, replacing what is in `out`.
    fn render(&mut self, out: &mut Block);

    /// Tells what will be heard of a note that is played next: a chord tells several, what only steers
    /// tells nothing. Asked for only while somebody watches, so it changes nothing.
    fn tell(&self, note: &Self::Note, teller: &mut Teller<'_>) {
        let _ = (note, teller);
    }

    /// Tells what began by itself in the block rendered last, with no note that said so: a crowd, of
    /// which as many are told as there is room for beside the notes.
    fn tell_own(&self, teller: &mut Teller<'_>) {
        let _ = teller;
    }

    /// The state has been replaced: what follows from it and is not visited is found again. Saving calls
    /// for nothing of the kind, as it would disturb what is under way.
    fn resumed(&mut self) {}

    /// Lets blocks pass unheard: whatever runs by itself, such as a slow sway or a noise, goes on.
    fn skip(&mut self, blocks: u32);
}

/// A performance: a composer, a synthesiser, and the part of the latest block not taken yet.
#[repr(align(64))]
pub struct Performer<C, S> {
    composer: C,
    synth: S,
    glides: Glides,
    /// Samples until the composer wants to be asked.
    until: u32,
    block: Block,
    at: usize,
    told: Budget,
}

impl<N, C: Composer<Note = N>, S: Synth<Note = N>> Performer<C, S> {
    /// Begins at position 0; composer and synthesiser have the performance's values already.
    pub fn new(spec: &StationSpec, performance: &Performance<'_>, composer: C, synth: S) -> Self {
        Self {
            composer,
            synth,
            glides: Glides::new(spec.params, performance),
            until: 0,
            block: [[0.0; BLOCK_LEN]; 2],
            at: BLOCK_LEN,
            told: Budget::new(performance.sample_rate_hz),
        }
    }

    /// Renders the next block, whose first sample is `start` of what is told.
    fn render_block(&mut self, start: usize, tell: Option<&mut dyn FnMut(Note)>) {
        let (composer, synth) = (&mut self.composer, &mut self.synth);
        let mut teller = tell.map(|tell| Teller::new(start as u32, &mut self.told, tell));
        self.glides.advance(&mut |index, value| {
            composer.set(index, value);
            synth.set(index, value);
        });
        while self.until < BLOCK_LEN as u32 {
            let at = self.until as usize / GRID * GRID;
            let mut play = |note| {
                if let Some(teller) = &mut teller {
                    teller.move_to(at);
                    synth.tell(&note, teller);
                }
                synth.play(note, at);
            };
            self.until += composer.compose(&mut play).max(1);
        }
        self.until -= BLOCK_LEN as u32;
        synth.render(&mut self.block);
        if let Some(teller) = &mut teller {
            // The last place of the block, so that all is told in order.
            teller.move_to(BLOCK_LEN - GRID);
            teller.enter_crowd();
            synth.tell_own(teller);
        }
    }

    /// Composes blocks without playing them; at least 1.
    fn skip_blocks(&mut self, blocks: u32) {
        let (composer, synth) = (&mut self.composer, &mut self.synth);
        let mut left = blocks;
        while left > 0 {
            // While something glides, time goes block by block, as it does when rendered.
            let run = if self.glides.are_at_rest() { left.min(1 << 16) } else { 1 };
            self.glides.advance(&mut |index, value| {
                composer.set(index, value);
                synth.set(index, value);
            });
            let samples = run * BLOCK_LEN as u32;
            while self.until < samples {
                self.until += composer.compose(&mut |_| {}).max(1);
            }
            self.until -= samples;
            synth.skip(run);
            left -= run;
        }
    }

    fn render_with(&mut self, out: &mut [&mut [f32]; 2], mut tell: Option<&mut dyn FnMut(Note)>) {
        let [left, right] = out;
        assert_eq!(left.len(), right.len(), "both channels are of one length");
        let mut start = 0;
        while start < left.len() {
            if self.at == BLOCK_LEN {
                self.render_block(start, tell.as_mut().map(|tell| &mut **tell as _));
                self.at = 0;
            }
            if self.at == 0
                && let Some(left) = left[start..].first_chunk_mut::<BLOCK_LEN>()
                && let Some(right) = right[start..].first_chunk_mut::<BLOCK_LEN>()
            {
                // The usual case, without a call to copy.
                [*left, *right] = self.block;
                self.at = BLOCK_LEN;
                start += BLOCK_LEN;
                continue;
            }
            let len = (left.len() - start).min(BLOCK_LEN - self.at);
            let (from, to) = (self.at..self.at + len, start..start + len);
            left[to.clone()].copy_from_slice(&self.block[0][from.clone()]);
            right[to].copy_from_slice(&self.block[1][from]);
            self.at += len;
            start += len;
        }
    }

    fn visit(&mut self, word: &mut dyn FnMut(&mut u32)) {
        self.until.visit(word);
        // An hour: no composer sleeps longer, but a damaged snapshot might say so.
        self.until = self.until.min(1 << 28);
        self.composer.visit(word);
        self.synth.visit(word);
    }
}

impl<N, C: Composer<Note = N>, S: Synth<Note = N>> Station for Performer<C, S> {
    fn render(&mut self, out: &mut [&mut [f32]; 2]) {
        self.render_with(out, None);
    }

    fn render_telling(&mut self, out: &mut [&mut [f32]; 2], tell: &mut dyn FnMut(Note)) {
        self.render_with(out, Some(tell));
    }

    fn set(&mut self, setting: Setting) {
        if let Some((index, value)) = self.glides.head_for(setting) {
            self.composer.set(index, value);
            self.synth.set(index, value);
        }
    }

    fn skip(&mut self, samples: u64) -> u64 {
        let rest = (BLOCK_LEN - self.at) as u64;
        self.at = BLOCK_LEN;
        let mut blocks = samples.saturating_sub(rest).div_ceil(BLOCK_LEN as u64);
        let passed = rest + blocks * BLOCK_LEN as u64;
        while blocks > 0 {
            let run = blocks.min(1 << 24);
            self.skip_blocks(run as u32);
            blocks -= run;
        }
        passed
    }

    fn title(&self) -> Title {
        self.composer.title()
    }

    fn snapshot(&mut self) -> Snapshot {
        let mut bytes = Vec::with_capacity(Snapshot::MAX_LEN);
        self.visit(&mut |word| bytes.extend_from_slice(&word.to_le_bytes()));
        self.glides.save(&mut bytes);
        #[expect(clippy::expect_used, reason = "the contract test holds every station to it")]
        Snapshot::new(&bytes).expect("a station's state and all its glides fit into a snapshot")
    }

    fn resume(&mut self, snapshot: &Snapshot) -> Result<(), ResumeError> {
        let mut expected = 0;
        self.visit(&mut |_| expected += size_of::<u32>());
        let bytes = snapshot.as_bytes();
        if bytes.len() < expected || !(bytes.len() - expected).is_multiple_of(Glides::SAVED_LEN) {
            return Err(ResumeError { len: bytes.len(), expected });
        }
        let (state, glides) = bytes.split_at(expected);
        let mut words = state.chunks_exact(size_of::<u32>());
        self.visit(&mut |word| {
            if let Some([a, b, c, d]) = words.next() {
                *word = u32::from_le_bytes([*a, *b, *c, *d]);
            }
        });
        self.synth.resumed();
        self.glides.load(glides);
        self.at = BLOCK_LEN;
        Ok(())
    }
}

/// The values as they are on their way, and those that are under way.
struct Glides {
    params: &'static [ParamSpec],
    values: [f32; StationSpec::MAX_PARAMS],
    /// At most one a parameter.
    under_way: [Glide; StationSpec::MAX_PARAMS],
    count: usize,
    blocks_a_second: f64,
}

/// The rest of a way: from the value as it is to `goal` in `blocks`.
#[derive(Clone, Copy, Debug, Default)]
struct Glide {
    index: usize,
    goal: f32,
    blocks: u32,
}

impl Glides {
    /// Bytes of one glide in a snapshot: index and blocks in one word, the value, the goal.
    const SAVED_LEN: usize = 12;

    fn new(params: &'static [ParamSpec], performance: &Performance<'_>) -> Self {
        let mut values = [0.0; StationSpec::MAX_PARAMS];
        values.iter_mut().zip(performance.values.iter()).for_each(|(slot, value)| *slot = value);
        Self {
            params,
            values,
            under_way: [Glide::default(); StationSpec::MAX_PARAMS],
            count: 0,
            blocks_a_second: f64::from(performance.sample_rate_hz) / BLOCK_LEN as f64,
        }
    }

    fn are_at_rest(&self) -> bool {
        self.count == 0
    }

    /// Takes a setting; what is to be taken at once is given back.
    fn head_for(&mut self, setting: Setting) -> Option<(usize, f32)> {
        let (index, goal) = (setting.index(), setting.value());
        let curve = self.params.get(index)?.curve;
        self.forget(|glide| glide.index == index);
        let blocks = (setting.ramp().duration().as_secs_f64() * self.blocks_a_second) as u32;
        if blocks == 0 || matches!(curve, Curve::Stepped(_)) {
            self.values[index] = goal;
            return Some((index, goal));
        }
        self.under_way[self.count] = Glide { index, goal, blocks };
        self.count += 1;
        None
    }

    /// Passes one block.
    fn advance(&mut self, moved: &mut dyn FnMut(usize, f32)) {
        if self.count == 0 {
            return;
        }
        for glide in &mut self.under_way[..self.count] {
            let value = &mut self.values[glide.index];
            *value = match self.params[glide.index].curve {
                _ if glide.blocks <= 1 => glide.goal,
                Curve::Log => {
                    let octaves = math::log2(glide.goal / *value) / glide.blocks as f32;
                    *value * math::exp2(octaves)
                }
                _ => *value + (glide.goal - *value) / glide.blocks as f32,
            };
            let range = &self.params[glide.index].range;
            *value = math::clamp(*value, *range.start(), *range.end());
            glide.blocks = glide.blocks.saturating_sub(1);
            moved(glide.index, *value);
        }
        self.forget(|glide| glide.blocks == 0);
    }

    fn forget(&mut self, is_over: impl Fn(&Glide) -> bool) {
        let mut kept = 0;
        for at in 0..self.count {
            if !is_over(&self.under_way[at]) {
                self.under_way[kept] = self.under_way[at];
                kept += 1;
            }
        }
        self.count = kept;
    }

    fn save(&self, bytes: &mut Vec<u8>) {
        for glide in &self.under_way[..self.count] {
            let first = (glide.index as u32) << 24 | glide.blocks.min(0x00ff_ffff);
            let [value, goal] = [self.values[glide.index], glide.goal].map(f32::to_bits);
            [first, value, goal].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        }
    }

    /// Takes what [`Self::save`] gave; what is damaged is left out.
    fn load(&mut self, bytes: &[u8]) {
        self.count = 0;
        for saved in bytes.chunks_exact(Self::SAVED_LEN) {
            let word = |at: usize| saved[at..].first_chunk().map_or(0, |w| u32::from_le_bytes(*w));
            let (index, blocks) = ((word(0) >> 24) as usize, word(0) & 0x00ff_ffff);
            let [value, goal] = [f32::from_bits(word(4)), f32::from_bits(word(8))];
            let Some(param) = self.params.get(index) else { continue };
            let is_taken = self.under_way[..self.count].iter().any(|glide| glide.index == index);
            if is_taken || !param.range.contains(&value) || !param.range.contains(&goal) {
                continue;
            }
            self.values[index] = value;
            self.under_way[self.count] = Glide { index, goal, blocks };
            self.count += 1;
        }
    }
}
