//! `perpetuo render` makes what the air would carry.

use std::{fs, path::Path, process::Command};

use crate::{
    decoder::decode_mp3,
    server::{Server, fresh_dir, perpetuo},
};

fn render(args: &[&str], output: &Path) -> Command {
    let mut command = perpetuo();
    command.arg("render").args(args).arg("-o").arg(output);
    command
}

#[test]
fn a_live_stream_can_be_rendered_again_to_the_byte() {
    let server = Server::start();
    let id = server.create("station=acid&seed=77&tempo=133&brightness=0.2&level=0.7");
    let mut live = server.get(&format!("/stream?id={id}&lead=0.3"));
    let mut heard = live.bytes(30_000);
    let glide = server.json(&format!("/set_param?id={id}&brightness=0.9&ramp=0.8"));
    heard.extend(live.bytes(30_000));
    let draw = server.json(&format!("/set_param?id={id}&preset=random&tempo=128"));
    heard.extend(live.bytes(40_000));

    let dir = fresh_dir();
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("again.mp3");
    let glide = format!("{}:brightness=0.9,ramp=0.8", glide["position"]);
    let draw = format!("{}:preset=random,seed={},tempo=128", draw["position"], draw["seed"]);
    let set = ["--set", "tempo=133", "--set", "brightness=0.2", "--set", "level=0.7"];
    let turned = ["--at", &glide, "--at", &draw, "--seconds", "8"];
    let args = [&["acid", "--seed", "77"], &turned[..], &set[..]].concat();
    let output = render(&args, &file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let again = fs::read(&file).unwrap();
    assert!(again.starts_with(&heard), "the same frames, the changes included");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "no draft is left");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_passage_has_the_notes_of_the_whole() {
    let listed = String::from_utf8(perpetuo().arg("stations").output().unwrap().stdout).unwrap();
    let stations = listed.lines().skip(1).filter(|line| !line.starts_with(' '));
    let dir = fresh_dir();
    fs::create_dir_all(&dir).unwrap();
    for station in stations.map(|line| line.split(' ').next().unwrap()) {
        let turned = ["0.5:level=0.5", "2:brightness=0.9,ramp=20", "63:level=1,ramp=0.5"];
        let turned: Vec<_> = turned.iter().flat_map(|at| ["--at", at]).collect();
        let pcm = |args: &[&str]| {
            let file = dir.join("a.wav");
            let output = render(&[&[station], args, &turned].concat(), &file).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let bytes = fs::read(&file).unwrap().split_off(44);
            let samples = bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
            samples.map(f64::from).collect::<Vec<_>>()
        };
        let (whole, passage) =
            (pcm(&["--seconds", "65"]), pcm(&["--from", "62.5", "--seconds", "2"]));
        assert_eq!(passage.len(), 2 * 2 * 44_100);
        // It begins at a frame border.
        let from = 62_500 * 441 / 10 / 1152 * 1152 * 2;
        let whole = &whole[from..from + passage.len()];
        // The same notes: level by level, for what swings freely does so from another phase.
        let level_db = |samples: &[f64]| 10.0 * samples.iter().map(|x| x * x).sum::<f64>().log10();
        let tenths = whole.chunks(8820).zip(passage.chunks(8820));
        let apart: Vec<_> = tenths.map(|(a, b)| (level_db(a) - level_db(b)).abs()).collect();
        let mean_db = apart.iter().sum::<f64>() / apart.len() as f64;
        assert!(mean_db < 1.5, "{station}: {mean_db:.2} dB apart");
    }
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_wav_has_the_length_asked_for_and_an_mp3_no_less() {
    let dir = fresh_dir();
    fs::create_dir_all(&dir).unwrap();
    let (wav, mp3) = (dir.join("a.wav"), dir.join("a.mp3"));
    assert!(render(&["drift", "--seconds", "1.5"], &wav).status().unwrap().success());
    assert_eq!(fs::metadata(&wav).unwrap().len(), 44 + 66_150 * 4);
    assert!(render(&["drift", "--seconds", "1.5"], &mp3).status().unwrap().success());
    assert!(decode_mp3(fs::read(&mp3).unwrap()).unwrap().len() >= 66_150 + 1249);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let dir = fresh_dir();
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("a.wav");
    for (args, said) in [
        (&["nope"][..], "'nope' is not a station; allowed: drift"),
        (&["drift", "--seconds", "0"], "out of range"),
        (&["drift", "--seconds", "NaN"], "out of range"),
        (&["drift", "--from", "-1"], "out of range; allowed: 0 to 31536000"),
        (&["drift", "--preset", "nope"], "unknown preset 'nope'; allowed: "),
        (&["drift", "--at", "1:brightness=1,ramp=601"], "allowed: 0 to 600 s"),
        (&["drift", "--at", "1:ramp=1"], "sets nothing"),
        (&["drift", "--set", "brightness"], "allowed: NAME=VALUE"),
        (&["drift", "--set", "brightness=2"], "allowed: 0 to 1"),
        (&["drift", "--at", "brightness=1"], "allowed: SECONDS:NAME=VALUE,..."),
        (&["drift", "--at", "-1:brightness=1"], "allowed: SECONDS:NAME=VALUE,..."),
        (&["drift", "--at", "60:brightness=1"], "comes after the end"),
        (&["drift", "--bitrate", "128"], "a WAV file has none"),
    ] {
        let output = render(args, &file).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(said), "{args:?}: {error}");
    }
    let ogg = render(&["drift"], &dir.join("a.ogg")).output().unwrap();
    assert!(String::from_utf8(ogg.stderr).unwrap().contains("allowed: .mp3, .wav"));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    fs::remove_dir_all(dir).unwrap();
}
