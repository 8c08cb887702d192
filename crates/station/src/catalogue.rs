//! The stations there are, and what each says of itself.

use std::{fmt, sync::Arc, time::Duration};

use crate::{Curve, ParamSpec, RESERVED_NAMES, Setting, SettingError, Station, Values};

/// What a station is: its name, its parameters and how to begin a performance.
#[derive(Clone, Debug)]
pub struct StationSpec {
    /// The name in URLs: `lower_snake`, at most 32 characters, never changed.
    pub name: &'static str,
    /// The name people read.
    pub title: &'static str,
    /// One line on how it sounds.
    pub about: &'static str,
    /// Counts changes of the code that change the music.
    pub version: u32,
    /// What can move, `level` among them.
    pub params: &'static [ParamSpec],
    /// Named places to go to, `random` not among the names.
    pub presets: &'static [Preset],
    /// How much must be rendered unheard after [`Station::resume`] until tails are back: 2-10 s.
    pub refill: Duration,
    /// Begins a performance at position 0, its values settled. May allocate; the station then may not.
    pub perform: fn(&Performance<'_>) -> Box<dyn Station>,
}

/// A named place in a station's range: values for some parameters, the defaults for the others.
///
/// `level` is a listener's own matter: a preset names it not and leaves it where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// The name in URLs: `lower_snake`, at most 32 characters, never changed.
    pub name: &'static str,
    /// The name people read.
    pub title: &'static str,
    /// Parameter ids and values; a choice by its number, counted from 0.
    pub values: &'static [(&'static str, f32)],
}

/// All that a performance depends on, settings to come apart.
#[derive(Clone, Copy, Debug)]
pub struct Performance<'a> {
    /// Where all chance is drawn from.
    pub seed: u64,
    /// Samples a second, a channel; 32 000, 44 100 or 48 000.
    pub sample_rate_hz: u32,
    /// The values in force at the start.
    pub values: &'a Values,
}

impl StationSpec {
    /// The most parameters a station may have; the ids of streams carry their values.
    pub const MAX_PARAMS: usize = 24;

    /// Makes a setting from a parameter's id and a value as a person writes it.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for an unknown name or a value the parameter refuses.
    pub fn setting(&self, name: &str, text: &str) -> Result<Setting, SettingError> {
        let (index, param) = self.param(name)?;
        Ok(Setting::new(index, param.parse(text)?))
    }

    /// Makes a setting from a parameter's id and a number.
    ///
    /// # Errors
    ///
    /// As [`Self::setting`].
    pub fn setting_of(&self, name: &str, value: f32) -> Result<Setting, SettingError> {
        let (index, param) = self.param(name)?;
        Ok(Setting::new(index, param.check(value.into())?))
    }

    /// The settings of a preset: one for every parameter but `level`.
    ///
    /// # Errors
    ///
    /// [`SettingError::UnknownPreset`] for a name that is none of [`Self::presets`].
    pub fn preset(&self, name: &str) -> Result<Vec<Setting>, SettingError> {
        let preset = self.presets.iter().find(|preset| preset.name == name);
        let preset = preset.ok_or_else(|| SettingError::unknown_preset(name, self))?;
        let named = |id: &str| preset.values.iter().find(|(named, _)| *named == id);
        let params = self.params.iter().enumerate().filter(|(_, param)| param.id != LEVEL);
        Ok(params
            .map(|(index, param)| {
                let value = named(param.id).map_or(param.default, |(_, value)| *value);
                Setting::new(index, value)
            })
            .collect())
    }

    /// Settings drawn from `seed`, each even along the knob's travel within the parameter's
    /// [`ParamSpec::taste`]; none for parameters that have no taste, nor for `level`.
    pub fn random(&self, seed: u64) -> Vec<Setting> {
        let params = self.params.iter().enumerate();
        let tastes = params.filter_map(|(index, param)| Some((index, param, param.drawn_from()?)));
        tastes
            .map(|(index, param, taste)| {
                let share = unit(seed, index as u64);
                let (low, high) = (*taste.start(), *taste.end());
                let value = match param.curve {
                    Curve::Linear => low + share * (high - low),
                    Curve::Log => low * (high / low).powf(share),
                    Curve::Stepped(_) => (low + share * (high - low + 1.0)).floor().min(high),
                };
                Setting::new(index, value.clamp(low, high))
            })
            .collect()
    }

    /// Every parameter at its default.
    pub fn defaults(&self) -> Values {
        Values::new(self.params.iter().map(|param| param.default))
    }

    fn param(&self, name: &str) -> Result<(usize, &'static ParamSpec), SettingError> {
        let mut params = self.params.iter().enumerate();
        params.find(|(_, param)| param.id == name).ok_or_else(|| SettingError::unknown(name, self))
    }
}

/// The stations of one program, at least one, each with a name of its own.
#[derive(Clone, Debug)]
pub struct Catalogue(Arc<[Arc<StationSpec>]>);

impl Catalogue {
    /// Takes stations; the first is what is played when none is asked for.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] when there is none, when two share a name, or when a description breaks the
    /// rules written at its fields.
    pub fn new(stations: impl IntoIterator<Item = StationSpec>) -> Result<Self, CatalogueError> {
        let stations: Arc<[_]> = stations.into_iter().map(Arc::new).collect();
        if stations.is_empty() {
            return Err(CatalogueError("no station".to_owned()));
        }
        for (index, station) in stations.iter().enumerate() {
            let name = station.name;
            check_station(station).map_err(|wrong| CatalogueError(format!("{name}: {wrong}")))?;
            if stations[..index].iter().any(|other| other.name == name) {
                return Err(CatalogueError(format!("{name}: two stations of that name")));
            }
        }
        Ok(Self(stations))
    }

    /// The station of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<StationSpec>> {
        self.iter().find(|station| station.name == name)
    }

    /// What is played when no station is asked for.
    pub fn first(&self) -> &Arc<StationSpec> {
        &self.0[0]
    }

    /// All stations, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<StationSpec>> + Clone {
        self.0.iter()
    }
}

/// Why a list of stations is not a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueError(String);

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CatalogueError {}

fn check_station(station: &StationSpec) -> Result<(), String> {
    if !is_lower_snake(station.name) || station.name.len() > 32 {
        return Err("a name is lower_snake and has at most 32 characters".to_owned());
    }
    if !(2..=10).contains(&station.refill.as_secs()) {
        return Err(format!("refill of {:?}; allowed: 2 to 10 s", station.refill));
    }
    if station.params.len() > StationSpec::MAX_PARAMS {
        return Err(format!("at most {} parameters", StationSpec::MAX_PARAMS));
    }
    for (index, param) in station.params.iter().enumerate() {
        check_param(param).map_err(|wrong| format!("{}: {wrong}", param.id))?;
        if station.params[..index].iter().any(|other| other.id == param.id) {
            return Err(format!("{}: two parameters of that id", param.id));
        }
    }
    if !station.params.iter().any(|param| param.id == LEVEL) {
        return Err("every station has a parameter 'level'".to_owned());
    }
    for (index, preset) in station.presets.iter().enumerate() {
        let name = preset.name;
        check_preset(station, preset).map_err(|wrong| format!("preset {name}: {wrong}"))?;
        if station.presets[..index].iter().any(|other| other.name == name) {
            return Err(format!("preset {name}: two presets of that name"));
        }
    }
    Ok(())
}

fn check_preset(station: &StationSpec, preset: &Preset) -> Result<(), String> {
    if !is_lower_snake(preset.name) || preset.name.len() > 32 || preset.name == RANDOM {
        return Err(format!(
            "a name is lower_snake, has at most 32 characters and is not '{RANDOM}'"
        ));
    }
    for (id, value) in preset.values {
        if *id == LEVEL {
            return Err("a preset leaves 'level' alone".to_owned());
        }
        station.setting_of(id, *value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The parameter every station has.
pub(crate) const LEVEL: &str = "level";

/// The name by which callers ask for [`StationSpec::random`] where a preset's name may stand.
pub const RANDOM: &str = "random";

/// An even draw in 0..1, of 24 bits: the finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, *Fast
/// Splittable Pseudorandom Number Generators*, 2014).
fn unit(seed: u64, counter: u64) -> f32 {
    let mix = |z: u64| {
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    };
    let word = mix(mix(seed).wrapping_add(counter.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    (word >> 40) as f32 * (1.0 / 16_777_216.0)
}

fn check_param(param: &ParamSpec) -> Result<(), &'static str> {
    let (start, end) = (*param.range.start(), *param.range.end());
    if !is_lower_snake(param.id) || param.id.len() > 32 {
        return Err("an id is lower_snake and has at most 32 characters");
    }
    if RESERVED_NAMES.contains(&param.id) {
        return Err("this name is reserved");
    }
    if !start.is_finite() || !end.is_finite() || start >= end {
        return Err("a range goes from a finite number to a larger one");
    }
    if param.check(param.default.into()).is_err() {
        return Err("the default is not a value the parameter takes");
    }
    if param.curve == Curve::Log && start <= 0.0 {
        return Err("a logarithmic range is above 0");
    }
    if let Some(taste) = &param.taste
        && (taste.is_empty()
            || param.check((*taste.start()).into()).is_err()
            || param.check((*taste.end()).into()).is_err())
    {
        return Err("a taste lies within the range");
    }
    Ok(())
}

fn is_lower_snake(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: ParamSpec = ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness.");

    fn station(name: &'static str, params: &'static [ParamSpec]) -> StationSpec {
        StationSpec {
            name,
            title: "Silence",
            about: "Nothing at all.",
            version: 1,
            params,
            presets: &[],
            refill: Duration::from_secs(2),
            perform: |_| unreachable!("the catalogue begins no performance"),
        }
    }

    fn wrong_preset(preset: Preset) -> String {
        let presets: &'static [Preset] = Box::leak(Box::new([preset]));
        let params: &'static [ParamSpec] = &[LEVEL, TONE];
        Catalogue::new([StationSpec { presets, ..station("silence", params) }])
            .unwrap_err()
            .to_string()
    }

    const TONE: ParamSpec =
        ParamSpec::number("tone", "Tone", 100.0..=1600.0, 400.0, "").log().taste(200.0..=800.0);
    const SCALE: ParamSpec = ParamSpec::choice("scale", "Scale", &["a", "b", "c"], 0, "");
    const FAR: Preset = Preset { name: "far", title: "Far", values: &[("scale", 2.0)] };

    fn with_presets() -> StationSpec {
        StationSpec { presets: &[FAR], ..station("a", &[LEVEL, TONE, SCALE]) }
    }

    #[test]
    fn a_preset_sets_every_parameter_but_level() {
        let spec = with_presets();
        let settings = spec.preset("far").unwrap();
        assert_eq!(settings, [Setting::new(1, 400.0), Setting::new(2, 2.0)]);
        let error = spec.preset("near").unwrap_err().to_string();
        assert_eq!(error, "unknown preset 'near'; allowed: far, random");
    }

    #[test]
    fn random_settings_keep_to_taste_and_follow_the_seed() {
        let spec = with_presets();
        assert_eq!(spec.random(5), spec.random(5));
        let mut scales = [false; 3];
        for seed in 0..200 {
            let [tone, scale] = spec.random(seed)[..] else { panic!("one is missing") };
            assert!((200.0..=800.0).contains(&tone.value()));
            scales[scale.value() as usize] = true;
        }
        assert_eq!(scales, [true; 3]);
        let low = (0..1000).filter(|seed| spec.random(*seed)[0].value() < 400.0).count();
        assert!((420..580).contains(&low), "{low} of 1000 below the middle of the knob");
    }

    #[test]
    fn a_preset_that_breaks_a_rule_is_refused_by_name() {
        const LOUD: Preset = Preset { name: "loud", title: "", values: &[("level", 1.0)] };
        const BEYOND: Preset = Preset { name: "beyond", title: "", values: &[("tone", 1.0)] };
        const OTHER: Preset = Preset { name: "other", title: "", values: &[("x", 1.0)] };
        const TAKEN: Preset = Preset { name: "random", title: "", values: &[] };
        assert_eq!(wrong_preset(LOUD), "silence: preset loud: a preset leaves 'level' alone");
        assert!(wrong_preset(BEYOND).contains("1 is out of range"));
        assert!(wrong_preset(OTHER).contains("unknown parameter"));
        assert!(wrong_preset(TAKEN).contains("is not 'random'"));
    }

    fn wrong(params: &'static [ParamSpec]) -> String {
        Catalogue::new([station("silence", params)]).unwrap_err().to_string()
    }

    #[test]
    fn stations_are_found_by_name_and_the_first_is_the_default() {
        let catalogue = Catalogue::new([station("a", &[LEVEL]), station("b", &[LEVEL])]).unwrap();
        assert_eq!(catalogue.first().name, "a");
        assert_eq!(catalogue.find("b").unwrap().name, "b");
        assert!(catalogue.find("c").is_none());
    }

    #[test]
    fn a_description_that_breaks_a_rule_is_refused_by_name() {
        const SEED: ParamSpec = ParamSpec::number("seed", "Seed", 0.0..=1.0, 1.0, "");
        const UPPER: ParamSpec = ParamSpec::number("Level", "Level", 0.0..=1.0, 1.0, "");
        const EMPTY: ParamSpec = ParamSpec::number("x", "X", 1.0..=1.0, 1.0, "");
        const BEYOND: ParamSpec = ParamSpec::number("x", "X", 0.0..=1.0, 2.0, "");
        const LOG: ParamSpec = ParamSpec::number("x", "X", 0.0..=1.0, 1.0, "").log();
        assert!(wrong(&[LEVEL, SEED]).contains("silence: seed: this name is reserved"));
        assert!(wrong(&[LEVEL, UPPER]).contains("lower_snake"));
        assert!(wrong(&[LEVEL, EMPTY]).contains("range"));
        assert!(wrong(&[LEVEL, BEYOND]).contains("default"));
        assert!(wrong(&[LEVEL, LOG]).contains("logarithmic"));
        assert!(wrong(&[LEVEL, LEVEL]).contains("two parameters"));
        assert!(wrong(&[]).contains("'level'"));
        let twins = [station("a", &[LEVEL]), station("a", &[LEVEL])];
        assert!(Catalogue::new(twins).unwrap_err().to_string().contains("two stations"));
        assert!(Catalogue::new([]).is_err());
    }

    #[test]
    fn a_setting_needs_a_known_name_and_a_value_in_range() {
        let spec = station("a", &[LEVEL]);
        let mut values = spec.defaults();
        values.apply(spec.setting("level", "0.25").unwrap());
        assert_eq!(values.at(0), 0.25);
        let error = spec.setting("volume", "1").unwrap_err().to_string();
        assert_eq!(error, "unknown parameter 'volume'; allowed: level");
        assert!(spec.setting("level", "2").is_err());
        assert!(spec.setting_of("level", f32::NAN).is_err());
    }
}
