// The picture of the sound: a wash of what sounded, the composer's notes on it, and the string of the present.
//
// It moves only while there is something to see: not hidden, not long after the music has stopped. Whoever asks
// for less motion is shown a drawing that is made anew every ten seconds.

import { createMarks } from "./marks.js";
import { createString } from "./string.js";
import { createView } from "./view.js";
import { createWash } from "./wash.js";

/**
 * A picture on `canvas`. `source` is asked at each frame: `tick()` returns the position heard, in seconds, or
 * null; `analyser()` and `isPlaying()`.
 */
export function createPicture(canvas, source) {
  const context = canvas.getContext("2d");
  const [wash, marks, string] = [createWash(), createMarks(), createString()];
  let view;
  let hue = 195;
  let palette = createPalette(hue);
  let heard = 0;
  let awakeUntil = 0;
  let frame = 0;
  let timer;

  function draw(now) {
    const position = source.tick();
    const isLive = position !== null && source.isPlaying();
    if (isLive) heard = position;
    const analyser = isLive && !CALM.matches ? source.analyser() : null;
    if (analyser) wash.listen(analyser, heard, palette.rgb);
    else wash.hush();
    context.setTransform(canvas.width / view.width, 0, 0, canvas.height / view.height, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    wash.draw(context, view, heard, palette.washAlpha);
    marks.draw(context, view, heard, palette);
    if (analyser) string.drawSpectrum(context, view, palette, wash.levels);
    string.draw(context, view, palette, { analyser, plucks: analyser ? plucks() : [] });
    if (isLive) awakeUntil = now + AWAKE_MS;
    next(now);
  }
  const plucks = () =>
    marks.young(heard).map((note) => {
      const age = heard - note.position;
      const depth = 20 * view.unit * note.velocity * Math.exp(-4.5 * age) * Math.cos(34 * age);
      return { y: marks.yOf(note, view), width: 26 * view.unit, depth };
    });

  function next(now) {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    if (CALM.matches) timer = setTimeout(() => (frame = requestAnimationFrame(draw)), CALM_MS);
    else if (now < awakeUntil) frame = requestAnimationFrame(draw);
  }
  /** Draws from the next frame on. */
  function wake() {
    awakeUntil = performance.now() + AWAKE_MS;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  }
  function fit() {
    view = createView(canvas.clientWidth || 300, canvas.clientHeight || 200);
    const pixels = Math.min(devicePixelRatio || 1, 2, Math.sqrt(MOST_PIXELS / (view.width * view.height)));
    canvas.width = Math.round(view.width * pixels);
    canvas.height = Math.round(view.height * pixels);
    wake();
  }
  function tint(next = hue) {
    hue = next;
    palette = createPalette(hue);
    wake();
  }

  fit();
  new ResizeObserver(fit).observe(canvas);
  DARK.addEventListener("change", () => tint());
  CALM.addEventListener("change", wake);
  return {
    tint,
    wake,
    note: marks.add,
    clear() {
      marks.clear();
      wash.clear();
      heard = 0;
    },
  };
}

/** The colours of one hue, in the dark and in the light. */
function createPalette(hue) {
  const isDark = DARK.matches;
  const [light, chroma] = isDark ? [0.87, 0.1] : [0.45, 0.13];
  const colours = new Map();
  const colour = (shift, pan) => {
    const turned = Math.round((hue + shift + 24 * pan + 720) / 6) * 6;
    if (!colours.has(turned)) colours.set(turned, `oklch(${light} ${chroma} ${turned % 360})`);
    return colours.get(turned);
  };
  return {
    colour,
    ink: isDark ? "oklch(0.95 0.01 95)" : "oklch(0.25 0.012 250)",
    rgb: rgbOf(`oklch(${isDark ? 0.72 : 0.6} 0.13 ${hue})`),
    washAlpha: isDark ? 0.5 : 0.42,
  };
}

/** Images want numbers, not names of colours. */
function rgbOf(colour) {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data.slice(0, 3);
}

const DARK = matchMedia("(prefers-color-scheme: dark)");
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const CALM_MS = 10_000;
/** So long after the music has stopped, everything has swung out. */
const AWAKE_MS = 1500;
/** More than that no eye sees from where one stands before a wall. */
const MOST_PIXELS = 3840 * 2160;
