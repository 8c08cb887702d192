// The audio thread's half of the player: a playout buffer, filled through a port and heard through a node.

import { Control } from "/web/control.js";
import { Playout } from "/web/playout.js";

/** Obeys `{ source }`, a port to obey as well, `{ begin }`, `{ left, right }` and `{ stop }`. */
class Ring extends AudioWorkletProcessor {
  #playout;
  #quanta = 0;
  #wasPlaying = false;
  #fill = 0;

  constructor({ processorOptions }) {
    super();
    this.#playout = new Playout(sampleRate, new Control(processorOptions.lateness));
    this.port.onmessage = ({ data }) => this.#obey(data);
  }

  process(_, [output]) {
    const playout = this.#playout;
    playout.render(output[0], output[1]);
    this.#fill += playout.fill;
    this.#quanta += 1;
    if (playout.isPlaying !== this.#wasPlaying || this.#quanta === REPORT_QUANTA) this.#report();
    return true;
  }

  #obey({ source, begin, left, stop, right }) {
    if (source) source.onmessage = ({ data }) => this.#obey(data);
    else if (left) this.#playout.push(left, right);
    else if (begin !== undefined) this.#playout.begin(begin);
    else if (stop) this.#playout.stop();
  }

  /** Tells of the quantum that was rendered last; `position` is that of the sample after it. */
  #report() {
    const { isPlaying, position } = this.#playout;
    this.port.postMessage({
      isPlaying,
      position: position === null ? null : position / sampleRate,
      time: currentTime + 128 / sampleRate,
      fill: this.#fill / this.#quanta / sampleRate,
    });
    this.#wasPlaying = isPlaying;
    this.#quanta = this.#fill = 0;
  }
}

/** A tenth of a second. */
const REPORT_QUANTA = 32;

registerProcessor("ring", Ring);
