// Where something stands that is told only now and then, and not quite exactly. All in seconds.

/** Runs on at its own pace, and bends towards what it is told rather than jump. */
export class Clock {
  #position = null;
  #time = 0;
  #error = 0;

  /** At `time`, it stands at `position`. */
  set(position, time) {
    const shown = this.at(time);
    const error = shown === null ? 0 : shown - position;
    this.#error = Math.abs(error) < JUMP_FROM ? error : 0;
    this.#position = position;
    this.#time = time;
  }

  clear() {
    this.#position = null;
  }

  /** Where it stands at `time`, or null. */
  at(time) {
    if (this.#position === null) return null;
    const since = time - this.#time;
    return this.#position + since + this.#error * Math.exp(-Math.max(0, since) / BEND_TIME);
  }
}

const JUMP_FROM = 0.1;
/** Longer than `JUMP_FROM`: so it never runs backwards. */
const BEND_TIME = 0.4;
