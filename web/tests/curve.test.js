import assert from "node:assert/strict";
import { test } from "node:test";

import { defaultOf, inWords, labelAt, stepCount, travelOf, valueAt } from "../curve.js";

const UNIT = { curve: "linear", min: 0, max: 1, unit: "" };
const TEMPO = { curve: "linear", min: 100, max: 150, unit: "bpm" };
const ROOT = { curve: "log", min: 30, max: 120, unit: "Hz" };
const SCALE = { curve: "stepped", labels: ["dorian", "c_sharp", "lydian"], default: 2 };

test("travel leads to a value and back", () => {
  for (const spec of [UNIT, TEMPO, ROOT]) {
    for (let i = 0; i <= stepCount(spec); i += 1) {
      const value = valueAt(spec, i / stepCount(spec));
      assert.equal(valueAt(spec, travelOf(spec, value)), value);
    }
  }
});

test("a logarithmic knob has the geometric mean in the middle", () => {
  assert.equal(valueAt(ROOT, 0.5), 60);
});

test("values are said with their unit, labels as words", () => {
  assert.deepEqual([inWords(UNIT, 0.5), inWords(TEMPO, 120), inWords(SCALE, "c_sharp")], ["0.50", "120 bpm", "C sharp"]);
});

test("travel picks one of the labels, its ends included", () => {
  assert.deepEqual([0, 0.5, 1].map((travel) => labelAt(SCALE, travel)), ["dorian", "c_sharp", "lydian"]);
});

test("a default may be a place among the labels", () => {
  assert.equal(defaultOf(SCALE), "lydian");
});
