// MIDI learn: choose a knob, move a controller. What was learnt is kept in this browser.

import { controlOf, controllerOf, forget, inWords, learn, targetOf } from "./controllers.js";
import { openMidi } from "./midi.js";

/**
 * The panel `panel` and the knobs under `desk`. `onTurn(name, travel)` hears what a controller turns.
 * Returns `toggle()`, and `show(station, knobs)` when another station comes on the desk.
 */
export function createLearn(panel, desk, onTurn) {
  const find = (selector) => panel.querySelector(selector);
  const say = (words) => (find("p").textContent = words);
  let map = load();
  let midi = null;
  let station = null;
  let knobs = new Map();
  let chosen = null;

  const nameOf = ({ target }) => desk.hasAttribute("data-learn") && target.closest("[data-name]")?.dataset.name;
  const labelOf = (name) => knobs.get(name).element.querySelector(".knob-label").textContent;

  function onMessage(bytes) {
    const moved = controlOf(bytes);
    if (!moved || !station) return;
    if (chosen) {
      keep(learn(map, station, chosen, moved.control));
      say(`${inWords(moved.control)} now turns ${labelOf(chosen)}. Choose another knob, or finish.`);
      choose(null);
      return;
    }
    const name = targetOf(map, station, [...knobs.keys()], moved.control);
    if (name) onTurn(name, moved.travel);
  }
  function choose(name) {
    chosen = name;
    for (const [other, { element }] of knobs) element.toggleAttribute("data-learning", other === name);
    find(".forget").hidden = !name || !controllerOf(map, station, name);
    if (name) say(`Now move a controller for ${labelOf(name)}.`);
  }
  function keep(next) {
    map = next;
    save(map);
    mark();
  }
  function mark() {
    for (const [name, { element }] of knobs) {
      const control = controllerOf(map, station, name);
      const isOn = control && targetOf(map, station, [...knobs.keys()], control) === name;
      element.querySelector(".knob-control").textContent = isOn ? inWords(control) : "";
    }
    find(".forget-all").hidden = Object.keys(map).length === 0;
  }
  async function open() {
    panel.hidden = false;
    try {
      midi ??= await openMidi(onMessage);
      say(midi.count() ? "Choose a knob, then move a controller." : "No controller is connected. Plug one in; it is found by itself.");
      desk.toggleAttribute("data-learn", true);
    } catch (error) {
      say(error.message);
    }
  }
  function close() {
    panel.hidden = true;
    desk.toggleAttribute("data-learn", false);
    choose(null);
  }
  const take = (event) => {
    const name = nameOf(event);
    if (!name) return;
    event.preventDefault();
    event.stopPropagation();
    choose(name);
  };
  desk.addEventListener("pointerdown", take, { capture: true });
  desk.addEventListener("click", take, { capture: true });
  desk.addEventListener("focusin", (event) => {
    const name = nameOf(event);
    if (name) choose(name);
  });
  find(".forget").addEventListener("click", () => {
    keep(forget(map, station, chosen));
    say(`Nothing turns ${labelOf(chosen)} now.`);
    choose(null);
  });
  find(".forget-all").addEventListener("click", () => {
    keep({});
    say("All controllers are forgotten.");
    choose(null);
  });
  find(".done").addEventListener("click", close);
  // Who has taught the page something before need not ask for MIDI again.
  if (Object.keys(map).length) {
    openMidi(onMessage).then((opened) => (midi = opened), () => {});
  }

  return {
    toggle: () => (panel.hidden ? open() : close()),
    show(next, nextKnobs) {
      [station, knobs] = [next, nextKnobs];
      choose(null);
      mark();
    },
  };
}

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function save(map) {
  try {
    localStorage.setItem(KEY, JSON.stringify(map));
  } catch {
    // A browser that keeps nothing: it holds until the page is closed.
  }
}

const KEY = "perpetuo-midi";
