import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../clock.js";

test("it knows nothing before it is told, and after it was cleared", () => {
  const clock = new Clock();
  assert.equal(clock.at(1), null);
  clock.set(10, 1);
  assert.equal(clock.at(3), 12);
  clock.clear();
  assert.equal(clock.at(3), null);
});

test("told unsteadily, it runs steadily and never backwards", () => {
  const clock = new Clock();
  let shown = null;
  for (let time = 0; time < 20; time += 1 / 60) {
    const isTold = Math.floor(time * 10) !== Math.floor((time - 1 / 60) * 10);
    const wrong = Math.floor(time * 10) % 2 ? 0.02 : -0.02;
    if (isTold) clock.set(100 + time + wrong, time);
    const next = clock.at(time);
    if (shown !== null) assert.ok(next > shown, `at ${time}`);
    assert.ok(Math.abs(next - 100 - time) <= 0.0201, `at ${time}: ${next}`);
    shown = next;
  }
});

test("it bends to a small error within a second or two and jumps over a large one", () => {
  const clock = new Clock();
  clock.set(0, 0);
  clock.set(1.05, 1);
  assert.ok(Math.abs(clock.at(1) - 1) < 1e-9);
  assert.ok(Math.abs(clock.at(3) - 3.05) < 0.001);
  clock.set(60, 4);
  assert.equal(clock.at(4), 60);
});
