// The moves of one's own hand, to be taken back and made again.

/** A move is `{ before, after }`, both values by name; moves of the same knobs shortly after one another are one. */
export function createHistory() {
  let done = [];
  let undone = [];

  return {
    note(before, after, now) {
      const last = done.at(-1);
      undone = [];
      if (last && now - last.at < ONE_MOVE_MS && isSame(last.after, after)) {
        Object.assign(last, { after, at: now });
      } else {
        done = [...done, { before, after, at: now }].slice(-KEPT);
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
      done.push({ ...move, at: -Infinity });
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
