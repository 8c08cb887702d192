//! Performances to be judged: begun, rendered, moved, many stations at a time.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use perpetuo_dsp::Chance;
use perpetuo_station::{BLOCK_LEN, Curve, Performance, Setting, Station, StationSpec, Values};

pub(crate) const SAMPLE_RATE_HZ: u32 = 44_100;

/// A second in samples, to the nearest whole block: a snapshot is the state at a block's end.
pub(crate) const SECOND: usize = (SAMPLE_RATE_HZ as usize + BLOCK_LEN / 2) / BLOCK_LEN * BLOCK_LEN;

/// What is rendered at a time: eight Layer III frames of 1152 samples.
const CHUNK: usize = 9216;

/// The stations of these names, or all when there are no names; else the first name that is unknown.
pub(crate) fn named(names: &[String]) -> Result<Vec<StationSpec>, &str> {
    let mut specs = perpetuo_stations::all();
    if let Some(unknown) = names.iter().find(|name| specs.iter().all(|spec| spec.name != **name)) {
        return Err(unknown);
    }
    specs.retain(|spec| names.is_empty() || names.iter().any(|name| name == spec.name));
    Ok(specs)
}

/// Begins a performance.
pub(crate) fn begin(spec: &StationSpec, seed: u64, values: &Values) -> Box<dyn Station> {
    (spec.perform)(&Performance { seed, sample_rate_hz: SAMPLE_RATE_HZ, values })
}

/// Renders the next `len` samples and lets them be heard chunk by chunk.
pub(crate) fn hear(
    station: &mut dyn Station,
    len: usize,
    mut on_chunk: impl FnMut(&[f32], &[f32]),
) {
    let (mut left, mut right) = ([0.0; CHUNK], [0.0; CHUNK]);
    for start in (0..len).step_by(CHUNK) {
        let len = CHUNK.min(len - start);
        station.render(&mut [&mut left[..len], &mut right[..len]]);
        on_chunk(&left[..len], &right[..len]);
    }
}

/// The next `len` samples of both channels.
pub(crate) fn render(station: &mut dyn Station, len: usize) -> [Vec<f32>; 2] {
    let mut out = [vec![0.0; len], vec![0.0; len]];
    let [left, right] = &mut out;
    station.render(&mut [left, right]);
    out
}

/// The mean of both channels of the next `len` samples.
pub(crate) fn render_mono(station: &mut dyn Station, len: usize) -> Vec<f32> {
    let mut mono = Vec::with_capacity(len);
    hear(station, len, |left, right| {
        mono.extend(left.iter().zip(right).map(|(left, right)| 0.5 * (left + right)));
    });
    mono
}

/// The setting of the parameter at `index` to a `share` of 0..1 of its knob's travel.
pub(crate) fn setting_at(spec: &StationSpec, index: usize, share: f32) -> Setting {
    let param = &spec.params[index];
    let (start, end) = (*param.range.start(), *param.range.end());
    let value = match param.curve {
        Curve::Linear => start + share * (end - start),
        Curve::Log => start * (end / start).powf(share),
        Curve::Stepped(_) => (start + share * (end - start)).round(),
    };
    #[expect(clippy::expect_used, reason = "a share of the travel lies in the range")]
    spec.setting_of(param.id, value.clamp(start, end)).expect("the value lies in the range")
}

/// The defaults but for one parameter, at a `share` of 0..1 of its knob's travel.
pub(crate) fn values_at(spec: &StationSpec, index: usize, share: f32) -> Values {
    let mut values = spec.defaults();
    values.apply(setting_at(spec, index, share));
    values
}

/// Every parameter somewhere along its knob's travel; `level` stays at its default.
pub(crate) fn random_values(spec: &StationSpec, draw: u32) -> Values {
    let chance = Chance::new(20);
    let mut values = spec.defaults();
    for index in heard(spec) {
        values.apply(setting_at(spec, index, chance.unit(draw, index as u32)));
    }
    values
}

/// The parameters that change more than the loudness.
pub(crate) fn heard(spec: &StationSpec) -> impl Iterator<Item = usize> + '_ {
    (0..spec.params.len()).filter(|index| spec.params[*index].id != "level")
}

/// What `measure` says of every station, in their order; as many at a time as there are processors.
pub(crate) fn of_each<T: Send>(
    specs: &[StationSpec],
    measure: impl Fn(&StationSpec) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, spec)) = take(&next, specs) {
            done.push((index, measure(spec)));
        }
        done
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, NonZero::get).min(specs.len());
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        #[expect(clippy::expect_used, reason = "a panic of the worker has been reported already")]
        let results = workers.into_iter().flat_map(|worker| worker.join().expect("no panic"));
        results.collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn take<'a>(next: &AtomicUsize, specs: &'a [StationSpec]) -> Option<(usize, &'a StationSpec)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    specs.get(index).map(|spec| (index, spec))
}
