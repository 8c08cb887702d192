// Turns of knobs on their way to the server: the newest value of each parameter, one request in
// flight, at most fifteen a second. What could not be delivered waits.

/**
 * `send(values)` delivers; `onTaken(answer)` and `onRefused(problem)` hear how it went.
 * Returns `turn(name, value)`, `choose(preset)`, `isWaiting(name)` and `close()`.
 */
export function createSender({ send, onTaken, onRefused }) {
  let waiting = {};
  let isBusy = false;
  let isOpen = true;

  async function flush() {
    if (isBusy || !isOpen || Object.keys(waiting).length === 0) return;
    isBusy = true;
    const values = waiting;
    waiting = {};
    const pause = await send(values).then(
      (answer) => {
        if (isOpen) onTaken(answer);
        return INTERVAL_MS;
      },
      (problem) => {
        // A preset has been chosen meanwhile: what was turned before it is over.
        const isOver = "preset" in waiting;
        if (problem.isPassing && !isOver) waiting = { ...values, ...waiting };
        if (isOpen) onRefused(problem);
        return 1000 * (problem.retryAfter || RETRY_S);
      },
    );
    await new Promise((done) => setTimeout(done, pause));
    isBusy = false;
    flush();
  }

  return {
    turn(name, value) {
      waiting[name] = value;
      flush();
    },
    /** Sends a preset in place of all that waits; what is turned from now on comes before it. */
    choose(preset) {
      waiting = { preset };
      flush();
    },
    isWaiting: (name) => name in waiting,
    close() {
      isOpen = false;
    },
  };
}

const INTERVAL_MS = 66;
const RETRY_S = 2;
