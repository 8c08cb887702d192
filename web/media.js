// A media element that sounds through an output, with a gain so that nothing clicks.

/** `onPaused()` hears when it is paused from outside: by a headset, or the system. */
export function createMedia(output, onPaused) {
  const { context, analyser } = output;
  const audio = new Audio();
  audio.preservesPitch = false;
  const gain = new GainNode(context, { gain: 0 });
  context.createMediaElementSource(audio).connect(gain).connect(analyser);
  let isSounding = false;
  let turns = 0;
  audio.addEventListener("pause", () => {
    const isFromOutside = audio.hasAttribute("src") && !audio.ended && !audio.error;
    if (isFromOutside) onPaused();
  });

  function fadeIn() {
    isSounding = true;
    gain.gain.setTargetAtTime(1, context.currentTime, FADE_TIME);
  }

  /** Resolves when it is silent. */
  async function fadeOut() {
    gain.gain.setTargetAtTime(0, context.currentTime, FADE_TIME);
    await new Promise((done) => setTimeout(done, 5000 * FADE_TIME));
  }

  /** Fades out, drops what there is and its connection, and has `then()` set what comes next. */
  async function replace(then) {
    turns += 1;
    const turn = turns;
    if (isSounding) await fadeOut();
    if (turn !== turns) return;
    isSounding = false;
    audio.removeAttribute("src");
    audio.load();
    then?.();
  }

  return {
    audio,
    fadeIn,
    fadeOut,
    replace,
    drop: () => replace(),
    close() {
      replace(() => gain.disconnect());
    },
  };
}

/** A fifth of what it takes, in seconds. */
const FADE_TIME = 0.006;
