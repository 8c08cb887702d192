// Turns of knobs on their way to the server: the newest value of each parameter, one request in
// flight, and a pause after each. What could not be delivered waits.

/**
 * `send(values)` delivers; `onTaken(answer)` and `onRefused(problem)` hear how it went; `pauseMs()` is how long
 * to wait after a delivery. Returns `turn(values)`, `choose(preset)`, `isPending(name)` and `close()`.
 */
export function createSender({ send, onTaken, onRefused, pauseMs }) {
  let waiting = {};
  let sent = {};
  let isBusy = false;
  let isOpen = true;

  async function flush() {
    if (isBusy || !isOpen || Object.keys(waiting).length === 0) return;
    isBusy = true;
    sent = waiting;
    waiting = {};
    const pause = await send(sent).then(
      (answer) => {
        sent = {};
        if (isOpen) onTaken(answer);
        return pauseMs();
      },
      (problem) => {
        // A preset has been chosen meanwhile: what was turned before it is over.
        const isOver = "preset" in waiting;
        if (problem.isPassing && !isOver) waiting = { ...sent, ...waiting };
        sent = {};
        if (isOpen) onRefused(problem);
        return 1000 * (problem.retryAfter || RETRY_S);
      },
    );
    await new Promise((done) => setTimeout(done, pause));
    isBusy = false;
    flush();
  }

  return {
    turn(values) {
      Object.assign(waiting, values);
      flush();
    },
    /** Sends a preset in place of all that waits; what is turned from now on comes before it. */
    choose(preset) {
      waiting = { preset };
      flush();
    },
    /** True while the server has not answered for `name`, or for a preset. */
    isPending: (name) => [waiting, sent].some((values) => name in values || "preset" in values),
    close() {
      isOpen = false;
    },
  };
}

const RETRY_S = 2;
