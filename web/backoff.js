// When to try again. All in seconds.

/**
 * How long to wait before the next of so many `attempts` in vain: not at all at first, then longer and
 * longer, and never less than the server asks for.
 */
export const waitBefore = (attempts, retryAfter = 0) =>
  Math.max(WAITS[Math.min(attempts, WAITS.length - 1)], retryAfter);

/** A server that restarts is back after a second or three, and is not to be missed by more than one. */
const WAITS = [0, 0.5, 0.5, 1, 1, 1, 2, 4, 8, 15];
