// What happens on a stream, kept until its position is heard.

/** Keeps events, which have a `position` in seconds, in the order of their positions. */
export function createTimeline() {
  let waiting = [];
  let newest = -Infinity;

  return {
    add(event) {
      const isAnew = event.position < newest - ANEW_S;
      if (isAnew) waiting = [];
      newest = isAnew ? event.position : Math.max(newest, event.position);
      let at = waiting.length;
      while (at > 0 && waiting[at - 1].position > event.position) at -= 1;
      waiting.splice(at, 0, event);
      if (waiting.length > KEPT) waiting.shift();
    },
    /** Takes out what is heard by `position`; all there is when nothing is heard, `null`. */
    take(position) {
      const from = waiting.findIndex((event) => position !== null && event.position > position);
      return waiting.splice(0, from < 0 ? waiting.length : from);
    },
    clear() {
      waiting = [];
      newest = -Infinity;
    },
  };
}

/** A position this far behind the newest is of a stream that has begun anew. */
const ANEW_S = 45;
const KEPT = 4000;
