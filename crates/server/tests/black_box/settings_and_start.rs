//! What the program says when it is started wrongly.

use std::{fs, process::Output};

use crate::server::{Server, fresh_dir, perpetuo};

fn run(args: &[&str]) -> Output {
    perpetuo().args(args).output().unwrap()
}

fn complaint(args: &[&str]) -> String {
    let output = run(args);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_unknown_key_in_the_file_is_named_with_its_line() {
    let dir = fresh_dir();
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("perpetuo.toml");
    fs::write(&file, "threads = 1\n\nlisten_on = '127.0.0.1:0'\n").unwrap();
    let error = complaint(&["serve", "--config", file.to_str().unwrap()]);
    assert!(error.contains("line 3") && error.contains("listen_on"), "{error}");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_port_that_is_taken_is_an_error_in_words() {
    let server = Server::start();
    let dir = fresh_dir();
    let error =
        complaint(&["serve", "--listen", &server.address, "--data-dir", dir.to_str().unwrap()]);
    assert!(error.contains("cannot listen on") && error.contains("--listen"), "{error}");
    assert!(!dir.exists(), "nothing is left behind");
}

/// Told by the address that cannot be listened on: it belongs to nobody's machine (RFC 5737).
#[test]
fn flags_beat_the_environment_and_the_environment_beats_the_file() {
    let dir = fresh_dir();
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("perpetuo.toml");
    fs::write(&file, "listen = '203.0.113.1:80'").unwrap();
    let start = |env: Option<&str>, flag: &[&str]| {
        let mut command = perpetuo();
        command.arg("--config").arg(&file).arg("--data-dir").arg(&dir).args(flag);
        env.map(|value| command.env("PERPETUO_LISTEN", value));
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    assert!(start(None, &[]).contains("203.0.113.1:80"));
    assert!(start(Some("203.0.113.2:80"), &[]).contains("203.0.113.2:80"));
    let flag = ["--listen", "203.0.113.3:80"];
    assert!(start(Some("203.0.113.2:80"), &flag).contains("203.0.113.3:80"));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_key_in_the_environment_is_the_key_and_a_wrong_one_is_refused() {
    let dir = fresh_dir();
    for wrong in ["", "5a", &"x".repeat(64)] {
        let output = perpetuo()
            .args(["--listen", "127.0.0.1:0", "--data-dir", dir.to_str().unwrap()])
            .env("PERPETUO_KEY", wrong)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("PERPETUO_KEY: not a key; allowed: 64"), "{error}");
    }
    assert!(!dir.exists(), "nothing is made");
}

#[test]
fn help_and_the_catalogue_can_be_read() {
    for args in [&["--help"][..], &["serve", "--help"], &["stations"], &["stations", "drift"]] {
        let output = run(args);
        assert!(output.status.success(), "{args:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= 160),
            "{text}"
        );
    }
    assert!(complaint(&["stations", "nope"]).contains("allowed: drift"));
}
