//! A server of our own on a free port, and a client simple enough to see every byte.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// A running `perpetuo serve`; dropped, it is killed and its data removed.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) data_dir: PathBuf,
}

/// A response whose head has been read.
pub(crate) struct Response {
    pub(crate) head: String,
    pub(crate) socket: BufReader<TcpStream>,
}

/// A folder of its own for one test.
pub(crate) fn fresh_dir() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("perpetuo-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
    let dir = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&dir);
    dir
}

/// The program, without the settings of whoever runs the tests.
pub(crate) fn perpetuo() -> Command {
    of_nobody(Command::new(env!("CARGO_BIN_EXE_perpetuo")))
}

/// The program, on a socket that is handed over, as systemd does it: as descriptor 3, to the process of this
/// number.
pub(crate) fn perpetuo_on(socket: impl Into<OwnedFd>) -> Command {
    let hand_over = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
    let mut command = of_nobody(Command::new("sh"));
    command.args(["-c", hand_over, env!("CARGO_BIN_EXE_perpetuo")]).stdin(socket.into());
    command
}

fn of_nobody(mut command: Command) -> Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PERPETUO_")) {
        command.env_remove(name);
    }
    command
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&fresh_dir(), &[])
    }

    pub(crate) fn start_with(data_dir: &Path, args: &[&str]) -> Self {
        Self::spawn(data_dir, perpetuo().args(["--log-level", "warn"]).args(args))
    }

    /// One that logs as it does by default, and its log.
    pub(crate) fn start_logged(data_dir: &Path, args: &[&str]) -> (Self, BufReader<ChildStderr>) {
        Self::spawn_logged(data_dir, perpetuo().args(args))
    }

    pub(crate) fn spawn_logged(
        data_dir: &Path,
        command: &mut Command,
    ) -> (Self, BufReader<ChildStderr>) {
        let mut server = Self::spawn(data_dir, command.stderr(Stdio::piped()));
        let log = server.child.stderr.take().unwrap();
        (server, BufReader::new(log))
    }

    pub(crate) fn spawn(data_dir: &Path, command: &mut Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).expect(&line).trim_end().trim_end_matches('/');
        Self { address: address.to_owned(), child, data_dir: data_dir.to_owned() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(&self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        socket
    }

    /// Sends a GET and reads the head of the answer.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"))
    }

    pub(crate) fn request(&self, request: &str) -> Response {
        let mut socket = self.connect();
        socket.write_all(request.as_bytes()).unwrap();
        let mut socket = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(socket.read_line(&mut head).unwrap() > 0, "no head: {head:?}");
        }
        Response { head, socket }
    }

    /// The whole body of an answer with status 200.
    pub(crate) fn text(&self, path: &str) -> String {
        let response = self.get(path);
        assert_eq!(response.status(), 200, "{path}: {}", response.head);
        response.text()
    }

    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }

    pub(crate) fn create(&self, query: &str) -> String {
        self.text(&format!("/create_stream?{query}")).trim().to_owned()
    }

    /// The value of a metric in `/metrics`, summed over its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.text("/metrics");
        let is_it =
            |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let values = text.lines().filter(is_it).map(|line| line.rsplit(' ').next().unwrap());
        let values: Vec<f64> = values.map(|value| value.parse().unwrap()).collect();
        assert!(!values.is_empty(), "no {name}");
        values.iter().sum()
    }

    /// Waits until a metric has a value, at most 10 s.
    pub(crate) fn wait_for_metric(&self, name: &str, value: f64) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.metric(name) != value {
            assert!(Instant::now() < deadline, "{name} is {}, not {value}", self.metric(name));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn terminate(&mut self) -> (ExitStatus, Duration) {
        self.signal("TERM")
    }

    /// Sends a signal by its name and waits for the end.
    pub(crate) fn signal(&mut self, name: &str) -> (ExitStatus, Duration) {
        let started = Instant::now();
        self.send(name);
        (self.child.wait().unwrap(), started.elapsed())
    }

    /// Sends a signal by its name.
    pub(crate) fn send(&self, name: &str) {
        let kill =
            Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for the end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data_dir);
    }
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(mut self) -> String {
        let mut text = String::new();
        self.socket.read_to_string(&mut text).unwrap();
        text
    }

    /// The next `len` bytes of the body.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.socket.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// What is left of the body.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.socket.read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// Splits MP3 into whole frames of 128 kbit/s at 44.1 kHz; panics where the chain breaks.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while bytes.len() >= 4 {
        assert_eq!(bytes[..2], [0xFF, 0xFB], "frame {}", frames.len());
        let len = 417 + usize::from(bytes[2] >> 1 & 1);
        if bytes.len() < len {
            break;
        }
        let (frame, rest) = bytes.split_at(len);
        frames.push(frame);
        bytes = rest;
    }
    frames
}
