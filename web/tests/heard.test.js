import assert from "node:assert/strict";
import { test } from "node:test";

import { createClock } from "../heard.js";

const player = (heard, latency) => ({ heard: () => heard, latency: () => latency });

test("the player knows best", () => {
  const clock = createClock(player(12, 0.1));
  clock.note(40, 0);
  assert.equal(clock.heard(1), 12);
});

test("without it, one hears what events told, later by the latency", () => {
  const clock = createClock(player(null, 1.5));
  clock.note(10, 100);
  assert.equal(clock.heard(102), 10.5);
});

test("an event that comes late does not set the clock back", () => {
  const clock = createClock(player(null, 0));
  clock.note(10, 100);
  clock.note(10.1, 101);
  assert.equal(clock.heard(101), 11);
});

test("nothing told, nothing known", () => {
  const clock = createClock(player(null, 0.1));
  assert.equal(clock.heard(5), null);
  clock.note(10, 1);
  clock.reset();
  assert.equal(clock.heard(5), null);
});
