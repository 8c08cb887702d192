//! What every station promises: the port's contract, and that it is music one can leave on.
//!
//! The tests run on what `stations()` in the crate's root gives. So a crate with a station of its own runs
//! them too: it takes this file in by its path, and says which station.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use perpetuo_dsp::Chance;
use perpetuo_station::{
    BLOCK_LEN, Note, Performance, Ramp, Snapshot, Station, StationSpec, Values,
};

/// Counts this thread's allocations.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + layout.size() as u64));
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

fn allocated() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

const SAMPLE_RATE_HZ: u32 = 44_100;

/// A second in samples, in whole blocks: a snapshot is the state at a block's end.
const SECOND: usize = 689 * 64;

fn perform(spec: &StationSpec, seed: u64, values: &Values) -> Box<dyn Station> {
    (spec.perform)(&Performance { seed, sample_rate_hz: SAMPLE_RATE_HZ, values })
}

fn start(spec: &StationSpec, seed: u64) -> Box<dyn Station> {
    perform(spec, seed, &spec.defaults())
}

/// Both channels of the next `len` samples, in slices of `slice`.
fn render_sliced(station: &mut dyn Station, len: usize, slice: usize) -> [Vec<f32>; 2] {
    let mut out = [vec![0.0; len], vec![0.0; len]];
    let [left, right] = &mut out;
    for (left, right) in left.chunks_mut(slice).zip(right.chunks_mut(slice)) {
        station.render(&mut [left, right]);
    }
    out
}

fn render(station: &mut dyn Station, len: usize) -> [Vec<f32>; 2] {
    render_sliced(station, len, 9216)
}

fn power(samples: &[f32]) -> f64 {
    samples.iter().map(|x| f64::from(x * x)).sum::<f64>() / samples.len() as f64
}

fn difference_db(a: &[f32], b: &[f32]) -> f64 {
    let difference: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    10.0 * (power(&difference) / power(a)).log10()
}

/// A value anywhere in the range of the parameter at `index`.
fn value_at(spec: &StationSpec, index: usize, share: f32) -> f32 {
    let (start, end) = (*spec.params[index].range.start(), *spec.params[index].range.end());
    let value = start + share * (end - start);
    if spec.params[index].check(value.into()).is_ok() { value } else { value.floor() }
}

fn set(spec: &StationSpec, station: &mut dyn Station, index: usize, share: f32) {
    let value = value_at(spec, index, share);
    station.set(spec.setting_of(spec.params[index].id, value).unwrap());
}

#[test]
fn any_slicing_gives_the_same_samples() {
    for spec in crate::stations() {
        let whole = render(&mut *start(&spec, 7), 20_000);
        for (slice, len) in [(1, 700), (97, 20_000), (64, 20_000), (1151, 20_000)] {
            let sliced = render_sliced(&mut *start(&spec, 7), len, slice);
            for (whole, sliced) in whole.iter().zip(&sliced) {
                assert!(whole[..len] == sliced[..], "{} in slices of {slice}", spec.name);
            }
        }
    }
}

#[test]
fn same_seed_same_sound_and_another_seed_another() {
    for spec in crate::stations() {
        let one = render(&mut *start(&spec, 1), 2 * SECOND);
        assert!(one == render(&mut *start(&spec, 1), 2 * SECOND), "{}", spec.name);
        let other = render(&mut *start(&spec, 2), 2 * SECOND);
        assert!(difference_db(&one[0], &other[0]) > -10.0, "{}", spec.name);
    }
}

#[test]
fn every_sample_rate_plays() {
    for spec in crate::stations() {
        for sample_rate_hz in [32_000, 44_100, 48_000] {
            let values = spec.defaults();
            let performance = Performance { seed: 5, sample_rate_hz, values: &values };
            let out = render(&mut *(spec.perform)(&performance), 60_000);
            assert!(power(&out[0]) > 1e-4 && out[0].iter().all(|x| x.is_finite()));
        }
    }
}

#[test]
fn something_is_heard_within_300_ms() {
    for spec in crate::stations() {
        for seed in 0..6 {
            let out = render(&mut *start(&spec, seed), SECOND * 3 / 10);
            assert!(power(&out[0]) > 1e-4, "{} of seed {seed}", spec.name);
        }
    }
}

#[test]
fn random_settings_each_block_stay_finite_and_below_full_scale() {
    let chance = Chance::new(4);
    for spec in crate::stations() {
        let mut station = start(&spec, 3);
        for block in 0..3000 {
            for index in 0..spec.params.len() {
                let share = chance.between(index as u32, block, -0.3, 1.3).clamp(0.0, 1.0);
                set(&spec, &mut *station, index, share);
            }
            let [left, right] = render(&mut *station, 64);
            let is_sound = |x: &f32| x.is_finite() && x.abs() <= 0.9;
            assert!(left.iter().chain(&right).all(is_sound), "{} in block {block}", spec.name);
        }
    }
}

#[test]
fn every_parameter_at_either_end_stays_sound() {
    for spec in crate::stations() {
        for index in 0..spec.params.len() {
            for share in [0.0, 1.0] {
                let mut station = start(&spec, 3);
                set(&spec, &mut *station, index, share);
                let out = render(&mut *station, 3 * SECOND);
                let id = spec.params[index].id;
                assert!(out.iter().flatten().all(|x| x.abs() <= 0.9), "{} {id}", spec.name);
                assert!(id == "level" || power(&out[0]) > 3e-4, "{} {id} {share}", spec.name);
            }
        }
    }
}

#[test]
fn level_0_is_silence() {
    for spec in crate::stations() {
        let mut station = start(&spec, 1);
        station.set(spec.setting("level", "0").unwrap());
        render(&mut *station, SECOND);
        assert!(render(&mut *station, SECOND).iter().flatten().all(|x| *x == 0.0), "{}", spec.name);
    }
}

#[test]
fn nothing_is_allocated_while_it_plays() {
    for spec in crate::stations() {
        let mut station = start(&spec, 1);
        let settings: Vec<_> = (spec.params.iter())
            .map(|param| spec.setting_of(param.id, *param.range.end()).unwrap())
            .collect();
        let (mut left, mut right) = (vec![0.0; 9216], vec![0.0; 9216]);
        let before = allocated();
        for setting in settings.iter().cycle().take(40) {
            station.set(*setting);
            station.render(&mut [&mut left, &mut right]);
        }
        assert_eq!(allocated(), before, "{}", spec.name);
    }
}

#[test]
fn a_performance_needs_at_most_128_kib() {
    for spec in crate::stations() {
        let values = spec.defaults();
        let before = allocated();
        let performance = Performance { seed: 1, sample_rate_hz: 48_000, values: &values };
        let station = (spec.perform)(&performance);
        let bytes = allocated() - before;
        drop(station);
        assert!(bytes <= 128 * 1024, "{}: {bytes} bytes", spec.name);
    }
}

#[test]
fn a_snapshot_is_short_and_taking_one_changes_nothing() {
    for spec in crate::stations() {
        let (mut taken, mut left_alone) = (start(&spec, 2), start(&spec, 2));
        for step in 0..150 {
            let bytes = taken.snapshot().as_bytes().len();
            assert!(bytes <= Snapshot::MAX_LEN, "{}: {bytes} bytes", spec.name);
            let same = render(&mut *taken, 5000) == render(&mut *left_alone, 5000);
            assert!(same, "{} after {step} snapshots", spec.name);
            for setting in spec.random(step).into_iter().filter(|_| step % 25 == 20) {
                let setting = setting.over(Ramp::parse("1.5").unwrap());
                taken.set(setting);
                left_alone.set(setting);
            }
        }
    }
}

#[test]
fn after_resume_and_refill_the_difference_is_below_40_db_within_2_s() {
    for spec in crate::stations() {
        for seed in [1, 2, 3] {
            let mut whole = start(&spec, seed);
            render(&mut *whole, (8 + seed as usize) * SECOND);
            let mut resumed = start(&spec, seed + 100);
            resumed = match resumed.resume(&whole.snapshot()) {
                Ok(()) => perform_again(&spec, seed, &whole.snapshot()),
                Err(error) => panic!("{error}"),
            };
            let refill = spec.refill.as_secs() as usize * SECOND;
            render(&mut *whole, refill);
            render(&mut *resumed, refill);
            render(&mut *whole, SECOND);
            render(&mut *resumed, SECOND);
            let (a, b) = (render(&mut *whole, SECOND), render(&mut *resumed, SECOND));
            let difference = difference_db(&a[0], &b[0]);
            assert!(difference < -40.0, "{} of seed {seed}: {difference:.1} dB", spec.name);
        }
    }
}

/// Half a minute with settings on the way, either played or skipped.
fn after_half_a_minute(spec: &StationSpec, seed: u64, is_played: bool) -> Box<dyn Station> {
    let mut station = start(spec, seed);
    for step in 0..5_u64 {
        for setting in spec.random(seed + step) {
            let ramp = Ramp::parse("2.5").unwrap();
            station.set(if step == 2 { setting.over(ramp) } else { setting });
        }
        if is_played {
            render(&mut *station, 6 * SECOND);
        } else {
            assert_eq!(station.skip(6 * SECOND as u64), 6 * SECOND as u64);
        }
    }
    station
}

#[test]
fn what_is_composed_unheard_is_what_would_have_been_heard() {
    for spec in crate::stations() {
        for seed in [1, 2] {
            let mut played = after_half_a_minute(&spec, seed, true);
            let mut skipped = after_half_a_minute(&spec, seed, false);
            assert_eq!(played.title(), skipped.title(), "{}", spec.name);
            // A snapshot begins with the composer: the time of its next note, and its own state.
            let words = |station: &mut dyn Station| station.snapshot().as_bytes()[..64].to_vec();
            assert!(words(&mut *played) == words(&mut *skipped), "{} of seed {seed}", spec.name);
        }
    }
}

#[test]
fn skipped_time_ends_with_a_block() {
    for spec in crate::stations() {
        let mut station = start(&spec, 1);
        assert_eq!((station.skip(1), station.skip(0), station.skip(100)), (64, 0, 128));
        render(&mut *station, 10);
        assert_eq!((station.skip(50), station.skip(65)), (54, 128), "{}", spec.name);
    }
}

#[test]
fn every_preset_is_sound_and_differs_from_the_others() {
    for spec in crate::stations() {
        let heard: Vec<_> = (spec.presets.iter())
            .map(|preset| {
                let mut values = spec.defaults();
                for setting in spec.preset(preset.name).unwrap() {
                    values.apply(setting);
                }
                let out = render(&mut *perform(&spec, 4, &values), 4 * SECOND);
                assert!(out.iter().flatten().all(|x| x.abs() <= 0.9), "{}", preset.name);
                assert!(power(&out[0]) > 1e-4, "{} {}", spec.name, preset.name);
                out
            })
            .collect();
        for (index, one) in heard.iter().enumerate() {
            for other in &heard[..index] {
                assert!(difference_db(&one[0], &other[0]) > -20.0, "{} {index}", spec.name);
            }
        }
    }
}

#[test]
fn a_ramp_arrives_where_and_when_it_was_told_to() {
    for spec in crate::stations() {
        let (mut glides, mut jumps) = (start(&spec, 2), start(&spec, 2));
        let zero = spec.setting("level", "0").unwrap();
        glides.set(zero.over(Ramp::parse("1").unwrap()));
        jumps.set(zero);
        let half = render(&mut *glides, SECOND / 2);
        render(&mut *jumps, SECOND / 2);
        assert!(power(&half[0][SECOND / 4..]) > 1e-6, "{}", spec.name);
        render(&mut *glides, SECOND);
        assert!(render(&mut *glides, SECOND).iter().flatten().all(|x| *x == 0.0), "{}", spec.name);
    }
}

fn perform_again(spec: &StationSpec, seed: u64, snapshot: &Snapshot) -> Box<dyn Station> {
    let mut station = start(spec, seed);
    station.resume(snapshot).unwrap();
    station
}

#[test]
fn a_setting_that_waits_is_part_of_the_snapshot() {
    for spec in crate::stations() {
        let mut whole = start(&spec, 1);
        render(&mut *whole, 3 * SECOND);
        for index in 1..spec.params.len() {
            set(&spec, &mut *whole, index, 0.8);
        }
        let mut resumed = perform_again(&spec, 1, &whole.snapshot());
        render(&mut *whole, 8 * SECOND);
        render(&mut *resumed, 8 * SECOND);
        let (a, b) = (render(&mut *whole, SECOND), render(&mut *resumed, SECOND));
        assert!(difference_db(&a[0], &b[0]) < -35.0, "{}", spec.name);
    }
}

#[test]
fn a_damaged_snapshot_neither_panics_nor_sounds_without_end() {
    let chance = Chance::new(8);
    for spec in crate::stations() {
        let sound = start(&spec, 1).snapshot().as_bytes().to_vec();
        let mut station = start(&spec, 1);
        assert!(station.resume(&Snapshot::new(&sound[1..]).unwrap()).is_err());
        for damage in 0..60 {
            let mut bytes = sound.clone();
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte = match damage {
                    0 => 0xff,
                    1 => 0x7f,
                    _ if chance.happens(damage, index as u32, 0.3) => {
                        chance.word(damage, index as u32 + 10_000) as u8
                    }
                    _ => *byte,
                };
            }
            let mut station = start(&spec, 1);
            station.resume(&Snapshot::new(&bytes).unwrap()).unwrap();
            let out = render(&mut *station, 4000);
            assert!(out.iter().flatten().all(|x| x.is_finite()), "{} {damage}", spec.name);
        }
    }
}

#[test]
fn every_parameter_is_heard() {
    for spec in crate::stations() {
        for (index, param) in spec.params.iter().enumerate() {
            // A swing that meets no off-beat is not heard, so more than one seed is asked.
            let heard_db = |seed| {
                let (mut low, mut high) = (start(&spec, seed), start(&spec, seed));
                set(&spec, &mut *low, index, 0.0);
                set(&spec, &mut *high, index, 1.0);
                let (low, high) = (render(&mut *low, 6 * SECOND), render(&mut *high, 6 * SECOND));
                difference_db(&high[0][SECOND..], &low[0][SECOND..])
            };
            let loudest = [3, 4, 5].map(heard_db).into_iter().fold(f64::NEG_INFINITY, f64::max);
            assert!(loudest > -20.0, "{} {}: {loudest:.1} dB", spec.name, param.id);
        }
    }
}

#[test]
fn a_moved_parameter_makes_no_click() {
    for spec in crate::stations() {
        for (index, param) in spec.params.iter().enumerate() {
            let roughest = |before: f32, after: f32, seconds: usize| {
                let mut station = start(&spec, 5);
                set(&spec, &mut *station, index, before);
                render(&mut *station, 3 * SECOND);
                set(&spec, &mut *station, index, after);
                third_difference(&render(&mut *station, seconds * SECOND)[0])
            };
            // Long enough for every drum and string to be among it.
            let steady = roughest(0.0, 0.0, 8).max(roughest(1.0, 1.0, 8));
            for (before, after) in [(0.0, 1.0), (1.0, 0.0)] {
                let moved = roughest(before, after, 1);
                let id = param.id;
                assert!(moved <= 1.5 * steady + 1e-4, "{} {id}: {moved} {steady}", spec.name);
            }
        }
    }
}

fn third_difference(samples: &[f32]) -> f32 {
    let third = |x: &[f32]| (x[3] - 3.0 * x[2] + 3.0 * x[1] - x[0]).abs();
    samples.windows(4).map(third).fold(0.0, f32::max)
}

/// Notes of the next `len` samples, each at its sample, in slices of `slice`; and the samples.
fn watch(station: &mut dyn Station, len: usize, slice: usize) -> (Vec<Note>, [Vec<f32>; 2]) {
    let (mut notes, mut out) = (Vec::with_capacity(4096), [vec![0.0; len], vec![0.0; len]]);
    let [left, right] = &mut out;
    let mut start = 0;
    for (left, right) in left.chunks_mut(slice).zip(right.chunks_mut(slice)) {
        let len = left.len() as u32;
        station.render_telling(&mut [left, right], &mut |note| {
            assert!(note.at < len + BLOCK_LEN as u32, "{note:?} of {len} samples");
            notes.push(Note { at: start + note.at, ..note });
        });
        start += len;
    }
    (notes, out)
}

#[test]
fn who_watches_changes_no_sample_and_sees_the_same_in_any_slicing() {
    for spec in crate::stations() {
        let len = 3 * SECOND;
        let alone = render(&mut *start(&spec, 7), len);
        let (seen, watched) = watch(&mut *start(&spec, 7), len, 9216);
        assert!(alone == watched, "{}", spec.name);
        for slice in [1, 64, 97, 1151] {
            let (notes, sliced) = watch(&mut *start(&spec, 7), len, slice);
            assert!(alone == sliced && notes == seen, "{} in slices of {slice}", spec.name);
        }
    }
}

#[test]
fn every_station_tells_its_notes_and_what_it_tells_is_in_range() {
    for spec in crate::stations() {
        for seed in 0..3 {
            let (notes, _) = watch(&mut *start(&spec, seed), 60 * SECOND, 9216);
            assert!(notes.len() >= 5, "{} of seed {seed}: {} notes", spec.name, notes.len());
            assert!(notes.is_sorted_by_key(|note| note.at), "{}", spec.name);
            for note in &notes {
                let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(!note.part.is_empty() && note.part.chars().all(is_name), "{note:?}");
                assert!(note.pitch.is_none_or(|pitch| (12.0..=128.0).contains(&pitch)), "{note:?}");
                assert!(note.velocity > 0.0 && note.velocity <= 1.0, "{note:?}");
                assert!(note.pan.abs() <= 1.0, "{note:?}");
            }
        }
    }
}

#[test]
fn no_more_than_20_notes_a_second_and_8_at_once_are_told_whatever_the_settings() {
    for spec in crate::stations() {
        for share in [0.0, 1.0] {
            let mut station = start(&spec, 2);
            for index in 0..spec.params.len() {
                set(&spec, &mut *station, index, share);
            }
            let (notes, _) = watch(&mut *station, 30 * SECOND, 9216);
            for (count, first) in notes.iter().enumerate() {
                let passed = |note: &Note| (note.at - first.at) as f32 / SAMPLE_RATE_HZ as f32;
                let last = notes[count..].iter().enumerate();
                for (more, note) in last.skip(8).take(200) {
                    let most = 8.0 + 20.0 * (passed(note) + 0.002);
                    assert!((more + 1) as f32 <= most, "{}: {more} {note:?}", spec.name);
                }
            }
        }
    }
}

#[test]
fn nothing_is_allocated_while_somebody_watches() {
    for spec in crate::stations() {
        let mut station = start(&spec, 1);
        let (mut left, mut right) = (vec![0.0; 9216], vec![0.0; 9216]);
        let (before, mut count) = (allocated(), 0);
        for _ in 0..60 {
            station.render_telling(&mut [&mut left, &mut right], &mut |_| count += 1);
        }
        assert!(allocated() == before && count > 0, "{}", spec.name);
    }
}
