import assert from "node:assert/strict";
import { test } from "node:test";

import { inWords } from "../keep.js";

test("what can be kept is said in whole minutes, up to ten", () => {
  const said = [5, 59.9, 60, 119, 120, 599, 600, 86_400].map(inWords);
  const minutes = ["the last minute", "the last minute", "the last 2 minutes", "the last 9 minutes", "the last 10 minutes"];
  assert.deepEqual(said, ["what was heard", "what was heard", ...minutes, "the last 10 minutes"]);
});
