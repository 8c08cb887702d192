// From a hand's movement, a key or a wheel to a knob's travel, 0 to 1.

/** The travel after a drag of `dx` and `dy` pixels: up and right is more, fine is an eighth of it. */
export const afterDrag = (travel, dx, dy, isFine) =>
  within((isFine ? 1 / 8 : 1) * ((dx - dy) / WHOLE_TURN_PX) + travel);

/**
 * Where a key leads from `travel`, or null where it leads nowhere. `step` is the smallest move that shows;
 * Shift, and Page Up and Page Down, move a tenth.
 */
export function afterKey(travel, { key, shiftKey }, step) {
  if (key === "Home") return 0;
  if (key === "End") return 1;
  const small = Math.max(step, 0.01);
  const moves = {
    ArrowUp: shiftKey ? BIG : small,
    ArrowRight: shiftKey ? BIG : small,
    ArrowDown: shiftKey ? -BIG : -small,
    ArrowLeft: shiftKey ? -BIG : -small,
    PageUp: BIG,
    PageDown: -BIG,
  };
  return key in moves ? within(travel + moves[key]) : null;
}

/** Whole notches of a wheel: what is less than one, as touchpads send it, adds up. */
export function createWheel() {
  let rest = 0;
  return ({ deltaY, deltaMode = 0 }) => {
    const moved = deltaMode === 0 ? deltaY / NOTCH_PX : deltaY / (deltaMode === 1 ? NOTCH_LINES : 1);
    if (Math.sign(moved) !== Math.sign(rest)) rest = 0;
    rest += moved;
    const notches = Math.trunc(rest);
    rest -= notches;
    return -notches || 0;
  };
}

/** True for the second of two taps that come shortly after one another. */
export function createTaps() {
  let last = -Infinity;
  return (now) => {
    const isSecond = now - last < DOUBLE_TAP_MS;
    last = isSecond ? -Infinity : now;
    return isSecond;
  };
}

export const within = (travel) => Math.min(1, Math.max(0, travel));

/** A wheel's notch turns a knob by this much. */
export const NOTCH = 0.02;

const BIG = 0.1;
const WHOLE_TURN_PX = 190;
const NOTCH_PX = 40;
const NOTCH_LINES = 1;
const DOUBLE_TAP_MS = 380;
