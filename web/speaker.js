// The page's half of the ring: makes the node, and keeps what it tells.

import { Clock } from "/web/clock.js";

/**
 * A ring that sounds through `output`, as soon as it is loaded. `onSound()` hears that it sounds, ten
 * times a second, `onError(error)` that it cannot be. What is posted to `port`, from anywhere, waits.
 */
export function createSpeaker(output, lateness, { onSound, onError }) {
  const { port1: port, port2: source } = new MessageChannel();
  const clock = new Clock();
  let node = null;
  let isOpen = true;
  let last = null;

  async function load() {
    await output.context.audioWorklet.addModule("/web/ring.js");
    if (!isOpen) return;
    node = new AudioWorkletNode(output.context, "ring", {
      numberOfInputs: 0,
      outputChannelCount: [2],
      processorOptions: { lateness },
    });
    node.onprocessorerror = () => onError(new Error("the audio worklet failed"));
    node.port.onmessage = ({ data }) => hear(data);
    node.port.postMessage({ source }, [source]);
    node.connect(output.analyser);
  }

  function hear(report) {
    last = report;
    if (!report.isPlaying) return clock.clear();
    clock.set(report.position, output.heardAt(report.time));
    onSound();
  }

  load().catch(onError);

  return {
    port,
    stop() {
      node?.port.postMessage({ stop: true });
      clock.clear();
    },
    /** The position heard now, in seconds, or null. */
    heard: () => clock.at(performance.now() / 1000),
    /** From arrival to the ear, in seconds, or null. */
    held: () => (last?.isPlaying ? last.fill + output.latency : null),
    close() {
      isOpen = false;
      node?.disconnect();
    },
  };
}
