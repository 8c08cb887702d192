// The page: pick a station, play, turn.

import * as api from "/web/api.js";
import { createKnobs } from "/web/knobs.js";
import { createPlayer } from "/web/player.js";
import { createPresets } from "/web/presets.js";
import { createSender } from "/web/sender.js";

const $ = (id) => document.getElementById(id);

const player = createPlayer(showState);
let catalogue = [];
let current = null;
let sender = null;
let requests = 0;

/** Loads the catalogue, and the stream the address names. */
async function open() {
  $("reload").hidden = true;
  say("");
  try {
    catalogue = await api.stations();
    $("stations").replaceChildren(...catalogue.map(createCard));
    const id = idInAddress();
    if (!id || current) return;
    const stream = await api.params(id);
    if (current) return;
    show({ ...stream, id });
    showState("ready");
  } catch (problem) {
    say(problem.advice);
    $("reload").hidden = !problem.isPassing;
  }
}

/** Makes a new stream of `station` and plays it; the one playing goes on until there is one. */
async function begin(station) {
  const request = ++requests;
  player.unlock();
  say("Connecting.");
  try {
    const stream = await api.createStream(station);
    if (request !== requests) return;
    history.replaceState(null, "", api.pagePath(stream.id));
    show(stream);
    player.play(stream.id);
    $("play").focus({ preventScroll: true });
    scrollTo({ top: 0 });
  } catch (problem) {
    if (request === requests) say(problem.advice);
  }
}

/** Puts a stream on the desk: its name, knobs and addresses. */
function show(stream) {
  current = stream;
  const at = catalogue.findIndex(({ name }) => name === stream.station);
  const station = catalogue[at] ?? { title: stream.title, about: "", params: [] };

  document.documentElement.style.setProperty("--hue", hueOf(at));
  document.title = `${station.title} · Perpetuo`;
  $("title").textContent = station.title;
  $("about").textContent = station.about;
  $("intro").hidden = true;
  $("now").hidden = $("desk").hidden = false;
  [...$("stations").children].forEach((card, index) => {
    card.firstElementChild.setAttribute("aria-current", index === at);
  });
  showKnobs(stream, station);
  showAddresses(stream.listen_id ?? stream.id);
  if (navigator.mediaSession) {
    navigator.mediaSession.metadata = new MediaMetadata({ title: station.title, artist: "Perpetuo" });
  }
}

function showKnobs(stream, station) {
  sender?.close();
  const turns = createSender({
    send: (values) => api.setParam(stream.id, values),
    onTaken(answer) {
      for (const [name, value] of Object.entries(answer.params)) {
        if (!turns.isWaiting(name)) move(name, value);
      }
      $("heard").textContent = heardIn(answer.audible_in);
    },
    onRefused(problem) {
      if (problem.status === 403) allowTurning(false);
      else $("heard").textContent = problem.message;
    },
  });
  const move = createKnobs($("knobs"), $("knob"), station.params, stream.params, (spec, value) =>
    turns.turn(spec.id, value),
  );
  createPresets($("presets"), station, (name) => turns.choose(name));
  sender = turns;
  allowTurning(stream.may !== "listen");
}

function allowTurning(isAllowed) {
  $("knobs").disabled = $("presets").disabled = !isAllowed;
  $("hint").hidden = !isAllowed;
  $("heard").textContent = isAllowed ? "" : "This link may listen, not turn knobs.";
}

const heardIn = (seconds) =>
  player.isWanted && seconds != null ? `Heard in about ${seconds.toFixed(1)} s.` : "Heard when it plays.";

/** Players get the id that may only listen, where we know it. */
function showAddresses(id) {
  $("url").value = new URL(api.filePath(id), location.origin);
  $("m3u").href = `${api.pagePath(id)}.m3u`;
  $("pls").href = `${api.pagePath(id)}.pls`;
  $("copy").textContent = "Copy";
}

function showState(state, problem, seconds) {
  const words = {
    connecting: "Connecting.",
    playing: "Playing.",
    paused: "Paused.",
    ready: "Ready. Press play.",
    lost: `${problem?.message ?? "The stream stopped."} Joining again in ${seconds} s.`,
  };
  say(words[state] ?? problem.advice);
  document.documentElement.dataset.state = state;
  $("play").setAttribute("aria-label", player.isWanted ? "Pause" : "Play");
  $("play").classList.toggle("is-on", player.isWanted);
}

function say(words) {
  $("status").textContent = words;
}

function createCard(station, index) {
  const item = $("card").content.cloneNode(true);
  const button = item.querySelector("button");
  const [title, about] = button.children;
  title.textContent = station.title;
  about.textContent = station.about;
  button.style.setProperty("--hue", hueOf(index));
  button.addEventListener("click", () => begin(station.name));
  return item;
}

/** The golden angle keeps neighbours apart however many there are. */
const hueOf = (index) => (195 + 137.5 * index) % 360;

const idInAddress = () => location.pathname.match(/^\/listen\/([^/]+)$/)?.[1];

function toggle() {
  if (player.isWanted) player.pause();
  else player.play(current.id);
}

async function copy() {
  $("url").select();
  try {
    await navigator.clipboard.writeText($("url").value);
    $("copy").textContent = "Copied";
  } catch {
    say("The address is selected: copy it with Ctrl+C.");
  }
}

$("play").addEventListener("click", toggle);
$("another").addEventListener("click", () => begin(current.station));
$("copy").addEventListener("click", copy);
$("reload").addEventListener("click", open);
navigator.mediaSession?.setActionHandler("play", () => player.play());
navigator.mediaSession?.setActionHandler("pause", () => player.pause());
open();
