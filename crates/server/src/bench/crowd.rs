//! Listeners at the other end of real sockets: one thread that reads what it is sent and counts.
//!
//! Each plays what it gets from the first byte on, without a reserve of its own. If at some moment less
//! has come than has been played, that is an underrun, and it goes on from there.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;
use mio::{Events, Interest, Poll, Token, Waker, net::TcpStream};
use rustix::time::{ClockId, clock_gettime};

/// Who was told to listen, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) listening: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) ended: AtomicU64,
    pub(super) underruns: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// The longest that anyone waited for a refusal.
    pub(super) slowest_refusal_us: AtomicU64,
    /// The longest that anyone waited for the first byte of audio.
    pub(super) slowest_first_byte_us: AtomicU64,
    cpu_us: AtomicU64,
    is_over: AtomicBool,
}

/// The thread that listens.
pub(super) struct Crowd {
    pub(super) tally: Arc<Tally>,
    paths: mpsc::Sender<String>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

struct Ears {
    address: SocketAddr,
    bytes_a_second: f64,
    poll: Poll,
    paths: mpsc::Receiver<String>,
    ears: HashMap<Token, Ear>,
    tally: Arc<Tally>,
}

struct Ear {
    socket: TcpStream,
    request: Vec<u8>,
    asked: Instant,
    head: Vec<u8>,
    /// When the first byte of audio came, and how many have come since.
    playing: Option<(Instant, f64)>,
}

const NEW_PATHS: Token = Token(usize::MAX);

/// No answer's head is longer.
const MAX_HEAD: usize = 8192;

impl Crowd {
    pub(super) fn start(address: SocketAddr, bytes_a_second: f64) -> anyhow::Result<Self> {
        let poll = Poll::new().context("cannot wait for sockets")?;
        let waker = Waker::new(poll.registry(), NEW_PATHS).context("cannot wait for sockets")?;
        let (sender, paths) = mpsc::channel();
        let tally = Arc::new(Tally::default());
        let ears = HashMap::new();
        let crowd = Ears { address, bytes_a_second, poll, paths, ears, tally: Arc::clone(&tally) };
        let thread = std::thread::Builder::new().name("crowd".to_owned());
        let thread = Some(thread.spawn(move || crowd.run()).context("cannot start a thread")?);
        Ok(Self { tally, paths: sender, waker, thread })
    }

    /// Lets one more listen to what is there.
    pub(super) fn send_to(&self, path: String) -> anyhow::Result<()> {
        self.paths.send(path).context("the reader has ended")?;
        self.waker.wake().context("the reader cannot be woken")
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tally.is_over.store(true, Relaxed);
        let _ = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Tally {
    /// CPU time that the crowd has taken.
    pub(super) fn cpu(&self) -> Duration {
        Duration::from_micros(self.cpu_us.load(Relaxed))
    }
}

impl Ears {
    fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut room = vec![0; 256 * 1024];
        let mut made = 0;
        let mut swept = Instant::now();
        while !self.tally.is_over.load(Relaxed) {
            if self.poll.poll(&mut events, Some(Duration::from_millis(100))).is_err() {
                continue;
            }
            while let Ok(path) = self.paths.try_recv() {
                self.open(Token(made), &path);
                made += 1;
            }
            for event in &events {
                if let Some(ear) = self.ears.get_mut(&event.token())
                    && !ear.listen(self.bytes_a_second, &mut room, &self.tally)
                {
                    self.ears.remove(&event.token());
                }
            }
            if swept.elapsed() > Duration::from_secs(1) {
                swept = Instant::now();
                let ears = self.ears.values_mut();
                ears.for_each(|ear| ear.starve(swept, self.bytes_a_second, &self.tally));
            }
            let cpu = clock_gettime(ClockId::ThreadCPUTime);
            let cpu = Duration::new(cpu.tv_sec as u64, cpu.tv_nsec as u32);
            self.tally.cpu_us.store(cpu.as_micros() as u64, Relaxed);
        }
    }

    fn open(&mut self, token: Token, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes();
        let opened = TcpStream::connect(self.address).and_then(|mut socket| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut socket, token, interest)?;
            Ok(socket)
        });
        match opened {
            Ok(socket) => {
                let asked = Instant::now();
                let ear = Ear { socket, request, asked, head: Vec::new(), playing: None };
                self.ears.insert(token, ear);
            }
            Err(_) => drop(self.tally.ended.fetch_add(1, Relaxed)),
        }
    }
}

impl Ear {
    /// Reads what has come; `false` when nothing more will.
    fn listen(&mut self, bytes_a_second: f64, room: &mut [u8], tally: &Tally) -> bool {
        while !self.request.is_empty() {
            match self.socket.write(&self.request) {
                Ok(sent) => drop(self.request.drain(..sent)),
                Err(error) if is_early(&error) => return true,
                Err(_) => return self.end(tally),
            }
        }
        loop {
            match self.socket.read(room) {
                Ok(0) => return self.end(tally),
                Ok(len) => {
                    if !self.hear(&room[..len], bytes_a_second, tally) {
                        return false;
                    }
                }
                Err(error) if is_early(&error) => return true,
                Err(_) => return self.end(tally),
            }
        }
    }

    fn hear(&mut self, bytes: &[u8], bytes_a_second: f64, tally: &Tally) -> bool {
        let now = Instant::now();
        let mut audio = bytes;
        if self.playing.is_none() {
            self.head.extend_from_slice(bytes);
            let Some(end) = self.head.windows(4).position(|window| window == b"\r\n\r\n") else {
                return self.head.len() < MAX_HEAD || self.end(tally);
            };
            let waited = now.duration_since(self.asked).as_micros() as u64;
            if !self.head.starts_with(b"HTTP/1.0 200") {
                tally.refused.fetch_add(1, Relaxed);
                tally.slowest_refusal_us.fetch_max(waited, Relaxed);
                return false;
            }
            let before = self.head.len() - bytes.len();
            audio = &bytes[(end + 4).saturating_sub(before)..];
            if audio.is_empty() {
                return true;
            }
            self.head = Vec::new();
            tally.listening.fetch_add(1, Relaxed);
            tally.slowest_first_byte_us.fetch_max(waited, Relaxed);
        }
        tally.bytes.fetch_add(audio.len() as u64, Relaxed);
        self.starve(now, bytes_a_second, tally);
        self.playing.get_or_insert((now, 0.0)).1 += audio.len() as f64;
        true
    }

    /// Counts an underrun if more has been played than has come.
    fn starve(&mut self, now: Instant, bytes_a_second: f64, tally: &Tally) {
        let Some((since, heard)) = &mut self.playing else { return };
        let played = now.duration_since(*since).as_secs_f64() * bytes_a_second;
        if played > *heard && *heard > 0.0 {
            tally.underruns.fetch_add(1, Relaxed);
            (*since, *heard) = (now, 0.0);
        }
    }

    fn end(&mut self, tally: &Tally) -> bool {
        if self.playing.is_some() {
            tally.listening.fetch_sub(1, Relaxed);
        }
        tally.ended.fetch_add(1, Relaxed);
        false
    }
}

fn is_early(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted)
}
