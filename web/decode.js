// Playing by decodeAudioData: frames are decoded in groups, each as if it were a file, and fed to the ring.

import { feed } from "/web/feed.js";
import { CODEC_DELAY, FRAME_LEN, joined } from "/web/frames.js";
import { createSpeaker } from "/web/speaker.js";

export const name = "decode";

export const isThere = () => "AudioWorkletNode" in globalThis;

/** See `techniques.js`. */
export function open(output, options, { onSound, onLost, onBroken }) {
  const speaker = createSpeaker(output, options.lateness + DECODING, { onSound, onError: onBroken });
  let connection = new AbortController();
  /** The position of what is decoded first, until it is. */
  let start = null;

  /** A decoder that begins needs the frames before, for what overlaps from there. */
  function createGroups(signal) {
    let before = [];
    let turn = Promise.resolve();
    return (frames) => {
      const group = [...before, ...frames];
      before = group.slice(-FRAMES_BEFORE);
      turn = turn.then(() => decode(group, frames.length * FRAME_LEN, signal)).catch((error) => {
        if (!signal.aborted) onBroken(error);
      });
    };
  }

  /** Decodes a group, of which the last `wanted` samples are new. */
  async function decode(group, wanted, signal) {
    const audio = await output.context.decodeAudioData(joined(group).buffer);
    if (signal.aborted) return;
    const [left, right] = [0, audio.numberOfChannels - 1].map((channel) =>
      audio.getChannelData(channel).slice(-wanted),
    );
    if (start !== null) {
      // Some decoders leave out the beginning of a file.
      speaker.port.postMessage({ begin: start + wanted - left.length });
      start = null;
    }
    speaker.port.postMessage({ left, right }, [left.buffer, right.buffer]);
  }

  function leave() {
    connection.abort();
    speaker.stop();
  }

  return {
    join(id) {
      connection.abort();
      connection = new AbortController();
      const { signal } = connection;
      const onHead = (position) => (start = position - CODEC_DELAY);
      feed(id, options, signal, { onHead, onFrames: createGroups(signal) }).catch(onLost);
    },
    leave,
    heard: speaker.heard,
    held: speaker.held,
    close() {
      leave();
      speaker.close();
    },
  };
}

/** What decoding adds to the unsteadiness of arrivals, in seconds. */
const DECODING = 0.03;
/** One for what overlaps, one for the filter bank. */
const FRAMES_BEFORE = 2;
