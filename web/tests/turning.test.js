import assert from "node:assert/strict";
import { test } from "node:test";

import { afterDrag, afterKey, createTaps, createWheel } from "../turning.js";

test("up and to the right is more, down and to the left is less", () => {
  assert.ok(afterDrag(0.5, 0, -19, false) > 0.5);
  assert.ok(afterDrag(0.5, 19, 0, false) > 0.5);
  assert.ok(afterDrag(0.5, 0, 19, false) < 0.5);
  assert.ok(afterDrag(0.5, -19, 0, false) < 0.5);
});

test("a fine drag moves an eighth", () => {
  const [whole, fine] = [false, true].map((isFine) => afterDrag(0.5, 0, -19, isFine) - 0.5);
  assert.ok(Math.abs(whole / fine - 8) < 1e-9);
});

test("a drag ends at the ends of the travel", () => {
  assert.equal(afterDrag(0.5, 0, -1e4, false), 1);
  assert.equal(afterDrag(0.5, 0, 1e4, false), 0);
});

test("arrows move a hundredth, or one step where a step is more; Shift and pages move a tenth", () => {
  const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
  near(afterKey(0.5, { key: "ArrowUp" }, 0.005), 0.51);
  near(afterKey(0.5, { key: "ArrowLeft" }, 0.02), 0.48);
  near(afterKey(0.5, { key: "ArrowRight", shiftKey: true }, 0.005), 0.6);
  near(afterKey(0.5, { key: "PageDown" }, 0.005), 0.4);
  near(afterKey(0.5, { key: "Home" }, 0.005), 0);
  near(afterKey(0.5, { key: "End" }, 0.005), 1);
});

test("a key that means nothing to a knob is left alone", () => {
  assert.equal(afterKey(0.5, { key: "a" }, 0.01), null);
  assert.equal(afterKey(0.5, { key: "Tab" }, 0.01), null);
});

test("what a touchpad sends adds up to notches, and turning back starts anew", () => {
  const notches = createWheel();
  assert.equal(notches({ deltaY: -15 }), 0);
  assert.equal(notches({ deltaY: -15 }), 0);
  assert.equal(notches({ deltaY: -15 }), 1);
  assert.equal(notches({ deltaY: 39 }), 0);
  assert.equal(notches({ deltaY: 1 }), -1);
});

test("a wheel that counts in lines moves a notch a line", () => {
  assert.equal(createWheel()({ deltaY: 3, deltaMode: 1 }), -3);
});

test("only the second of two quick taps is a double tap", () => {
  const isSecond = createTaps();
  assert.deepEqual([0, 200, 300, 1000, 1500].map(isSecond), [false, true, false, false, false]);
});
