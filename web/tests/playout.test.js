import assert from "node:assert/strict";
import { test } from "node:test";

import { Control } from "../control.js";
import { FADE, Playout } from "../playout.js";

const RATE_HZ = 44_100;
const QUANTUM = 128;
const CHUNK = 2304;

/** A sine whose phase tells the position of every sample. */
const sineAt = (position) => 0.5 * Math.sin((2 * Math.PI * 100 * position) / RATE_HZ);
const sine = (from, length) => Float32Array.from({ length }, (_, i) => sineAt(from + i));

/** A player, and a network that brings `chunk` samples whenever asked. */
function bench(lateness = 0.025) {
  const control = new Control(lateness);
  const playout = new Playout(RATE_HZ, control);
  let sent = 0;
  const heard = [];
  return {
    control,
    playout,
    heard,
    begin(position) {
      playout.begin(position);
      sent = position;
    },
    arrive(length = CHUNK) {
      playout.push(sine(sent, length), sine(sent, length));
      sent += length;
    },
    /** Renders so many samples, in whole quanta. */
    render(count) {
      for (let done = 0; done < count; done += QUANTUM) {
        const [left, right] = [new Float32Array(QUANTUM), new Float32Array(QUANTUM)];
        playout.render(left, right);
        assert.ok(left.every((sample, i) => sample === right[i]));
        heard.push(...left);
      }
    },
    /** The greatest bend between three neighbours: a click shows there. */
    roughness() {
      let most = 0;
      for (let i = 2; i < heard.length; i += 1) {
        most = Math.max(most, Math.abs(heard[i] - 2 * heard[i - 1] + heard[i - 2]));
      }
      return most;
    },
  };
}

/** The sine itself bends by 0.5 (2π 100 / 44,100)² = 1e-4; a fade adds 2 · 0.5 / FADE at its ends at most. */
const NO_CLICK = 0.005;

/** Plays in real time, a chunk every 18 quanta. */
function play(the, chunks) {
  for (let i = 0; i < chunks; i += 1) {
    the.arrive();
    the.render(CHUNK);
  }
}

test("it begins when there is enough, at the live edge, and plays what arrived to the bit", () => {
  const the = bench();
  the.begin(1000);
  the.arrive();
  the.render(CHUNK);
  assert.equal(the.playout.isPlaying, false);
  assert.ok(the.heard.every((sample) => sample === 0));
  the.arrive(8 * CHUNK);
  the.render(QUANTUM * 10);
  assert.equal(the.playout.isPlaying, true);
  const enough = (the.control.target + 0.03) * RATE_HZ + CHUNK;
  assert.ok(the.playout.fill + QUANTUM * 10 - enough < 2, "the surplus is left out before it begins");
  const position = the.playout.position;
  const last = the.heard.slice(-QUANTUM);
  assert.deepEqual(last, [...sine(position - QUANTUM, QUANTUM)]);
});

test("in a steady network it never runs dry or leaves anything out", () => {
  const the = bench();
  the.begin(0);
  play(the, 600);
  assert.equal(the.playout.underruns, 0);
  assert.equal(the.playout.skips, 0);
  assert.ok(the.roughness() < NO_CLICK, `${the.roughness()}`);
});

test("running dry is no click, and it comes back with more in hand", () => {
  const the = bench();
  the.begin(0);
  the.arrive(2 * CHUNK);
  play(the, 100);
  const before = the.control.target;
  the.render(2 * CHUNK + 4000);
  assert.equal(the.playout.underruns, 1);
  assert.equal(the.playout.isPlaying, false);
  assert.equal(the.heard.at(-1), 0);
  the.arrive(4 * CHUNK);
  play(the, 100);
  assert.equal(the.playout.underruns, 1);
  assert.ok(the.control.target > before + 0.02, `${before} before, ${the.control.target} now`);
  assert.ok(the.roughness() < NO_CLICK, `${the.roughness()}`);
});

test("a surplus is left out with a cross-fade", () => {
  const the = bench();
  the.begin(0);
  the.arrive(2 * CHUNK);
  play(the, 50);
  the.arrive(10 * CHUNK);
  play(the, 300);
  assert.ok(the.playout.skips >= 1);
  assert.equal(the.playout.underruns, 0);
  assert.ok(the.playout.fill < the.control.target * RATE_HZ + 2 * CHUNK + 0.06 * RATE_HZ, `${the.playout.fill}`);
  assert.ok(the.roughness() < NO_CLICK, `${the.roughness()}`);
});

test("a network that is faster or slower than the sound card is followed without a gap", () => {
  for (const ppm of [1000, -1000]) {
    const the = bench();
    the.begin(0);
    the.arrive(2 * CHUNK);
    let owed = 0;
    for (let i = 0; i < 4000; i += 1) {
      owed += CHUNK * (1 + ppm / 1e6);
      const length = Math.floor(owed);
      owed -= length;
      the.arrive(length);
      the.render(CHUNK);
    }
    assert.equal(the.playout.underruns, 0, `${ppm} ppm`);
    assert.equal(the.playout.skips, 0, `${ppm} ppm`);
    assert.ok(the.roughness() < NO_CLICK, `${ppm} ppm: ${the.roughness()}`);
    const low = the.control.mean - the.control.target;
    assert.ok(Math.abs(low) < 0.02, `${ppm} ppm: ${low}`);
  }
});

test("between samples it is as good as the samples", () => {
  const the = bench();
  the.begin(0);
  the.arrive(2 * CHUNK);
  play(the, 20);
  the.arrive(2 * CHUNK);
  let worst = 0;
  for (let i = 0; i < 200; i += 1) {
    const before = the.playout.position;
    the.render(QUANTUM);
    if (the.playout.skips === 0 && the.playout.rate > 1) {
      for (let k = 0; k < QUANTUM; k += 1) {
        const due = sineAt(before + k * the.playout.rate);
        worst = Math.max(worst, Math.abs(the.heard.at(k - QUANTUM) - due));
      }
    }
    if (i % 18 === 17) the.arrive();
  }
  assert.ok(worst > 0 && worst < 1e-4, `${worst}`);
});

test("stopping is no click, whatever comes after", () => {
  const the = bench();
  the.begin(0);
  the.arrive(3 * CHUNK);
  the.render(CHUNK);
  the.playout.stop();
  the.arrive();
  the.render(CHUNK);
  assert.equal(the.playout.isPlaying, false);
  assert.equal(the.playout.position, null);
  assert.ok(the.heard.slice(-CHUNK + FADE + QUANTUM).every((sample) => sample === 0));
  assert.ok(the.roughness() < NO_CLICK, `${the.roughness()}`);
});

test("a new connection takes the place of the old without a click", () => {
  const the = bench();
  the.begin(0);
  the.arrive(3 * CHUNK);
  the.render(CHUNK);
  the.begin(500_000);
  the.arrive(3 * CHUNK);
  the.render(CHUNK);
  assert.ok(the.playout.position > 500_000);
  assert.ok(the.roughness() < NO_CLICK, `${the.roughness()}`);
});

test("however much arrives while nobody renders, it begins at the live edge", () => {
  const the = bench();
  the.begin(0);
  for (let i = 0; i < 100; i += 1) the.arrive();
  the.render(QUANTUM);
  const behind = 100 * CHUNK - the.playout.position;
  assert.ok(behind < (the.control.target + 0.03) * RATE_HZ + CHUNK, `${behind}`);
});
