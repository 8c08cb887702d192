// Where things are on the picture: pitch up, time along, and the present on the string.

/** A view for a canvas of `width` and `height` in CSS pixels. */
export function createView(width, height) {
  const unit = Math.min(2.4, Math.max(0.75, Math.sqrt(height / 420)));
  const now = Math.round(width * (width > 700 ? 0.84 : 0.86));
  const pxPerS = 50 * unit;
  return {
    width,
    height,
    unit,
    now,
    pxPerS,
    seconds: now / pxPerS,
    /** The height of a pitch, a MIDI note number; what is beyond the picture is drawn at its edge. */
    yOf(pitch) {
      const part = (Math.min(HIGHEST - 1, Math.max(LOWEST + 1, pitch)) - LOWEST) / (HIGHEST - LOWEST);
      return height * (1 - part);
    },
  };
}

/** From the lowest string of a bass to the top of a celesta. */
export const LOWEST = 26;
export const HIGHEST = 100;
