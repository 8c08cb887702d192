//! What every part promises: any slicing gives the same samples, reset means new, the output is finite,
//! nothing allocates after `new`, and nothing too small for a normal number lingers.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use perpetuo_dsp::*;

/// Counts this thread's allocations.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A part under test: stereo in place, a part that makes sound ignores what comes in.
trait Part {
    fn process(&mut self, left: &mut [f32], right: &mut [f32]);
    fn reset(&mut self);
    fn turn_knobs(&mut self, value: f32);
}

/// A part, its reset, and its knobs turned to a number that may be anything.
struct Of<T, P, R, K>(T, P, R, K);

impl<T, P, R, K> Part for Of<T, P, R, K>
where
    P: FnMut(&mut T, &mut [f32], &mut [f32]),
    R: FnMut(&mut T),
    K: FnMut(&mut T, f32),
{
    fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        (self.1)(&mut self.0, left, right);
    }

    fn reset(&mut self) {
        (self.2)(&mut self.0);
    }

    fn turn_knobs(&mut self, value: f32) {
        (self.3)(&mut self.0, value);
    }
}

fn tuning() -> Tuning {
    Tuning::new(0.03, 0.3)
}

/// Parts by name.
type Parts = Vec<(&'static str, Box<dyn Part>)>;

/// Every part in its first state.
fn parts() -> Parts {
    any_length().into_iter().chain(whole_eights()).chain(whole_steps()).collect()
}

/// Parts that take whole control steps.
fn whole_steps() -> Parts {
    vec![
        (
            "room",
            Box::new(Of(
                Room::new(44_100),
                |room: &mut Room, l: &mut [f32], r: &mut [f32]| {
                    in_steps(l, r, |io| room.process(io));
                },
                |room: &mut Room| {
                    room.set(0.7, 0.3);
                    room.reset();
                },
                |room: &mut Room, x| room.set(x, x),
            )),
        ),
        (
            "tape",
            Box::new(Of(
                tape(),
                |tape: &mut Tape, l: &mut [f32], r: &mut [f32]| {
                    in_steps(l, r, |io| tape.render(&{ io[0] }, io.each_mut()));
                },
                |part: &mut Tape| {
                    part.start_at(700.0);
                    part.set_feedback(0.6, 0.3);
                    part.set_wow(0.5);
                    part.reset();
                },
                |tape: &mut Tape, x| {
                    tape.set_time(x);
                    tape.set_feedback(x, x);
                    tape.set_wow(x);
                },
            )),
        ),
        (
            "chorus",
            Box::new(Of(
                Chorus::new(44_100),
                |chorus: &mut Chorus, l: &mut [f32], r: &mut [f32]| {
                    in_steps(l, r, |io| chorus.render(&{ io[0] }, io.each_mut()));
                },
                |chorus: &mut Chorus| {
                    chorus.set(0.4, 0.25);
                    chorus.reset();
                },
                |chorus: &mut Chorus, x| chorus.set(x, x),
            )),
        ),
        (
            "echo",
            Box::new(Of(
                echo(),
                |echo: &mut Echo, l: &mut [f32], r: &mut [f32]| {
                    in_steps(l, r, |io| echo.render(&{ io[0] }, io.each_mut()));
                },
                |echo: &mut Echo| {
                    echo.start_at(700);
                    echo.set_feedback(0.6, 0.3);
                    echo.reset();
                },
                |echo: &mut Echo, x| {
                    echo.set_time(x as u32);
                    echo.set_feedback(x, x);
                },
            )),
        ),
        (
            "reverb",
            Box::new(Of(
                Reverb::new(48_000),
                |reverb: &mut Reverb, l: &mut [f32], r: &mut [f32]| {
                    in_steps(l, r, |io| reverb.process(io));
                },
                Reverb::reset,
                |reverb: &mut Reverb, x| reverb.set(x, x),
            )),
        ),
        (
            "finish",
            Box::new(Of(
                Finish::new(0.001, Leveler::new(0.04, 4.0, 1.0, 1.0, 44_100), 44_100),
                |finish: &mut Finish, l: &mut [f32], r: &mut [f32]| {
                    in_steps(l, r, |io| finish.process(io, Segment::flat(0.9)));
                },
                Finish::reset,
                |_: &mut Finish, _| {},
            )),
        ),
    ]
}

/// Step by step; what is left over at the end is left as it is.
fn in_steps(left: &mut [f32], right: &mut [f32], mut process: impl FnMut(&mut Block)) {
    let (left, right) = (left.as_chunks_mut().0, right.as_chunks_mut().0);
    for (left, right) in left.iter_mut().zip(right) {
        let mut io = [*left, *right];
        process(&mut io);
        [*left, *right] = io;
    }
}

/// Parts that take runs of whole eights, at most a control step.
fn whole_eights() -> Parts {
    vec![
        (
            "svf bank",
            Box::new(Of(
                bank(),
                |bank: &mut SvfBank, l: &mut [f32], r: &mut [f32]| {
                    for (l, r) in l.chunks_mut(64).zip(r.chunks_mut(64)) {
                        let mut io = [[0.0; 64]; 8];
                        io[0][..l.len()].copy_from_slice(l);
                        io[5][..r.len()].copy_from_slice(r);
                        bank.process(&mut io, l.len());
                        l.copy_from_slice(&io[0][..l.len()]);
                        r.copy_from_slice(&io[5][..r.len()]);
                    }
                },
                |bank: &mut SvfBank| bank.reset([tuning(); 8]),
                |bank: &mut SvfBank, x| bank.set([Tuning::new(x, x); 8]),
            )),
        ),
        (
            "octet",
            Box::new(Of(
                (octet(), tuning()),
                |(octet, tuning): &mut (Octet, Tuning), l: &mut [f32], r: &mut [f32]| {
                    let gains = [[Segment::flat(0.2); 8]; 2];
                    for (l, r) in l.chunks_mut(64).zip(r.chunks_mut(64)) {
                        l.fill(0.0);
                        r.fill(0.0);
                        octet.render(&mut [l, r], &gains, [*tuning; 8], 0.7);
                    }
                },
                |part: &mut (Octet, Tuning)| *part = (octet(), tuning()),
                |(octet, tuning): &mut (Octet, Tuning), x| {
                    octet.set_pitch(3, x, x);
                    *tuning = Tuning::new(x, x);
                },
            )),
        ),
        (
            "modal bank",
            Box::new(Of(
                struck(0.01),
                |bank: &mut ModalBank<3>, l: &mut [f32], _: &mut [f32]| {
                    l.fill(0.0);
                    l.chunks_mut(64).for_each(|l| bank.render(l));
                },
                |bank: &mut ModalBank<3>| {
                    bank.reset();
                    *bank = struck(0.01);
                },
                |bank: &mut ModalBank<3>, x| {
                    bank.strike(&[Partial { phase_step: x, level: x, half: x }; 3], x as u32);
                    bank.damp(x);
                },
            )),
        ),
    ]
}

/// Parts that take runs of any length.
fn any_length() -> Parts {
    vec![
        (
            "fm pair",
            Box::new(Of(
                (pair(), 2.0),
                |(pair, index): &mut (FmPair, f32), l: &mut [f32], _: &mut [f32]| {
                    l.fill(0.0);
                    pair.render(l, Segment::flat(0.5), Segment::flat(*index));
                },
                |part: &mut (FmPair, f32)| {
                    part.0.reset();
                    *part = (pair(), 2.0);
                },
                |(pair, index): &mut (FmPair, f32), x| {
                    pair.set(x, x);
                    *index = x;
                },
            )),
        ),
        (
            "svf",
            Box::new(Of(
                Svf::new(tuning()),
                |svf: &mut Svf, l: &mut [f32], _: &mut [f32]| svf.process_low(l),
                |svf: &mut Svf| svf.reset(tuning()),
                |svf: &mut Svf, x| svf.set(Tuning::new(x, x)),
            )),
        ),
        (
            "ramp",
            Box::new(Of(
                Ramp::new(0.5, 1000),
                |ramp: &mut Ramp, l: &mut [f32], _: &mut [f32]| ramp.process(l),
                |ramp: &mut Ramp| ramp.reset(0.5),
                |ramp: &mut Ramp, x| ramp.set(math::clamp(x, -1.0, 1.0)),
            )),
        ),
        (
            "noise",
            Box::new(Of(
                Noise::new(3),
                |noise: &mut Noise, l: &mut [f32], _: &mut [f32]| noise.render(l),
                Noise::reset,
                |_: &mut Noise, _| {},
            )),
        ),
        (
            "saw",
            Box::new(Of(
                (Saw::new(), 0.01_f32),
                |(saw, step): &mut (Saw, f32), l: &mut [f32], _: &mut [f32]| saw.render(l, *step),
                |(saw, step): &mut (Saw, f32)| {
                    saw.reset();
                    *step = 0.01;
                },
                |(_, step): &mut (Saw, f32), x| *step = x,
            )),
        ),
        (
            "sine",
            Box::new(Of(
                sine(),
                |phase: &mut Phase, l: &mut [f32], _: &mut [f32]| {
                    l.fill(0.0);
                    phase.render_sine(l, Segment::flat(0.5));
                },
                |phase: &mut Phase| *phase = sine(),
                |phase: &mut Phase, x| phase.set_phase_step(x),
            )),
        ),
    ]
}

fn bank() -> SvfBank {
    use Response::{Band, High, Low};
    SvfBank::new([tuning(); 8], [Low, Band, High, Low, Low, Band, High, Low])
}

fn octet() -> Octet {
    let mut octet = Octet::new(5);
    (0..8).for_each(|voice| octet.set_pitch(voice, 0.004 * (voice + 1) as f32, 0.01));
    for voice in 0..8 {
        octet.clear(voice, tuning());
    }
    octet
}

fn struck(phase_step: f32) -> ModalBank<3> {
    let mut bank = ModalBank::new();
    bank.strike(&[Partial { phase_step, level: 0.4, half: 4000.0 }; 3], 64);
    bank
}

fn tape() -> Tape {
    let mut tape = Tape::new(1000, 44_100);
    tape.start_at(700.0);
    tape.set_feedback(0.6, 0.3);
    tape.set_wow(0.5);
    tape.reset();
    tape
}

fn pair() -> FmPair {
    let mut pair = FmPair::new();
    pair.set(0.01, 0.037);
    pair
}

fn sine() -> Phase {
    let mut phase = Phase::new();
    phase.set_phase_step(0.01);
    phase
}

fn echo() -> Echo {
    let mut echo = Echo::new(1000);
    echo.start_at(700);
    echo.set_feedback(0.6, 0.3);
    echo.reset();
    echo
}

const LEN: usize = 4096;

fn input(channel: u32, gain: f32) -> Vec<f32> {
    let mut out = vec![0.0; LEN];
    Noise::new(channel).render(&mut out);
    out.iter_mut().for_each(|x| *x *= gain);
    out
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|x| x.to_bits()).collect()
}

fn run(part: &mut dyn Part, slices: &[usize]) -> Vec<u32> {
    let (mut left, mut right) = (input(1, 1.5), input(2, 1.5));
    let mut start = 0;
    for len in slices.iter().cycle() {
        let end = LEN.min(start + len);
        part.process(&mut left[start..end], &mut right[start..end]);
        start = end;
        if start == LEN {
            break;
        }
    }
    bits(&left).into_iter().chain(bits(&right)).collect()
}

#[test]
fn any_slicing_gives_the_same_samples() {
    let compare = |parts: fn() -> Parts, slices: &[usize]| {
        for ((name, mut whole), (_, mut sliced)) in parts().into_iter().zip(parts()) {
            let same = run(&mut *whole, &[LEN]) == run(&mut *sliced, slices);
            assert!(same, "{name} in slices of {slices:?}");
        }
    };
    for slices in [&[64][..], &[1], &[7, 31, 1, 0, 127], &[100]] {
        compare(any_length, slices);
    }
    for slices in [&[64][..], &[8], &[24, 8, 0, 40], &[128]] {
        compare(whole_eights, slices);
    }
    for slices in [&[64][..], &[128, 0, 64]] {
        compare(whole_steps, slices);
    }
}

#[test]
fn reset_means_new() {
    for (name, mut part) in parts() {
        let first = run(&mut *part, &[64]);
        run(&mut *part, &[56]);
        part.reset();
        assert!(run(&mut *part, &[64]) == first, "{name}");
    }
}

#[test]
fn the_output_is_finite_whatever_comes_in_and_wherever_the_knobs_are() {
    let chance = Chance::new(9);
    for (name, mut part) in parts() {
        for step in 0..200 {
            part.turn_knobs(match chance.below(0, step, 6) {
                0 => 1e30,
                1 => -1e30,
                2 => 0.0,
                3 => chance.between(1, step, 0.0, 2000.0),
                _ => chance.unit(1, step),
            });
            let gain = if step % 3 == 0 { 1e4 } else { 1.0 };
            let (mut left, mut right) = (input(step, gain), input(step + 1, gain));
            part.process(&mut left[..64], &mut right[..64]);
            assert!(left.iter().chain(&right).all(|x| x.is_finite()), "{name} at step {step}");
        }
    }
}

#[test]
fn nothing_allocates_after_new() {
    for (name, mut part) in parts() {
        let (mut left, mut right) = (input(1, 1.0), input(2, 1.0));
        let before = ALLOCATIONS.with(Cell::get);
        part.turn_knobs(0.3);
        part.process(&mut left, &mut right);
        part.reset();
        part.process(&mut left[..56], &mut right[..56]);
        assert_eq!(ALLOCATIONS.with(Cell::get), before, "{name}");
    }
}

#[test]
fn no_denormal_number_leaves_and_tails_end_in_silence() {
    for (name, mut part) in parts() {
        if ["noise", "saw", "sine", "octet", "fm pair"].contains(&name) {
            continue;
        }
        let (mut left, mut right) = (input(1, 1.0), input(2, 1.0));
        part.process(&mut left, &mut right);
        for _ in 0..60 {
            left.fill(0.0);
            right.fill(0.0);
            for at in (0..LEN).step_by(64) {
                part.process(&mut left[at..at + 64], &mut right[at..at + 64]);
            }
            assert!(left.iter().chain(&right).all(|x| !x.is_subnormal()), "{name}");
        }
        assert!(left.iter().chain(&right).all(|x| *x == 0.0), "{name} goes on");
    }
}
