import assert from "node:assert/strict";
import { test } from "node:test";

import { createSender } from "../sender.js";

/** A sender whose deliveries are answered by hand. */
function testbed() {
  const sent = [];
  const sender = createSender({
    send: (values) => new Promise((take, refuse) => sent.push({ values, take, refuse })),
    onTaken() {},
    onRefused() {},
    pauseMs: () => 0,
  });
  return { sent, sender };
}
const soon = () => new Promise((done) => setTimeout(done, 5));

test("while one delivery is under way only the newest values wait", async () => {
  const { sent, sender } = testbed();
  sender.turn({ a: 1 });
  sender.turn({ a: 2 });
  sender.turn({ a: 3, b: 1 });
  assert.deepEqual(sent.map(({ values }) => values), [{ a: 1 }]);
  sent[0].take({});
  await soon();
  assert.deepEqual(sent[1].values, { a: 3, b: 1 });
});

test("a name is pending until the server has answered", async () => {
  const { sent, sender } = testbed();
  sender.turn({ a: 1 });
  assert.deepEqual([sender.isPending("a"), sender.isPending("b")], [true, false]);
  sent[0].take({});
  await soon();
  assert.equal(sender.isPending("a"), false);
});

test("a preset takes the place of what waits, and every name is pending with it", () => {
  const { sender } = testbed();
  sender.turn({ a: 1 });
  sender.turn({ a: 2 });
  sender.choose("deep");
  assert.equal(sender.isPending("anything"), true);
});
