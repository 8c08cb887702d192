// The ways to play a stream, the quickest first.
//
// Each has a `name`, `isThere()`, and `open(output, options, events)`, which returns
// `join(id)`, `leave()`, `close()`, `heard()`: the position heard now, and `held()`: the seconds from
// arrival to the ear. `options` are `lead`, `bitrate` and `lateness`. The events are `onSound()`, often
// while it sounds, `onLost(problem)`: the connection is over, `onBroken(error)`: it does not work in this
// browser, and `onPaused()`: someone else paused it.

import * as decode from "/web/decode.js";
import * as element from "/web/element.js";
import * as mse from "/web/mse.js";
import * as webcodecs from "/web/webcodecs.js";

/** What this browser has, or what `?player=NAME` in the page's address asks for. */
export function techniques() {
  const all = [webcodecs, mse, decode, element];
  const asked = new URLSearchParams(location.search).get("player");
  const named = all.filter(({ name }) => name === asked);
  return (named.length > 0 ? named : all).filter(({ isThere }) => isThere());
}
