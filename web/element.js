// Playing by a media element alone, which every browser has: late by what it wants to hold, 1.5 s.

import { Problem, params, streamPath, whyNot } from "/web/api.js";
import { Clock } from "/web/clock.js";
import { createMedia } from "/web/media.js";

export const name = "element";

export const isThere = () => true;

/** See `techniques.js`. */
export function open(output, _, { onSound, onLost, onPaused }) {
  const media = createMedia(output, onPaused);
  const { audio } = media;
  const clock = new Clock();
  let id = null;
  let joins = 0;
  let joined = 0;
  let origin = null;
  let lag = null;
  let stall;

  const now = () => performance.now() / 1000;

  async function lose() {
    clearTimeout(stall);
    const turn = joins;
    const problem = await whyNot(id);
    if (turn === joins) onLost(problem ?? new Problem(0, "The stream stopped."));
  }

  function loseLater() {
    clearTimeout(stall);
    stall = setTimeout(lose, STALL_MS);
  }

  /** The element tells no headers: where the stream was when we joined is asked for. */
  async function locate(turn) {
    const asked = now();
    const { position } = await params(id);
    if (turn !== joins) return;
    origin = position - (asked - joined) - LEAD - CHUNK / 2;
    lag = position - (now() - asked) / 2 - (origin + audio.currentTime);
  }

  audio.addEventListener("playing", () => {
    clearTimeout(stall);
    media.fadeIn();
    onSound();
    locate(joins).catch(() => {});
  });
  audio.addEventListener("timeupdate", () => {
    if (origin !== null) clock.set(origin + audio.currentTime, now() + output.latency);
  });
  audio.addEventListener("waiting", loseLater);
  audio.addEventListener("ended", lose);
  audio.addEventListener("error", () => {
    if (audio.hasAttribute("src")) lose();
  });

  function leave() {
    joins += 1;
    clearTimeout(stall);
    media.drop();
    clock.clear();
    origin = lag = null;
  }

  return {
    /** Sets the address afresh: one kept would go on from its old buffer. */
    join(next) {
      leave();
      id = next;
      joined = now();
      loseLater();
      media.replace(() => {
        audio.src = streamPath(id, { bitrate: 192 });
        audio.play().catch(() => {});
      });
    },
    leave,
    heard: () => clock.at(now()),
    held: () => (lag === null ? null : lag + output.latency),
    close() {
      leave();
      media.close();
    },
  };
}

/** What the server sends ahead to media elements at 192 kbit/s, in whole frames. */
const LEAD = 1.41;
/** What it renders at once then: where it stands is told in steps of so much. */
const CHUNK = 0.209;
/** Silence for this long means the connection is dead; browsers need 2.3 s to start. */
const STALL_MS = 10_000;
