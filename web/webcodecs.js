// Playing by WebCodecs: a worker fetches and decodes, and feeds the ring whatever the page is busy with.

import { Problem } from "/web/api.js";
import { createSpeaker } from "/web/speaker.js";

export const name = "webcodecs";

export const isThere = () => "AudioDecoder" in globalThis && "AudioWorkletNode" in globalThis;

/** See `techniques.js`. */
export function open(output, options, { onSound, onLost, onBroken }) {
  const speaker = createSpeaker(output, options.lateness, { onSound, onError: onBroken });
  const worker = new Worker("/web/feeder.js", { type: "module" });
  let joins = 0;
  worker.onmessage = ({ data: { join, lost, broken } }) => {
    if (join !== joins) return;
    if (broken) onBroken(new Error(broken));
    else onLost(new Problem(lost.status, lost.message, lost.retryAfter));
  };
  worker.onerror = ({ message }) => onBroken(new Error(message || "the worker cannot be loaded"));
  worker.postMessage({ ring: speaker.port }, [speaker.port]);

  function leave() {
    joins += 1;
    worker.postMessage({ leave: true });
    speaker.stop();
  }

  return {
    join(id) {
      joins += 1;
      worker.postMessage({ join: joins, id, options });
    },
    leave,
    heard: speaker.heard,
    held: speaker.held,
    close() {
      leave();
      worker.terminate();
      speaker.close();
    },
  };
}
