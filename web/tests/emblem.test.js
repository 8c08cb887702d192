import assert from "node:assert/strict";
import { test } from "node:test";

import { emblemPath } from "../emblem.js";

test("a name has one emblem, and another name another", () => {
  assert.equal(emblemPath("drift"), emblemPath("drift"));
  assert.notEqual(emblemPath("drift"), emblemPath("drone"));
});

test("an emblem stays in its square, whatever the name", () => {
  for (const name of ["drift", "", "é", "a station with a very long name"]) {
    for (const number of emblemPath(name).match(/-?[\d.]+/g)) assert.ok(Math.abs(Number(number)) <= 50, number);
  }
});
