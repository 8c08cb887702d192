// How much a player should hold: as little as the unsteadiness of arrivals allows. All in seconds.
//
// What counts is how low the buffer was when the next audio arrived, its low. Lows spread around their
// mean, and the lateness of one is how far below it lies. The mean is steered to
//
//   target = MARGIN + the lateness to expect, which rises with what comes later and is forgotten slowly,
//
// gently by the rate of playing, or by leaving audio out where there is much too much of it.

/** Decides from the lows of a buffer. */
export class Control {
  #lateness;
  #mean = null;
  #isBending = false;

  /** `lateness` is what to expect of the network before anything has arrived. */
  constructor(lateness) {
    this.#lateness = lateness;
  }

  /** The low to have on average. */
  get target() {
    return MARGIN + Math.max(this.#lateness, LEAST_LATENESS);
  }

  /** The low there is on average, or null before the first arrival. */
  get mean() {
    return this.#mean;
  }

  /** Playing begins, anew or again. What has been learnt of the network is kept. */
  begin() {
    this.#mean = null;
    this.#isBending = false;
  }

  /** Audio has arrived `elapsed` after the last; meanwhile the buffer fell to `low`, below 0 if it ran dry. */
  onArrival(low, elapsed) {
    const bounded = Math.max(low, -MOST_LATENESS);
    const mean = this.#mean ?? this.target;
    const lateness = Math.min(mean - bounded, MOST_LATENESS);
    this.#lateness *= 0.5 ** (elapsed / HALF_LIFE);
    this.#lateness += Math.max(0, lateness - this.#lateness) * RISE;
    this.#mean = mean + (bounded - mean) * Math.min(1, elapsed / SETTLING);
  }

  /** What to leave out now: more than bending the rate would be done with soon, or 0. */
  surplus() {
    const excess = this.#excess();
    return excess > SKIP_FROM ? excess : 0;
  }

  /** `seconds` have been left out. */
  onSkipped(seconds) {
    this.#mean -= seconds;
  }

  /** How fast to play, 1 where all is well: it begins to bend late and goes on to the end. */
  rate() {
    const excess = this.#excess();
    const size = Math.abs(excess);
    this.#isBending = size > (this.#isBending ? BEND_UNTIL : BEND_FROM);
    return this.#isBending ? 1 + Math.sign(excess) * Math.min(MOST_BEND, size / BEND_TIME) : 1;
  }

  #excess() {
    return this.#mean === null ? 0 : this.#mean - this.target;
  }
}

/** What there is to be left even when audio comes as late as it ever did. By ear and measured, 2026-11. */
const MARGIN = 0.01;
/** Below this, a quiet machine's threads are what makes arrivals unsteady, not the network. */
const LEAST_LATENESS = 0.03;
/** What comes later than this was lost for a while, not late. */
const MOST_LATENESS = 0.25;
/** Once is believed by half, so that one hiccup is not paid for for minutes. */
const RISE = 0.5;
const HALF_LIFE = 300;
/** Of the mean: slower than lateness comes and goes. */
const SETTLING = 4;
const SKIP_FROM = 0.06;
const BEND_FROM = 0.008;
const BEND_UNTIL = 0.002;
/** The time in which bending would make up for a small error. */
const BEND_TIME = 10;
/** 9 cents. */
const MOST_BEND = 0.005;
