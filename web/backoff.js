// When to try again. All in seconds.

/**
 * How long to wait before the next of so many `attempts` in vain: not at all at first, then longer and
 * longer, and never less than the server asks for.
 */
export const waitBefore = (attempts, retryAfter = 0) =>
  Math.max(WAITS[Math.min(attempts, WAITS.length - 1)], retryAfter);

const WAITS = [0, 1, 2, 4, 8, 15];
