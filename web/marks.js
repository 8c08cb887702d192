// The composer's notes as marks: pitch up, time along; a part has its form and colour, velocity is size, pan
// leans the colour to one side.

import { hashOf } from "./chance.js";

/** Notes that have been heard; `draw` puts those of the last seconds on the picture. */
export function createMarks() {
  const looks = new Map();
  let notes = [];

  function add(note) {
    const isPitched = note.pitch !== null && note.pitch !== undefined;
    const look = lookOf(note.part ?? "", isPitched);
    const before = look.last;
    const gap = before ? note.position - before.position : Infinity;
    const isChord = gap >= 0 && gap < CHORD_S;
    // From chord to chord a line would tie any note to any other.
    const isNear = isPitched && (isChord || (gap > 0 && gap < NEAR_S && !before.isChord));
    if (gap > CHORD_S && gap < Infinity) look.gap += 0.3 * (gap - look.gap);
    look.last = { position: note.position, pitch: note.pitch, isChord };
    notes.push({ ...note, look, velocity: note.velocity ?? 0.6, pan: note.pan ?? 0, before: isNear ? before : null });
    if (notes.length > KEPT) notes.shift();
  }
  /** A form by the part's name; where that is taken, the next that is free. */
  function lookOf(part, isPitched) {
    const key = `${part}/${isPitched}`;
    if (!looks.has(key)) {
      const forms = isPitched ? PITCHED : PITCHLESS;
      const taken = [...looks.values()].map(({ form }) => form);
      const first = hashOf(part) % forms.length;
      const order = forms.map((_, index) => forms[(first + index) % forms.length]);
      const form = order.find((candidate) => !taken.includes(candidate)) ?? order[0];
      const lane = [...looks.values()].filter((look) => !look.isPitched).length % LANES;
      looks.set(key, { form, isPitched, lane, shift: SHIFTS[looks.size % SHIFTS.length], gap: 1, last: null });
    }
    return looks.get(key);
  }

  return {
    add,
    clear() {
      notes = [];
      looks.clear();
    },
    /** Notes so young that they still move the string. */
    young: (heard) => notes.filter(({ position }) => heard - position >= 0 && heard - position < YOUNG_S),
    draw(context, view, heard, palette) {
      notes = notes.filter(({ position }) => heard - position < view.seconds + 4);
      context.lineCap = context.lineJoin = "round";
      for (const look of looks.values()) drawThread(context, view, heard, palette, notes, look);
      for (const note of notes) drawMark(context, view, heard, palette, note);
      context.globalAlpha = 1;
    },
    yOf,
  };
}

/** Notes without a pitch have lanes at the foot of the picture, in which pan is up and down. */
const yOf = ({ pitch, look, pan }, view) =>
  look.isPitched ? view.yOf(pitch) : view.height - (18 + 15 * (LANES - look.lane) - 22 * pan) * view.unit;

/** What ties the notes of a part that follow each other closely. */
function drawThread(context, view, heard, palette, notes, look) {
  const xOf = (position) => view.now - (heard - position) * view.pxPerS;
  context.globalAlpha = 0.3;
  context.strokeStyle = palette.colour(look.shift, 0);
  context.lineWidth = 0.9 * view.unit;
  context.beginPath();
  for (const { position, pitch, before, look: own } of notes) {
    if (own !== look || !before || position > heard) continue;
    context.moveTo(xOf(before.position), view.yOf(before.pitch));
    context.lineTo(xOf(position), view.yOf(pitch));
  }
  context.stroke();
}

function drawMark(context, view, heard, palette, note) {
  const age = heard - note.position;
  if (age < 0) return;
  const x = view.now - age * view.pxPerS;
  const y = yOf(note, view);
  const size = (2 + 7.5 * note.velocity ** 1.2) * view.unit;
  const life = lifeOf(age, view);
  context.fillStyle = context.strokeStyle = palette.colour(note.look.shift, note.pan);
  if (age < RING_S && (note.look.isPitched || note.look.form === drop)) {
    context.globalAlpha = 0.45 * (1 - age / RING_S) ** 2;
    context.lineWidth = view.unit;
    circle(context, x, y, size + 34 * view.unit * note.velocity * Math.sqrt(age / RING_S));
    context.stroke();
  }
  context.globalAlpha = life * (0.5 + 0.5 * note.velocity);
  context.lineWidth = 1.4 * view.unit;
  note.look.form(context, x, y, size * (1 + 0.7 * Math.exp(-age * 5)), { view, age, lasts: Math.min(4, 1.3 * note.look.gap + 0.15) });
}

/** From 1 on the string to a quarter at the picture's far edge. */
const lifeOf = (age, { seconds }) => Math.max(0.12, 1 - 0.8 * (age / seconds));

function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function bead(context, x, y, size) {
  circle(context, x, y, 0.8 * size);
  context.fill();
}

function ring(context, x, y, size) {
  circle(context, x, y, size);
  context.stroke();
  bead(context, x, y, 0.28 * size);
}

function diamond(context, x, y, size) {
  const [across, up] = [0.75 * size, 1.15 * size];
  context.beginPath();
  for (const [dx, dy] of [[-across, 0], [0, -up], [across, 0], [0, up]]) context.lineTo(x + dx, y + dy);
  context.fill();
}

/** A stroke of the brush that swells and thins out, about as long as it is to the part's next note. */
function stroke(context, x, y, size, { view, age, lasts }) {
  const length = Math.min(age, lasts) * view.pxPerS;
  context.beginPath();
  context.moveTo(x, y);
  context.quadraticCurveTo(x + 0.25 * length, y - 1.1 * size, x + length, y);
  context.quadraticCurveTo(x + 0.25 * length, y + 1.1 * size, x, y);
  context.fill();
}

function tick(context, x, y, size) {
  context.fillRect(x - 0.12 * size, y - size, 0.24 * size, 2 * size);
}

function block(context, x, y, size) {
  context.fillRect(x - 0.5 * size, y - 0.9 * size, 0.9 * size, 1.8 * size);
}

function drop(context, x, y, size) {
  bead(context, x, y, 0.56 * size);
}

function cross(context, x, y, size) {
  const arm = 0.6 * size;
  context.beginPath();
  for (const slope of [1, -1]) {
    context.moveTo(x - arm, y - slope * arm);
    context.lineTo(x + arm, y + slope * arm);
  }
  context.stroke();
}

const PITCHED = [bead, stroke, ring, diamond];
const PITCHLESS = [tick, drop, block, cross];
/** How far the colours of parts lie from the station's, in degrees of hue. */
const SHIFTS = [0, 55, -50, 105, -95, 160];
const LANES = 4;
const CHORD_S = 0.03;
const NEAR_S = 1.3;
const RING_S = 1.4;
const YOUNG_S = 1.2;
const KEPT = 1500;
