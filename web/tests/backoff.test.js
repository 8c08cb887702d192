import assert from "node:assert/strict";
import { test } from "node:test";

import { waitBefore } from "../backoff.js";

const waits = Array.from({ length: 20 }, (_, attempts) => waitBefore(attempts));

test("the first time is at once, then it waits longer and longer, up to 15 s", () => {
  assert.deepEqual([waits[0], waits.at(-1)], [0, 15]);
  assert.deepEqual(waits, waits.toSorted((a, b) => a - b));
});

test("a server that is back within three seconds is found within one", () => {
  let waited = 0;
  for (const wait of waits) {
    waited += wait;
    if (waited <= 4) assert.ok(wait <= 1, `${wait} s, after ${waited} s`);
  }
});

test("it never comes back before the server asks for it", () => {
  assert.equal(waitBefore(0, 7), 7);
  assert.equal(waitBefore(100, 7), 15);
});
