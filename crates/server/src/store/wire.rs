//! What is stored, in bytes.
//!
//! Parameters go by name, so that values outlive a version of their station that has others; a snapshot
//! does not outlive its version, for a change of code is a change of music: the stream goes on from the
//! beginning of the new one, with the values it had.

use std::{fmt, time::Duration};

use perpetuo_engine::{Checkpoint, Event, Passage, Position};
use perpetuo_station::{Ramp, Setting, Snapshot, StationSpec};
use serde::{Deserialize, Serialize};

/// The first byte of all that is stored; counts changes of the form.
const FORM: u8 = 1;

/// Samples in a passage at most: half an hour, and none is kept that has a tenth of that.
const MAX_PASSAGE: u64 = 1800 * 48_000;

/// Bytes that cannot be read: damaged, from a newer program, or another station's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Settings that were made together, of a station that whoever reads may know.
#[derive(Debug, PartialEq)]
pub(crate) struct Turn<'a> {
    pub(crate) station: &'a str,
    pub(crate) position: Position,
    settings: Vec<NamedSetting<'a>>,
}

#[derive(Serialize, Deserialize)]
struct PassageForm<'a> {
    form: u8,
    station: &'a str,
    version: u32,
    #[serde(borrow)]
    values: Vec<(&'a str, f32)>,
    from: u64,
    snapshot: Option<&'a [u8]>,
    events: Vec<EventForm>,
    /// Samples after `from`.
    to: u64,
}

#[derive(Serialize, Deserialize)]
struct EventForm {
    /// Samples after the passage's `from`.
    at: u64,
    /// Which of the passage's values.
    param: u8,
    value: f32,
    ramp_us: u32,
}

#[derive(Serialize, Deserialize)]
struct TurnForm<'a> {
    form: u8,
    station: &'a str,
    position: u64,
    #[serde(borrow)]
    settings: Vec<NamedSetting<'a>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct NamedSetting<'a> {
    param: &'a str,
    value: f32,
    ramp_us: u32,
}

/// Writes a passage of `spec`.
pub(crate) fn passage_to_bytes(spec: &StationSpec, passage: &Passage) -> Vec<u8> {
    let from = passage.from.position;
    let event = |event: &Event| EventForm {
        at: event.position.since(from),
        param: event.setting.index() as u8,
        value: event.setting.value(),
        ramp_us: ramp_us(event.setting),
    };
    let ids = spec.params.iter().map(|param| param.id);
    to_bytes(&PassageForm {
        form: FORM,
        station: spec.name,
        version: spec.version,
        values: ids.zip(passage.from.values.iter()).collect(),
        from: from.samples(),
        snapshot: passage.from.snapshot.as_ref().map(Snapshot::as_bytes),
        events: passage.events.iter().map(event).collect(),
        to: passage.to.since(from),
    })
}

/// Reads a passage of `spec`, or of an earlier version of it.
pub(crate) fn passage_from_bytes(spec: &StationSpec, bytes: &[u8]) -> Result<Passage, Unreadable> {
    let form: PassageForm<'_> = from_bytes(bytes)?;
    if form.form != FORM || form.station != spec.name {
        return Err(Unreadable);
    }
    // Whoever goes on from it renders all of it.
    let is_endless = form.to > MAX_PASSAGE || form.from > u64::MAX / 2;
    if is_endless || form.events.iter().any(|event| event.at > form.to) {
        return Err(Unreadable);
    }
    let mut values = spec.defaults();
    let named = |&(name, value): &(&str, f32)| spec.setting_of(name, value).ok();
    form.values.iter().filter_map(named).for_each(|setting| values.apply(setting));
    let from = Position::new(form.from);
    let event = |event: &EventForm| {
        let (name, _) = form.values.get(usize::from(event.param))?;
        let setting = spec.setting_of(name, event.value).ok()?.over(ramp(event.ramp_us));
        Some(Event { position: from + event.at, setting })
    };
    let snapshot = form.snapshot.filter(|_| form.version == spec.version).map(Snapshot::new);
    Ok(Passage {
        events: form.events.iter().filter_map(event).collect(),
        to: from + form.to,
        from: Checkpoint {
            position: from,
            values,
            snapshot: snapshot.transpose().map_err(|_| Unreadable)?,
        },
    })
}

/// Writes settings of `spec` that were made together.
pub(crate) fn settings_to_bytes(
    spec: &StationSpec,
    position: Position,
    settings: &[Setting],
) -> Vec<u8> {
    let setting = |setting: &Setting| NamedSetting {
        param: spec.params[setting.index()].id,
        value: setting.value(),
        ramp_us: ramp_us(*setting),
    };
    to_bytes(&TurnForm {
        form: FORM,
        station: spec.name,
        position: position.samples(),
        settings: settings.iter().map(setting).collect(),
    })
}

/// Reads settings that were made together.
pub(crate) fn turn_from_bytes(bytes: &[u8]) -> Result<Turn<'_>, Unreadable> {
    let TurnForm { form, station, position, settings } = from_bytes(bytes)?;
    if form != FORM {
        return Err(Unreadable);
    }
    Ok(Turn { station, position: Position::new(position), settings })
}

impl Turn<'_> {
    /// The settings, those that `spec` does not take apart.
    pub(crate) fn settings(&self, spec: &StationSpec) -> impl Iterator<Item = Setting> {
        self.settings.iter().filter_map(|setting| {
            let of = spec.setting_of(setting.param, setting.value).ok()?;
            Some(of.over(ramp(setting.ramp_us)))
        })
    }
}

/// The longest ramp is 600 s.
fn ramp_us(setting: Setting) -> u32 {
    setting.ramp().duration().as_micros() as u32
}

fn ramp(us: u32) -> Ramp {
    Ramp::lasting(Duration::from_micros(us.into()))
}

#[expect(clippy::expect_used, reason = "all lengths are known, and a vector takes all there is")]
fn to_bytes(form: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(form).expect("a form that can be written")
}

fn from_bytes<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Unreadable> {
    postcard::from_bytes(bytes).map_err(|_| Unreadable)
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("damaged, of another station, or written by a newer program")
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use perpetuo_stations::all;

    use super::*;

    fn spec(name: &str) -> StationSpec {
        all().into_iter().find(|spec| spec.name == name).unwrap()
    }

    /// Ten seconds with something set in the middle.
    fn passage(spec: &StationSpec) -> Passage {
        let brightness = spec.setting("brightness", "0.9").unwrap();
        let over = Ramp::parse("1.5").unwrap();
        let position = Position::new(1_000_000_000_000);
        let mut passage = Passage {
            from: Checkpoint {
                position,
                values: spec.defaults(),
                snapshot: Some(Snapshot::new(&[7; Snapshot::MAX_LEN]).unwrap()),
            },
            events: Vec::new(),
            to: position + 441_000,
        };
        let event = |at, setting| Event { position: position + at, setting };
        passage.events.push(event(0, spec.setting("level", "0.25").unwrap()));
        passage.events.push(event(220_500, brightness.over(over)));
        passage
    }

    #[test]
    fn a_passage_is_read_as_it_was_written_and_takes_little_more_than_its_snapshot() {
        for spec in all() {
            let passage = passage(&spec);
            let bytes = passage_to_bytes(&spec, &passage);
            assert_eq!(passage_from_bytes(&spec, &bytes), Ok(passage));
            assert!(bytes.len() < Snapshot::MAX_LEN + 256, "{}: {}", spec.name, bytes.len());
        }
    }

    #[test]
    fn settings_are_read_as_they_were_written() {
        let spec = spec("drift");
        let settings = [
            spec.setting("brightness", "0.1").unwrap().over(Ramp::parse("600").unwrap()),
            spec.setting("level", "1").unwrap(),
        ];
        let bytes = settings_to_bytes(&spec, Position::new(5), &settings);
        let turn = turn_from_bytes(&bytes).unwrap();
        assert_eq!((turn.station, turn.position), ("drift", Position::new(5)));
        assert_eq!(turn.settings(&spec).collect::<Vec<_>>(), settings);
    }

    #[test]
    fn values_outlive_a_version_of_their_station_and_a_snapshot_does_not() {
        let old = spec("drift");
        let bytes = passage_to_bytes(&old, &passage(&old));
        let mut new = spec("drift");
        new.version += 1;
        new.params = &old.params[..old.params.len() - 1];
        let read = passage_from_bytes(&new, &bytes).unwrap();
        assert_eq!(read.from.snapshot, None);
        assert_eq!(read.to, passage(&old).to);
        assert_eq!(read.values().iter().count(), new.params.len());
        let level = new.params.iter().position(|param| param.id == "level").unwrap();
        assert_eq!(read.values().at(level), 0.25);
    }

    #[test]
    fn what_is_damaged_or_another_stations_is_refused() {
        let drift = spec("drift");
        let bytes = passage_to_bytes(&drift, &passage(&drift));
        assert_eq!(passage_from_bytes(&spec("dub"), &bytes), Err(Unreadable));
        for len in 0..bytes.len() {
            assert_eq!(passage_from_bytes(&drift, &bytes[..len]), Err(Unreadable), "{len} bytes");
        }
        let newer = [&[FORM + 1], &bytes[1..]].concat();
        assert_eq!(passage_from_bytes(&drift, &newer), Err(Unreadable));
        // Whatever the bytes, nothing but an answer comes of it.
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0xa5;
            let _ = passage_from_bytes(&drift, &bytes);
            let _ = turn_from_bytes(&bytes);
        }
    }
}
