import assert from "node:assert/strict";
import { test } from "node:test";

import { createTimeline } from "../timeline.js";

const at = (...positions) => positions.map((position) => ({ position }));

test("an event waits until its position is heard", () => {
  const timeline = createTimeline();
  for (const event of at(1, 2, 3)) timeline.add(event);
  assert.deepEqual(timeline.take(0.5), []);
  assert.deepEqual(timeline.take(2), at(1, 2));
  assert.deepEqual(timeline.take(9), at(3));
  assert.deepEqual(timeline.take(9), []);
});

test("events come in the order of their positions, whatever the order they were told in", () => {
  const timeline = createTimeline();
  for (const event of at(3, 1, 2)) timeline.add(event);
  assert.deepEqual(timeline.take(9), at(1, 2, 3));
});

test("while nothing is heard nothing waits", () => {
  const timeline = createTimeline();
  for (const event of at(1, 900)) timeline.add(event);
  assert.deepEqual(timeline.take(null), at(1, 900));
});

test("a stream that has begun anew is not kept waiting by the old one", () => {
  const timeline = createTimeline();
  timeline.add({ position: 5000 });
  timeline.add({ position: 0.1 });
  assert.deepEqual(timeline.take(1), at(0.1));
  assert.deepEqual(timeline.take(9999), []);
});

test("what a client missed and is given late still comes", () => {
  const timeline = createTimeline();
  timeline.add({ position: 100 });
  timeline.add({ position: 75 });
  assert.deepEqual(timeline.take(100), at(75, 100));
});

test("it keeps a bounded number of events", () => {
  const timeline = createTimeline();
  for (let i = 0; i < 10_000; i += 1) timeline.add({ position: i });
  assert.ok(timeline.take(1e9).length <= 4000);
});
