// A station's knobs, made from its descriptors alone.

import { inWords, stepCount, travelOf, valueAt } from "/web/curve.js";

/**
 * Fills `desk` with a knob a descriptor; `onTurn(spec, value)` hears the user's hand.
 * Returns `show(name, value)`, which moves a knob without `onTurn`.
 */
export function createKnobs(desk, template, specs, values, onTurn) {
  const knobs = new Map(specs.map((spec) => [spec.id, createKnob(template, spec, onTurn)]));
  for (const spec of specs) knobs.get(spec.id).show(values[spec.id] ?? defaultOf(spec));
  desk.replaceChildren(...[...knobs.values()].map((knob) => knob.element));
  return (name, value) => knobs.get(name)?.show(value);
}

function createKnob(template, spec, onTurn) {
  const element = template.content.cloneNode(true).firstElementChild;
  const [label, readout, help] = element.children;
  const control = spec.curve === "stepped" ? createChoice(spec) : createSlider(spec);
  const { input } = control;

  input.id = `knob-${spec.id}`;
  input.setAttribute("aria-describedby", `${input.id}-help`);
  label.htmlFor = input.id;
  label.textContent = spec.label;
  help.id = `${input.id}-help`;
  help.textContent = [spec.help, WHEN[spec.applies]].filter(Boolean).join(" ");
  readout.after(input);

  function show(value) {
    control.show(value);
    readout.textContent = spec.curve === "stepped" ? "" : inWords(spec, value);
  }
  function turn(value) {
    show(value);
    onTurn(spec, value);
  }
  input.addEventListener("input", () => turn(control.value()));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") turn(defaultOf(spec));
  });
  label.addEventListener("dblclick", () => {
    if (!input.matches(":disabled")) turn(defaultOf(spec));
  });
  return { element, show };
}

function createSlider(spec) {
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: 0, max: 1, step: 1 / stepCount(spec) });
  input.style.setProperty("--home", travelOf(spec, spec.default));
  return {
    input,
    value: () => valueAt(spec, input.valueAsNumber),
    show(value) {
      const travel = travelOf(spec, value);
      input.value = travel;
      input.style.setProperty("--travel", travel);
      input.setAttribute("aria-valuetext", inWords(spec, value));
    },
  };
}

function createChoice(spec) {
  const input = document.createElement("select");
  input.append(...spec.labels.map((label) => new Option(inWords(spec, label), label)));
  return {
    input,
    value: () => input.value,
    show(label) {
      input.value = label;
    },
  };
}

/** A choice's default may come as its place among the labels. */
const defaultOf = (spec) => spec.labels?.[spec.default] ?? spec.default;

const WHEN = { beat: "From the next beat.", bar: "From the next bar.", section: "From the next section." };
