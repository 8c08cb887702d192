// A station's knobs, made from its descriptors alone.

import { createChoice } from "./choice.js";
import { createDial } from "./dial.js";

/**
 * Fills `desk` with a knob a descriptor: numbers in its first child, choices in its second. `onTurn(name, value)`
 * hears the user's hand. Returns the knobs by name: `show(value)`, `turnTo(travel)`, `element`, and `hold()`, which
 * counts the times a hand has taken it and is 0 while none is on it.
 */
export function createKnobs(desk, templates, specs, onTurn) {
  const knobs = new Map(specs.map((spec) => [spec.id, createKnob(templates, spec, onTurn)]));
  const of = (isChoice) =>
    specs.filter((spec) => (spec.curve === "stepped") === isChoice).map((spec) => knobs.get(spec.id).element);
  const [dials, choices] = desk.children;
  dials.replaceChildren(...of(false));
  choices.replaceChildren(...of(true));
  dials.style.setProperty("--count", dials.children.length);
  return knobs;
}

function createKnob(templates, spec, onTurn) {
  const create = spec.curve === "stepped" ? createChoice : createDial;
  const template = spec.curve === "stepped" ? templates.choice : templates.dial;
  const knob = create(template, spec, (value) => onTurn(spec.id, value));
  const { element, input } = knob;
  const label = element.querySelector(".knob-label");
  const help = element.querySelector(".knob-help");

  input.id = `knob-${spec.id}`;
  label.id = `${input.id}-label`;
  help.id = `${input.id}-help`;
  label.htmlFor = input.id;
  label.textContent = spec.label;
  help.textContent = [spec.help, WHEN[spec.applies]].filter(Boolean).join(" ");
  input.setAttribute("aria-labelledby", label.id);
  input.setAttribute("aria-describedby", help.id);
  element.dataset.name = spec.id;
  return knob;
}

const WHEN = { beat: "From the next beat.", bar: "From the next bar.", section: "From the next section." };
