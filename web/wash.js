// What sounded, as a wash behind the notes: a spectrum that scrolls, its rows at the pitches of the notes.

import { HIGHEST, LOWEST } from "./view.js";

/** A wash; `listen` takes in what sounds now, `draw` puts the last seconds on the picture. */
export function createWash() {
  const canvas = Object.assign(document.createElement("canvas"), { width: COLUMNS, height: ROWS });
  const context = canvas.getContext("2d");
  const column = context.createImageData(1, ROWS);
  const levels = new Float32Array(ROWS);
  const spectrum = new Float32Array(FFT_SIZE / 2);
  let rows = null;
  let newest = null;
  let first = 0;
  let loudest = QUIET;

  /** The level of each row, 0 to 1, from what `analyser` hears. */
  function measure(analyser) {
    if (rows?.of !== analyser) {
      Object.assign(analyser, { fftSize: FFT_SIZE, smoothingTimeConstant: 0.55 });
      rows = { of: analyser, bins: binsOfRows(analyser) };
    }
    analyser.getFloatFrequencyData(spectrum);
    let peak = 0;
    for (let row = 0; row < ROWS; row += 1) {
      const { at, tilt } = rows.bins[row];
      const bin = Math.floor(at);
      const db = spectrum[bin] + (at - bin) * (spectrum[bin + 1] - spectrum[bin]) + tilt;
      levels[row] = Math.max(0, (db - FLOOR_DB) / RANGE_DB) || 0;
      peak = Math.max(peak, levels[row]);
    }
    loudest = Math.max(QUIET, peak, loudest * 0.998);
    for (let row = 0; row < ROWS; row += 1) levels[row] = Math.min(1, levels[row] / loudest);
  }

  function put(at, [red, green, blue]) {
    const strength = 255 * Math.min(1, (at - first) / COLUMNS_A_SECOND);
    for (let row = 0; row < ROWS; row += 1) column.data.set([red, green, blue, strength * levels[row] ** 2.8], 4 * row);
    context.putImageData(column, at % COLUMNS, 0);
  }

  return {
    levels,
    listen(analyser, heard, rgb) {
      measure(analyser);
      const now = Math.floor(heard * COLUMNS_A_SECOND);
      const isOther = newest === null || newest - now > COLUMNS_A_SECOND || now - newest > COLUMNS;
      const isLater = now - newest > COLUMNS_A_SECOND;
      if (isOther) context.clearRect(0, 0, COLUMNS, ROWS);
      else if (isLater) for (let at = newest + 1; at < now; at += 1) context.clearRect(at % COLUMNS, 0, 1, ROWS);
      if (isOther || isLater) first = newest = now - 1;
      while (newest < now) put((newest += 1), rgb);
    },
    hush() {
      levels.fill(0);
    },
    clear() {
      newest = null;
    },
    draw(onto, view, heard, alpha) {
      if (newest === null) return;
      const width = view.pxPerS / COLUMNS_A_SECOND;
      const count = Math.min(COLUMNS, Math.ceil(view.now / width) + 2);
      onto.globalAlpha = alpha;
      let from = Math.max(0, newest + 1 - count);
      while (from <= newest) {
        const at = from % COLUMNS;
        const length = Math.min(COLUMNS - at, newest + 1 - from);
        const x = view.now + (from / COLUMNS_A_SECOND - heard) * view.pxPerS;
        onto.drawImage(canvas, at, 0, length, ROWS, x, 0, length * width, view.height);
        from += length;
      }
      onto.globalAlpha = 1;
    },
  };
}

function binsOfRows({ context, fftSize, frequencyBinCount }) {
  return Array.from({ length: ROWS }, (_, row) => {
    const pitch = HIGHEST - ((row + 0.5) / ROWS) * (HIGHEST - LOWEST);
    const hz = 440 * 2 ** ((pitch - 69) / 12);
    const at = Math.min(frequencyBinCount - 2, (hz * fftSize) / context.sampleRate);
    // Music falls by some 4 dB an octave; lifted by as much, treble is seen as well as bass.
    return { at, tilt: (4 * (pitch - 57)) / 12 };
  });
}

export const ROWS = 148;
/** Bass wants bins narrower than its intervals. */
const FFT_SIZE = 8192;
const COLUMNS = 1440;
const COLUMNS_A_SECOND = 30;
const FLOOR_DB = -84;
const RANGE_DB = 58;
/** So far down, the wash grows no stronger by itself: silence stays white. */
const QUIET = 0.45;
