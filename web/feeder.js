// The worker of webcodecs.js: from a stream's body to samples in the ring, away from the page's work.

import { feed } from "/web/feed.js";
import { CODEC_DELAY, FRAME_LEN, SAMPLE_RATE_HZ, joined } from "/web/frames.js";

let ring = null;
let connection = new AbortController();

self.onmessage = ({ data }) => {
  if (data.ring) {
    ring = data.ring;
    return;
  }
  connection.abort();
  connection = new AbortController();
  if (data.join) join(data, connection);
};

async function join({ join, id, options }, { signal }) {
  let decoder = null;
  const onBroken = (error) => {
    if (signal.aborted) return;
    connection.abort();
    self.postMessage({ join, broken: error.message });
  };
  try {
    await feed(id, options, signal, {
      onHead(position) {
        ring.postMessage({ begin: position - CODEC_DELAY });
        decoder = createDecoder((samples) => {
          if (!signal.aborted) ring.postMessage(samples, [samples.left.buffer, samples.right.buffer]);
        }, onBroken);
      },
      onFrames: (frames) => decoder.decode(frames),
    });
  } catch ({ status, message, retryAfter }) {
    self.postMessage({ join, lost: { status, message, retryAfter } });
  } finally {
    decoder?.close();
  }
}

/** Decodes frames; those that came together are given together. */
function createDecoder(onSamples, onError) {
  let blocks = [];
  let expected = 0;
  let timestamp = 0;
  const decoder = new AudioDecoder({ output: take, error: onError });
  try {
    decoder.configure({ codec: "mp3", sampleRate: SAMPLE_RATE_HZ, numberOfChannels: 2 });
  } catch (error) {
    onError(error);
  }

  function take(data) {
    blocks.push(samplesOf(data));
    data.close();
    expected -= 1;
    if (expected <= 0) flush();
  }

  function flush() {
    if (blocks.length > 0) {
      const [left, right] = ["left", "right"].map((side) => joined(blocks.map((block) => block[side])));
      onSamples({ left, right });
    }
    blocks = [];
    expected = 0;
  }

  return {
    decode(frames) {
      if (decoder.state !== "configured") return;
      flush();
      expected = frames.length;
      for (const data of frames) {
        decoder.decode(new EncodedAudioChunk({ type: "key", timestamp, data }));
        timestamp += FRAME_US;
      }
    },
    close() {
      if (decoder.state !== "closed") decoder.close();
    },
  };
}

function samplesOf(data) {
  const [left, right] = [0, 1].map((plane) => {
    const samples = new Float32Array(data.numberOfFrames);
    const planeIndex = Math.min(plane, data.numberOfChannels - 1);
    data.copyTo(samples, { planeIndex, format: "f32-planar" });
    return samples;
  });
  return { left, right };
}

const FRAME_US = Math.round((1e6 * FRAME_LEN) / SAMPLE_RATE_HZ);
