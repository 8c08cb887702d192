import assert from "node:assert/strict";
import { test } from "node:test";

import { createHistory } from "../history.js";

test("what was done is taken back, newest first, and made again", () => {
  const history = createHistory();
  history.note({ a: 0 }, { a: 1 }, 0);
  history.note({ b: 0 }, { b: 1 }, 10);
  assert.deepEqual([history.undo(), history.undo(), history.undo()], [{ b: 0 }, { a: 0 }, null]);
  assert.deepEqual([history.redo(), history.redo(), history.redo()], [{ a: 1 }, { b: 1 }, null]);
});

test("a knob turned without a pause is one move", () => {
  const history = createHistory();
  for (let i = 0; i < 100; i += 1) history.note({ a: i }, { a: i + 1 }, i * 300);
  assert.deepEqual(history.undo(), { a: 0 });
  assert.equal(history.canUndo, false);
});

test("after a pause it is another move", () => {
  const history = createHistory();
  history.note({ a: 0 }, { a: 1 }, 0);
  history.note({ a: 1 }, { a: 2 }, 5000);
  assert.deepEqual([history.undo(), history.undo()], [{ a: 1 }, { a: 0 }]);
});

test("a new move ends what could have been made again", () => {
  const history = createHistory();
  history.note({ a: 0 }, { a: 1 }, 0);
  history.undo();
  history.note({ b: 0 }, { b: 1 }, 10);
  assert.equal(history.canRedo, false);
  assert.equal(history.redo(), null);
});

test("a move made again does not run into the next", () => {
  const history = createHistory();
  history.note({ a: 0 }, { a: 1 }, 0);
  history.undo();
  history.redo();
  history.note({ a: 1 }, { a: 2 }, 10);
  assert.deepEqual([history.undo(), history.undo()], [{ a: 1 }, { a: 0 }]);
});

test("a hand that rests on a knob while it turns it makes one move", () => {
  const history = createHistory();
  history.note({ a: 0 }, { a: 1 }, 0, 1);
  history.note({ a: 1 }, { a: 2 }, 60_000, 1);
  history.note({ a: 2 }, { a: 3 }, 120_000, 2);
  assert.deepEqual([history.undo(), history.undo()], [{ a: 2 }, { a: 0 }]);
});
