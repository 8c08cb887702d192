//! `/set_param`: turns knobs.

use axum::{Json, extract::State};
use perpetuo_station::{RANDOM, Ramp, Setting, StationSpec};
use serde_json::{Map, Value};

use super::{preset, view};
use crate::{App, Problem, args::Args, quota::MaySet};

/// Sends parameters of one stream towards new values, named, of a preset, or both: all of them at one
/// position, or, if one is refused, none. Numbers glide for as long as `ramp` says.
///
/// It answers before the change is heard; `position` and `audible_in` say when it will be. With `durable` it
/// answers when the change is known to outlive a crash, or soon is not.
pub(crate) async fn set_param(
    _: MaySet,
    State(app): State<App>,
    mut args: Args,
) -> Result<Json<Value>, Problem> {
    let id = args.take_id()?;
    let pass = app.ids.open(&id, &app.catalogue, (app.clock)())?.for_turning()?;
    let spec = pass.origin.spec.clone();
    let waits = wants_durable(&mut args)?;
    let change = Change::read(&spec, args)?;
    let settings = change.settings.clone();
    let (applied, is_durable) = match waits {
        true => app.driver.set_durably(pass.origin, settings).await?,
        false => (app.driver.set(pass.origin, settings).await?, false),
    };
    let mut answer = change.describe(&spec);
    let position = applied.position.seconds(app.driver.sample_rate_hz());
    answer.insert("position".to_owned(), view::seconds(position));
    let audible_in = applied.audible_in.map(|time| view::seconds(time.as_secs_f64()));
    answer.insert("audible_in".to_owned(), audible_in.into());
    answer.insert("durable".to_owned(), is_durable.into());
    Ok(Json(answer.into()))
}

/// Whether the answer is to wait until the change is safe.
fn wants_durable(args: &mut Args) -> Result<bool, Problem> {
    match args.take("durable").as_deref() {
        None | Some("0" | "false") => Ok(false),
        Some("1" | "true") => Ok(true),
        Some(_) => Err(Problem::parameter("durable", "neither yes nor no", "1, true, 0, false")),
    }
}

/// What is asked for besides the id.
pub(crate) struct Change {
    /// The preset's, then those given by name.
    pub(crate) settings: Vec<Setting>,
    ramp: Option<Ramp>,
    preset: Option<String>,
    /// Where `random` was drawn from.
    seed: Option<u64>,
}

impl Change {
    pub(crate) fn read(spec: &StationSpec, mut args: Args) -> Result<Self, Problem> {
        let ramp = args.take("ramp").map(|text| Ramp::parse(&text)).transpose()?;
        let preset = args.take("preset");
        let seed = match (preset.as_deref(), preset::take_seed(&mut args)?) {
            (Some(RANDOM), None) => Some(preset::draw_seed()?),
            (Some(RANDOM), given) => given,
            (_, None) => None,
            (_, Some(_)) => {
                let allowed = format!("with preset={RANDOM}, {}", preset::allowed_seeds());
                return Err(Problem::parameter("seed", "nothing is drawn from it", allowed));
            }
        };
        let named = named(spec, args)?;
        if named.is_empty() && preset.is_none() {
            let names: Vec<_> = spec.params.iter().map(|param| param.id).collect();
            return Err(Problem::parameter("NAME=VALUE", "missing", names.join(", ")));
        }
        let mut settings = match &preset {
            Some(name) => preset::settings(spec, name, seed.unwrap_or_default())?,
            None => Vec::new(),
        };
        // Of two settings of one parameter at one position the last counts.
        settings.extend(named);
        let ramped = |setting: Setting| setting.over(ramp.unwrap_or_default());
        Ok(Self { settings: settings.into_iter().map(ramped).collect(), ramp, preset, seed })
    }

    /// The values as taken, and how they came about.
    fn describe(&self, spec: &StationSpec) -> Map<String, Value> {
        let mut view = Map::new();
        view.insert("params".to_owned(), view::settings(spec, &self.settings).into());
        if let Some(ramp) = self.ramp {
            view.insert("ramp".to_owned(), view::seconds(ramp.duration().as_secs_f64()));
        }
        if let Some(preset) = &self.preset {
            view.insert("preset".to_owned(), preset.as_str().into());
        }
        if let Some(seed) = self.seed {
            view.insert("seed".to_owned(), seed.into());
        }
        view
    }
}

/// Reads `NAME=VALUE` and `key=NAME&value=VALUE`, which may come together.
fn named(spec: &StationSpec, mut args: Args) -> Result<Vec<Setting>, Problem> {
    let pair = match (args.take("key"), args.take("value")) {
        (Some(key), Some(value)) => Some((key, value)),
        (None, None) => None,
        (Some(_), None) => return Err(Problem::parameter("value", "missing", "with key, a value")),
        (None, Some(_)) => return Err(Problem::parameter("key", "missing", "with value, a key")),
    };
    let mut settings: Vec<Setting> = Vec::new();
    for (name, text) in pair.into_iter().chain(args.rest()) {
        let setting = spec.setting(&name, &text)?;
        if settings.iter().any(|other| other.index() == setting.index()) {
            return Err(Problem::parameter(&name, "given more than once", "one value"));
        }
        settings.push(setting);
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{body::Body, http::Method};
    use serde_json::json;

    use super::*;
    use crate::routes::testbed::{TIME_TO_LIVE, Testbed, make_it, read};

    #[tokio::test]
    async fn values_are_set_in_both_forms_and_mixed_by_get_and_post() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        for (query, taken) in [
            ("level=0.9", json!({ "level": 0.9 })),
            ("key=pitch&value=440", json!({ "pitch": 440.0 })),
            ("key=shape&value=Square", json!({ "shape": "square" })),
            ("key=shape&value=0&level=1e-1", json!({ "shape": "sine", "level": 0.1 })),
        ] {
            let answer = testbed.get(&format!("/set_param?id={id}&{query}")).await;
            assert_eq!((answer.status, &answer.json()["params"]), (200, &taken), "{query}");
            let answer = testbed.post("/set_param", &format!("{query}&id={id}")).await;
            assert_eq!((answer.status, &answer.json()["params"]), (200, &taken), "{query}");
        }
        let now = testbed.params(&id).await;
        let values = json!({
            "level": 0.1, "pitch": 440.0, "brightness": 0.3, "density": 0.1, "shape": "sine",
        });
        assert_eq!(now["params"], values);
    }

    #[tokio::test]
    async fn either_all_values_are_taken_or_none() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        for (query, parameter) in [
            ("level=0.9&pitch=1", "pitch"),
            ("level=0.9&volume=1", "volume"),
            ("level=0.9&key=shape&value=saw", "shape"),
            ("level=0.9&key=level&value=0.8", "level"),
            ("level=0.9&level=0.8", "level"),
            ("level=0.9&key=pitch", "value"),
            ("level=0.9&value=1", "key"),
            ("level=0.9&seed=1", "seed"),
            ("", "NAME=VALUE"),
            ("ramp=1", "NAME=VALUE"),
            ("level=0.9&ramp=601", "ramp"),
            ("level=0.9&ramp=-1", "ramp"),
            ("level=0.9&ramp=NaN", "ramp"),
            ("level=0.9&ramp=", "ramp"),
            ("level=0.9&ramp=1&ramp=1", "ramp"),
            ("level=0.9&key=ramp&value=1", "ramp"),
            ("level=0.9&preset=dark", "preset"),
            ("level=0.9&preset=bright&preset=bright", "preset"),
            ("level=0.9&preset=bright&seed=1", "seed"),
            ("level=0.9&preset=random&seed=-1", "seed"),
            ("level=0.9&preset=random&seed=1.5", "seed"),
            ("level=0.9&preset=random&pitch=1", "pitch"),
            ("level=0.9&preset=bright&pitch=440&key=pitch&value=441", "pitch"),
        ] {
            let problem = testbed.refusal(&format!("/set_param?id={id}&{query}")).await;
            let told = (&problem["status"], &problem["parameter"]);
            assert_eq!(told, (&json!(400), &json!(parameter)), "{query}");
            assert!(problem["allowed"].is_string(), "{query}");
            assert_eq!(testbed.params(&id).await["params"]["level"], json!(0.5), "{query}");
            assert_eq!(testbed.params(&id).await["params"]["brightness"], json!(0.3), "{query}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_ramp_a_preset_or_a_seed_is_told() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let seeds = "a whole number from 0 to 9007199254740991";
        for (query, detail) in [
            ("level=1&ramp=soon", "ramp: 'soon' is no time; allowed: 0 to 600 s".to_owned()),
            ("preset=dark", "unknown preset 'dark'; allowed: bright, random".to_owned()),
            ("preset=random&seed=x", format!("seed: not a seed; allowed: {seeds}")),
            (
                "level=1&seed=5",
                format!("seed: nothing is drawn from it; allowed: with preset=random, {seeds}"),
            ),
        ] {
            let problem = testbed.refusal(&format!("/set_param?id={id}&{query}")).await;
            assert_eq!(problem["detail"], detail, "{query}");
            let allowed = problem["allowed"].as_str().unwrap();
            assert!(detail.ends_with(&format!("; allowed: {allowed}")), "{query}: {allowed}");
        }
    }

    #[tokio::test]
    async fn numbers_glide_for_as_long_as_the_ramp_says() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let uri = format!("/stream?id={id}&format=wav&lead=0.1");
        let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        let mut bytes = read(&mut body, 10_000).await;
        let ask = format!("/set_param?id={id}&level=1&shape=square&ramp=0.2");
        let answer = testbed.get(&ask).await.json();
        assert_eq!(answer["ramp"], json!(0.2));
        assert_eq!(answer["params"], json!({ "level": 1.0, "shape": "square" }));
        let now = testbed.params(&id).await;
        assert_eq!(
            (&now["params"]["level"], &now["params"]["shape"]),
            (&json!(1.0), &json!("square"))
        );
        bytes.extend(read(&mut body, 2 * 44_100).await);
        let samples = bytes[44..].chunks_exact(4).map(|pcm| i16::from_le_bytes([pcm[0], pcm[1]]));
        let between = samples.filter(|sample| (16_390..32_760).contains(sample)).count();
        assert!((8_800..=8_820).contains(&between), "{between} samples are 0.2 s");
    }

    #[tokio::test]
    async fn a_preset_sets_all_its_values_and_those_named_come_before_it() {
        let testbed = Testbed::new();
        let id = testbed.create("level=0.75&pitch=30&density=1").await.id;
        let set = async |query: &str| {
            let answer = testbed.get(&format!("/set_param?id={id}&{query}")).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text());
            answer.json()
        };
        let answer = set("preset=bright&ramp=3").await;
        let told = (&answer["preset"], &answer["ramp"], answer.get("seed"));
        assert_eq!(told, (&json!("bright"), &json!(3.0), None));
        let values =
            json!({ "pitch": 220.5, "brightness": 0.9, "density": 0.1, "shape": "square" });
        assert_eq!(answer["params"], values);
        assert_eq!(testbed.params(&id).await["params"]["level"], json!(0.75), "a listener's own");
        for query in ["pitch=40&preset=bright&level=1", "preset=bright&key=pitch&value=40&level=1"]
        {
            let answer = set(query).await;
            let values = json!({
                "level": 1.0, "pitch": 40.0, "brightness": 0.9, "density": 0.1, "shape": "square",
            });
            assert_eq!((&answer["params"], answer.get("ramp")), (&values, None), "{query}");
            assert_eq!(testbed.params(&id).await["params"], values, "{query}");
        }
    }

    #[tokio::test]
    async fn random_values_are_told_with_the_seed_that_repeats_them() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let set = async |query: &str| {
            testbed.get(&format!("/set_param?id={id}&preset=random{query}")).await.json()
        };
        let first = set("").await;
        assert_eq!(first["preset"], "random");
        let names: Vec<_> = first["params"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["brightness", "pitch", "shape"], "what chance may touch");
        let other = set("").await;
        assert_ne!((&first["seed"], &first["params"]), (&other["seed"], &other["params"]));
        let again = set(&format!("&seed={}", first["seed"])).await;
        assert_eq!((&again["seed"], &again["params"]), (&first["seed"], &first["params"]));
        let named = set(&format!("&seed={}&pitch=20&level=0.9", first["seed"])).await;
        assert_eq!(named["params"]["brightness"], first["params"]["brightness"]);
        let said = (&named["params"]["pitch"], &named["params"]["level"]);
        assert_eq!(said, (&json!(20.0), &json!(0.9)));
        let hush = testbed.create("station=hush").await.id;
        let nothing =
            testbed.get(&format!("/set_param?id={hush}&preset=random&seed=1")).await.json();
        assert_eq!(nothing["params"], json!({}), "chance may touch nothing there");
    }

    #[tokio::test]
    async fn the_answer_says_when_the_change_is_heard() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let silent = testbed.get(&format!("/set_param?id={id}&level=0.9")).await.json();
        assert_eq!((&silent["position"], &silent["audible_in"]), (&json!(0.0), &Value::Null));
        let uri = format!("/stream?id={id}&lead=2");
        let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        read(&mut body, 2 * 16_000).await;
        let heard = testbed.get(&format!("/set_param?id={id}&level=0.8")).await.json();
        assert!(heard["position"].as_f64().unwrap() >= 2.0, "{heard}");
        let audible_in = heard["audible_in"].as_f64().unwrap();
        assert!((0.5..2.5).contains(&audible_in), "{heard}");
    }

    #[tokio::test]
    async fn an_id_for_listening_turns_nothing() {
        let testbed = Testbed::new();
        let ids = testbed.create("").await;
        let problem = testbed.refusal(&format!("/set_param?id={}&level=1", ids.listen_id)).await;
        assert_eq!((&problem["status"], &problem["parameter"]), (&json!(403), &json!("id")));
        assert_eq!(testbed.params(&ids.id).await["params"]["level"], json!(0.5));
    }

    #[tokio::test]
    async fn an_id_that_was_never_made_is_unknown() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let (first, rest) = id.split_at(id.len() / 2);
        let flipped = if rest.starts_with('A') { 'B' } else { 'A' };
        let forged = format!("{first}{flipped}{}", &rest[1..]);
        for id in ["", "x", &forged, &id[1..], &"A".repeat(5000), "%00"] {
            let problem = testbed.refusal(&format!("/set_param?id={id}&level=1")).await;
            assert_eq!((&problem["status"], &problem["parameter"]), (&json!(404), &json!("id")));
        }
        let missing = testbed.refusal("/set_param?level=1").await;
        assert_eq!((&missing["status"], &missing["parameter"]), (&json!(400), &json!("id")));
    }

    #[tokio::test]
    async fn a_stream_does_not_begin_after_its_time_to_live_but_one_in_use_goes_on() {
        let testbed = Testbed::new();
        let (used, unused) = (testbed.create("").await.id, testbed.create("").await.id);
        let set = async |id: &str| testbed.get(&format!("/set_param?id={id}&level=1")).await.status;
        make_it(TIME_TO_LIVE - Duration::from_secs(1));
        assert_eq!(set(&used).await, 200);
        make_it(TIME_TO_LIVE);
        assert_eq!(set(&used).await, 200);
        assert_eq!(set(&unused).await, 410);
        assert_eq!(testbed.get(&format!("/params?id={unused}")).await.status, 410);
        assert_eq!(testbed.get(&format!("/stream?id={unused}")).await.status, 410);
    }

    #[tokio::test]
    async fn who_turns_knobs_more_often_than_it_may_changes_nothing_and_may_again_later() {
        let testbed = Testbed::behind_a_proxy();
        let id = testbed.create("").await.id;
        let set =
            async |level: f32| testbed.get(&format!("/set_param?id={id}&level={level}")).await;
        for _ in 0..8 {
            assert_eq!(set(0.25).await.status, 200);
        }
        let refused = set(0.75).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
        let limit = "more turns of knobs from your address than 2 a second; try again in 1 s\n";
        assert_eq!(refused.text(), limit);
        let long = "x".repeat(10 * 1024);
        assert_eq!(testbed.post("/set_param", &long).await.status, 429, "before the form is read");
        assert_eq!(testbed.params(&id).await["params"]["level"], json!(0.25));
        make_it(Duration::from_secs(1));
        assert_eq!(set(0.75).await.status, 200);
        let metrics = testbed.get("/metrics").await;
        let counted = "\nperpetuo_rate_limited_total{call=\"set_param\"} 2\n";
        assert!(metrics.text().contains(counted), "{}", metrics.text());
    }

    #[tokio::test]
    async fn head_is_refused_for_it_promises_to_change_nothing() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let answer = testbed.head(&format!("/set_param?id={id}&level=1")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST, OPTIONS"));
        assert_eq!(testbed.params(&id).await["params"]["level"], json!(0.5));
    }
}
