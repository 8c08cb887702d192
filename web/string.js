// The present: a string from top to bottom that swings as the sound does, and is plucked by each note at its
// pitch; beyond it the spectrum of now, a line a pitch.

import { ROWS } from "./wash.js";

/** A string; `draw` takes the wave from `analyser`, or hangs still without. */
export function createString() {
  const wave = new Float32Array(HELD);

  /** Takes the newest wave, smoothed: a string has no corners. */
  function listen(analyser) {
    analyser.getFloatTimeDomainData(wave);
    for (let pass = 0; pass < 3; pass += 1) {
      for (let i = 0, sum = 0; i < wave.length; i += 1) {
        sum += (wave[i] - sum) * SOFT;
        wave[i] = sum;
      }
    }
  }
  /** Where a wave first rises through 0, so that the string does not jitter. */
  const risesAt = (limit) => {
    for (let i = 1; i < limit; i += 1) if (wave[i - 1] < 0 && wave[i] >= 0) return i;
    return 0;
  };

  function pluckAt(y, plucks) {
    let x = 0;
    for (const pluck of plucks) {
      const far = (y - pluck.y) / pluck.width;
      if (far > -3 && far < 3) x += pluck.depth * Math.exp(-far * far);
    }
    return x;
  }

  return {
    draw(context, view, palette, { analyser, plucks }) {
      if (analyser) listen(analyser);
      const from = analyser ? risesAt(wave.length - LENGTH) : 0;
      const width = (view.width - view.now) * 0.8;
      context.beginPath();
      for (let i = 0; i <= POINTS; i += 1) {
        const part = i / POINTS;
        const y = part * view.height;
        const shape = Math.sin(Math.PI * part) ** 0.6;
        const sample = analyser ? wave[from + Math.round(part * (LENGTH - 1))] : 0;
        context.lineTo(view.now + shape * (width * sample + pluckAt(y, plucks)), y);
      }
      context.strokeStyle = palette.ink;
      context.lineWidth = 1.25 * view.unit;
      context.lineJoin = "round";
      context.stroke();
    },
    /** The spectrum of now, to the right of the string. */
    drawSpectrum(context, view, palette, levels) {
      const length = 0.92 * (view.width - view.now);
      const thick = Math.max(1, 0.9 * view.unit);
      context.fillStyle = palette.colour(0, 0);
      for (let row = 0; row < ROWS; row += 2) {
        const level = Math.max(levels[row], levels[row + 1] ?? 0) ** 2;
        if (level < 0.02) continue;
        const y = ((row + 1) / ROWS) * view.height;
        context.globalAlpha = 0.2 + 0.55 * level;
        context.fillRect(view.now + 6 * view.unit, y - thick / 2, length * level, thick);
      }
      context.globalAlpha = 1;
    },
  };
}

const POINTS = 260;
/** Samples taken, and of them shown, 20 ms: from where the wave first rises. */
const HELD = 2048;
const LENGTH = 900;
const SOFT = 0.16;
