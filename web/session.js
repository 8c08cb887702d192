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
  return {
    show(title, now) {
      const artwork = [{ src: "/web/icon.svg", sizes: "any", type: "image/svg+xml" }];
      session.metadata = new MediaMetadata({ title, artist: "Perpetuo", album: now ?? "", artwork });
    },
    state(isPlaying) {
      session.playbackState = isPlaying ? "playing" : "paused";
    },
  };
}
