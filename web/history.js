// The moves of one's own hand, to be taken back and made again.

/**
 * A move is `before` and `after`, values by name. Moves of the same knobs shortly after one another are one, and so
 * is what one `hold` of the hand does, however long; `hold` is 0 where there is none.
 */
export function createHistory() {
  let done = [];
  let undone = [];

  return {
    note(before, after, now, hold = 0) {
      const last = done.at(-1);
      undone = [];
      const isOn = last && (now - last.at < ONE_MOVE_MS || (hold > 0 && hold === last.hold));
      if (isOn && isSame(last.after, after)) {
        Object.assign(last, { after, at: now, hold });
      } else {
        done = [...done, { before, after, at: now, hold }].slice(-KEPT);
      }
    },
    /** The values to go back to, or null. */
    undo() {
      const move = done.pop();
      if (!move) return null;
      undone.push(move);
      return move.before;
    },
    /** The values to go on to, or null. */
    redo() {
      const move = undone.pop();
      if (!move) return null;
      done.push({ ...move, at: -Infinity, hold: 0 });
      return move.after;
    },
    get canUndo() {
      return done.length > 0;
    },
    get canRedo() {
      return undone.length > 0;
    },
  };
}

const isSame = (a, b) => Object.keys(a).join() === Object.keys(b).join();

const ONE_MOVE_MS = 800;
const KEPT = 200;
