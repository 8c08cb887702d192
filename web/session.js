// What the system shows of the music outside the page, and its keys.

/** `actions` are play, pause and another. Returns `show(title, now)` and `state(isPlaying)`. */
export function createSession(actions) {
  const session = navigator.mediaSession;
  if (!session) return { show() {}, state() {} };
  const handlers = { play: actions.play, pause: actions.pause, stop: actions.pause, nexttrack: actions.another };
  for (const [action, handler] of Object.entries(handlers)) {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // Not every browser knows every key.
    }
  }
  const silence = createSilence(actions.pause);
  return {
    show(title, now) {
      const artwork = [{ src: "/web/icon.svg", sizes: "any", type: "image/svg+xml" }];
      session.metadata = new MediaMetadata({ title, artist: "Perpetuo", album: now ?? "", artwork });
    },
    state(isPlaying) {
      session.playbackState = isPlaying ? "playing" : "paused";
      silence.play(isPlaying);
    },
  };
}

/**
 * Systems give buttons to media elements alone, which an audio context is not: so one plays silence, again and
 * again. `onPause()` hears when the system pauses it, for a call or a headset that was pulled.
 */
function createSilence(onPause) {
  let audio = null;
  let isWanted = false;

  function create() {
    audio = new Audio(URL.createObjectURL(new Blob([silentWav()], { type: "audio/wav" })));
    audio.loop = true;
    audio.addEventListener("pause", () => isWanted && onPause());
  }
  return {
    play(wanted) {
      isWanted = wanted;
      if (!wanted) return audio?.pause();
      if (!audio) create();
      if (audio.paused) audio.play().catch(() => {});
    },
  };
}

/** Ten seconds, as buttons are given from five on; 8 kHz, 8 bits, in which silence is 128. */
function silentWav() {
  const length = 80_000;
  const bytes = new Uint8Array(44 + length).fill(128);
  const view = new DataView(bytes.buffer);
  const text = (at, word) => [...word].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint32(20, 0x0001_0001, true); // PCM, one channel
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000, true);
  view.setUint32(32, 0x0008_0001, true); // a byte a sample, 8 bits
  text(36, "data");
  view.setUint32(40, length, true);
  return bytes;
}
