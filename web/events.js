// What the server tells of a stream while it happens: moves, notes, listeners, scenes.

import { eventsPath } from "./api.js";

/**
 * Follows the events of stream `id` until `close()`; `onEvent({ kind, position, ... })` hears each. A browser
 * joins again by itself when the connection is lost; a server that refuses is asked again later, or by `wake()` at once.
 */
export function followEvents(id, onEvent) {
  let source = null;
  let timer;

  const isRefused = () => source.readyState === EventSource.CLOSED;
  function open() {
    clearTimeout(timer);
    source = new EventSource(eventsPath(id));
    source.addEventListener("error", () => {
      if (isRefused()) timer = setTimeout(open, RETRY_MS);
    });
    for (const kind of KINDS) {
      source.addEventListener(kind, ({ data }) => {
        const event = parse(data);
        if (event) onEvent({ ...event, kind });
      });
    }
  }
  open();
  return {
    wake() {
      if (isRefused()) open();
    },
    close() {
      clearTimeout(timer);
      source.close();
    },
  };
}

function parse(data) {
  try {
    const event = JSON.parse(data);
    return Number.isFinite(event?.position) ? event : null;
  } catch {
    return null;
  }
}

const KINDS = ["stream", "param", "note", "listeners", "ending"];
const RETRY_MS = 10_000;
