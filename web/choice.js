// A choice among labels: side by side where there are few short ones, else a list.

import { defaultOf, inWords, labelAt } from "./curve.js";

/** A control for `spec`; `onTurn(label)` hears the user's hand. */
export function createChoice(template, spec, onTurn) {
  const letters = spec.labels.join("").length;
  const control = spec.labels.length <= FEW && letters <= SHORT ? createSegments(spec) : createList(spec);
  const element = template.content.cloneNode(true).firstElementChild;
  element.append(control.input);

  function turn(label) {
    control.show(label);
    onTurn(label);
  }
  control.input.addEventListener("change", () => turn(control.value()));
  control.input.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") turn(defaultOf(spec));
  });
  element.querySelector(".knob-label").addEventListener("dblclick", () => {
    if (!element.matches(":disabled *")) turn(defaultOf(spec));
  });
  const turnTo = (travel) => {
    const label = labelAt(spec, travel);
    if (label !== control.value()) turn(label);
  };
  return { element, input: control.input, show: control.show, turnTo, hold: () => 0 };
}

function createList(spec) {
  const input = document.createElement("select");
  for (const label of spec.labels) {
    const words = inWords(spec, label);
    input.append(new Option(label === defaultOf(spec) ? `${words} ·` : words, label));
  }
  return { input, value: () => input.value, show: (label) => (input.value = label) };
}

function createSegments(spec) {
  const input = document.createElement("div");
  Object.assign(input, { className: "segments", role: "radiogroup" });
  const radios = spec.labels.map((label) => {
    const segment = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: spec.id, value: label });
    const words = Object.assign(document.createElement("span"), { textContent: inWords(spec, label) });
    segment.toggleAttribute("data-home", label === defaultOf(spec));
    segment.append(radio, words);
    input.append(segment);
    return radio;
  });
  return {
    input,
    value: () => radios.find((radio) => radio.checked)?.value,
    show(label) {
      for (const radio of radios) radio.checked = radio.value === label;
    },
  };
}

const FEW = 6;
const SHORT = 36;
