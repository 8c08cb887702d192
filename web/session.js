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
    audio = new Audio(URL.createObjectURL(silentWav()));
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

/** Ten seconds, as buttons are given from five on: a WAV of 8 kHz and 8 bits, in which silence is 128. */
function silentWav() {
  const samples = new Uint8Array(80_000).fill(128);
  const text = (word) => [...word].reduceRight((sum, letter) => 256 * sum + letter.charCodeAt(0), 0);
  const format = [16, 0x0001_0001, 8000, 8000, 0x0008_0001];
  const header = [text("RIFF"), 36 + samples.length, text("WAVE"), text("fmt "), ...format, text("data"), samples.length];
  return new Blob([new Uint32Array(header), samples], { type: "audio/wav" });
}
