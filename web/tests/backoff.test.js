import assert from "node:assert/strict";
import { test } from "node:test";

import { waitBefore } from "../backoff.js";

test("the first time is at once, then it waits longer and longer, up to 15 s", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 100].map((attempts) => waitBefore(attempts)), [0, 1, 2, 4, 8, 15, 15, 15]);
});

test("it never comes back before the server asks for it", () => {
  assert.equal(waitBefore(0, 7), 7);
  assert.equal(waitBefore(5, 7), 15);
});
