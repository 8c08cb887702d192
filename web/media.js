// A media element that sounds through an output, with a gain so that nothing clicks.

/** `onPaused()` hears when it is paused from outside: by a headset, or the system. */
export function createMedia(output, onPaused) {
  const { context, analyser } = output;
  const audio = new Audio();
  audio.preservesPitch = false;
  const gain = new GainNode(context, { gain: 0 });
  context.createMediaElementSource(audio).connect(gain).connect(analyser);
  audio.addEventListener("pause", () => {
    const isFromOutside = audio.hasAttribute("src") && !audio.ended && !audio.error;
    if (isFromOutside) onPaused();
  });

  function fadeTo(value) {
    gain.gain.setTargetAtTime(value, context.currentTime, FADE_TIME);
  }

  return {
    audio,
    fadeIn: () => fadeTo(1),
    /** Resolves when it is silent. */
    fadeOut() {
      fadeTo(0);
      return new Promise((done) => setTimeout(done, 5000 * FADE_TIME));
    },
    /** Drops what it plays, and the connection with it. */
    drop() {
      gain.gain.cancelScheduledValues(0);
      gain.gain.value = 0;
      audio.removeAttribute("src");
      audio.load();
    },
    close() {
      this.drop();
      gain.disconnect();
    },
  };
}

/** A third of what it takes, in seconds. */
const FADE_TIME = 0.006;
