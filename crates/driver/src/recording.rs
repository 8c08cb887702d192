//! What was heard of a stream, rendered again as a file.
//!
//! ```text
//!   passages ──► thread of its own, nice 19 ── pieces ──► channel ──► whoever asked
//!                 └─ at most one a core at work
//! ```
//!
//! Recordings take what render threads leave: the system gives a thread of the lowest priority next to nothing
//! while another wants the core. One that waits for its client lets another work meanwhile.

use std::{ops::Range, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use perpetuo_engine::{Encoder, Encoding, FRAME_LEN, Passage, Position, Recital, wav_header};
use rustix::{process::setpriority_process, thread::gettid};
use tokio::{
    runtime,
    sync::{
        OwnedSemaphorePermit, Semaphore,
        mpsc::{Receiver, Sender, channel, error::TrySendError},
    },
};
use tracing::error;

use crate::{DriverError, Handle, Origin};

/// A passage that was heard and is kept, to be rendered again.
#[derive(Debug)]
pub struct Recording {
    origin: Origin,
    passages: Vec<Passage>,
    span: Range<Position>,
    encoding: Encoding,
    sample_rate_hz: u32,
    turns: Turns,
}

/// Who may render a recording.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    /// As many as may be under way, most of them waiting for their clients.
    places: Arc<Semaphore>,
    /// As many as may be at work.
    cores: Arc<Semaphore>,
}

/// How long a recording may wait until it can begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// Recordings under way for each that may be at work, at some 300 KiB each.
const PLACES_A_CORE: usize = 16;

/// Frames that an encoder is given before those that are wanted: its rate control then does what it did on the
/// air.
const WARM_UP_FRAMES: u64 = 77;

/// Frames in a piece: some 13 KiB of MP3, 150 KiB of WAV.
const PIECE_FRAMES: usize = 32;

/// Pieces that wait for their client.
const PIECES_AHEAD: usize = 4;

impl Handle {
    /// What is kept of a span of a stream, which `span` tells from where the stream is now. Nothing is rendered
    /// yet, and the stream does not notice.
    ///
    /// # Errors
    ///
    /// Each of [`DriverError`] but [`DriverError::NoEncoder`] and [`DriverError::Full`].
    pub async fn recording(
        &self,
        origin: Origin,
        encoding: Encoding,
        span: impl FnOnce(Position) -> Range<Position>,
    ) -> Result<Recording, DriverError> {
        let sample_rate_hz = self.sample_rate_hz();
        let frames = |time: Duration| {
            let samples = time.as_secs_f64() * f64::from(sample_rate_hz);
            (samples as u64).next_multiple_of(FRAME_LEN as u64)
        };
        let (refill, lead_in) = (frames(origin.spec.refill), frames(Recital::LEAD_IN));
        let mut wanted = Position::START..Position::START;
        let passages = self
            .passages(origin.clone(), |live| {
                let asked = span(live);
                wanted = border(asked.start)..border(asked.end.min(live));
                Position::new(wanted.start.samples().saturating_sub(lead_in))..=wanted.end
            })
            .await?;
        // Without a snapshot it is the beginning, before which there are no tails.
        let begin = passages.first().map_or(Position::START, |first| match first.from.snapshot {
            Some(_) => first.from.position + refill,
            None => first.from.position,
        });
        let end = passages.last().map_or(Position::START, |last| last.to);
        let start = wanted.start.max(begin);
        let span = start..wanted.end.min(end).max(start);
        let turns = self.turns.clone();
        Ok(Recording { origin, passages, span, encoding, sample_rate_hz, turns })
    }
}

impl Recording {
    /// What there is of what was asked for, at frame borders; empty if nothing is kept of it.
    pub fn span(&self) -> &Range<Position> {
        &self.span
    }

    /// The length of the file in bytes.
    pub fn len(&self) -> u64 {
        let before = |border| self.encoding.bytes_before(border, self.sample_rate_hz);
        self.preamble().len() as u64 + before(self.span.end) - before(self.span.start)
    }

    /// Whether there is nothing to render.
    pub fn is_empty(&self) -> bool {
        self.span.is_empty()
    }

    /// Begins to render, when it is its turn: the file comes in pieces, no faster than they are taken. It ends early
    /// if the station panics; dropping the receiver ends the work.
    ///
    /// # Errors
    ///
    /// [`DriverError::NoTurn`] if others took too long, [`DriverError::NoEncoder`].
    pub async fn render(self) -> Result<Receiver<Vec<u8>>, DriverError> {
        let no_turn = |_| DriverError::NoTurn;
        let place = Arc::clone(&self.turns.places).try_acquire_owned().map_err(no_turn)?;
        let turn = Arc::clone(&self.turns.cores).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await.map_err(|_| DriverError::NoTurn)?;
        let turn = turn.map_err(|_| DriverError::ShuttingDown)?;
        let encoder = self.encoding.encoder(self.sample_rate_hz, self.warms_up());
        let encoder = encoder.map_err(|_| DriverError::NoEncoder)?;
        let (pieces, taken) = channel(PIECES_AHEAD);
        let cores = Arc::clone(&self.turns.cores);
        let desk = Desk { pieces, turn: Some(turn), cores, runtime: runtime::Handle::current() };
        let work = move || {
            let _place = place;
            // Where it is not allowed, it takes its share like others.
            let _ = setpriority_process(Some(gettid()), 19);
            let stream = self.origin.key;
            let done = std::panic::catch_unwind(AssertUnwindSafe(|| self.work(encoder, desk)));
            if done.is_err() {
                error!(%stream, "the station panicked when it was heard again");
            }
        };
        let thread = std::thread::Builder::new().name("recording".to_owned());
        thread.spawn(work).map_err(|_| DriverError::NoTurn)?;
        Ok(taken)
    }

    /// Renders all of it, as long as someone takes it; `None` when nobody does.
    fn work(self, mut encoder: Box<dyn Encoder>, mut desk: Desk) -> Option<()> {
        let (warms_up, preamble) = (self.warms_up(), self.preamble());
        let Self { origin, passages, span, sample_rate_hz, .. } = self;
        let Origin { spec, seed, .. } = origin;
        let mut recital = Recital::new(spec, seed, passages, span.start, sample_rate_hz)?;
        let mut piece = Vec::new();
        while recital.position() < span.start {
            let is_heard = recital.position() >= warms_up;
            let pcm = recital.render();
            if is_heard {
                encoder.encode(pcm.each_ref().map(|channel| &channel[..]), &mut piece);
                piece.clear();
            }
            if desk.pieces.is_closed() {
                return None;
            }
        }
        piece.extend_from_slice(&preamble);
        let piece_len = (PIECE_FRAMES * FRAME_LEN) as u64;
        while recital.position() < span.end {
            let pcm = recital.render();
            encoder.encode(pcm.each_ref().map(|channel| &channel[..]), &mut piece);
            let heard = recital.position().since(span.start);
            if heard % piece_len == 0 || recital.position() == span.end {
                desk.hand_over(std::mem::take(&mut piece))?;
            }
        }
        Some(())
    }

    /// Where the encoder begins: as many frames before as there are, up to [`WARM_UP_FRAMES`].
    fn warms_up(&self) -> Position {
        let past = WARM_UP_FRAMES * FRAME_LEN as u64;
        Position::new(self.span.start.samples().saturating_sub(past))
    }

    fn preamble(&self) -> Vec<u8> {
        match self.encoding {
            Encoding::Mp3(_) => Vec::new(),
            Encoding::Wav => {
                let samples = self.span.end.since(self.span.start);
                let samples = u32::try_from(samples).unwrap_or(u32::MAX);
                wav_header(Some(samples), self.sample_rate_hz).to_vec()
            }
        }
    }
}

impl Turns {
    pub(crate) fn new(cores: usize) -> Self {
        let places = Arc::new(Semaphore::new(PLACES_A_CORE * cores));
        Self { places, cores: Arc::new(Semaphore::new(cores)) }
    }
}

/// Where pieces are handed over.
struct Desk {
    pieces: Sender<Vec<u8>>,
    turn: Option<OwnedSemaphorePermit>,
    cores: Arc<Semaphore>,
    runtime: runtime::Handle,
}

impl Desk {
    /// Hands over a piece; whoever has to wait for that, others work meanwhile. `None` when nobody takes it.
    fn hand_over(&mut self, piece: Vec<u8>) -> Option<()> {
        match self.pieces.try_send(piece) {
            Ok(()) => Some(()),
            Err(TrySendError::Closed(_)) => None,
            Err(TrySendError::Full(piece)) => {
                self.turn = None;
                self.pieces.blocking_send(piece).ok()?;
                let turn = self.runtime.block_on(Arc::clone(&self.cores).acquire_owned());
                self.turn = Some(turn.ok()?);
                Some(())
            }
        }
    }
}

/// The frame border at a position or before it.
fn border(position: Position) -> Position {
    Position::new(position.samples() - position.samples() % FRAME_LEN as u64)
}
