// The wall: the picture and its title alone, over the whole screen, which stays lit.

/** Returns `toggle()` and `leave()`; `data-wall` on the root says that it is on. */
export function createWall(root) {
  let lock = null;
  let timer;

  const isOn = () => root.hasAttribute("data-wall");
  const keepLit = async () => {
    lock = await navigator.wakeLock?.request("screen").catch(() => null);
  };
  function enter() {
    root.toggleAttribute("data-wall", true);
    root.requestFullscreen?.().catch(() => {});
    keepLit();
    rest();
    scrollTo({ top: 0 });
  }
  function leave() {
    if (!isOn()) return;
    root.removeAttribute("data-wall");
    root.removeAttribute("data-rest");
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    lock?.release();
    lock = null;
  }
  /** Pointer and buttons go when nothing has moved for a while. */
  function rest() {
    root.removeAttribute("data-rest");
    clearTimeout(timer);
    if (isOn()) timer = setTimeout(() => root.toggleAttribute("data-rest", isOn()), REST_MS);
  }
  for (const kind of ["pointermove", "pointerdown", "keydown"]) addEventListener(kind, rest, { passive: true });
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) leave();
  });
  document.addEventListener("visibilitychange", () => {
    if (isOn() && !document.hidden) keepLit();
  });
  return { toggle: () => (isOn() ? leave() : enter()), leave };
}

const REST_MS = 2500;
