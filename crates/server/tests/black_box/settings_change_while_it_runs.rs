//! SIGHUP: limits and the log level count at once, and nobody hears it.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::ChildStderr,
};

use crate::server::{Server, fresh_dir, perpetuo};

/// Reads the log until a line has these words.
fn logged(log: &mut BufReader<ChildStderr>, words: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "the log has ended without: {words}");
        if line.contains(words) {
            return line;
        }
    }
}

#[test]
fn limits_and_the_log_level_count_at_once_and_who_listens_stays() {
    let dir = fresh_dir();
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("perpetuo.toml");
    fs::write(&file, "").unwrap();
    let (server, mut log) = Server::spawn_logged(
        &dir,
        perpetuo().args(["--config", file.to_str().unwrap(), "--threads", "1"]),
    );
    let id = server.create("");
    let path = format!("/stream?id={id}&lead=0.2");
    let mut stream = server.get(&path);
    stream.bytes(1000);
    let mut reload = |settings: &str, words: &str| {
        fs::write(&file, settings).unwrap();
        server.send("HUP");
        logged(&mut log, words)
    };

    // `--threads` says how many, whatever the file says.
    let settings = "max_listeners = 1\nlog_level = 'debug'\nthreads = 2\nosc = '127.0.0.1:9'\n";
    let line = reload(settings, "settings read again");
    assert!(line.contains("changed=\"log_level, max_listeners\""), "{line}");
    let line = reload(settings, "count after a restart");
    assert!(line.contains(" WARN ") && line.contains("changed=\"osc\""), "{line}");
    assert_eq!(server.get(&path).status(), 503);
    stream.bytes(10_000);

    let wrong = "max_listeners = 0\ncreates_per_second = -1\n";
    let line = reload(wrong, "the settings stay as they are");
    assert!(line.contains(" ERROR ") && line.contains(file.to_str().unwrap()), "{line}");
    assert_eq!(server.get(&path).status(), 503);

    reload(
        "max_listeners = 0\ncreates_per_second = 1\nlog_level = 'debug'\n",
        "settings read again",
    );
    assert_eq!(server.get(&path).status(), 200);
    let refused = (0..100).find(|_| server.get("/create_stream").status() == 429);
    assert!(refused.is_some());
    stream.bytes(10_000);
    assert_eq!(server.metric("perpetuo_underruns_total"), 0.0);
}
