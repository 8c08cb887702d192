// Playing by Media Source Extensions: frames are appended to a media element, which is kept at the live
// edge by the rate it plays at. It needs no secure context.

import { Clock } from "/web/clock.js";
import { Control } from "/web/control.js";
import { feed } from "/web/feed.js";
import { SAMPLE_RATE_HZ, joined } from "/web/frames.js";
import { createMedia } from "/web/media.js";

export const name = "mse";

export const isThere = () => globalThis.MediaSource?.isTypeSupported(TYPE) ?? false;

/** See `techniques.js`. */
export function open(output, options, { onSound, onLost, onBroken, onPaused }) {
  const media = createMedia(output, onPaused);
  const { audio } = media;
  const clock = new Clock();
  const control = new Control(options.lateness);
  let connection = new AbortController();
  let buffer = null;
  let waiting = [];
  /** Of the media's beginning, in seconds. */
  let origin = 0;
  let isPlaying = false;
  let isSkipping = false;
  let isSeeking = false;
  let lastArrival = 0;
  let hasDried = false;
  let held = null;

  const now = () => performance.now() / 1000;
  const end = () => (audio.buffered.length ? audio.buffered.end(audio.buffered.length - 1) : 0);
  const lag = () => end() - audio.currentTime;

  function append() {
    if (!buffer || buffer.updating || waiting.length === 0) return;
    if (isPlaying) noteArrival();
    lastArrival = now();
    buffer.appendBuffer(joined(waiting));
    waiting = [];
  }

  function noteArrival() {
    if (!hasDried) held = lag();
    control.onArrival(hasDried ? -DRY : lag() - RESERVE, now() - lastArrival);
    hasDried = false;
  }

  function onAppended() {
    if (!isPlaying) start();
    else steer();
    append();
    const isLong = audio.currentTime - audio.buffered.start(0) > 2 * KEPT;
    if (isLong && !buffer.updating) buffer.remove(0, audio.currentTime - KEPT);
  }

  function start() {
    const enough = RESERVE + control.target + CHUNK;
    if (end() < enough) return;
    isPlaying = true;
    control.begin();
    isSeeking = true;
    audio.currentTime = end() - enough;
    audio.play().catch((error) => {
      if (!HARMLESS.includes(error.name)) onBroken(error);
    });
  }

  async function steer() {
    if (isSkipping || isSeeking) return;
    clock.set(origin + audio.currentTime, now() + output.latency);
    audio.playbackRate = control.rate();
    const surplus = control.surplus();
    if (surplus === 0) return;
    isSkipping = true;
    const { signal } = connection;
    await media.fadeOut();
    if (signal.aborted) return;
    isSeeking = true;
    audio.currentTime += surplus;
    control.onSkipped(surplus);
    media.fadeIn();
    isSkipping = false;
  }

  audio.addEventListener("playing", () => {
    media.fadeIn();
    onSound();
  });
  audio.addEventListener("seeked", () => (isSeeking = false));
  audio.addEventListener("waiting", () => (hasDried = !isSeeking));
  audio.addEventListener("error", () => {
    if (audio.hasAttribute("src")) onBroken(audio.error);
  });

  function attach(signal) {
    if (signal.aborted) return;
    const source = new MediaSource();
    const url = URL.createObjectURL(source);
    const onOpen = () => {
      URL.revokeObjectURL(url);
      if (signal.aborted) return;
      buffer = source.addSourceBuffer(TYPE);
      buffer.addEventListener("updateend", () => {
        if (!signal.aborted) onAppended();
      });
      append();
    };
    source.addEventListener("sourceopen", onOpen, { once: true });
    audio.src = url;
  }

  function leave() {
    connection.abort();
    media.drop();
    clock.clear();
    buffer = null;
    waiting = [];
    isPlaying = isSkipping = isSeeking = hasDried = false;
    held = null;
  }

  return {
    join(id) {
      leave();
      connection = new AbortController();
      const { signal } = connection;
      media.replace(() => attach(signal));
      feed(id, options, signal, {
        onHead: (position) => (origin = (position - CODEC_DELAY) / SAMPLE_RATE_HZ),
        onFrames(frames) {
          waiting.push(...frames);
          append();
        },
      }).catch(onLost);
    },
    leave,
    heard: () => clock.at(now()),
    held: () => (held === null ? null : held + CHUNK / 2 + output.latency),
    close() {
      leave();
      media.close();
    },
  };
}

const TYPE = "audio/mpeg";
/** Ways in which `play` may end: it was dropped meanwhile, or wants a gesture as the output does. */
const HARMLESS = ["AbortError", "NotAllowedError"];
/** What a media element wants to have ahead before it says that it waits. */
const RESERVE = 0.09;
/** How much too low it was when it waited: how long it waits tells nothing, it wants more then. */
const DRY = 0.03;
/** What the server sends at once to who asks for little. */
const CHUNK = 0.052;
/** Seconds of the past. */
const KEPT = 10;
/** Samples by which what is heard lags what was encoded: the encoder's delay. The element leaves out its own. */
const CODEC_DELAY = 720;
