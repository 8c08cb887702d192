import assert from "node:assert/strict";
import { test } from "node:test";

import { controlOf, controllerOf, forget, inWords, learn, targetOf } from "../controllers.js";

const NAMES = ["level", "tempo", "brightness"];

test("a control change is a controller and its travel, and nothing else is", () => {
  assert.deepEqual(controlOf([0xb0, 21, 127]), { control: "1/21", travel: 1 });
  assert.deepEqual(controlOf([0xbf, 1, 0]), { control: "16/1", travel: 0 });
  assert.equal(controlOf([0x90, 60, 100]), null);
  assert.equal(controlOf([0xb0, 123, 0]), null);
});

test("what is learnt on one station holds on all that share the name", () => {
  const map = learn({}, "acid", "brightness", "1/21");
  assert.equal(targetOf(map, "drift", NAMES, "1/21"), "brightness");
  assert.equal(controllerOf(map, "drift", "brightness"), "1/21");
});

test("a controller that turns something else already is learnt for this station alone", () => {
  let map = learn({}, "drift", "brightness", "1/21");
  map = learn(map, "acid", "tempo", "1/21");
  assert.equal(targetOf(map, "acid", NAMES, "1/21"), "tempo");
  assert.equal(targetOf(map, "drift", NAMES, "1/21"), "brightness");
});

test("the newest controller of a knob counts", () => {
  let map = learn({}, "acid", "tempo", "1/21");
  map = learn(map, "acid", "tempo", "1/22");
  assert.equal(targetOf(map, "acid", NAMES, "1/21"), undefined);
  assert.equal(targetOf(map, "acid", NAMES, "1/22"), "tempo");
});

test("what is forgotten turns nothing", () => {
  const map = forget(learn({}, "acid", "tempo", "1/21"), "acid", "tempo");
  assert.deepEqual(map, {});
});

test("a controller is named by its number, and its channel where that is not the first", () => {
  assert.deepEqual(["1/21", "3/7"].map(inWords), ["CC 21", "CC 7, ch 3"]);
});
