// One stream, always joined at the live edge, and joined again when lost.

import { Problem } from "/web/api.js";
import { waitBefore } from "/web/backoff.js";
import { CODEC_DELAY, FRAME_LEN, SAMPLE_RATE_HZ } from "/web/frames.js";
import { createOutput } from "/web/output.js";
import { techniques } from "/web/techniques.js";

/**
 * Plays streams the quickest way this browser knows. `onChange(state, problem, seconds)` hears every
 * change of state: "connecting", "playing", "paused", "ready" (the browser wants a press of play first),
 * "lost" (joins again after `seconds`) or "failed".
 */
export function createPlayer(onChange) {
  const ways = techniques();
  let output = null;
  let session = null;
  let id = null;
  let isWanted = false;
  let isInterrupted = false;
  let soundsSince = null;
  let attempts = 0;
  let breaks = 0;
  let restartUntil = 0;
  let timer;

  const isRestarting = () => Date.now() < restartUntil;

  /** Opens what needs time, so that it is there when something is to be played. */
  function prepare() {
    output ??= createOutput(onOutputChange);
    if (!isWanted) output.rest();
    session ??= ways[0]?.open(output, optionsFor(roundTrip()), { onSound, onLost, onBroken, onPaused });
  }

  async function join() {
    clearTimeout(timer);
    soundsSince = null;
    onChange("connecting", isRestarting() ? RESTARTING : undefined);
    prepare();
    if (!session) return leave("failed", new Problem(400, "This browser cannot play that way."));
    session.join(id);
    timer = setTimeout(() => onLost(new Problem(0, "No sound came.")), SILENCE_MS);
    if (!(await output.resume()) && isWanted) leave("ready");
  }

  /** Drops the connection, so that the server stops rendering for us. */
  function leave(state, problem) {
    isWanted = false;
    clearTimeout(timer);
    session?.leave();
    output?.rest();
    onChange(state, problem);
  }

  function onSound() {
    if (!isWanted || soundsSince !== null) return;
    clearTimeout(timer);
    soundsSince = Date.now();
    restartUntil = 0;
    onChange("playing");
  }

  function onLost(problem) {
    if (!isWanted) return;
    session?.leave();
    if (!problem.isPassing) return leave("failed", problem);
    const wasSteady = soundsSince !== null && Date.now() - soundsSince > STEADY_MS;
    attempts = wasSteady ? 0 : attempts;
    soundsSince = null;
    const isRestart = isRestarting() && !problem.isFull;
    const seconds = waitBefore(attempts, isRestart ? 0 : problem.retryAfter);
    attempts += 1;
    if (seconds === 0) return join();
    onChange("lost", isRestart ? RESTARTING : problem, seconds);
    clearTimeout(timer);
    timer = setTimeout(join, seconds * 1000);
  }

  /** Once may be chance; twice, the next way is tried. */
  function onBroken(error) {
    console.warn(`${ways[0].name}: ${error?.message ?? error}`);
    session?.close();
    session = null;
    breaks += 1;
    const isGivenUp = breaks >= BREAKS && ways.length > 1;
    if (isGivenUp) {
      breaks = 0;
      ways.shift();
    }
    if (!isWanted) return;
    if (breaks < BREAKS) join();
    else onLost(new Problem(0, "The browser could not play the stream."));
  }

  function onPaused() {
    if (isWanted) leave("paused");
  }

  /** The browser stopped the output, for a call or another device, or let it go on. */
  async function onOutputChange() {
    if (output.isRunning) {
      if (isInterrupted) start();
    } else if (isWanted && soundsSince !== null && !(await output.resume()) && isWanted) {
      leave("ready");
      isInterrupted = true;
    }
  }

  function start() {
    isWanted = true;
    isInterrupted = false;
    attempts = 0;
    join();
  }

  for (const gesture of ["pointerdown", "keydown"]) {
    addEventListener(gesture, prepare, { once: true, capture: true });
  }
  addEventListener("online", () => {
    if (isWanted && soundsSince === null) join();
  });
  addEventListener("pagehide", () => {
    if (isWanted) leave("ready");
  });

  return {
    /** Plays the stream `next`, or goes on with the one there is. */
    play(next = id) {
      id = next;
      start();
    },
    pause() {
      isInterrupted = false;
      leave("paused");
    },
    /** The server has said that it ends within `seconds`, to be back soon. */
    expectRestart(seconds) {
      restartUntil = Date.now() + 1000 * seconds + RESTART_MS;
    },
    /** To be called within a click: browsers let only what was touched there sound later. */
    unlock() {
      prepare();
      output.resume();
      if (!isWanted) output.rest();
    },
    get isWanted() {
      return isWanted;
    },
    /** "webcodecs", "mse", "decode" or "element"; null before anything is played. */
    get technique() {
      return session ? ways[0].name : null;
    },
    /** Seconds until a change is heard that is sent now, or null while nothing sounds. */
    latency() {
      const held = soundsSince === null ? null : session?.held() ?? null;
      return held === null ? null : roundTrip() + (CHUNK_WAIT + CODEC_DELAY) / SAMPLE_RATE_HZ + held;
    },
    /** The position heard now, in seconds since the stream's beginning, or null while nothing sounds. */
    heard: () => (soundsSince === null ? null : session?.heard() ?? null),
    /** Gets what is heard; null before there was a gesture. */
    get analyser() {
      return output?.analyser ?? null;
    },
  };
}

/** From a call to its answer at their quickest so far, in seconds. */
function roundTrip() {
  const times = performance
    .getEntriesByType("resource")
    .filter(({ name, transferSize }) => name.startsWith(location.origin) && transferSize > 0)
    .map(({ requestStart, responseStart }) => (responseStart - requestStart) / 1000)
    .filter((time) => time > 0);
  return times.length > 0 ? Math.min(...times) : UNKNOWN_ROUND_TRIP;
}

/** The farther the server, the more unsteady what arrives is expected to be, until it is known. */
function optionsFor(roundTrip) {
  const lateness = Math.min(0.03 + 3 * roundTrip, 0.15);
  return { bitrate: 192, lead: Math.max(0.05, lateness + 0.02).toFixed(2), lateness };
}

const RESTARTING = new Problem(0, "The server is restarting.");
/** So long a server may be away that said it restarts. */
const RESTART_MS = 20_000;
const UNKNOWN_ROUND_TRIP = 0.05;
/** Played this long, a stream lost again starts over with the shortest wait. */
const STEADY_MS = 10_000;
/** Without sound for so long after joining, something is wrong that nobody told of. */
const SILENCE_MS = 12_000;
/** So often a way may break before the next one is tried. */
const BREAKS = 2;
/** Half of the server’s shortest chunk, of two frames: so long a change waits for the next, on average. */
const CHUNK_WAIT = FRAME_LEN;
