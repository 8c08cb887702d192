// A station's presets as buttons, and one that leaves it to chance.

/**
 * Fills `desk` with a button a preset; `onChoose(name)` hears which. Where chance may touch nothing there
 * is no button for it.
 */
export function createPresets(desk, station, onChoose) {
  const presets = [...(station.presets ?? [])];
  if (station.params.some((spec) => spec.taste)) presets.push(RANDOM);
  desk.replaceChildren(...presets.map((preset) => createButton(preset, onChoose)));
}

function createButton({ name, title }, onChoose) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "quiet", textContent: title });
  button.addEventListener("click", () => onChoose(name));
  return button;
}

const RANDOM = { name: "random", title: "Surprise me" };
