// A stream's body as frames, for as long as it comes. For the page and for workers.

import { Problem, openStream } from "/web/api.js";
import { Framer, SAMPLE_RATE_HZ } from "/web/frames.js";

/**
 * Opens the stream `id` and hands its frames to `onFrames` as they arrive, after the position of the
 * first sample, in samples, to `onHead`. Returns when `signal` aborts; throws a `Problem` when the
 * stream is refused, ends, or stalls.
 */
export async function feed(id, options, signal, { onHead, onFrames }) {
  const connection = new AbortController();
  const hangUp = () => connection.abort();
  signal.addEventListener("abort", hangUp);
  const watch = createWatch(hangUp);
  try {
    const response = await openStream(id, options, connection.signal);
    const position = Number(response.headers.get("Perpetuo-Position"));
    const framer = new Framer();
    onHead(Math.round(position * SAMPLE_RATE_HZ));
    for (const reader = response.body.getReader(); ; ) {
      watch.feed();
      const { done, value } = await reader.read();
      if (done || watch.hasGaped()) break;
      const frames = framer.push(value);
      if (frames.length > 0) onFrames(frames);
    }
    if (!signal.aborted) throw new Problem(0, "The stream stopped.");
  } catch (problem) {
    if (signal.aborted) return;
    throw problem instanceof Problem ? problem : new Problem(0, "The connection was lost.");
  } finally {
    watch.stop();
    hangUp();
    signal.removeEventListener("abort", hangUp);
  }
}

/** Calls `onStall` when nothing has come for too long. It goes by the day's clock, which sees sleep. */
function createWatch(onStall) {
  let last = Date.now();
  let patience = HEAD_MS;
  const timer = setInterval(() => {
    if (Date.now() - last > patience) onStall();
  }, STALL_MS / 5);
  return {
    feed() {
      last = Date.now();
      patience = STALL_MS;
    },
    /** After so long a gap the server may have gone on without us, and positions count no more. */
    hasGaped: () => Date.now() - last > GAP_MS,
    stop: () => clearInterval(timer),
  };
}

/** For the head: a new stream behind a slow network. */
const HEAD_MS = 8000;
const STALL_MS = 2500;
/** The server lets who is more than a second behind jump to the live edge. */
const GAP_MS = 1000;
