import assert from "node:assert/strict";
import { test } from "node:test";

import { Control } from "../control.js";

const CHUNK = 0.052;

/** Lets audio arrive for so many seconds at lows of `low(i)`. */
function arrive(control, seconds, low) {
  for (let i = 0; i < seconds / CHUNK; i += 1) control.onArrival(low(i), CHUNK);
}

test("on a steady network the target sinks slowly to its least", () => {
  const control = new Control(0.15);
  const first = control.target;
  arrive(control, 60, () => first);
  assert.ok(control.target < first && control.target > first / 2, `${control.target} after a minute`);
  arrive(control, 1200, () => first);
  assert.ok(control.target < 0.045, `${control.target} after twenty more`);
});

test("the target covers the latest arrival of late", () => {
  const control = new Control(0.02);
  arrive(control, 30, (i) => (i % 50 === 49 ? 0.04 : 0.1));
  const mean = control.mean;
  assert.ok(control.target > mean - 0.04, `${control.target} at a mean of ${mean}`);
  assert.ok(control.target < 0.09, `${control.target}`);
});

test("running dry raises the target by half of what was missing", () => {
  const control = new Control(0.06);
  arrive(control, 5, () => 0.07);
  const before = control.target;
  const missing = control.mean + 0.1 - (before - 0.01);
  control.onArrival(-0.1, CHUNK + 0.1);
  assert.ok(Math.abs(control.target - before - missing / 2) < 0.003, `${before}, then ${control.target}`);
});

test("an outage is not taken for lateness", () => {
  const control = new Control(0.02);
  control.onArrival(-30, 30);
  assert.ok(control.target < 0.2, `${control.target}`);
});

test("around the target nothing is bent", () => {
  const control = new Control(0.025);
  arrive(control, 10, (i) => control.target + (i % 2 ? 0.003 : -0.003));
  assert.equal(control.rate(), 1);
  assert.equal(control.surplus(), 0);
});

test("too much is played faster and too little slower, by half a percent at most", () => {
  for (const [error, sign] of [[0.04, 1], [-0.03, -1], [0.2, 1], [-0.2, -1]]) {
    const control = new Control(0.3);
    for (let i = 0; i < 200; i += 1) control.onArrival(control.target + error, CHUNK);
    const bend = (control.rate() - 1) * sign;
    assert.ok(bend > 0 && bend <= 0.005 + 1e-12, `${error}: ${control.rate()}`);
  }
});

test("bending goes on until the target is met", () => {
  const control = new Control(0.025);
  arrive(control, 10, () => control.target + 0.02);
  assert.ok(control.rate() > 1);
  arrive(control, 10, () => control.target + 0.004);
  assert.ok(control.rate() > 1);
  arrive(control, 10, () => control.target);
  assert.equal(control.rate(), 1);
});

test("much too much is left out, once", () => {
  const control = new Control(0.025);
  arrive(control, 10, () => control.target + 0.3);
  const surplus = control.surplus();
  assert.ok(surplus > 0.25 && surplus < 0.31, `${surplus}`);
  control.onSkipped(surplus);
  assert.equal(control.surplus(), 0);
});
