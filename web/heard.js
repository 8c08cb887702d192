// Which position of the stream is heard now: the player knows, or it is reckoned from the events.

/**
 * `player.heard()` comes first. Without it, events tell how far the stream has come, and the player's latency
 * how far behind one hears it.
 */
export function createClock(player) {
  let ahead = null;

  return {
    /** Events up to `position` have come by `now`, in seconds of any clock. */
    note(position, now) {
      ahead = Math.max(ahead ?? -Infinity, position - now);
    },
    /** Forgets what events told: the stream has stood still, or is another. */
    reset() {
      ahead = null;
    },
    heard(now) {
      const told = player.heard();
      if (told !== null || ahead === null) return told;
      return Math.max(0, now + ahead - (player.latency() ?? 0));
    },
  };
}
