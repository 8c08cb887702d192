// The page: pick a station, play, turn. This file knits together what the others do.

import * as api from "./api.js";
import { createCards, hueOf } from "./cards.js";
import { createCountdown } from "./countdown.js";
import { createDesk } from "./desk.js";
import { drawEmblem } from "./emblem.js";
import { followEvents } from "./events.js";
import { listenToKeys } from "./keys.js";
import { createKeep } from "./keep.js";
import { createLearn } from "./learn.js";
import { createPicture } from "./picture.js";
import { createPlayer } from "./player.js";
import { hasChance } from "./presets.js";
import { createSession } from "./session.js";
import { createShare } from "./share.js";
import { createTimeline } from "./timeline.js";
import { createWall } from "./wall.js";
import { inWords, listenersInWords, stateInWords, techniqueInWords, whyLate } from "./words.js";

const $ = (id) => document.getElementById(id);
const root = document.documentElement;

const player = createPlayer(showState);
const timeline = createTimeline();
const picture = createPicture($("picture"), {
  tick,
  analyser: () => player.analyser,
  isPlaying: () => root.dataset.state === "playing",
});
const countdown = createCountdown(showWait);
const keep = createKeep($("keep"), (problem) => say(problem.message));
const share = createShare($("share-dialog"), $("copy"));
const wall = createWall(root);
const session = createSession({ play: () => player.play(), pause: () => player.pause(), another });
const learn = createLearn($("learn"), $("knobs"), (name, travel) => {
  if (!$("knobs").disabled) desk.knobs.get(name).turnTo(travel);
});

let catalogue = [];
let markCard = () => {};
/** The stream on the desk: what `/params` told, with `id`. */
let stream = null;
let station = null;
let desk = null;
let events = null;
let requests = 0;

/** Loads the catalogue, and the stream the address names. */
async function open() {
  $("reload").hidden = true;
  say("");
  try {
    catalogue = await api.stations();
    markCard = createCards($("stations"), $("card"), catalogue, (name) => begin(name));
    const id = idInAddress();
    if (!id || stream) return;
    const known = await api.params(id);
    if (stream) return;
    show({ ...known, id });
    showState("ready");
  } catch (problem) {
    say(inWords(problem));
    $("reload").hidden = !problem.isPassing;
  }
}

/** Makes a new stream of `name` and plays it; the one playing goes on until there is one. */
async function begin(name, values) {
  const request = ++requests;
  countdown.stop();
  player.unlock();
  say("Connecting.");
  try {
    const made = await api.createStream(name, values);
    if (request !== requests) return;
    history.replaceState(null, "", api.pagePath(made.id));
    show(made);
    player.play(made.id);
    $("play").focus({ preventScroll: true, focusVisible: false });
    scrollTo({ top: 0, behavior: CALM.matches ? "auto" : "smooth" });
  } catch (problem) {
    if (request !== requests) return;
    say(inWords(problem));
    if (problem.isPassing) countdown.start(problem.retryAfter || RETRY_S, () => begin(name, values));
  }
}

/** Other music on the same station, with the same knobs. */
function another() {
  if (stream) begin(station.name, desk.moved());
}

/** Puts a stream on the stage and on the desk. */
function show(next) {
  const at = catalogue.findIndex(({ name }) => name === next.station);
  const hue = hueOf(Math.max(0, at));
  stream = next;
  station = catalogue[at] ?? { name: next.station, title: next.title, about: "", params: [] };
  root.toggleAttribute("data-stream", true);
  root.style.setProperty("--hue", hue);
  document.title = `${station.title} · Perpetuo`;
  $("title").textContent = station.title;
  $("about").textContent = station.about;
  drawEmblem($("emblem"), station.name);
  markCard(station.name);
  picture.clear();
  picture.tint(hue);
  showScene(next.now);
  showListeners(next.listeners ?? 0);
  share.fill(stream, station.title);
  keep.show(stream.id);
  keep.reach(stream.position ?? 0);

  desk?.close();
  const parts = { knobs: $("knobs"), presets: $("presets"), templates: { dial: $("dial"), choice: $("choice") } };
  desk = createDesk(parts, { stream, station, isQuick, onProblem: showRefusal, onChange: showMoves });
  learn.show(station.name, desk.knobs);
  $("chance").hidden = !hasChance(station);
  showHint();
  allowTurning(stream.may !== "listen");
  showMoves();
  follow();
}

const isQuick = () => (player.latency() ?? 9) < QUICK_S;

function allowTurning(isAllowed) {
  $("knobs").disabled = !isAllowed;
  $("listen-only").hidden = isAllowed;
  // A row that scrolls must be within reach of the keyboard, with or without its buttons.
  $("presets").tabIndex = isAllowed ? -1 : 0;
  for (const button of [...$("presets").children, $("chance"), $("midi")]) button.disabled = !isAllowed;
}

function showMoves() {
  if (!desk) return;
  $("undo").disabled = !desk.canUndo;
  $("redo").disabled = !desk.canRedo;
}

function showRefusal(problem) {
  if (problem.status === 403) allowTurning(false);
  else say(inWords(problem));
}

/** Follows the stream's events while they are of use: in sight, or heard. */
function follow() {
  events?.close();
  events = null;
  timeline.clear();
  if (!stream || (document.hidden && !player.isWanted)) return;
  events = followEvents(stream.id, (event) => {
    if (event.kind === "ending") return player.expectRestart(event.within);
    timeline.add(event);
    // Who wants less motion is shown no note when it comes.
    if (!CALM.matches) picture.wake();
  });
}

/** Lets happen what is heard by now; returns the position. */
function tick() {
  if (!stream) return null;
  const heard = player.heard();
  for (const event of timeline.take(heard)) happen(event);
  desk.glide(heard);
  if (heard !== null) keep.reach(heard);
  return heard;
}

function happen(event) {
  if (event.kind === "note") {
    picture.note(event);
  } else if (event.kind === "param") {
    desk.onMoved(event);
  } else {
    showListeners(event.listeners ?? 0);
    if (event.kind === "listeners") return;
    showScene(event.now);
    desk.onMoved({ ...event, ramp: 0 });
  }
}

function showScene(now) {
  if ($("scene").textContent === (now ?? "") && now !== undefined) return;
  $("scene").textContent = now ?? "";
  session.show(station.title, now);
}

function showListeners(count) {
  $("listeners").textContent = listenersInWords(count);
}

function showState(state, problem, seconds) {
  root.dataset.state = state;
  say(stateInWords(state, problem, seconds), state === "playing");
  if (state === "lost" && seconds > 1) countdown.start(seconds, () => {});
  else countdown.stop();
  if (state === "playing") events?.wake();
  $("play").setAttribute("aria-label", player.isWanted ? "Pause" : "Play");
  $("play").classList.toggle("is-on", player.isWanted);
  session.state(player.isWanted);
  showHow();
  picture.wake();
}

/** The technique, and how soon knobs are heard: it changes as the buffers do. */
function showHow() {
  const isPlaying = root.dataset.state === "playing";
  const how = isPlaying && techniqueInWords(player.technique, player.latency());
  const words = how ? [how, whyLate(player.technique, isSecureContext)].filter(Boolean).join(". ") : "";
  if ($("how").textContent !== words) $("how").textContent = words;
}

/** What is heard anyway is said only to whom it is read out. */
function say(words, isHeard = false) {
  if ($("status").textContent !== words) $("status").textContent = words;
  $("status").toggleAttribute("data-heard", isHeard);
}

function showWait(seconds) {
  $("wait").hidden = seconds === null;
  $("wait").firstElementChild.textContent = seconds === null ? "" : `Trying again in ${seconds} s.`;
}

function cancel() {
  requests += 1;
  countdown.stop();
  if (player.isWanted && root.dataset.state === "lost") player.pause();
  else say("");
}

/** What a knob is for, while the pointer or the focus is on it. */
function showHint(event) {
  const knob = event?.target.closest?.(".knob");
  const [label, help] = [".knob-label", ".knob-help"].map((part) => knob?.querySelector(part).textContent);
  $("hint").textContent = knob ? `${label}: ${help}` : HINT;
}

const idInAddress = () => location.pathname.match(/^\/listen\/([^/]+)$/)?.[1];

function toggle() {
  if (!stream) return;
  if (player.isWanted) return player.pause();
  player.unlock();
  player.play(stream.id);
}

function turning(move) {
  if (desk && !$("knobs").disabled) desk[move]();
}

const HINT = "Drag a knob, with Shift finely. A double click sets it back to its mark; · marks a choice’s default.";
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const RETRY_S = 5;
/** Heard as soon as this, a knob is sent twice as often. */
const QUICK_S = 0.3;
const TICK_MS = 200;

/** What buttons and keys do, by the names they have in the page and in `keys.js`. */
const actions = {
  play: toggle,
  another,
  chance: () => !$("chance").hidden && turning("chance"),
  undo: () => turning("undo"),
  redo: () => turning("redo"),
  wall: () => stream && wall.toggle(),
  "leave-wall": wall.leave,
  help: () => $("help-dialog").showModal(),
  share: share.open,
  midi: learn.toggle,
  own: another,
  cancel,
  reload: open,
};
for (const [id, action] of Object.entries(actions)) $(id).addEventListener("click", action);
listenToKeys({ ...actions, keep: () => stream && !$("keep").hidden && $("keep").click() });
for (const kind of ["pointerover", "focusin"]) $("knobs").addEventListener(kind, showHint);
$("knobs").addEventListener("pointerleave", () => showHint());
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
document.addEventListener("visibilitychange", () => {
  const isOfUse = !document.hidden || player.isWanted;
  if (isOfUse !== (events !== null)) follow();
});
addEventListener("online", () => {
  if (!$("reload").hidden) open();
});
// The picture asks at each frame, while there is one to draw.
setInterval(() => {
  tick();
  showHow();
}, TICK_MS);
open();
