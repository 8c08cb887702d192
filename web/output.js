// The way out: an audio context that runs while it is needed, what is heard for analysis, and when.

import { SAMPLE_RATE_HZ } from "/web/frames.js";

/**
 * `onStateChange()` hears when the browser starts or stops the context by itself. To be created when
 * the user does something, or the browser will not let it sound.
 */
export function createOutput(onStateChange) {
  const latencyHint = matchMedia("(pointer: coarse)").matches ? "interactive" : LEAST;
  const context = new AudioContext({ latencyHint, sampleRate: SAMPLE_RATE_HZ });
  const analyser = new AnalyserNode(context);
  analyser.connect(context.destination);
  let timer;
  context.addEventListener("statechange", onStateChange);

  return {
    context,
    analyser,
    get isRunning() {
      return context.state === "running";
    },
    /** Sounds, or says false when the browser does not let it. */
    async resume() {
      clearTimeout(timer);
      if (context.state === "running") return true;
      const patience = new Promise((done) => setTimeout(done, PATIENCE_MS));
      await Promise.race([context.resume().catch(() => {}), patience]);
      return context.state === "running";
    },
    /** Rests soon, when what is sounding has faded. */
    rest() {
      clearTimeout(timer);
      timer = setTimeout(() => context.suspend().catch(() => {}), REST_AFTER_MS);
    },
    /** When what the context renders at `time` is heard, in seconds of `performance.now()`. */
    heardAt(time) {
      const { contextTime, performanceTime } = context.getOutputTimestamp?.() ?? {};
      const isKnown = performanceTime > 0 && contextTime > 0;
      if (isKnown) return performanceTime / 1000 + time - contextTime;
      return performance.now() / 1000 + time - context.currentTime + this.latency;
    },
    /** From the context to the ear, in seconds, as far as the browser knows. */
    get latency() {
      return context.outputLatency || context.baseLatency || 0;
    },
  };
}

/** The smallest buffer there is, 30 ms sooner in Chromium on Linux (2026-11). It would tire a phone. */
const LEAST = 0;
const PATIENCE_MS = 1000;
/** A context that was opened early waits this long for a stream. */
const REST_AFTER_MS = 3000;
