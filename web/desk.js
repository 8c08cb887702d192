// The desk of one stream: its knobs and presets, one's own moves and those of others.
//
// One's own hand moves a knob at once. What others do moves it when it is heard, unless one's own hand is on
// it, or a move of one's own has been made after theirs.

import { setParam } from "./api.js";
import { defaultOf, travelOf, valueAt } from "./curve.js";
import { createHistory } from "./history.js";
import { createKnobs } from "./knobs.js";
import { createPresets } from "./presets.js";
import { createSender } from "./sender.js";

/**
 * Puts `stream` of `station` on the desk. `parts` are its elements `knobs` and `presets`, and `templates`;
 * `isQuick()` says whether turns are heard soon enough to send them often. `onProblem(problem)` hears of
 * refusals, `onChange()` of any move.
 */
export function createDesk(parts, { stream, station, isQuick, onProblem, onChange }) {
  const specs = new Map(station.params.map((spec) => [spec.id, spec]));
  const values = Object.fromEntries(station.params.map((spec) => [spec.id, stream.params[spec.id] ?? defaultOf(spec)]));
  const history = createHistory();
  /** Up to which position one's own moves come before those of others. */
  const mine = {};
  const glides = new Map();

  const knobs = createKnobs(parts.knobs, parts.templates, station.params, (name, value) => turn({ [name]: value }));
  const markPreset = createPresets(parts.presets, station, (name) => sender.choose(name));
  const sender = createSender({
    send: (moves) => setParam(stream.id, moves),
    pauseMs: () => (isQuick() ? QUICK_MS : CALM_MS),
    onTaken,
    onRefused: onProblem,
  });

  function onTaken({ params, position, preset }) {
    if (preset) history.note(pick(values, Object.keys(params)), params, performance.now());
    for (const name of Object.keys(params)) mine[name] = position;
    show(pickBy(params, (name) => !sender.isPending(name)));
  }
  function turn(moves) {
    const [name] = Object.keys(moves);
    history.note(pick(values, Object.keys(moves)), moves, performance.now(), knobs.get(name).hold());
    send(moves);
  }
  /** Sends moves that are not to be noted: those of undo and redo. */
  function send(moves) {
    show(moves);
    sender.turn(moves);
  }
  function show(moves) {
    for (const [name, value] of Object.entries(moves)) {
      glides.delete(name);
      move(name, value);
    }
    markPreset(values);
    onChange();
  }
  function move(name, value) {
    if (!knobs.has(name)) return;
    values[name] = value;
    if (!knobs.get(name).hold()) knobs.get(name).show(value);
  }

  /** Another's moves, or my own as they come back: `{ position, params, ramp }`. */
  function onMoved({ position, params, ramp = 0 }) {
    const theirs = pickBy(params, (name, value) => {
      const isMine = position <= (mine[name] ?? -1) || sender.isPending(name) || knobs.get(name)?.hold();
      return specs.has(name) && !isMine && value !== (glides.get(name)?.to ?? values[name]);
    });
    const isNumber = (name) => specs.get(name).curve !== "stepped";
    const gliding = ramp > 0 ? pickBy(theirs, isNumber) : {};
    show(pickBy(theirs, (name) => !(name in gliding)));
    for (const [name, to] of Object.entries(gliding)) glides.set(name, { from: values[name], to, position, ramp });
  }
  /** Moves knobs along their ramps to where they are heard at `heard`. */
  function glide(heard) {
    if (heard === null) return;
    for (const [name, { from, to, position, ramp }] of glides) {
      const spec = specs.get(name);
      const part = Math.min(1, Math.max(0, (heard - position) / ramp));
      const travel = travelOf(spec, from) + part * (travelOf(spec, to) - travelOf(spec, from));
      move(name, part === 1 ? to : valueAt(spec, travel));
      if (part === 1) show({ [name]: to });
    }
  }
  const step = (moves) => {
    if (moves) send(moves);
    onChange();
  };
  show(values);

  return {
    knobs,
    /** The values that are not the defaults: ids that carry few are short. */
    moved: () => pickBy(values, (name, value) => value !== defaultOf(specs.get(name))),
    onMoved,
    glide,
    chance: () => sender.choose("random"),
    undo: () => step(history.undo()),
    redo: () => step(history.redo()),
    get canUndo() {
      return history.canUndo;
    },
    get canRedo() {
      return history.canRedo;
    },
    close: () => sender.close(),
  };
}

const pick = (values, names) => Object.fromEntries(names.map((name) => [name, values[name]]));
const pickBy = (values, isWanted) => Object.fromEntries(Object.entries(values).filter(([name, value]) => isWanted(name, value)));

/** Thirty a second where they are heard at once, fifteen where a player holds back a second anyway. */
const QUICK_MS = 33;
const CALM_MS = 66;
