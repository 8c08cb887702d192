//! From a piece that renders one block at a time to a [`Station`] that renders any slice.

use perpetuo_dsp::State;
use perpetuo_station::{BLOCK_LEN, ResumeError, Setting, Snapshot, Station};

/// One block of the two channels.
pub(crate) type Block = [[f32; BLOCK_LEN]; 2];

/// A performance that knows blocks only. What a snapshot needs is what [`State::visit`] visits.
pub(crate) trait Piece: State + Send {
    /// Renders the next block, replacing what is in `out`.
    fn render_block(&mut self, out: &mut Block);

    /// Takes a checked value for the parameter at `index`; it counts from the next block.
    fn set(&mut self, index: usize, value: f32);
}

/// A [`Piece`] and the part of its latest block that has not been taken yet.
pub(crate) struct Blockwise<P> {
    piece: P,
    block: Block,
    at: usize,
}

impl<P: Piece> Blockwise<P> {
    pub(crate) fn new(piece: P) -> Self {
        Self { piece, block: [[0.0; BLOCK_LEN]; 2], at: BLOCK_LEN }
    }
}

impl<P: Piece> Station for Blockwise<P> {
    fn render(&mut self, out: &mut [&mut [f32]; 2]) {
        let [left, right] = out;
        assert_eq!(left.len(), right.len(), "both channels are of one length");
        let mut start = 0;
        while start < left.len() {
            if self.at == BLOCK_LEN {
                self.piece.render_block(&mut self.block);
                self.at = 0;
            }
            let len = (left.len() - start).min(BLOCK_LEN - self.at);
            let (from, to) = (self.at..self.at + len, start..start + len);
            left[to.clone()].copy_from_slice(&self.block[0][from.clone()]);
            right[to].copy_from_slice(&self.block[1][from]);
            self.at += len;
            start += len;
        }
    }

    fn set(&mut self, setting: Setting) {
        self.piece.set(setting.index(), setting.value());
    }

    fn skip(&mut self, samples: u64) -> u64 {
        for _ in 0..samples {
            self.render(&mut [&mut [0.0], &mut [0.0]]);
        }
        samples
    }

    fn title(&self) -> perpetuo_station::Title {
        perpetuo_station::Title::default()
    }

    fn snapshot(&mut self) -> Snapshot {
        let mut bytes = Vec::with_capacity(Snapshot::MAX_LEN);
        self.piece.visit(&mut |word| bytes.extend_from_slice(&word.to_le_bytes()));
        #[expect(clippy::expect_used, reason = "the contract test holds every station to it")]
        Snapshot::new(bytes).expect("a station's state has at most 256 words")
    }

    fn resume(&mut self, snapshot: &Snapshot) -> Result<(), ResumeError> {
        let mut expected = 0;
        self.piece.visit(&mut |_| expected += size_of::<u32>());
        let bytes = snapshot.as_bytes();
        if bytes.len() != expected {
            return Err(ResumeError { len: bytes.len(), expected });
        }
        let mut words = bytes.chunks_exact(size_of::<u32>());
        self.piece.visit(&mut |word| {
            if let Some([a, b, c, d]) = words.next() {
                *word = u32::from_le_bytes([*a, *b, *c, *d]);
            }
        });
        self.at = BLOCK_LEN;
        Ok(())
    }
}
