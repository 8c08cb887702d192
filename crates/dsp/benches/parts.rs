//! Measures what each part costs, in nanoseconds of processor time a sample (of a stereo pair, where it has
//! two channels): `cargo bench -p perpetuo-dsp [-- --portable]`.

#![expect(clippy::print_stdout, reason = "a table for a person to read")]

use std::{fs, hint::black_box, time::Duration};

use perpetuo_dsp::*;

const BLOCKS: usize = 400_000;

fn main() {
    if std::env::args().any(|arg| arg == "--portable") {
        Instructions::Portable.choose();
    }
    let (mut left, mut right) = ([0.1; 64], [0.2; 64]);
    let tunings = [Tuning::new(0.03, 1.0); 4];
    let mut octet = Octet::new(1);
    (0..8).for_each(|voice| octet.set_pitch(voice, 0.003, 0.004));
    let gains = [[Segment::flat(0.1); 8]; 2];
    measure("octet", || {
        octet.render(&mut [&mut left, &mut right], &gains, black_box([tunings[0]; 8]), 1.0);
        left.fill(0.0);
        black_box((&mut left, &mut right));
    });
    let mut bank = SvfBank::new([tunings[0]; 8], [Response::Low; 8]);
    let mut lanes = [[0.1; 64]; 8];
    measure("svf bank", || bank.process(black_box(&mut lanes), 64));
    let mut cutoff = 0.03;
    measure("svf bank that moves", || {
        cutoff = 0.06 - cutoff;
        bank.set([Tuning::new(cutoff, 1.0); 8]);
        bank.process(black_box(&mut lanes), 64);
    });
    let mut modes = ModalBank::<4>::new();
    modes.strike(&[Partial { phase_step: 0.01, level: 1.0, half: 1e7 }; 4], 0);
    measure("4 modes", || modes.render(black_box(&mut left)));
    let mut fm = FmPair::new();
    fm.set(0.01, 0.02);
    measure("fm pair", || fm.render(black_box(&mut left), Segment::flat(0.1), Segment::flat(1.0)));
    measure("mix add", || mix::add(black_box(&mut left), &right, Segment::flat(0.1)));
    let mut saw = Saw::new();
    measure("saw", || saw.render(black_box(&mut left), 0.01));
    let mut reverb = Reverb::new(44_100);
    let mut io = [[0.1; 64]; 2];
    measure("reverb", || {
        io = black_box([[0.1; 64], [0.2; 64]]);
        reverb.process(&mut io);
        black_box(&mut io);
    });
    let mut echo = Echo::new(17_640);
    echo.set_feedback(0.5, 0.3);
    measure("echo", || {
        echo.render(&black_box([0.1; 64]), io.each_mut());
        black_box(&mut io);
    });
    let mut room = Room::new(44_100);
    measure("room", || {
        io = black_box([[0.1; 64], [0.2; 64]]);
        room.process(&mut io);
        black_box(&mut io);
    });
    let mut tape = Tape::new(17_640, 44_100);
    tape.set_feedback(0.5, 0.5);
    tape.set_wow(0.5);
    measure("tape", || {
        tape.render(&black_box([0.1; 64]), io.each_mut());
        black_box(&mut io);
    });
    let mut chorus = Chorus::new(44_100);
    measure("chorus", || {
        chorus.render(&black_box([0.1; 64]), io.each_mut());
        black_box(&mut io);
    });
    let leveler = Leveler::new(0.1, 2.0, 10.0, 1.0, 44_100);
    let mut finish = Finish::new(0.001, leveler, 44_100);
    measure("finish", || {
        io = black_box([[0.1; 64], [0.2; 64]]);
        finish.process(&mut io, Segment::flat(0.9));
        black_box(&mut io);
    });
    let mut phase = Phase::new();
    phase.set_phase_step(0.01);
    measure("sine", || {
        phase.render_sine(&mut left, black_box(Segment::flat(0.1)));
        black_box(&mut left);
    });
    let mut noise = Noise::new(1);
    measure("noise", || {
        noise.render(black_box(&mut left));
    });
    let mut svf = Svf::new(Tuning::new(0.02, 0.5));
    measure("svf", || {
        (left, _) = (black_box([0.1; 64]), ());
        svf.process_low(&mut left);
        black_box(&mut left);
    });
}

fn measure(name: &str, mut block: impl FnMut()) {
    (0..1000).for_each(|_| block());
    let start = thread_time();
    (0..BLOCKS).for_each(|_| block());
    let nanos = (thread_time() - start).as_nanos() as f64;
    println!("{name:20} {:.2} ns/sample", nanos / (BLOCKS * 64) as f64);
}

/// Processor time this thread has used, as the kernel counts it.
fn thread_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanos)
}
