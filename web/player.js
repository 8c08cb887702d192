// One stream in one audio element: always joined at the live edge, and joined again when lost.

import { streamPath, whyNot } from "/web/api.js";

/**
 * Plays streams through `audio`. `onChange(state, problem, seconds)` hears every change of state:
 * "connecting", "playing", "paused", "ready" (the browser wants a press of play first), "lost"
 * (joins again after `seconds`) or "failed".
 */
export function createPlayer(audio, onChange) {
  let id = null;
  let isWanted = false;
  let attempts = 0;
  let timer;

  /** Sets the address afresh: one kept would go on from its old buffer. */
  function join() {
    onChange("connecting");
    giveUpLater();
    audio.src = streamPath(id);
    audio.play().catch((error) => {
      if (error.name === "NotAllowedError") leave("ready");
    });
  }

  /** Drops the connection, so that the server stops rendering for us. */
  function leave(state, problem) {
    isWanted = false;
    clearTimeout(timer);
    drop();
    onChange(state, problem);
  }

  function drop() {
    audio.removeAttribute("src");
    audio.load();
  }

  async function rejoin() {
    clearTimeout(timer);
    if (!isWanted) return;
    if (audio.currentTime > STEADY_S) attempts = 0;
    drop();
    const lost = id;
    const problem = await whyNot(id);
    if (!isWanted || id !== lost) return;
    if (problem && !problem.isPassing) return leave("failed", problem);
    const backoff = BACKOFF_S[Math.min(attempts, BACKOFF_S.length - 1)];
    attempts += 1;
    const seconds = Math.max(backoff, problem?.retryAfter ?? 0);
    onChange("lost", problem, seconds);
    timer = setTimeout(join, seconds * 1000);
  }

  function giveUpLater() {
    clearTimeout(timer);
    timer = setTimeout(rejoin, STALL_MS);
  }

  audio.addEventListener("playing", () => {
    clearTimeout(timer);
    onChange("playing");
  });
  audio.addEventListener("waiting", () => {
    if (isWanted) giveUpLater();
  });
  audio.addEventListener("ended", rejoin);
  audio.addEventListener("error", rejoin);
  audio.addEventListener("pause", () => {
    const isOutsidePause = isWanted && !audio.ended && !audio.error;
    if (isOutsidePause) leave("paused");
  });

  return {
    /** Plays the stream `next`, or goes on with the one there is. */
    play(next = id) {
      id = next;
      isWanted = true;
      attempts = 0;
      join();
    },
    pause() {
      leave("paused");
    },
    /** To be called within a click: some browsers let only an element touched there play later. */
    unlock() {
      if (!isWanted) audio.load();
    },
    get isWanted() {
      return isWanted;
    },
  };
}

const BACKOFF_S = [1, 2, 4, 8, 15];
/** Played this long, a stream lost again starts over with the shortest wait. */
const STEADY_S = 10;
/** Silence for this long means the connection is dead; browsers need 2.3 s to start. */
const STALL_MS = 10_000;
