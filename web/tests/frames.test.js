import assert from "node:assert/strict";
import { test } from "node:test";

import { Framer, joined } from "../frames.js";

/** 192 kbit/s at 44.1 kHz, stereo: 626 bytes, or 627 where there is padding. */
function frame(padding, filling) {
  const bytes = new Uint8Array(626 + padding).fill(filling);
  bytes.set([0xff, 0xfb, 0xb0 | (padding << 1), 0x00]);
  return bytes;
}

const body = joined([frame(0, 1), frame(1, 2), frame(1, 3), frame(0, 4)]);
const lengths = (frames) => frames.map((bytes) => bytes.length);

test("whole frames come out however the body is cut", () => {
  for (const size of [1, 3, 100, 626, 627, 1000, body.length]) {
    const framer = new Framer();
    const frames = [];
    for (let at = 0; at < body.length; at += size) frames.push(...framer.push(body.subarray(at, at + size)));
    assert.deepEqual(lengths(frames), [626, 627, 627, 626], `${size} bytes at once`);
    assert.deepEqual(joined(frames), body, `${size} bytes at once`);
  }
});

test("half a frame waits for its other half", () => {
  const framer = new Framer();
  assert.deepEqual(lengths(framer.push(body.subarray(0, 1000))), [626]);
  assert.deepEqual(lengths(framer.push(body.subarray(1000, 1253))), [627]);
});

test("what is no frame is passed over", () => {
  const noise = new Uint8Array([0x49, 0x44, 0x33, 0xff, 0xfb, 0xff, 0xff]);
  const frames = new Framer().push(joined([noise, body]));
  assert.deepEqual(lengths(frames), [626, 627, 627, 626]);
});
