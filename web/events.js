// What the server tells of a stream while it happens: moves, notes, listeners, scenes.

import { eventsPath } from "./api.js";

/**
 * Follows the events of stream `id` until `close()`; `onEvent({ kind, position, ... })` hears each. A browser
 * joins again by itself when the connection is lost. A server that refuses is asked again a few times; one that
 * knows no events is left in peace, and the page goes without.
 */
export function followEvents(id, onEvent) {
  let source = null;
  let refusals = 0;
  let timer;

  function open() {
    clearTimeout(timer);
    source = new EventSource(eventsPath(id));
    source.addEventListener("open", () => (refusals = 0));
    source.addEventListener("error", () => {
      const isRefused = source.readyState === EventSource.CLOSED;
      if (isRefused && ++refusals < REFUSALS) timer = setTimeout(open, RETRY_MS * refusals);
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

const KINDS = ["stream", "param", "note", "listeners"];
const REFUSALS = 4;
const RETRY_MS = 10_000;
