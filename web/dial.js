// A number as a rotary knob. Under the drawing lies a range input, which the keyboard and assistive
// technology use; the pointer turns the drawing.

import { inWords, isAt, stepCount, travelOf, valueAt } from "./curve.js";
import { NOTCH, afterDrag, afterKey, createTaps, createWheel, within } from "./turning.js";

/** A dial for `spec`; `onTurn(value)` hears the user's hand. */
export function createDial(template, spec, onTurn) {
  const element = template.content.cloneNode(true).firstElementChild;
  const [face, input, readout, bubble] = ["face", "input", "readout", "bubble"].map((part) =>
    element.querySelector(`.dial-${part}`),
  );
  let travel = 0;
  let holds = 0;
  let isHeld = false;

  const isLog = spec.curve === "log";
  Object.assign(input, { min: spec.min, max: spec.max, step: isLog ? "any" : (spec.max - spec.min) / stepCount(spec) });
  element.style.setProperty("--home", travelOf(spec, spec.default));

  function show(value) {
    travel = within(travelOf(spec, value));
    draw(value);
  }
  function draw(value) {
    const words = inWords(spec, value);
    input.value = value;
    input.setAttribute("aria-valuetext", words);
    readout.textContent = inWords({ ...spec, unit: "" }, value);
    readout.dataset.unit = spec.unit;
    bubble.textContent = words;
    element.style.setProperty("--travel", travel);
    element.toggleAttribute("data-away", !isAt(spec, value, spec.default));
  }
  /** Keeps the exact travel, so that slow moves add up to a step. */
  function turnTo(next) {
    const before = valueAt(spec, travel);
    travel = within(next);
    const value = valueAt(spec, travel);
    draw(value);
    if (value !== before) onTurn(value);
  }
  function reset() {
    show(spec.default);
    onTurn(spec.default);
  }
  const hold = (is) => {
    if (is && !isHeld) holds += 1;
    isHeld = is;
    element.toggleAttribute("data-held", is);
  };

  input.addEventListener("input", () => {
    const value = valueAt(spec, within(travelOf(spec, input.valueAsNumber)));
    show(value);
    onTurn(value);
  });
  input.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isReset = event.key === "Delete" || event.key === "Backspace";
    const next = isReset ? null : afterKey(travel, event, 1 / stepCount(spec));
    if (!isReset && next === null) return;
    event.preventDefault();
    if (isReset) reset();
    else turnTo(next);
  });
  onDrag(face, {
    isAllowed: () => !input.matches(":disabled"),
    onStart: () => input.focus({ preventScroll: true, focusVisible: false }),
    onMove: (dx, dy, isFine) => turnTo(afterDrag(travel, dx, dy, isFine)),
    onHeld: hold,
    onDoubleTap: reset,
  });
  onWheel(face, input, (notches, isFine) => turnTo(travel + notches * (isFine ? NOTCH / 4 : NOTCH)));

  return { element, input, show, turnTo, hold: () => (isHeld ? holds : 0) };
}

/**
 * Turns what a pointer does on `face` into moves, once it has moved far enough not to be a tap. A finger that moves
 * up or down at once scrolls the page; sideways, or after it has rested a moment, it turns the knob.
 */
function onDrag(face, { isAllowed, onStart, onMove, onHeld, onDoubleTap }) {
  const isSecondTap = createTaps();
  let from = null;
  let isTap = true;
  let isHeld = false;
  let timer;

  function hold(is) {
    clearTimeout(timer);
    isHeld = is;
    onHeld(is);
  }

  face.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !isAllowed()) return;
    event.preventDefault();
    face.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY };
    isTap = true;
    if (event.pointerType === "touch") timer = setTimeout(hold, HOLD_MS, true);
    onStart();
  });
  face.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    const slack = event.pointerType === "mouse" ? SLACK_MOUSE_PX : SLACK_TOUCH_PX;
    if (isTap && Math.hypot(dx, dy) < slack) return;
    from = { x: event.clientX, y: event.clientY };
    if (isTap) hold(true);
    else onMove(dx, dy, event.shiftKey);
    isTap = false;
  });
  face.addEventListener("touchmove", (event) => isHeld && event.cancelable && event.preventDefault(), { passive: false });
  face.addEventListener("contextmenu", (event) => from && event.preventDefault());
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    face.addEventListener(end, (event) => {
      if (!from) return;
      from = null;
      hold(false);
      if (end === "pointerup" && isTap && isSecondTap(event.timeStamp)) onDoubleTap();
    });
  }
}

/** A wheel turns a knob that has the focus, or on which the pointer has rested: not one the page scrolls past. */
function onWheel(face, input, onNotches) {
  const notchesOf = createWheel();
  let since = Infinity;
  face.addEventListener("pointerenter", (event) => (since = event.timeStamp));
  face.addEventListener("pointerleave", () => (since = Infinity));
  face.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || input.matches(":disabled")) return;
      const hasRested = event.timeStamp - since > REST_MS;
      if (!hasRested && document.activeElement !== input) {
        since = event.timeStamp;
        return;
      }
      event.preventDefault();
      // With Shift some systems turn a wheel sideways.
      const notches = notchesOf({ deltaY: event.deltaY || event.deltaX, deltaMode: event.deltaMode });
      if (notches) onNotches(notches, event.shiftKey);
    },
    { passive: false },
  );
}

const SLACK_MOUSE_PX = 2;
const SLACK_TOUCH_PX = 7;
const HOLD_MS = 160;
const REST_MS = 700;
