// A station's presets as buttons, and which of them the knobs stand on.

import { defaultOf, isAt } from "./curve.js";

/** Fills `list` with a button a preset; `onChoose(name)` hears which. Returns `show(values)`, which marks one. */
export function createPresets(list, station, onChoose) {
  const presets = station.presets ?? [];
  const buttons = presets.map(({ name, title }) => {
    const button = Object.assign(document.createElement("button"), { textContent: title });
    button.addEventListener("click", () => onChoose(name));
    return button;
  });
  list.replaceChildren(...buttons);
  return (values) => {
    const at = presets.indexOf(presetAt(station, values));
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", index === at));
  };
}

/** Chance may touch only what has a taste. */
export const hasChance = (station) => station.params.some((spec) => spec.taste);

/** The preset on which all knobs stand, or undefined. What it does not name is the default; level is free. */
export const presetAt = (station, values) =>
  station.presets?.find(({ params }) =>
    station.params.every((spec) => spec.id === "level" || isAt(spec, values[spec.id], params[spec.id] ?? defaultOf(spec))),
  );
