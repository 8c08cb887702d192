// A playout buffer at the live edge: audio comes in irregularly and goes out in time, without a click
// wherever it has to begin, end, or leave something out. All in samples.

/** Stereo; what is asked of it at most at once is a quantum of `render`, 128 samples. */
export class Playout {
  #left = new Float32Array(CAPACITY);
  #right = new Float32Array(CAPACITY);
  /** Counted from the buffer's beginning: all ever written, and where reading is, with a fraction. */
  #written = 0;
  #read = 0;
  /** The position of the sample that was written first, or null: nothing has begun. */
  #origin = null;
  #isPlaying = false;
  #rate = 1;
  /** Samples faded in since it began to sound. */
  #faded = 0;
  /** What was sounding, fading out. */
  #tail = [new Float32Array(FADE), new Float32Array(FADE)];
  #tailAt = FADE;
  /** Since the last arrival: the least fill, samples rendered, samples of them for want of any. */
  #low = Infinity;
  #rendered = 0;
  #starved = 0;
  #chunk = CHUNK;
  #sampleRate;
  #control;

  underruns = 0;
  skips = 0;

  constructor(sampleRate, control) {
    this.#sampleRate = sampleRate;
    this.#control = control;
  }

  /** A new connection: what is pushed next begins at `position`. What was there fades out. */
  begin(position) {
    this.stop();
    this.#origin = position;
  }

  /** Fades out and forgets everything. */
  stop() {
    if (this.#isPlaying) this.#release();
    this.#isPlaying = false;
    this.#origin = null;
    this.#written = this.#read = this.#rendered = this.#starved = 0;
    this.#low = Infinity;
    this.#control.begin();
  }

  /** Takes what has arrived at once. */
  push(left, right) {
    if (this.#origin === null) return;
    this.#noteArrival(left.length);
    for (let i = 0; i < left.length; i += 1) {
      this.#left[(this.#written + i) & MASK] = left[i];
      this.#right[(this.#written + i) & MASK] = right[i];
    }
    this.#written += left.length;
    this.#read = Math.max(this.#read, this.#written - CAPACITY + GUARD);
  }

  /** Fills both channels; silence where there is nothing to play. */
  render(left, right) {
    const count = left.length;
    if (this.#isPlaying && this.fill < 2 * (count + FADE)) {
      this.#release();
      this.#isPlaying = false;
      this.underruns += 1;
    }
    if (!this.#isPlaying) this.#start();
    if (this.#isPlaying) {
      this.#steer();
      this.#play(left, right);
    } else {
      left.fill(0);
      right.fill(0);
      this.#starved += count;
    }
    this.#mixTail(left, right);
    this.#rendered += count;
    this.#low = Math.min(this.#low, this.fill);
  }

  get isPlaying() {
    return this.#isPlaying;
  }

  /** What is there to play. */
  get fill() {
    return this.#written - this.#read;
  }

  /** Of the sample to be rendered next, or null before anything has begun. */
  get position() {
    return this.#origin === null ? null : this.#origin + this.#read;
  }

  get rate() {
    return this.#rate;
  }

  #noteArrival(length) {
    const hasPlayed = this.#isPlaying || this.#starved < this.#rendered;
    if (hasPlayed && this.#rendered > 0) {
      const low = this.#isPlaying ? this.#low : -this.#starved;
      this.#control.onArrival(low / this.#sampleRate, this.#rendered / this.#sampleRate);
      this.#chunk += (length - this.#chunk) / CHUNKS_AVERAGED;
    }
    this.#low = Infinity;
    this.#rendered = this.#starved = 0;
  }

  /** Begins to sound once there is enough. Of what is there beyond it, a little is kept: beginnings are unsteady. */
  #start() {
    const enough = Math.round(this.#control.target * this.#sampleRate + this.#chunk);
    if (this.fill < enough) return;
    this.#read = Math.max(this.#read, this.#written - enough - KEPT_AT_START);
    this.#isPlaying = true;
    this.#faded = 0;
    this.#rate = 1;
    this.#control.begin();
  }

  #steer() {
    const surplus = Math.round(this.#control.surplus() * this.#sampleRate);
    const isThere = surplus > 0 && this.fill - surplus > this.#chunk;
    if (isThere && this.#tailAt >= FADE) {
      this.#release();
      this.#read += surplus;
      this.#faded = 0;
      this.#control.onSkipped(surplus / this.#sampleRate);
      this.skips += 1;
    }
    const rate = this.#control.rate();
    if (rate !== 1) this.#rate = rate;
  }

  #play(left, right) {
    const step = this.#rate;
    const isExact = step === 1;
    if (isExact) this.#copy(left, right, left.length);
    else this.#interpolate(left, right, left.length, step);
    for (let i = 0; i < left.length && this.#faded < FADE; i += 1, this.#faded += 1) {
      const gain = this.#faded / FADE;
      left[i] *= gain;
      right[i] *= gain;
    }
  }

  #copy(left, right, count) {
    for (let i = 0; i < count; i += 1) {
      left[i] = this.#left[(this.#read + i) & MASK];
      right[i] = this.#right[(this.#read + i) & MASK];
    }
    this.#read += count;
  }

  /** Plays at `step` samples a sample. Asked for 1 again, it goes on until it meets a whole sample. */
  #interpolate(left, right, count, step) {
    const isToEnd = this.#control.rate() === 1;
    for (let i = 0; i < count; i += 1) {
      const whole = Math.floor(this.#read);
      const fraction = this.#read - whole;
      if (isToEnd && Math.min(fraction, 1 - fraction) <= Math.abs(step - 1)) {
        this.#read = Math.round(this.#read);
        this.#rate = 1;
        this.#copy(left.subarray(i), right.subarray(i), count - i);
        return;
      }
      left[i] = hermite(this.#left, whole, fraction);
      right[i] = hermite(this.#right, whole, fraction);
      this.#read += step;
    }
  }

  /** Lets what would have sounded next fade out, whatever sounds meanwhile. */
  #release() {
    const [left, right] = this.#tail;
    const rest = Math.min(FADE - this.#tailAt, FADE);
    left.copyWithin(0, this.#tailAt);
    right.copyWithin(0, this.#tailAt);
    left.fill(0, rest);
    right.fill(0, rest);
    for (let i = 0, at = this.#read; i < FADE && at + GUARD < this.#written; i += 1, at += this.#rate) {
      const gain = (1 - i / FADE) * Math.min(1, (this.#faded + i) / FADE);
      const whole = Math.floor(at);
      left[i] += hermite(this.#left, whole, at - whole) * gain;
      right[i] += hermite(this.#right, whole, at - whole) * gain;
    }
    this.#tailAt = 0;
  }

  #mixTail(left, right) {
    for (let i = 0; i < left.length && this.#tailAt < FADE; i += 1, this.#tailAt += 1) {
      left[i] += this.#tail[0][this.#tailAt];
      right[i] += this.#tail[1][this.#tailAt];
    }
  }
}

/**
 * Between samples `whole` and the one after it, through four points: the Hermite form of Catmull and Rom.
 * Source: E. Catmull and R. Rom, A Class of Local Interpolating Splines, 1974.
 */
function hermite(samples, whole, fraction) {
  const before = samples[(whole - 1) & MASK];
  const from = samples[whole & MASK];
  const to = samples[(whole + 1) & MASK];
  const after = samples[(whole + 2) & MASK];
  const slope = (to - before) / 2;
  const bend = before - 2.5 * from + 2 * to - after / 2;
  const twist = (after - before) / 2 + 1.5 * (from - to);
  return ((twist * fraction + bend) * fraction + slope) * fraction + from;
}

/** 3 s at 44.1 kHz; a power of two. */
const CAPACITY = 131_072;
const MASK = CAPACITY - 1;
/** Samples that interpolation needs around the one it is at. */
const GUARD = 4;
/** 6 ms at 44.1 kHz. */
export const FADE = 256;
/** What a server sends at once to who asks for the least: two frames. */
const CHUNK = 2304;
const CHUNKS_AVERAGED = 16;
/** 30 ms at 44.1 kHz: control takes it back in the first half minute. */
const KEPT_AT_START = 1323;
